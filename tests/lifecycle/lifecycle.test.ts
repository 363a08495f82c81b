import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { encodeStartup, protocolVersion, requestCode, Writer } from '@onrecord/wire';
import pg from 'pg';
import { JournalReader } from '../../packages/gateway/src/journal/reader.ts';
import { type Pair, startPair } from '../support/pair.ts';
import type { Target } from '../support/target.ts';

const { Client } = pg;

/** A client that is nothing but an ordinary one; what it is told when its session ends is kept. */
async function login(target: Target, settings: pg.ClientConfig = {}): Promise<pg.Client> {
  const { host, port, user, password, database } = target;
  const client = new Client({ host, port, user, password, database, ssl: false, ...settings });
  client.on('error', () => {});
  await client.connect();
  return client;
}

function entries({ gateway }: Pair): readonly { readonly type: string; readonly [field: string]: unknown }[] {
  const reader = new JournalReader(`${gateway.data}/journal`);
  try {
    return Array.from(reader.entries(0), ({ entry }) => entry.body as never);
  } finally {
    reader.close();
  }
}

const code = (expected: string) => (error: { code?: string }) => error.code === expected;
/** The event that tells a client that its session was ended, as an error with a SQLSTATE. */
const ended = (client: pg.Client): Promise<{ code?: string }> =>
  new Promise((resolve) => client.once('error', (error) => resolve(error as { code?: string })));

describe('the life of a gateway', () => {
  let pair: Pair;

  before(async () => {
    pair = await startPair({ gateway: { settings: { tls: 'auto' } } });
  });
  after(async () => {
    await pair.stop();
  });

  it('tells a DBA which session is whose', async () => {
    const client = await login(pair.gateway, { application_name: 'billing run' });
    const { rows } = await client.query('select application_name from pg_stat_activity where pid = pg_backend_pid()');
    await client.end();
    assert.match(rows[0].application_name, /^billing run \[onrecord [0-9a-z]{16}\]$/);
  });

  it('records what a client claims, and keeps it from Postgres', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const options = `-c onrecord.run_id=run-7 -c onrecord.traceparent=${traceparent} -c work_mem=12MB`;
    const client = await login(pair.gateway, { options });
    assert.equal((await client.query('show work_mem')).rows[0].work_mem, '12MB');
    await client.end();
    const opened = entries(pair).findLast((body) => body.type === 'session_opened');
    assert.deepEqual(opened?.['claimed'], { runId: 'run-7', traceparent });
  });

  it('answers an unknown user as it answers a wrong password', async () => {
    const failure = async (user: string): Promise<object> => {
      const error = await login({ ...pair.gateway, user, password: 'onr_wrong' }).then(
        () => assert.fail('let in'),
        (refused) => refused,
      );
      return { ...error, length: 0, message: error.message.replace(user, 'USER') };
    };
    assert.deepEqual(await failure('nobody-at-all'), await failure(pair.gateway.user));
  });

  it('says whom it has turned away', () => {
    const refused = entries(pair).filter((body) => body.type === 'login_refused');
    assert.ok(refused.some((body) => body['user'] === 'nobody-at-all' && /28P01/.test(String(body['reason']))));
  });

  it('does not let in a token that has expired', async () => {
    const password = (await pair.gateway.cli('tokens', 'create', pair.gateway.user, '--expires', '1s')).trim();
    const client = await login({ ...pair.gateway, password });
    await client.end();
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, 1_100);
    await promise;
    await assert.rejects(login({ ...pair.gateway, password }), code('28P01'));
  });

  it('ends the sessions of a token that is revoked, and lets it in no more', async () => {
    const password = (await pair.gateway.cli('tokens', 'create', pair.gateway.user)).trim();
    const client = await login({ ...pair.gateway, password });
    const told = ended(client);
    await pair.gateway.cli('tokens', 'revoke', /^onr_([^_]+)_/.exec(password)?.[1] ?? '');
    assert.equal((await told).code, '57P01');
    await assert.rejects(login({ ...pair.gateway, password }), code('28P01'));
    const log = entries(pair);
    const created = log.findIndex((body) => body.type === 'token_created' && password.includes(String(body['token'])));
    assert.ok(created >= 0 && log.findLastIndex((body) => body.type === 'session_opened') > created);
  });

  it('has Postgres give up what it does for a session that is ended', async () => {
    const { gateway, admin } = pair;
    const password = (await gateway.cli('tokens', 'create', gateway.user)).trim();
    const client = await login({ ...gateway, password });
    const told = client.query('select pg_sleep(600)').catch((error) => error);
    const busy = "select count(*) from pg_stat_activity where state = 'active' and query like '%pg_sleep(600)'";
    while ((await admin.query(busy))[0]?.[0] !== '1') await new Promise((resolve) => setImmediate(resolve));
    await gateway.cli('tokens', 'revoke', /^onr_([^_]+)_/.exec(password)?.[1] ?? '');
    assert.equal((await told).code, '57P01');
    while ((await admin.query(busy))[0]?.[0] !== '0') await new Promise((resolve) => setImmediate(resolve));
    while (!entries(pair).some((body) => body.type === 'outcome' && body['outcome'] === 'cancelled')) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(entries(pair).some((body) => body.type === 'cancel_requested' && body['client'] === 'the gateway'));
  });

  it('takes TLS with and without being asked first, and no other protocol', async () => {
    const { host, port } = pair.gateway;
    const client = await login(pair.gateway, { ssl: { rejectUnauthorized: false } });
    await client.query('select 1');
    await client.end();
    const opened = entries(pair).findLast((body) => body.type === 'session_opened');
    assert.equal(opened?.['tls'], 'TLSv1.3');

    const direct = connectTls({ host, port, ALPNProtocols: ['postgresql'], rejectUnauthorized: false });
    await once(direct, 'secureConnect');
    assert.equal(direct.alpnProtocol, 'postgresql');
    const parameters = [{ name: 'user', value: Buffer.from('x') }];
    direct.write(encodeStartup({ type: 'startupMessage', version: protocolVersion.v3_0, parameters }).finish());
    const [first] = (await once(direct, 'data')) as [Buffer];
    assert.equal(first.toString('latin1', 0, 1), 'R');
    direct.destroy();

    const other = connectTls({ host, port, rejectUnauthorized: false });
    other.on('error', () => {});
    other.resume();
    await once(other, 'close');
  });

  it('refuses bytes that came ahead of encryption', async () => {
    const socket = connect(pair.gateway.port, pair.gateway.host);
    const request = new Writer().beginUntagged().int32(requestCode.ssl).end().finish();
    socket.write(Buffer.concat([request, Buffer.from('early')]));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
    await once(socket, 'close');
    assert.match(answer, /received unencrypted data after SSL request/);
  });

  it('puts a changed configuration into force for new sessions, and keeps the old one when the new one is wrong', async () => {
    const { gateway } = pair;
    const heard = async (pattern: RegExp): Promise<void> => {
      while (!pattern.test(gateway.log())) await new Promise((resolve) => setImmediate(resolve));
    };
    const original = readFileSync(gateway.configFile, 'utf8');
    writeFileSync(gateway.configFile, original.replace('"agent"', '"robot"'));
    process.kill(gateway.pid(), 'SIGHUP');
    await heard(/the configuration was not changed/);
    await (await login(gateway)).end();

    const changed = JSON.parse(original);
    changed.identities[gateway.user].kind = 'service';
    writeFileSync(gateway.configFile, JSON.stringify(changed));
    process.kill(gateway.pid(), 'SIGHUP');
    await heard(/is in force for new sessions/);
    await (await login(gateway)).end();
    const log = entries(pair);
    const opened = log.findLast((body) => body.type === 'session_opened');
    const configured = log.findLast((body) => body.type === 'configured');
    assert.equal(opened?.['identityKind'], 'service');
    assert.equal(opened?.['configuration'], configured?.['configuration']);
    writeFileSync(gateway.configFile, original);
  });

  it('does not share its data directory with a second gateway', async () => {
    await assert.rejects(pair.gateway.cli('gateway'), (error: { stderr: string }) =>
      /another gateway|in use/i.test(error.stderr),
    );
  });

  it('ends its sessions on the record when it is told to stop', async () => {
    const client = await login(pair.gateway);
    const told = ended(client);
    await pair.gateway.shutDown();
    assert.equal((await told).code, '57P01');
    const log = entries(pair);
    assert.equal(log.findLast(({ type }) => type === 'session_closed')?.['reason'], 'gateway shut down');
    assert.equal(log.at(-1)?.type, 'gateway_stopped');
    await pair.gateway.restart();
    assert.equal(
      entries(pair).some((body) => body.type === 'recovered'),
      false,
    );
  });
});
