import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { backendTag } from '@onrecord/wire';
import { type Pair, startPair } from '../support/pair.ts';
import { findProgram, runProgram } from '../support/program.ts';
import { libpqEnvironment } from '../support/target.ts';
import { errorFields, errorText, requestMessage, startupMessage, WireClient } from '../support/wire-client.ts';

const psql = findProgram('psql');
const withPsql = { skip: psql === undefined ? 'psql is not installed' : false };
const sslRequest = requestMessage(80877103);
const gssRequest = requestMessage(80877104);

/** What differs from Postgres because TLS ends at the gateway: none of it can be compared, all of it is asserted. */
for (const tls of ['auto', 'off'] as const) {
  describe(`clients that ask for encryption, with tls: ${tls}`, { timeout: 300_000 }, () => {
    let pair: Pair;
    before(async () => {
      pair = await startPair({ gateway: { settings: { tls } } });
    });
    after(() => pair?.stop());

    it('SSLRequest and GSSENCRequest are answered in either order, and the startup goes on', async () => {
      for (const requests of [[gssRequest, sslRequest], [sslRequest, gssRequest], [gssRequest]]) {
        const client = await WireClient.open(pair.gateway);
        let encrypted = false;
        for (const request of requests) {
          if (encrypted) break;
          await client.send(request);
          const answer = String.fromCharCode((await client.nextByte()) ?? 0);
          encrypted = answer === 'S';
          assert.equal(answer, request === sslRequest && tls === 'auto' ? 'S' : 'N');
          if (encrypted) await client.upgrade();
        }
        await client.send(startupMessage(pair.gateway));
        assert.equal((await client.authenticate(pair.gateway.password)).at(-1)?.tag, backendTag.readyForQuery);
        assert.equal((await client.query('select 1')).length, 4);
        await client.close();
      }
    });

    for (const mode of ['disable', 'allow', 'prefer', 'require']) {
      it(`sslmode=${mode}`, withPsql, async () => {
        const env = { ...libpqEnvironment(pair.gateway), PGSSLMODE: mode };
        const { status, stdout, stderr } = await runProgram(
          psql ?? '',
          ['-X', '-A', '-c', '\\conninfo', '-c', 'select 7'],
          { env },
        );
        if (mode === 'require' && tls === 'off') {
          assert.equal(status, 2);
          assert.match(stderr, /server does not support SSL/);
          return;
        }
        assert.equal(status, 0, stderr);
        assert.match(stdout, /7/);
        const encrypted = tls === 'auto' && (mode === 'prefer' || mode === 'require');
        assert.equal(/SSL connection/.test(stdout), encrypted, stdout);
      });
    }
  });
}

describe('TLS', { timeout: 300_000 }, () => {
  let pair: Pair;
  before(async () => {
    pair = await startPair({ gateway: { settings: { tls: 'auto' } } });
  });
  after(() => pair?.stop());

  it('carries the same answers as without', async () => {
    const client = await WireClient.open(pair.gateway);
    await client.send(sslRequest);
    assert.equal(await client.nextByte(), 0x53);
    await client.upgrade();
    await client.send(startupMessage(pair.gateway));
    await client.authenticate(pair.gateway.password);
    const plain = await WireClient.login(pair.postgres);
    const sql = "select repeat('0123456789', 300000)";
    const bytesOf = async (each: WireClient): Promise<Buffer> =>
      Buffer.concat((await each.query(sql)).map(({ bytes }) => bytes));
    assert.ok((await bytesOf(client)).equals(await bytesOf(plain)));
    await plain.close();
    await client.close();
  });

  it('is on record', async () => {
    const sessions = await pair.gateway.cli('sessions', '--json');
    assert.match(sessions, /TLSv1\.[23]/);
  });

  it('begins at once when the client says so (sslnegotiation=direct), and asks for ALPN then', async () => {
    const secure = await direct(pair, ['postgresql']);
    assert.equal(secure.alpnProtocol, 'postgresql');
    secure.write(startupMessage(pair.gateway));
    const [answer] = (await once(secure, 'data')) as [Buffer];
    assert.equal(answer[0], backendTag.authentication);
    secure.destroy();
    await assert.rejects(async () => {
      const without = await direct(pair, undefined);
      without.write(startupMessage(pair.gateway));
      const [first] = (await once(without, 'data')) as [Buffer];
      throw new Error(`it was answered: ${first[0]}`);
    }, /(ECONNRESET|alert|socket|disconnected)/i);
    await assert.rejects(direct(pair, ['http/1.1']), /(ECONNRESET|alert|disconnected)/i);
  });

  it('TLS 1.1 is refused', async () => {
    await assert.rejects(direct(pair, ['postgresql'], 'TLSv1.1'));
  });

  it('nothing may be sent in the clear behind SSLRequest (CVE-2021-23222)', async () => {
    const client = await WireClient.open(pair.gateway);
    await client.send(Buffer.concat([sslRequest, startupMessage(pair.gateway)]));
    const answered = await client.nextByte();
    // Either the S is held back and an error comes, or the connection just ends: nothing of it is believed.
    if (answered === 0x53) assert.equal(await client.nextByte(5000).then((byte) => byte ?? 'closed'), 'closed');
    else assert.ok(answered === undefined || answered === backendTag.errorResponse);
    client.destroy();
  });

  it('channel binding is offered within, and libpq may insist on it', withPsql, async () => {
    const env = { ...libpqEnvironment(pair.gateway), PGSSLMODE: 'require', PGCHANNELBINDING: 'require' };
    const { status, stderr } = await runProgram(psql ?? '', ['-X', '-c', 'select 1'], { env });
    assert.equal(status, 0, stderr);
  });

  it('a cancel request may be encrypted or not', withPsql, async () => {
    for (const mode of ['require', 'disable']) {
      const env = { ...libpqEnvironment(pair.gateway), PGSSLMODE: mode };
      const { stderr } = await runProgram(psql ?? '', ['-X', '-c', 'select pg_sleep(60)'], {
        env,
        started: (signal) => {
          const sleeps = "select count(*) = 1 from pg_stat_activity where wait_event = 'PgSleep'";
          pair.admin.waitFor(sleeps).then(() => signal('SIGINT'));
        },
      });
      assert.match(stderr, /canceling statement due to user request/);
    }
  });
});

describe('replication', { timeout: 300_000 }, () => {
  let pair: Pair;
  before(async () => {
    pair = await startPair();
  });
  after(() => pair?.stop());

  it('is refused with a reason when the connection does not allow it', async () => {
    for (const replication of ['database', 'true', 'on', '1']) {
      await assert.rejects(
        WireClient.login(pair.gateway, { parameters: { replication } }),
        /0A000: the connection "db" does not take replication connections/,
      );
    }
    const ordinary = await WireClient.login(pair.gateway, { parameters: { replication: 'false' } });
    await ordinary.close();
  });

  it('and in an ordinary session its commands are what Postgres says they are', async () => {
    const client = await WireClient.login(pair.gateway);
    const answer = await client.query('IDENTIFY_SYSTEM');
    const error = answer.find(({ tag }) => tag === backendTag.errorResponse);
    assert.ok(error !== undefined);
    assert.equal(errorFields(error).C, '42601', errorText(error));
    await client.close();
  });
});

/** A TLS connection without SSLRequest; rejects when the handshake fails or the other side closes. */
async function direct({ gateway }: Pair, alpn: readonly string[] | undefined, version?: 'TLSv1.1'): Promise<TLSSocket> {
  const plain = createConnection(gateway.port, gateway.host);
  await once(plain, 'connect');
  const secure = connect({
    socket: plain,
    rejectUnauthorized: false,
    ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
    ...(version === undefined ? {} : { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' }),
  });
  const closed = once(secure, 'close').then(() => Promise.reject(new Error('disconnected')));
  closed.catch(() => {});
  await Promise.race([once(secure, 'secureConnect'), closed]);
  // For what is awaited later: a close is an error then.
  secure.once('close', () => secure.emit('error', new Error('disconnected')));
  secure.on('error', () => {});
  return secure;
}
