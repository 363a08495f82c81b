import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { eventually, People } from './people.ts';

const approvers = { group: 'finance', count: 1, timeout: '10m' };

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly detail: string;
}

function failure(attempt: Promise<unknown>): Promise<Failure> {
  return attempt.then(
    () => assert.fail('it succeeded'),
    (error) => error as Failure,
  );
}

/** Logins that wait for people. */
describe('access to a connection', () => {
  let postgres: Postgres;
  let gateway: Gateway;
  let people: People;

  before(async () => {
    postgres = await startPostgres();
    const reach = { host: postgres.host, port: postgres.port, database: postgres.database, user: postgres.user };
    gateway = await startGateway({
      postgres,
      via: 'built-in',
      connection: { access: { approvers, meanwhile: 'hold', duration: '8h', except: { groups: ['trusted'] } } },
      connections: {
        strict: {
          ...reach,
          password: 'env:ONRECORD_TEST_PASSWORD',
          tls: 'disable',
          access: { approvers, meanwhile: 'refuse', duration: '8h' },
        },
      },
      settings: {
        identities: {
          tester: { kind: 'agent', connections: ['db'] },
          agent: { kind: 'agent', connections: ['db', 'strict'] },
          trusted: { kind: 'service', groups: ['trusted'], connections: ['db'] },
          alice: { kind: 'person', groups: ['finance'], connections: ['db'] },
        },
        policy: [{ name: 'secrets', when: 'statement.kind == "delete"', then: 'approve', approvers }],
      },
    });
    people = new People(gateway);
  });
  after(async () => {
    await gateway?.stop();
    await postgres?.stop();
  });

  it('is not asked for by who is excepted', async () => {
    const client = await people.client('trusted');
    assert.equal((await client.query('SELECT 1 AS one')).rows[0].one, 1);
    await client.end();
    assert.deepEqual(await people.waiting(), []);
  });

  it('holds the login, lets in all that come while it lasts, and ends them when it is revoked', async () => {
    const held = people.client('agent', 'db', '-c onrecord.reason=incident-12');
    const { approval, reason, state } = await people.asked();
    assert.deepEqual([reason, state], ['incident-12', 'waiting']);
    await people.approve(approval, 'alice');
    const first = await held;
    const second = await people.client('agent');
    assert.equal((await second.query('SELECT 1 AS one')).rows[0].one, 1);
    await gateway.kill9();
    await gateway.restart();
    const third = await people.client('agent');
    const lost = new Promise<void>((resolve) => third.on('end', () => resolve()));
    assert.equal((await people.command(['revoke', approval])).code, 0);
    await lost;
    await Promise.allSettled([first.end(), second.end(), third.end()]);
    const again = people.client('agent');
    const asked = await people.asked();
    assert.notEqual(asked.approval, approval);
    const refused = failure(again);
    await people.deny(asked.approval, 'alice', 'Not again.');
    const { code, detail } = await refused;
    assert.deepEqual([code, detail], ['42501', 'Not again.']);
  });

  it('with refuse turns the login away with what to come back with', async () => {
    const { code, message } = await failure(people.client('agent', 'strict'));
    const { approval } = await people.asked();
    assert.equal(code, '42501');
    assert.match(message, new RegExp(`waits for approval ${approval}`));
    await people.approve(approval, 'alice');
    const client = await people.client('agent', 'strict');
    assert.equal((await client.query('SELECT 1 AS one')).rows[0].one, 1);
    await client.end();
  });

  it('ends as a question with the gateway, whichever way that ends', async () => {
    for (const [end, result] of [
      ['kill9', 'gateway died'],
      ['shutDown', 'gateway stopped'],
    ] as const) {
      const refused = failure(people.client('agent'));
      const { approval } = await people.asked();
      await gateway[end]();
      await refused;
      await gateway.restart();
      assert.equal((await people.show(approval)).state, result);
    }
  });

  it('and statements end with the token that their session was opened with', async () => {
    const client = await people.client('trusted');
    const gone = failure(client.query('DELETE FROM pg_class WHERE false'));
    const { approval } = await people.asked();
    const [, id = ''] = (await people.token('trusted')).split('_');
    await gateway.cli('tokens', 'revoke', id);
    await gone;
    const ended = await eventually(async () => {
      const shown = await people.show(approval);
      return shown.state === 'waiting' ? undefined : shown;
    });
    assert.ok(['revoked', 'session ended'].includes(ended.state), ended.state);
    await client.end().catch(() => {});
  });
});
