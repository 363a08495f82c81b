import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Body } from '@onrecord/record';
import { JournalReader } from '../../packages/gateway/src/journal/reader.ts';
import { Admin } from '../support/admin.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { eventually, People } from './people.ts';

const approvers = { group: 'finance', count: 1, timeout: '10m' };

/** Statements that wait for people, against a server that tells whether they ran. */
describe('approvals of statements and of access', () => {
  let postgres: Postgres;
  let gateway: Gateway;
  let people: People;
  let admin: Admin;

  before(async () => {
    postgres = await startPostgres();
    admin = await Admin.login(postgres);
    await admin.query(
      'CREATE TABLE payments (id int PRIMARY KEY, amount int); INSERT INTO payments SELECT n, 0 FROM generate_series(1, 50) n; CREATE SCHEMA evil; CREATE TABLE evil.payments (LIKE payments)',
    );
    gateway = await startGateway({
      postgres,
      databases: ['postgres'],
      settings: {
        identities: {
          tester: { kind: 'agent', connections: ['db'] },
          agent: { kind: 'agent', groups: ['finance'], connections: ['db', 'postgres'] },
          alice: { kind: 'person', groups: ['finance'], connections: ['db'] },
          bob: { kind: 'person', groups: ['finance'] },
          mallory: { kind: 'person' },
        },
        policy: [
          {
            name: 'money moves',
            when: 'statement.kind == "update" && statement.writes.exists(t, t == "public.payments" || t == "evil.payments")',
            then: 'approve',
            approvers: { ...approvers, reuse: '30m' },
          },
          { name: 'money goes', when: 'statement.kind == "delete"', then: 'approve', approvers },
        ],
      },
    });
    people = new People(gateway);
  });
  after(async () => {
    await gateway?.stop();
    await admin?.close();
    await postgres?.stop();
  });

  async function amount(id: number): Promise<number> {
    const [row] = await admin.query(`SELECT amount FROM payments WHERE id = ${id}`);
    return Number(row?.[0] ?? Number.NaN);
  }

  function entries(): Body[] {
    const reader = new JournalReader(join(gateway.data, 'journal'));
    try {
      return Array.from(reader.entries(0), ({ entry }) => entry.body);
    } finally {
      reader.close();
    }
  }

  it('hold a statement in its transaction until a person has said yes', async () => {
    const client = await people.client('agent', 'db', '-c onrecord.reason=month-end');
    await client.query('BEGIN');
    await client.query('SELECT 1 AS before_it');
    const update = client.query('UPDATE payments SET amount = $1 WHERE id = $2', [10, 1]);
    const shown = await people.asked();
    const { approval } = shown;
    assert.deepEqual(shown.sql, ['UPDATE payments SET amount = $1 WHERE id = $2']);
    assert.equal(shown.reason, 'month-end');
    assert.match(String(shown.recent), /before_it/);
    assert.equal(await amount(1), 0);
    assert.match((await people.approve(approval, 'mallory')).stderr, /is not in the group/);
    assert.equal((await people.approve(approval, 'alice')).code, 0);
    assert.equal((await update).rowCount, 1);
    assert.equal(await amount(1), 0);
    await client.query('COMMIT');
    assert.equal(await amount(1), 10);
    await client.end();
  });

  it('show what it would do, and what its transaction holds meanwhile', async () => {
    const client = await people.client('agent');
    await client.query('BEGIN; LOCK TABLE payments IN SHARE UPDATE EXCLUSIVE MODE');
    const gone = client.query('DELETE FROM payments WHERE id > 40').catch(() => {});
    const { approval } = await people.asked();
    const { evidence } = await eventually(async () => {
      const found = await people.show(approval);
      return found.evidence === null ? undefined : found;
    });
    assert.match(evidence?.explain ?? '', /Delete on/);
    assert.equal(typeof evidence?.rows, 'number');
    assert.match(JSON.stringify(evidence?.locks), /ShareUpdateExclusiveLock/);
    await people.deny(approval, 'alice', 'Looked at.');
    await gone;
    await client.end();
  });

  it('deny it with the reason of the one who did, and the session goes on', async () => {
    const client = await people.client('agent');
    const gone = client.query('DELETE FROM payments WHERE id = 2').then(
      () => assert.fail('it ran'),
      (error) => error,
    );
    const { approval } = await people.asked();
    await people.deny(approval, 'bob', 'Not before the month is closed.');
    const { code, detail } = (await gone) as { code: string; detail: string };
    assert.deepEqual([code, detail], ['42501', 'Not before the month is closed.']);
    assert.equal((await client.query('SELECT 1 AS one')).rows[0].one, 1);
    assert.equal(await amount(2), 0);
    await client.end();
  });

  it('cover the same statement again, and none with other parameters, in another schema, or by another identity', async () => {
    const client = await people.client('agent');
    const text = 'UPDATE payments SET amount = $1 WHERE id = $2';
    const first = client.query(text, [30, 3]);
    await people.approve((await people.asked()).approval, 'alice');
    await first;
    assert.equal((await client.query(text, [30, 3])).rowCount, 1);
    assert.deepEqual(await people.waiting(), []);
    const others = [
      async () => client.query(text, [31, 3]),
      async () => client.query('UPDATE payments SET amount = $1 WHERE id = $2 ', [30, 3]),
      async () => {
        await client.query('SET search_path = evil, public');
        return await client.query(text, [30, 3]);
      },
    ];
    for (const other of others) {
      const refused = other().then(
        () => assert.fail('it ran'),
        (error) => error as { code: string },
      );
      await people.deny((await people.asked()).approval, 'alice', 'Other.');
      assert.equal((await refused).code, '42501');
    }
    await client.end();
    const elsewhere = await people.client('tester');
    const refused = elsewhere.query(text, [30, 3]).then(
      () => assert.fail('it ran'),
      (error) => error as { code: string },
    );
    await people.deny((await people.asked()).approval, 'alice', 'Other.');
    assert.equal((await refused).code, '42501');
    await elsewhere.end();
    assert.equal(await amount(3), 30);
  });

  it('have one end when two people race, and it runs once', async () => {
    const client = await people.client('agent');
    const update = client.query('UPDATE payments SET amount = amount + 1 WHERE id = 4');
    const { approval } = await people.asked();
    await Promise.all([people.token('alice'), people.token('bob')]);
    const votes = await Promise.all([people.approve(approval, 'alice'), people.approve(approval, 'bob')]);
    assert.deepEqual(votes.map(({ code }) => code).sort(), [0, 1]);
    await update;
    await client.end();
    assert.equal(await amount(4), 1);
    const own = entries().filter((body) => 'approval' in body && body.approval === approval);
    assert.deepEqual(
      own.map(({ type }) => type).filter((type) => type !== 'approval_evidence'),
      ['approval_requested', 'approval_voted', 'approval_ended', 'approval_used'],
    );
  });

  it('end with the client that waits', async () => {
    const leaves = await people.client('agent');
    leaves.query('DELETE FROM payments WHERE id = 5').catch(() => {});
    const { approval } = await people.asked();
    (leaves as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    assert.equal((await people.ended(approval)).state, 'client gone');
    assert.match((await people.approve(approval, 'alice')).stderr, /over already: client gone/);
    assert.equal(await amount(5), 0);
  });

  it('end with the death of the gateway: what waited never ran, and can be asked again', async () => {
    const client = await people.client('agent');
    client.query('DELETE FROM payments WHERE id = 6').catch(() => {});
    const { approval } = await people.asked();
    await gateway.kill9();
    await gateway.restart();
    assert.equal((await people.show(approval)).state, 'gateway died');
    assert.match((await people.approve(approval, 'alice')).stderr, /over already: gateway died/);
    assert.equal(await amount(6), 0);
    const own = entries().filter((body) => 'approval' in body && body.approval === approval);
    assert.deepEqual(
      own
        .map((body) => (body.type === 'approval_ended' ? body.result : body.type))
        .filter((type) => type !== 'approval_evidence'),
      ['approval_requested', 'gateway died'],
    );
    const again = await people.client('agent');
    const gone = again.query('DELETE FROM payments WHERE id = 6');
    await people.approve((await people.asked()).approval, 'alice');
    assert.equal((await gone).rowCount, 1);
    await again.end();
  });
});
