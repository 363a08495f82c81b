import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BackendMessage, FrontendMessage } from '@onrecord/wire';
import { backend, createSession, frontend, readable, summary, text } from './session.fixture.ts';
import type { Session } from './session.ts';

const large = 'x'.repeat(3 << 20);
const ready: BackendMessage = { type: 'readyForQuery', status: 'I' };
const query: FrontendMessage = { type: 'query', sql: text('do') };
const fields = new Map([
  ['S', text('ERROR')],
  ['V', text('ERROR')],
  ['C', text('P0001')],
  ['M', text(large)],
  ['R', text('exec_stmt_raise')],
]);

/** What a session makes of messages that arrive in pieces of 10,000 bytes; they must go on as they came. */
function entries(session: Session, ...messages: BackendMessage[]) {
  const bytes = backend(...messages);
  const turns = [];
  for (let at = 0; at < bytes.length; at += 10_000) turns.push(session.backend(bytes.slice(at, at + 10_000), 1));
  assert.deepEqual(Buffer.concat(turns.flatMap(({ deliver }) => deliver)), Buffer.from(bytes));
  assert.ok(turns[0]?.deliver.length === 1, 'nothing is held back');
  return turns.flatMap((turn) => {
    assert.equal(turn.broken, undefined);
    return [...turn.entries];
  });
}

describe('a message of the server that is too large to be held', () => {
  it('is an error that is recorded cut, and ends its statement', () => {
    const session = createSession();
    session.frontend(frontend(query), 1);
    const [outcome, ...more] = entries(session, { type: 'errorResponse', fields }, ready);
    assert.ok(outcome?.type === 'outcome');
    assert.deepEqual(more, []);
    assert.equal(outcome.outcome, 'failed');
    assert.match(
      readable(outcome.error) ?? '',
      /^SERROR\0VERROR\0CP0001\0Mx{60000,} \[cut; the message had 314\d+ bytes\]\0\0$/,
    );
    assert.equal(session.pending, 0);
  });

  it('is a notice that is recorded cut', () => {
    const session = createSession();
    const [notice] = entries(session, { type: 'noticeResponse', fields });
    assert.ok(notice?.type === 'server_message');
    assert.ok(notice.body.length < 70_000);
  });

  it('is a setting whose name is known', () => {
    const session = createSession();
    const [status] = entries(session, { type: 'parameterStatus', name: 'search_path', value: text(large) });
    assert.ok(status?.type === 'server_message');
    assert.match(readable(status.body) ?? '', /^search_path\0x+ \[cut; .*\]\0\0$/);
  });

  it('is a result of a function that is not kept', () => {
    const session = createSession();
    const call: FrontendMessage = {
      type: 'functionCall',
      functionOid: 1,
      argumentFormats: [],
      arguments: [],
      resultFormat: 0,
    };
    session.frontend(frontend(call), 1);
    const found = entries(session, { type: 'functionCallResponse', value: text(large) }, ready);
    assert.deepEqual(
      found.map((body) => body.type === 'outcome' && [body.outcome, body.functionResult, body.reason]),
      [['completed', undefined, 'the result was too large to be kept']],
    );
  });

  it('leaves the next one whole', () => {
    const session = createSession();
    session.frontend(frontend(query, query), 1);
    const small = { type: 'errorResponse', fields: new Map([...fields, ['M', text('no')]]) } as const;
    const all = entries(session, { type: 'errorResponse', fields }, ready, small, ready);
    assert.equal(all.length, 2);
    assert.ok(all[1]?.type === 'outcome');
    assert.match(readable(all[1].error) ?? '', /Mno\0/);
    assert.deepEqual(summary({ ...session.frontend(frontend(query), 1) }), ['3 simple "do"']);
  });
});
