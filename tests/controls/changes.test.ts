import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { reload } from '../identities/reload.ts';
import { ApprovalStage, type Asker } from './approval-stage.ts';
import { bind, execute, messages, parse, sync } from './bypass-case.ts';

const pay = (id: number): string => `insert into payments (id, invoice_id, amount) values (${id}, 1, 10)`;
const paid = (id: number): string => `select count(*) from payments where id = ${id}`;
const paysRule = { name: 'payments', when: '"public.payments" in statement.writes' };
const asks = { ...paysRule, then: 'approve', approvers: { group: 'finance' } };
const asksAgainAndAgain = { ...paysRule, then: 'approve', approvers: { group: 'finance', reuse: '10m' } };

interface Settings {
  readonly policy: readonly object[];
  readonly identities: { readonly [name: string]: object };
}

/** The first match in what is said, as soon as there is one. */
async function heard(say: () => string | Promise<string>, wanted: RegExp): Promise<string> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const found = wanted.exec(await say());
    if (found !== null) return found[1] ?? found[0];
    if (Date.now() > deadline) throw new Error(`nothing says ${wanted}`);
    await delay(5);
  }
}

describe('what waits for people when the configuration changes', { timeout: 300_000 }, () => {
  let stage: ApprovalStage;
  let payer: Asker;
  let id = 1000;
  let usual: Settings;
  before(async () => {
    stage = await ApprovalStage.start();
    usual = { ...(JSON.parse(readFileSync(stage.gateway.configFile, 'utf8')) as Settings), policy: [asks] };
  });
  after(() => stage?.stop());
  afterEach(() => payer?.client.destroy());
  const change = (changed: Partial<Settings>): Promise<void> =>
    reload(stage.gateway, () => ({ ...usual, ...changed }) as { readonly [name: string]: unknown });
  const identity = (name: string, settings: object | undefined): Partial<Settings> => ({
    identities: Object.fromEntries(
      Object.entries({ ...usual.identities, [name]: settings }).filter(([, each]) => each !== undefined),
    ) as Settings['identities'],
  });
  /** Somebody waits, under the usual configuration. */
  const waiting = async (policy = usual.policy): Promise<string> => {
    await change({ policy });
    id += 1;
    payer = await stage.login();
    return payer.ask(pay(id));
  };
  const results = (): readonly string[] => stage.ends(payer.pid).map(({ result }) => result);
  /** What a session that opens now is told of a payment; `asked` where people are. */
  const another = async (): Promise<readonly string[] | 'asked'> => {
    const other = await stage.login();
    try {
      const answer = other.query(pay(id + 500)).catch(() => []);
      return await Promise.race([answer, other.asked(0).then(() => 'asked' as const)]);
    } finally {
      other.client.destroy();
      await other.ended();
    }
  };

  const changes: readonly (readonly [string, Settings['policy'], readonly string[] | 'asked'])[] = [
    ['is the same', [asks], 'asked'],
    ['asks nobody any more', [], ['INSERT 0 1', 'I']],
    ['denies', [{ ...paysRule, then: 'deny' }], ['42501', 'I']],
    ['asks others', [{ ...asks, approvers: { group: 'sales' } }], 'asked'],
  ];
  for (const [name, policy, forOthers] of changes) {
    it(`is decided by the rule that asked; one that ${name} is for sessions that open from then on`, async () => {
      const approval = await waiting();
      await change({ policy });
      assert.match(await stage.gateway.cli('approvals', 'list'), new RegExp(approval));
      assert.deepEqual(await another(), forOthers);
      assert.equal(await stage.value(paid(id)), '0');
      await stage.vote(approval, 'alice');
      assert.deepEqual(await payer.answer(), ['INSERT 0 1', 'I']);
      assert.deepEqual(results(), ['approved']);
      await stage.value(`with d as (delete from payments where id > 1400 returning 1) select count(*) from d`);
    });
  }

  it('is decided by those who are in the group when they decide', async () => {
    const approval = await waiting();
    await change(identity('alice', { kind: 'person', groups: ['sales'], connections: ['db'] }));
    await assert.rejects(stage.vote(approval, 'alice'), /is not in the group/);
    await change(identity('bob', undefined));
    await assert.rejects(stage.vote(approval, 'bob'));
    await change(identity('carol', { kind: 'person', groups: ['finance'], connections: ['db'] }));
    await stage.vote(approval, 'carol');
    assert.deepEqual(await payer.answer(), ['INSERT 0 1', 'I']);
  });

  it('does not count the vote of who has left the group since', async () => {
    const approval = await waiting([{ ...asks, approvers: { group: 'finance', count: 2 } }]);
    await stage.vote(approval, 'alice');
    const left = identity('alice', { kind: 'person', groups: ['sales'], connections: ['db'] });
    await change({ ...left, policy: [asks] });
    await stage.vote(approval, 'bob');
    assert.deepEqual(results(), []);
    assert.equal(await stage.value(paid(id)), '0');
    const { identities = {} } = left;
    await change({
      identities: { ...identities, carol: { kind: 'person', groups: ['finance'], connections: ['db'] } },
    });
    await stage.vote(approval, 'carol');
    assert.deepEqual(await payer.answer(), ['INSERT 0 1', 'I']);
  });

  it('is not decided any more when the identity may not be there', async () => {
    for (const settings of [undefined, { kind: 'agent', connections: ['guarded'] }]) {
      const approval = await waiting();
      await change(identity('payer', settings));
      assert.deepEqual(await payer.answer(), ['57P01', 'closed']);
      // The session is told at once why it ends; what that ends is on record a moment later.
      await payer.settled();
      assert.deepEqual(results(), ['revoked']);
      assert.match(await stage.gateway.cli('approvals', 'list'), /Nothing waits/);
      await assert.rejects(stage.vote(approval, 'alice'), /is over already: revoked/);
      await payer.ended();
      const outcomes = stage.record(payer.pid).flatMap((body) => (body.type === 'outcome' ? body.outcome : []));
      assert.ok(outcomes.includes('refused') && !outcomes.includes('unknown'), String(outcomes));
      assert.equal(await stage.value(paid(id)), '0');
    }
  });

  it('is as it was when the file cannot be used', async () => {
    const approval = await waiting();
    const file = readFileSync(stage.gateway.configFile, 'utf8');
    const refusals = (): number => stage.gateway.log().match(/the configuration was not changed/g)?.length ?? 0;
    for (const broken of ['{ policy: [', JSON.stringify({ ...usual, policy: [{ ...asks, when: 'nothing == 1' }] })]) {
      const before = refusals();
      writeFileSync(stage.gateway.configFile, broken);
      process.kill(stage.gateway.pid(), 'SIGHUP');
      await heard(() => String(refusals() > before), /true/);
    }
    writeFileSync(stage.gateway.configFile, file);
    assert.equal(await another(), 'asked');
    await stage.vote(approval, 'alice');
    assert.deepEqual(await payer.answer(), ['INSERT 0 1', 'I']);
  });

  it('is asked again where an approval that covered more than one use was for a rule that has changed', async () => {
    const approval = await waiting([asksAgainAndAgain]);
    await stage.vote(approval, 'alice');
    assert.deepEqual(await payer.answer(), ['INSERT 0 1', 'I']);
    const again = async (): Promise<readonly string[] | 'asked'> => {
      await stage.value(`with d as (delete from payments where id = ${id} returning 1) select count(*) from d`);
      const other = await stage.login();
      const answer = other.query(pay(id)).catch(() => []);
      const told = await Promise.race([answer, other.asked(0).then(() => 'asked' as const)]);
      other.client.destroy();
      await other.ended();
      return told;
    };
    assert.deepEqual(await again(), ['INSERT 0 1', 'I']);
    for (const approvers of [
      { group: 'finance', count: 2, reuse: '10m' },
      { group: 'finance', reuse: '9m' },
    ]) {
      await change({ policy: [{ ...asksAgainAndAgain, approvers }] });
      assert.equal(await again(), 'asked');
    }
    await change({ policy: [asksAgainAndAgain] });
    assert.deepEqual(await again(), ['INSERT 0 1', 'I']);
  });

  it('as a login opens by the rules and masks that are in force when it was let in', async () => {
    await change({});
    const opening = stage.login('payer', 'guarded');
    const approval = await heard(() => stage.gateway.cli('approvals', 'list'), /(appr_\w+).*access to guarded/);
    const masking = { rules: [{ columns: { 'public.customers.email': 'redact' } }] };
    await change({ policy: [{ ...paysRule, then: 'deny' }], masking } as Partial<Settings>);
    await stage.vote(approval, 'alice');
    payer = await opening;
    assert.deepEqual(await payer.query(pay(id + 500)), ['42501', 'I']);
    const rows = await payer.client.query('select email from customers where id = 1');
    assert.match(String(rows[1]?.bytes && Buffer.from(rows[1].bytes)), /\[masked\]/);
    await stage.gateway.cli('approvals', 'revoke', approval);
    assert.deepEqual(await payer.answer(), ['57P01', 'closed']);
  });

  it('as a login is turned away when it would not be let in any more', async () => {
    await change({});
    const opening = stage.login('payer', 'guarded');
    const refused = assert.rejects(opening, /57014/);
    const approval = await heard(() => stage.gateway.cli('approvals', 'list'), /(appr_\w+).*access to guarded/);
    await change(identity('payer', { kind: 'agent', connections: ['db'] }));
    await refused;
    await assert.rejects(stage.vote(approval, 'alice'), /is over already: revoked/);
  });
});

describe('what waits for people when the gateway is told to stop', { timeout: 300_000 }, () => {
  it('never ran, on record, and nobody can approve it afterwards', async () => {
    const stage = await ApprovalStage.start();
    try {
      const inTransaction = await stage.login();
      await inTransaction.query('begin');
      await inTransaction.query("insert into notices values ('in the transaction')");
      const inPipeline = await stage.login();
      const covered = await stage.login('other');
      const ticket = 'insert into tickets (id) values (2000)';
      await stage.vote(await covered.ask(ticket), 'alice');
      await covered.answer();
      const one = (sql: string) => [parse(sql), bind(), execute()];
      const pipeline = messages([...one(pay(1001)), ...one("insert into notices values ('behind')"), sync]);
      const approvals = [
        await inTransaction.ask(pay(1000)),
        await inPipeline.ask(pipeline.bytes as Uint8Array),
        await stage.login('bob').then((bob) => bob.ask("update customers set country = 'AT' where id = 1")),
      ];
      await stage.vote(approvals[2] ?? '', 'alice');
      const opening = assert.rejects(stage.login('payer', 'guarded'), /57014|57P01/);
      await heard(() => stage.gateway.cli('approvals', 'list'), /access to guarded/);
      await stage.gateway.shutDown();
      await opening;
      for (const asker of [inTransaction, inPipeline]) {
        const told = await asker.answer();
        assert.deepEqual(told.slice(-2), ['57P01', 'closed']);
        const bodies = stage.record(asker.pid);
        assert.deepEqual(
          stage.ends(asker.pid).map(({ result }) => result),
          ['gateway stopped'],
        );
        const [question] = stage.questions(asker.pid);
        const outcome = bodies.find((body) => body.type === 'outcome' && body.of === question?.of);
        assert.equal(outcome?.type === 'outcome' && outcome.outcome, 'refused');
        const closed = bodies.find((body) => body.type === 'session_closed' && body.reason === 'gateway shut down');
        assert.ok(closed, 'its session was closed by the gateway');
        assert.ok(!bodies.some(({ type }) => type === 'approval_used'));
      }
      assert.equal(await stage.value('select count(*) from payments where id >= 1000'), '0');
      assert.equal(await stage.value('select count(*) from notices'), '0');
      assert.equal(await stage.value("select count(*) from customers where country = 'AT'"), '0');

      await stage.gateway.restart();
      assert.match(await stage.gateway.cli('approvals', 'list'), /Nothing waits/);
      assert.equal((await stage.gateway.cli('approvals', 'list', '--all')).match(/gateway stopped/g)?.length, 4);
      for (const approval of approvals) await assert.rejects(stage.vote(approval, 'bob'), /is over already/);
      // What was approved for more than one use still is.
      await stage.value('with d as (delete from tickets where id = 2000 returning 1) select count(*) from d');
      const again = await stage.login('other');
      assert.deepEqual(await again.query(ticket), ['INSERT 0 1', 'I']);
      again.client.destroy();
    } finally {
      await stage.stop();
    }
  });
});
