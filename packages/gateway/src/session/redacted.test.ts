import assert from 'node:assert/strict';
import { it } from 'node:test';
import { decodeFrontend, type FrontendMessage, frontendTag, Reader } from '@onrecord/wire';
import { boundValues } from './parameter-texts.ts';
import { backend, createSession, frontend, readable, text } from './session.fixture.ts';
import type { Session } from './session.ts';

/** A detector that knows one address. */
const redact = (bytes: Uint8Array): Uint8Array => {
  const seen = readable(bytes) ?? '';
  return seen.includes('anna@example.com') ? text(seen.replaceAll('anna@example.com', '[email]')) : bytes;
};

const unnamed = new Uint8Array(0);

const send = (session: Session, ...messages: FrontendMessage[]) => session.frontend(frontend(...messages), 1);

it('records SQL with what detectors find replaced, and sends it as it is', () => {
  const session = createSession({ redact });
  const query: FrontendMessage = { type: 'query', sql: text("select 1 where 'anna@example.com' = $$x$$") };
  const turn = send(session, query);
  const [entry] = turn.entries;
  assert.ok(entry?.type === 'statement');
  assert.equal(readable(entry.sql), "select 1 where '[email]' = $$x$$");
  assert.equal(entry.redacted, true);
  assert.deepEqual(Buffer.concat(turn.forward), Buffer.from(frontend(query)));
});

it('records parameters with what detectors find replaced, and leaves the others', () => {
  const session = createSession({ redact });
  const bind: FrontendMessage = {
    type: 'bind',
    portal: unnamed,
    statement: unnamed,
    parameterFormats: [0, 1, 1],
    parameters: [text('to anna@example.com'), text('anna@example.com'), text('anna@example.com')],
    resultFormats: [1],
  };
  const parse: FrontendMessage = {
    type: 'parse',
    name: unnamed,
    sql: text('select $1, $2, $3'),
    parameterTypes: [25, 25, 17],
  };
  const turn = send(session, parse, bind, { type: 'execute', portal: unnamed, maxRows: 0 }, { type: 'sync' });
  const [entry] = turn.entries;
  assert.ok(entry?.type === 'statement' && entry.parameters !== undefined);
  const values = boundValues(entry.parameters, entry.parameterTypes).map(({ value }) => readable(value ?? unnamed));
  assert.deepEqual(values, ['to [email]', '[email]', 'anna@example.com']);
  assert.equal(entry.redacted, true);
  assert.ok(Buffer.concat(turn.forward).includes('to anna@example.com'));
});

it('records the data of a COPY with what detectors find replaced', () => {
  const session = createSession({ redact });
  send(session, { type: 'query', sql: text('copy t from stdin') });
  session.backend(backend({ type: 'copyInResponse', format: 0, columnFormats: [0] }), 2);
  const turn = send(session, { type: 'copyData', data: text('1\tanna@example.com\n') });
  const [entry] = turn.entries;
  assert.ok(entry?.type === 'copy_in');
  assert.equal(readable(entry.messages.subarray(5)), '1\t[email]\n');
  assert.ok(Buffer.concat(turn.forward).includes('anna@example.com'));
});

it('takes a binary parameter for a text when nobody has said its type', () => {
  const session = createSession({ redact });
  const bind = {
    portal: unnamed,
    statement: unnamed,
    parameterFormats: [1],
    parameters: [text('anna@example.com')],
    resultFormats: [],
  };
  const [entry] = send(session, { type: 'bind', ...bind }).entries;
  assert.ok(entry?.type === 'statement');
  const [value] = boundValues(entry.parameters, undefined);
  assert.equal(readable(value?.value ?? unnamed), '[email]');
});

it('records the arguments of a function call with what detectors find replaced', () => {
  const session = createSession({ redact });
  const call: FrontendMessage = {
    type: 'functionCall',
    functionOid: 1598,
    argumentFormats: [1],
    arguments: [text('anna@example.com'), text('other')],
    resultFormat: 1,
  };
  const turn = send(session, call);
  const [entry] = turn.entries;
  assert.ok(entry?.type === 'statement' && entry.parameters !== undefined);
  assert.equal(entry.redacted, true);
  const recorded = decodeFrontend(frontendTag.functionCall, new Reader(entry.parameters));
  assert.deepEqual(recorded, { ...call, arguments: [text('[email]'), text('other')] });
  assert.deepEqual(Buffer.concat(turn.forward), Buffer.from(frontend(call)));
});

const terminator = 0;
const malformed = {
  'a Bind': new Uint8Array([frontendTag.bind, 0, 0, 0, 23, 0, 0, 9, ...text('anna@example.com')]),
  'a Parse': new Uint8Array([frontendTag.parse, 0, 0, 0, 22, terminator, ...text('anna@example.com'), terminator]),
  'a function call': new Uint8Array([frontendTag.functionCall, 0, 0, 0, 24, 0, 0, 0, 9, ...text('anna@example.com')]),
};

for (const [what, message] of Object.entries(malformed)) {
  it(`keeps nothing of ${what} that cannot be read`, () => {
    const session = createSession({ redact });
    const turn = session.frontend(message, 1);
    assert.deepEqual(turn.forward, [message]);
    const [entry] = turn.entries;
    assert.ok(entry?.type === 'statement');
    assert.equal(entry.parameters, undefined);
    assert.equal(entry.redacted, true);
  });
}

it('keeps no password of a Parse that cannot be read, whether detectors look through the record or not', () => {
  const session = createSession();
  const sql = text("alter role r password 'hunter2'");
  const message = new Uint8Array([frontendTag.parse, 0, 0, 0, sql.length + 6, terminator, ...sql, terminator]);
  const [entry] = session.frontend(message, 1).entries;
  assert.ok(entry?.type === 'statement');
  assert.equal(entry.parameters, undefined);
  assert.equal(entry.redacted, true);
});
