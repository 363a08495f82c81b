import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { backendTag } from '@onrecord/wire';
import { readSessions } from '../oracle/recorded-sessions.ts';
import { Admin } from '../support/admin.ts';
import { type Connector, startConnector } from '../support/connector.ts';
import { connectorName, type Gateway, startGateway } from '../support/gateway.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { cancelMessage, errorFields, protocol32, WireClient } from '../support/wire-client.ts';
import { entriesOf, nextEntry } from './gateway-entries.ts';

const everyMs = 100;

describe('two gateways that share a connector', { timeout: 600_000 }, () => {
  let postgres: Postgres;
  let admin: Admin;
  let connector: Connector;
  const gateways: Gateway[] = [];
  const [first, second] = [(): Gateway => gateways[0] as Gateway, (): Gateway => gateways[1] as Gateway];
  before(async () => {
    postgres = await startPostgres();
    admin = await Admin.login(postgres);
    for (let at = 0; at < 2; at += 1) {
      gateways.push(await startGateway({ postgres, via: 'connector', link: { connector: 'absent' } }));
    }
    const { host, port, database, user } = postgres;
    const password = 'env:ONRECORD_TEST_PASSWORD';
    const watch = { user, password, every: `${everyMs}ms` };
    connector = await startConnector({
      connections: { db: { host, port, database, user, password, tls: 'disable', watch } },
      gateways: await Promise.all(
        gateways.map(async (gateway) => ({
          address: gateway.connectorAddress ?? '',
          token: (await gateway.cli('connectors', 'enroll', connectorName)).trim(),
        })),
      ),
      env: { ONRECORD_TEST_PASSWORD: postgres.password },
    });
    for (const gateway of gateways) await nextEntry(gateway, 'watch_started', 0);
  });
  after(async () => {
    admin?.close();
    for (const gateway of gateways) await gateway.stop();
    await connector?.stop();
    await postgres?.stop();
  });

  it('both work, each with sessions and a record of its own', async () => {
    const clients = await Promise.all(gateways.map((gateway) => WireClient.login(gateway)));
    for (const [at, client] of clients.entries()) {
      const answer = await client.query(`select 'of gateway ${at}'`);
      assert.ok(answer.some(({ tag }) => tag === backendTag.dataRow));
    }
    for (const client of clients) await client.close();
    for (const [at, gateway] of gateways.entries()) {
      await nextEntry(gateway, 'session_closed', 0);
      const texts = readSessions(gateway.data).flatMap(({ events }) =>
        events.map((each) => 'text' in each && each.text),
      );
      assert.deepEqual(
        texts.filter((text) => text !== false && text.includes('of gateway')),
        [`select 'of gateway ${at}'`],
      );
    }
  });

  for (const protocol of [undefined, protocol32]) {
    it(`a cancel request that reaches the wrong one cancels at the right one, with ${protocol === undefined ? 'short' : 'long'} keys`, async () => {
      const before = gateways.map((gateway) => entriesOf(gateway, 'cancel_requested').length);
      const client = await WireClient.login(first(), protocol === undefined ? {} : { protocol });
      const asleep = client.query('select pg_sleep(60)');
      await admin.waitFor("select count(*) = 1 from pg_stat_activity where wait_event = 'PgSleep'");
      const stranger = await WireClient.open(second());
      await stranger.send(cancelMessage(client.processId, client.key));
      const error = (await asleep).find(({ tag }) => tag === backendTag.errorResponse);
      assert.ok(error !== undefined, 'it was not cancelled');
      assert.equal(errorFields(error)['C'], '57014');
      stranger.destroy();
      await client.close();
      const { body } = await nextEntry(first(), 'cancel_requested', before[0] ?? 0);
      assert.match(body.client, /127\.0\.0\.1/);
      assert.notEqual(body.of, undefined, 'it does not say what was cancelled');
      assert.equal(entriesOf(second(), 'cancel_requested').length, before[1]);
    });
  }

  it('one that knows nobody by its key cancels nothing anywhere', async () => {
    const client = await WireClient.login(first());
    const asleep = client.query('select pg_sleep(0.5)');
    const stranger = await WireClient.open(second());
    const key = Buffer.from(client.key);
    key.writeUInt8(key.readUInt8(0) ^ 1, 0);
    await stranger.send(cancelMessage(client.processId, key));
    assert.ok((await asleep).some(({ tag }) => tag === backendTag.commandComplete));
    stranger.destroy();
    await client.close();
  });

  it("the watch reports whom neither let in, and nobody of either's", async () => {
    const clients = await Promise.all([...gateways, ...gateways].map((gateway) => WireClient.login(gateway)));
    const blind = await Admin.login(postgres);
    for (const gateway of gateways) {
      for (let seen = false; !seen; await delay(20)) {
        seen = entriesOf(gateway, 'blind_session').some(({ body }) => body.backendPid === blind.pid);
      }
      const reported = new Set(entriesOf(gateway, 'blind_session').map(({ body }) => body.backendPid));
      assert.deepEqual(reported, new Set([admin.pid, blind.pid]));
      for (const client of clients) assert.equal(reported.has(client.processId), false);
      // More sessions than were seen would have been counted.
      assert.deepEqual(entriesOf(gateway, 'blind_sessions_unseen'), []);
    }
    blind.close();
    for (const client of clients) await client.close();
  });

  it('one that goes takes nothing of the other along', async () => {
    const client = await WireClient.login(second());
    await first().kill9();
    assert.ok((await client.query('select 1')).some(({ tag }) => tag === backendTag.commandComplete));
    await first().restart();
    await (await WireClient.login(first())).close();
    assert.ok((await client.query('select 1')).some(({ tag }) => tag === backendTag.commandComplete));
    await client.close();
  });
});
