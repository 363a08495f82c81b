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
import { reload } from './reload.ts';

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
  gateway = await startGateway({
    postgres,
    settings: {
      tls: 'auto',
      limits: { startup: '1s' },
      issuers: issuers('keys'),
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

function issuers(path: string): object {
  const rules = [{ claims: { sub: user }, identity: user }];
  return { corp: { issuer, audience: 'onrecord', jwks: `${issuer}/${path}`, identities: rules } };
}

function token(): Promise<string> {
  return new SignJWT({ sub: user, iss: issuer, aud: 'onrecord' })
    .setProtectedHeader({ alg: 'ES256' })
    .setExpirationTime('1h')
    .sign(keys.privateKey);
}

async function answerForKeys(): Promise<void> {
  while (waiting.length === 0) await once(server, 'request');
  waiting.shift()?.end(JSON.stringify({ keys: [await exportJWK(keys.publicKey)] }));
}

describe('a login that takes too long', { timeout: 600_000 }, () => {
  it('is told so inside TLS', async () => {
    const { client } = await knock(gateway);
    assert.equal(described(await client.next()), 'FATAL 57014: canceling authentication due to timeout');
    assert.equal(await client.next(), undefined);
  });

  it('opens no session when its proof turns out to be right afterwards', async () => {
    const password = await token();
    assert.equal(await refusal(connect(gateway, { user, password })), overdue);
    await answerForKeys();
    // It needs the same keys, so that it is let in after the first one was decided on.
    await (await connect(gateway, { user, password })).end();
    assert.equal(entries(gateway, 'session_opened').length, 1);
  });
});

describe('a login during which the configuration changes', { timeout: 600_000 }, () => {
  it('opens a session by what is in force when it is over', async () => {
    const settings = issuers('other-keys');
    await reload(gateway, () => ({ limits: { startup: '60s' }, issuers: settings }));
    const connecting = connect(gateway, { user, password: await token() });
    if (waiting.length === 0) await once(server, 'request');
    await reload(gateway, () => ({ recording: { durability: 'before-reveal' } }));
    await answerForKeys();
    await (await connecting).end();
    const opened = entries(gateway, 'session_opened').at(-1);
    assert.equal(opened?.durability, 'before-reveal');
    assert.equal(opened.configuration, entries(gateway, 'configured').at(-1)?.configuration);
  });
});
