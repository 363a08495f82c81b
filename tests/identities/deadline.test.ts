import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { connect, described, knock, refusal } from './connect.ts';
import { entries } from './entries.ts';

const overdue = '57014 canceling authentication due to timeout';
const user = 'billing-agent';
const keys = await generateKeyPair('ES256');
let postgres: Postgres;
let gateway: Gateway;
let server: Server;
let issuer: string;
/** Questions for the keys that were not answered yet. */
const waiting: ServerResponse[] = [];

before(async () => {
  server = createServer((_request, response) => waiting.push(response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  postgres = await startPostgres();
  const rules = [{ claims: { sub: user }, identity: user }];
  gateway = await startGateway({
    postgres,
    settings: {
      tls: 'auto',
      limits: { startup: '1s' },
      issuers: { corp: { issuer, audience: 'onrecord', jwks: `${issuer}/keys`, identities: rules } },
      identities: { tester: { connections: ['db'] }, [user]: { connections: ['db'], login: 'jwt' } },
    },
  });
});

after(async () => {
  await gateway?.stop();
  await postgres?.stop();
  server?.close();
  server?.closeAllConnections();
});

describe('a login that takes too long', { timeout: 120_000 }, () => {
  it('is told so inside TLS', async () => {
    const { client } = await knock(gateway);
    assert.equal(described(await client.next()), 'FATAL 57014: canceling authentication due to timeout');
    assert.equal(await client.next(), undefined);
  });

  it('opens no session when its proof turns out to be right afterwards', async () => {
    const password = await new SignJWT({ sub: user, iss: issuer, aud: 'onrecord' })
      .setProtectedHeader({ alg: 'ES256' })
      .setExpirationTime('1h')
      .sign(keys.privateKey);
    assert.equal(await refusal(connect(gateway, { user, password })), overdue);
    const response = waiting.shift();
    assert.ok(response !== undefined, 'nobody asked for the keys');
    response.end(JSON.stringify({ keys: [await exportJWK(keys.publicKey)] }));
    // It needs the same keys, so that it is let in after the first one was decided on.
    await (await connect(gateway, { user, password })).end();
    assert.equal(entries(gateway, 'session_opened').length, 1);
  });
});
