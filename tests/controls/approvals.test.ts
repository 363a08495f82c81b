import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { sourceFlags } from '../support/life.ts';
import { runProgram } from '../support/program.ts';
import { cancelMessage, WireClient } from '../support/wire-client.ts';
import { ApprovalStage, type Asker } from './approval-stage.ts';
import { bind, execute, messages, parse, sync } from './bypass-case.ts';

const pay = (id: number): string => `insert into payments (id, invoice_id, amount) values (${id}, 1, 10)`;
const paid = (id: number): string => `select count(*) from payments where id = ${id}`;

describe('what waits for people runs when they approved it, and not otherwise', { timeout: 900_000 }, () => {
  let stage: ApprovalStage;
  let payer: Asker;
  let next = 1000;
  before(async () => {
    stage = await ApprovalStage.start();
  });
  after(() => stage?.stop());
  const open = async (): Promise<Asker> => {
    payer = await stage.login();
    next += 10;
    return payer;
  };
  const results = (): readonly string[] => stage.ends(payer.pid).map(({ result }) => result);

  it('approved: it runs, once', async () => {
    await open();
    const approval = await payer.ask(pay(next));
    assert.equal(await stage.value(paid(next)), '0');
    await stage.vote(approval, 'alice');
    assert.deepEqual(await payer.answer(), ['INSERT 0 1', 'I']);
    assert.equal(await stage.value(paid(next)), '1');
    const types = stage.record(payer.pid).map(({ type }) => type);
    const steps = ['approval_requested', 'approval_voted', 'approval_ended', 'approval_used', 'outcome'];
    const placed = steps.map((type) => types.indexOf(type as (typeof types)[number]));
    assert.deepEqual(
      placed,
      [...placed].sort((a, b) => a - b),
    );
    assert.ok(placed.every((place) => place >= 0));
    await payer.client.close();
  });

  it('denied: it does not run, and the client is told why', async () => {
    await open();
    const approval = await payer.ask(pay(next));
    await stage.vote(approval, 'bob', 'deny', 'not this month');
    assert.deepEqual(await payer.answer(), ['42501', 'I']);
    assert.equal(await stage.value(paid(next)), '0');
    assert.deepEqual(results(), ['denied']);
    await payer.client.close();
  });

  it('two approve at once: one outcome, one execution', async () => {
    await open();
    const approval = await payer.ask(pay(next));
    const votes = await Promise.allSettled([stage.vote(approval, 'alice'), stage.vote(approval, 'bob')]);
    assert.ok(votes.some(({ status }) => status === 'fulfilled'));
    assert.deepEqual(await payer.answer(), ['INSERT 0 1', 'I']);
    assert.deepEqual(results(), ['approved']);
    assert.equal(await stage.value(paid(next)), '1');
    await payer.client.close();
  });

  it('one approves and one denies at once: one outcome, and what ran is what it says', async () => {
    for (let round = 0; round < 8; round += 1) {
      await open();
      const approval = await payer.ask(pay(next));
      const votes = [() => stage.vote(approval, 'alice', 'approve'), () => stage.vote(approval, 'bob', 'deny', 'no')];
      if (round % 2 === 1) votes.reverse();
      await Promise.allSettled(votes.map((vote) => vote()));
      const [told] = await payer.answer();
      assert.deepEqual(results(), [told === '42501' ? 'denied' : 'approved']);
      assert.equal(await stage.value(paid(next)), told === '42501' ? '0' : '1');
      await payer.client.close();
    }
  });

  it('an approval that comes when the time is up: one outcome, and what ran is what it says', async () => {
    for (let round = 0; round < 6; round += 1) {
      await open();
      const approval = await payer.ask(`insert into wishes values (${next}, 'x')`);
      const [question] = stage.questions(payer.pid);
      const leftMs = Number(question?.expiresAt ?? 0) / 1000 - Date.now();
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, leftMs - 6 + round * 2)));
      await stage.vote(approval, 'alice').catch(() => {});
      const [told] = await payer.answer();
      assert.ok(told === '57014' || told === 'INSERT 0 1', told);
      assert.deepEqual(results(), [told === '57014' ? 'expired' : 'approved']);
      const there = await stage.value(`select count(*) from wishes where id = ${next}`);
      assert.equal(there, told === '57014' ? '0' : '1');
      await payer.client.close();
    }
  });

  it('nobody answers: it is over when the time is up, and the session lives', async () => {
    await open();
    await payer.ask(`insert into wishes values (${next}, 'x')`);
    assert.deepEqual(await payer.answer(), ['57014', 'I']);
    assert.deepEqual(await payer.query('select 1'), ['SELECT 1', 'I']);
    assert.deepEqual(results(), ['expired']);
    await payer.client.close();
  });

  it('the client goes away while it waits: it ends, and nothing runs when somebody approves it later', async () => {
    await open();
    const approval = await payer.ask(pay(next));
    payer.client.destroy();
    await payer.settled();
    assert.deepEqual(results(), ['client gone']);
    await assert.rejects(stage.vote(approval, 'alice'));
    assert.equal(await stage.value(paid(next)), '0');
  });

  it('cancelled while it waits: 57014, and the session lives', async () => {
    await open();
    const approval = await payer.ask(pay(next));
    const other = await WireClient.open(stage.gateway);
    await other.send(cancelMessage(payer.client.processId, payer.client.key));
    assert.deepEqual(await payer.answer(), ['57014', 'I']);
    other.destroy();
    assert.deepEqual(results(), ['cancelled']);
    await assert.rejects(stage.vote(approval, 'alice'));
    assert.deepEqual(await payer.query(pay(next).replace('insert', 'explain insert')), ['EXPLAIN', 'I']);
    assert.equal(await stage.value(paid(next)), '0');
    await payer.client.close();
  });

  it('in a transaction: what was done before waits with it, and COMMIT keeps all', async () => {
    await open();
    assert.deepEqual(await payer.query('begin'), ['BEGIN', 'T']);
    await payer.query(`insert into notices values ('${next}')`);
    const approval = await payer.ask(pay(next));
    assert.equal(await stage.value(`select count(*) from notices where text = '${next}'`), '0');
    await stage.vote(approval, 'alice');
    assert.deepEqual(await payer.answer(), ['INSERT 0 1', 'T']);
    assert.deepEqual(await payer.query('commit'), ['COMMIT', 'I']);
    assert.equal(await stage.value(paid(next)), '1');
    assert.equal(await stage.value(`select count(*) from notices where text = '${next}'`), '1');
    await payer.client.close();
  });

  it('denied in a transaction: the transaction has failed, and COMMIT is ROLLBACK', async () => {
    await open();
    await payer.query('begin');
    await payer.query(`insert into notices values ('${next}')`);
    await stage.vote(await payer.ask(pay(next)), 'alice', 'deny', 'no');
    assert.deepEqual(await payer.answer(), ['42501', 'E']);
    assert.deepEqual(await payer.query('select 1'), ['25P02', 'E']);
    assert.deepEqual(await payer.query('commit'), ['ROLLBACK', 'I']);
    assert.equal(await stage.value(`select count(*) from notices where text = '${next}'`), '0');
    await payer.client.close();
  });

  it('a pipeline goes on behind it, in order', async () => {
    await open();
    const one = (sql: string) => [parse(sql), bind(), execute()];
    const pipeline = messages([...one(pay(next)), sync, ...one("insert into notices values ('behind')"), sync]);
    const approval = await payer.ask(pipeline.bytes as Uint8Array);
    assert.equal(await stage.value("select count(*) from notices where text = 'behind'"), '0');
    await stage.vote(approval, 'alice');
    assert.deepEqual(await payer.answer(2), ['INSERT 0 1', 'I', 'INSERT 0 1', 'I']);
    await payer.client.close();
  });

  it('a pipeline whose middle waits and is denied is skipped to its Sync', async () => {
    await open();
    const one = (sql: string) => [parse(sql), bind(), execute()];
    const pipeline = messages([
      ...one("insert into notices values ('first')"),
      ...one(pay(next)),
      ...one("insert into notices values ('last')"),
      sync,
      ...one('select 1'),
      sync,
    ]);
    const approval = await payer.ask(pipeline.bytes as Uint8Array);
    await stage.vote(approval, 'alice', 'deny', 'no');
    assert.deepEqual((await payer.answer(2)).slice(-4), ['42501', 'I', 'SELECT 1', 'I']);
    assert.equal(await stage.value("select count(*) from notices where text in ('first', 'last')"), '0');
    await payer.client.close();
  });

  it('an approval counts once: the same statement again asks again', async () => {
    await open();
    await stage.vote(await payer.ask(`update payments set amount = amount + 1 where id = 1`), 'alice');
    await payer.answer();
    const again = await payer.ask(`update payments set amount = amount + 1 where id = 1`);
    await stage.vote(again, 'bob', 'deny', 'once is enough');
    assert.deepEqual(await payer.answer(), ['42501', 'I']);
    assert.equal(stage.questions(payer.pid).length, 2);
    await payer.client.close();
  });

  it('one that covers more uses covers the same statement, with the same parameters and settings, of the same identity', async () => {
    await open();
    const insert = (id: number): Uint8Array =>
      messages([parse('insert into tickets (id) values ($1)'), bind({ parameters: [String(id)] }), execute(), sync])
        .bytes as Uint8Array;
    const remove = (id: number) =>
      stage.value(`with d as (delete from tickets where id = ${id} returning 1) select count(*) from d`);
    await stage.vote(await payer.ask(insert(next)), 'alice');
    assert.deepEqual(await payer.answer(), ['INSERT 0 1', 'I']);
    await remove(next);
    await payer.client.send(insert(next));
    assert.deepEqual(await payer.answer(), ['INSERT 0 1', 'I'], 'the same again');
    await remove(next);

    const refuse = async (asker: Asker, bytes: Uint8Array): Promise<void> => {
      await stage.vote(await asker.ask(bytes), 'bob', 'deny', 'another question');
      assert.deepEqual(await asker.answer(), ['42501', 'I']);
    };
    await refuse(payer, insert(next + 1));
    await payer.query('set search_path = reporting, public');
    await refuse(payer, insert(next));
    await payer.query("set datestyle = 'SQL, DMY'");
    await refuse(payer, insert(next));
    const other = await stage.login('other');
    await refuse(other, insert(next));
    assert.equal(await stage.value(`select count(*) from tickets where id in (${next}, ${next + 1})`), '0');
    await other.client.close();
    await payer.client.close();
  });

  it('who may not decide does not: strangers, the requester, somebody with a wrong token', async () => {
    await open();
    const approval = await payer.ask(pay(next));
    await assert.rejects(stage.vote(approval, 'carol'));
    await assert.rejects(stage.vote(approval, 'payer'));
    await assert.rejects(stage.vote('appr_000000000000', 'alice'));
    assert.deepEqual(results(), []);
    const own = await stage.login('alice');
    const hers = await own.ask(pay(next + 1));
    await assert.rejects(stage.vote(hers, 'alice'), 'nobody approves what they ask for');
    await stage.vote(hers, 'bob');
    assert.deepEqual(await own.answer(), ['INSERT 0 1', 'I']);
    await stage.vote(approval, 'bob', 'deny', 'no');
    assert.deepEqual(await payer.answer(), ['42501', 'I']);
    await own.client.close();
    await payer.client.close();
  });

  it('where two must approve, one alone is not enough, and not twice the same', async () => {
    await open();
    const approval = await payer.ask("update customers set country = 'AT' where id = 1");
    await stage.vote(approval, 'alice');
    await stage.vote(approval, 'alice').catch(() => {});
    assert.deepEqual(results(), []);
    await stage.vote(approval, 'bob');
    assert.deepEqual(results(), ['approved']);
    assert.deepEqual(await payer.answer(), ['UPDATE 1', 'I']);
    await payer.client.close();
  });

  it('a session that must be approved opens when it is', async () => {
    const opening = stage.login('payer', 'guarded');
    const list = async (): Promise<string> => stage.gateway.cli('approvals', 'list', '--json');
    let found: string | undefined;
    while (found === undefined) found = /"approval":\s*"(appr_\w+)"/.exec(await list())?.[1];
    await stage.vote(found ?? '', 'alice');
    const asker = await opening;
    assert.deepEqual(await asker.query('select 1'), ['SELECT 1', 'I']);
    await asker.client.close();
  });

  it('decides from the command line', async () => {
    await open();
    const approval = await payer.ask(pay(next));
    const main = join(import.meta.dirname, '..', '..', 'packages', 'gateway', 'src', 'cli', 'main.ts');
    const command = [...sourceFlags, main, 'approvals'];
    const run = (...args: readonly string[]) =>
      runProgram(process.execPath, [...command, ...args, '--config', stage.gateway.configFile], {
        env: { ONRECORD_TOKEN: stage.token('bob'), ONRECORD_TEST_PASSWORD: stage.postgres.password },
      });
    assert.match((await run('list')).stdout, new RegExp(approval));
    assert.match((await run('show', approval)).stdout, /insert into payments/);
    assert.equal((await run('approve', approval, '--as', 'alice')).status, 1, "with bob's token");
    const approved = await run('approve', approval, '--as', 'bob', '--reason', 'it is due');
    assert.equal(approved.status, 0, approved.stderr);
    assert.deepEqual(await payer.answer(), ['INSERT 0 1', 'I']);
    await payer.client.close();
  });

  it('the gateway is killed while it waits: nothing runs, and the record says so', async () => {
    await open();
    const approval = await payer.ask(pay(next));
    const { pid } = payer;
    await stage.gateway.kill9();
    await stage.gateway.restart();
    const bodies = stage.record(pid);
    assert.deepEqual(
      stage.ends(pid).map(({ result }) => result),
      ['gateway died'],
    );
    assert.ok(bodies.some((body) => body.type === 'outcome' && body.outcome === 'refused'));
    assert.ok(!bodies.some(({ type }) => type === 'approval_used'));
    await assert.rejects(stage.vote(approval, 'alice'));
    assert.equal(await stage.value(paid(next)), '0');
    payer.client.destroy();
  });
});
