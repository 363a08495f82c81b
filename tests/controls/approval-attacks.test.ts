import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { ApprovalStage, type Asker } from './approval-stage.ts';
import {
  bind,
  describe as describeMessage,
  execute,
  flush,
  type Messages,
  messages,
  parse,
  query,
  sync,
} from './bypass-case.ts';

const bytes = ({ bytes }: Messages): Uint8Array => bytes as Uint8Array;
const one = (sql: string, statement = '') => [parse(sql, statement), bind({ statement }), execute()];

/** Somebody has an approval, or waits for one, and tries to have something else run by it. */
describe('an approval is for what was shown, whatever is changed behind it', { timeout: 1_200_000 }, () => {
  let stage: ApprovalStage;
  let payer: Asker;
  let second: Asker;
  before(async () => {
    stage = await ApprovalStage.start();
  });
  after(() => stage?.stop());
  beforeEach(async () => {
    payer = await stage.login();
    second = await stage.login();
  });
  afterEach(() => {
    payer.client.destroy();
    second.client.destroy();
  });
  const count = (where: string): Promise<unknown> => stage.value(`select count(*) from tickets where ${where}`);
  /** Approves it, and what comes of it. */
  const approved = async (sql: string | Uint8Array, answers = 1): Promise<readonly string[]> => {
    await stage.vote(await payer.ask(sql), 'alice');
    return payer.answer(answers);
  };
  /** It is asked about, and denied. */
  const asks = async (sql: string | Uint8Array, answers = 1): Promise<void> => {
    await stage.vote(await payer.ask(sql), 'bob', 'deny', 'another question');
    const told = await payer.answer(answers);
    assert.ok(told.includes('42501'), String(told));
  };
  const ticketer = (id: string): string =>
    `create or replace function ticketer() returns void language plpgsql as $$ begin insert into public.tickets (id) values (${id}); end $$`;

  it('a function that is replaced', async () => {
    await payer.query(ticketer('1'));
    assert.deepEqual(await approved('select ticketer()'), ['SELECT 1', 'I']);
    await second.query(ticketer('2'));
    await asks('select ticketer()');
    assert.equal(await count('id = 2'), '0');
  });

  it('a function that is replaced in the same transaction, or the same Query', async () => {
    await payer.query(ticketer('5'));
    assert.deepEqual(await approved('select ticketer()'), ['SELECT 1', 'I']);
    await payer.query('begin');
    await payer.query(ticketer('6'));
    await asks('select ticketer()');
    await payer.query('rollback');
    await asks(`${ticketer('6')}; select ticketer()`);
    assert.equal(await count('id = 6'), '0');
  });

  it('a function that is replaced while people are asked', async () => {
    await payer.query(ticketer('3'));
    const approval = await payer.ask('select ticketer()');
    await second.query(ticketer('4'));
    await stage.vote(approval, 'alice');
    assert.deepEqual(await payer.answer(), ['42501', 'I']);
    assert.equal(await count('id in (3, 4)'), '0');
  });

  it('a view that is replaced', async () => {
    await payer.query('create view some_tickets as select id, text from tickets where id < 100');
    await approved("update some_tickets set text = 'x'");
    await second.query('create or replace view some_tickets as select id, text from tickets');
    await asks("update some_tickets set text = 'x'");
  });

  it('a prepared statement of the same name', async () => {
    await payer.query('prepare p as insert into tickets (id) values (10)');
    assert.deepEqual(await approved('execute p'), ['INSERT 0 1', 'I']);
    await payer.query('deallocate p');
    await payer.query('prepare p as insert into tickets (id) values (11)');
    await asks('execute p');
    assert.equal(await count('id = 11'), '0');
  });

  it('a prepared statement of the protocol, by its name in SQL', async () => {
    await payer.client.send(bytes(messages([parse('insert into tickets (id) values (12)', 'q'), sync])));
    await payer.answer();
    assert.deepEqual(await approved('execute q'), ['INSERT 0 1', 'I']);
    await payer.query('deallocate q');
    await payer.client.send(bytes(messages([parse('insert into tickets (id) values (13)', 'q'), sync])));
    await payer.answer();
    await asks('execute q');
  });

  it('settings that stand in front of it in its Query', async () => {
    const insert = "insert into tickets (id) values (length(to_char(date '2026-01-02', 'TMMonth')) + 20)";
    await approved(`set search_path = public; ${insert}`);
    await asks(`set search_path = reporting, public; ${insert}`);
    await asks(`set datestyle = 'SQL, DMY'; ${insert}`);
    await asks(insert);
  });

  it('statements beside it in its Query, or its pipeline', async () => {
    const insert = 'insert into tickets (id) values (30)';
    await approved(`insert into notices values ('shown'); ${insert}`);
    await asks(`insert into notices values ('another'); ${insert}`);
    const pipeline = (notice: string): Uint8Array =>
      bytes(
        messages([
          ...one('insert into tickets (id) values (31)'),
          ...one(`insert into notices values ('${notice}')`),
          sync,
        ]),
      );
    await approved(pipeline('shown'));
    await asks(pipeline('another'));
  });
});

describe('what waits cannot be got past', { timeout: 1_200_000 }, () => {
  let stage: ApprovalStage;
  let payer: Asker;
  before(async () => {
    stage = await ApprovalStage.start();
  });
  after(() => stage?.stop());
  const pay = (id: number): string => `insert into payments (id, invoice_id, amount) values (${id}, 1, 10)`;
  const paid = (id: number): Promise<unknown> => stage.value(`select count(*) from payments where id = ${id}`);
  const open = async (): Promise<Asker> => {
    payer = await stage.login();
    return payer;
  };

  it('by bytes that come one by one while it waits', async () => {
    await open();
    const approval = await payer.ask(pay(100));
    for (const byte of bytes(messages([query("insert into notices values ('byte')"), ...one('select 1'), sync])))
      await payer.client.send(Uint8Array.of(byte));
    assert.equal(await stage.value("select count(*) from notices where text = 'byte'"), '0');
    await stage.vote(approval, 'alice', 'deny', 'no');
    assert.deepEqual(await payer.answer(3), ['42501', 'I', 'INSERT 0 1', 'I', 'SELECT 1', 'I']);
    assert.equal(await paid(100), '0');
    await payer.client.close();
  });

  it('by a Query behind a pipeline that has no Sync', async () => {
    await open();
    const approval = await payer.ask(bytes(messages([...one(pay(101)), query('select 2')])));
    await stage.vote(approval, 'alice', 'deny', 'no');
    // The server skips the Query as well, up to a Sync.
    await payer.client.send(bytes(messages([sync])));
    assert.deepEqual(await payer.answer(), ['42501', 'I']);
    assert.equal(await paid(101), '0');
    await payer.client.close();
  });

  it('by a Flush in the middle, which asks at once', async () => {
    await open();
    const approval = await payer.ask(
      bytes(messages([parse(pay(102)), bind(), flush, describeMessage('portal'), execute(), sync])),
    );
    assert.equal(await paid(102), '0');
    await stage.vote(approval, 'alice');
    assert.deepEqual(await payer.answer(), ['INSERT 0 1', 'I']);
    assert.equal(await paid(102), '1');
    await payer.client.close();
  });

  it('by binding the portal again after it was approved', async () => {
    await open();
    const approval = await payer.ask(
      bytes(messages([parse(pay(103), 's'), parse(pay(104), 't'), bind({ portal: 'p', statement: 's' }), flush])),
    );
    await stage.vote(approval, 'alice');
    await payer.client.send(
      bytes(
        messages([
          { type: 'close', target: 'portal', name: new TextEncoder().encode('p') },
          bind({ portal: 'p', statement: 't' }),
          execute('p'),
          sync,
        ]),
      ),
    );
    await stage.vote(await payer.asked(1), 'bob', 'deny', 'another one');
    assert.ok((await payer.answer()).includes('42501'));
    assert.equal(await paid(104), '0');
    await payer.client.close();
  });

  it('by executing an approved portal under other settings', async () => {
    await open();
    await payer.query('begin');
    const approval = await payer.ask(bytes(messages([parse(pay(105)), bind({ portal: 'p' }), sync])));
    await stage.vote(approval, 'alice');
    await payer.answer();
    await payer.query('set local search_path = reporting');
    await payer.client.send(bytes(messages([execute('p'), sync])));
    assert.ok((await payer.answer()).includes('42501'));
    await payer.query('rollback');
    assert.equal(await paid(105), '0');
    await payer.client.close();
  });

  it('by a statement in front of it that fails or ends the transaction', async () => {
    await open();
    await payer.client.send(bytes(messages([...one('select 1 / 0'), ...one(pay(106)), sync])));
    assert.deepEqual(await payer.answer(), ['22012', 'I']);
    await payer.settled();
    // It fails when people have been asked: they would not be if it had failed before.
    await stage.value('select pg_advisory_lock(106)');
    const failing = 'select 1 / length(pg_advisory_lock(106)::text)';
    await payer.ask(bytes(messages([...one(failing), ...one(pay(106)), sync])));
    await stage.value('select pg_advisory_unlock(106)');
    assert.deepEqual(await payer.answer(), ['22012', 'I']);
    assert.deepEqual(new Set(stage.ends(payer.pid).map(({ result }) => result)), new Set(['cancelled']));
    assert.equal(await paid(106), '0');
    assert.deepEqual(await payer.query('select 1'), ['SELECT 1', 'I']);
    await payer.client.close();
  });

  it('by the end of the server session', async () => {
    await open();
    const approval = await payer.ask(pay(107));
    await stage.value(`select pg_terminate_backend(${payer.pid})`);
    await payer.settled();
    await assert.rejects(stage.vote(approval, 'alice'));
    assert.equal(await paid(107), '0');
    assert.deepEqual(
      stage.ends(payer.pid).map(({ result }) => result),
      ['session ended'],
    );
    payer.client.destroy();
  });

  it('by a Terminate, a Sync or a COPY that comes while it waits', async () => {
    for (const more of [messages([{ type: 'terminate' }]), messages([sync, sync]), messages([{ type: 'copyDone' }])]) {
      await open();
      const approval = await payer.ask(pay(108));
      await payer.client.send(bytes(more));
      await stage.vote(approval, 'bob', 'deny', 'no');
      await payer.answer();
      payer.client.destroy();
      await payer.settled();
      assert.equal(await paid(108), '0');
    }
  });

  it('by more than is read ahead', async () => {
    await open();
    const approval = await payer.ask(pay(109));
    const long = `insert into notices values ('${'x'.repeat(300_000)}')`;
    const sent = payer.send(long);
    await stage.vote(approval, 'alice', 'deny', 'no');
    await sent;
    assert.deepEqual(await payer.answer(2), ['42501', 'I', 'INSERT 0 1', 'I']);
    await payer.client.close();
  });

  it('by parameters that are too large to look at', async () => {
    await open();
    const sql = "insert into payments (id, invoice_id, amount, paid) select 110, 1, 5, '2026-02-02' where $1 <> ''";
    const bound = bind({ parameters: ['x'.repeat(3 << 20)] });
    const sent = payer.client.send(bytes(messages([parse(sql), bound, execute(), sync])));
    assert.deepEqual(await payer.answer(), ['54000', 'I']);
    await sent;
    assert.equal(await paid(110), '0');
    assert.deepEqual(await payer.query('select 1'), ['SELECT 1', 'I']);
    await payer.client.close();
  });
});
