import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { FrontendMessage } from '@onrecord/wire';
import { boundValues } from './parameter-texts.ts';
import { backend, createSession, frontend, readable, text } from './session.fixture.ts';
import type { Session } from './session.ts';

/** A detector that knows one address. */
const redact = (bytes: Uint8Array): Uint8Array => {
  const seen = readable(bytes) ?? '';
  return seen.includes('anna@example.com') ? text(seen.replaceAll('anna@example.com', '[email]')) : bytes;
};

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
  const unnamed = new Uint8Array(0);
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
