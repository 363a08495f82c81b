import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Admin } from '../support/admin.ts';
import { startForwarder } from '../support/forwarder.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { assertSameLines } from '../support/same-lines.ts';
import { parseScript } from './parse-script.ts';
import { runScript } from './run-script.ts';

const script = parseScript(`# Both protocols.
send Query "select 'abc' as a; select 2"
until ReadyForQuery
expect DataRow "abc"
send
  Parse "" "select $1::int"
  Bind "" "" values=["7"]
  Execute ""
  Sync
until ReadyForQuery
expect DataRow "7"
`);

describe('running a script', () => {
  let postgres: Postgres;
  let admin: Admin;
  before(async () => {
    postgres = await startPostgres();
    admin = await Admin.login(postgres);
  });
  after(async () => {
    admin?.close();
    await postgres?.stop();
  });

  it('gives the same transcript twice, and through something that changes nothing', async () => {
    const forwarder = await startForwarder(postgres);
    const direct = await runScript(script, { target: postgres, admin });
    assert.ok(direct.includes('a < DataRow "abc"'));
    assertSameLines(await runScript(script, { target: postgres, admin }), direct);
    assertSameLines(await runScript(script, { target: forwarder, admin }), direct);
    await forwarder.stop();
  });

  it('gives another transcript when a single byte is changed, a message lost or one sent twice', async () => {
    const direct = await runScript(script, { target: postgres, admin });
    const tampered: readonly ((chunk: Buffer) => Buffer)[] = [
      (chunk) => replaced(chunk, Buffer.from('SELECT 1'), Buffer.from('SELECT 3')),
      (chunk) => replaced(chunk, Buffer.from([0x31, 0, 0, 0, 4]), Buffer.alloc(0)),
      (chunk) => replaced(chunk, Buffer.from([0x32, 0, 0, 0, 4]), Buffer.from([0x32, 0, 0, 0, 4, 0x32, 0, 0, 0, 4])),
    ];
    for (const fromServer of tampered) {
      const forwarder = await startForwarder(postgres, { fromServer });
      const through = await runScript(script, { target: forwarder, admin });
      assert.throws(() => assertSameLines(through, direct), /differs. After/);
      await forwarder.stop();
    }
  });

  it('fails when an expected line does not come, or an unwanted one does', async () => {
    const missing = parseScript('# Missing.\nsend Query "select 1"\nuntil ReadyForQuery\nexpect DataRow "2"');
    await assert.rejects(runScript(missing, { target: postgres, admin }), /line 4, expect DataRow "2": no such line/);
    const unwanted = parseScript('# Unwanted.\nsend Query "select 1"\nuntil ReadyForQuery\nlacks DataRow "1"');
    await assert.rejects(runScript(unwanted, { target: postgres, admin }), /line 4, lacks DataRow "1": such a line/);
  });

  it('gives every script an empty schema', async () => {
    const creates = parseScript(
      '# Creates.\nsend Query "create table t (a int)"\nuntil ReadyForQuery\nexpect CommandComplete',
    );
    await runScript(creates, { target: postgres, admin });
    await runScript(creates, { target: postgres, admin });
  });
});

describe('reading a script', () => {
  it('says which line it cannot read', () => {
    assert.throws(() => parseScript('no title'), /line 1: a script begins with/);
    assert.throws(() => parseScript('# T\n\nsned Query "x"'), /line 3: there is no "sned"/);
    assert.throws(() => parseScript('# T\nsend Qeury "x"'), /line 2: there is no message "Qeury"/);
    assert.throws(() => parseScript('# T\nsend Query 5'), /line 2: a text is missing/);
    assert.throws(() => parseScript('# T\nsend Describe table "t"'), /line 2: "statement" or "portal", not "table"/);
  });

  it('joins the messages of a block into one packet', () => {
    const [step] = parseScript('# T\nsend\n  Query "ab" + x"63"*2\n  Sync').steps;
    assert.deepEqual([...(step?.bytes ?? [])], [0x51, 0, 0, 0, 9, 0x61, 0x62, 0x63, 0x63, 0, 0x53, 0, 0, 0, 4]);
  });
});

function replaced(chunk: Buffer, from: Buffer, to: Buffer): Buffer {
  const at = chunk.indexOf(from);
  return at === -1 ? chunk : Buffer.concat([chunk.subarray(0, at), to, chunk.subarray(at + from.length)]);
}
