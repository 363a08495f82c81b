import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { exportSPKI, generateKeyPair, importJWK, type JWK, SignJWT, UnsecuredJWT } from 'jose';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { answer, connect, described, knock, refusal } from './connect.ts';
import { entries, nextEntry } from './entries.ts';
import { startProvider, type TestProvider } from './provider.ts';
import { reload } from './reload.ts';

let postgres: Postgres;
let provider: TestProvider;
let gateway: Gateway;
/** Every token that was used: none may be found anywhere. */
const secrets: string[] = [];
const user = 'billing-agent';
const connections = ['db'];
const failed = (name: string): string => `28P01 password authentication failed for user "${name}"`;

const issuer = (url: string) => ({
  issuer: url,
  audience: 'onrecord',
  clock_skew: '0s',
  groups: 'groups',
  on_behalf_of: 'email',
  identities: [
    { claims: { sub: 'billing-agent', team: 'ops' }, identity: 'ops-agent' },
    { claims: { sub: 'billing-*' }, identity: user, groups: ['billing'] },
  ],
});

const identities = {
  tester: { connections },
  [user]: { connections, login: 'jwt', groups: ['agents'] },
  'ops-agent': { connections, login: ['jwt', 'token'] },
  'nowhere-agent': { login: 'jwt' },
};

before(async () => {
  postgres = await startPostgres();
  provider = await startProvider();
  const settings = { tls: 'auto', identities, issuers: { corp: issuer(provider.issuer) } };
  gateway = await startGateway({ postgres, settings });
});

after(async () => {
  await gateway?.stop();
  await provider?.stop();
  await postgres?.stop();
});

async function token(...options: Parameters<TestProvider['token']>): Promise<string> {
  const text = await provider.token(...options);
  secrets.push(text);
  return text;
}

describe('a client with a token of an OpenID provider', () => {
  it('is let in, and the record says by what, for whom and until when', async () => {
    const claims = { email: 'ann@example.com', groups: ['finance', 'agents'] };
    const client = await connect(gateway, { user, password: await token({ claims }) });
    assert.deepEqual((await client.query('select 1 as one')).rows, [{ one: 1 }]);
    await client.end();
    const opened = entries(gateway, 'session_opened').at(-1);
    assert.equal(opened?.method, 'jwt');
    assert.equal(opened.issuer, 'corp');
    assert.match(opened.credential, /^corp\/[\x21-\x7e]+$/);
    assert.equal(opened.onBehalfOf, 'ann@example.com');
    assert.deepEqual(opened.groups, ['agents', 'billing', 'finance']);
    assert.deepEqual(opened.claimed, {});
    const leftS = (opened.credentialExpiresAt ?? 0) / 1e6 - Date.now() / 1000;
    assert.ok(leftS > 200 && leftS <= 300, String(leftS));
  });

  it('may say besides for whom it acts, and that is claimed only', async () => {
    const options = '-c onrecord.on_behalf_of=eve@example.com';
    const client = await connect(gateway, { user, password: await token(), options });
    await client.end();
    const opened = entries(gateway, 'session_opened').at(-1);
    assert.equal(opened?.onBehalfOf, undefined);
    assert.deepEqual(opened?.claimed, { onBehalfOf: 'eve@example.com' });
  });

  it('is who the first rule says, and nobody else', async () => {
    const password = await token({ claims: { team: 'ops' } });
    await (await connect(gateway, { user: 'ops-agent', password })).end();
    const before = entries(gateway, 'login_refused').length;
    assert.equal(await refusal(connect(gateway, { user, password })), failed(user));
    await nextEntry(gateway, 'login_refused', before);
    const known = entries(gateway, 'login_refused').length;
    assert.equal(await refusal(connect(gateway, { user: 'ops-agent', password: await token() })), failed('ops-agent'));
    const { reason } = await nextEntry(gateway, 'login_refused', known);
    assert.match(reason, /; the token is for the identity "billing-agent"$/);
  });

  it('is told which connections it may use only after it is known', async () => {
    const password = await token();
    const other = { ...gateway, database: 'postgres' };
    assert.match(await refusal(connect(other, { user, password })), /^3D000 there is no connection "postgres"/);
    assert.equal(await refusal(connect(other, { user, password: 'wrong' })), failed(user));
  });

  it('may use a token of the gateway in its place where both are allowed', async () => {
    const own = (await gateway.cli('tokens', 'create', 'ops-agent')).trim();
    secrets.push(own);
    await (await connect(gateway, { user: 'ops-agent', password: own })).end();
    assert.equal(entries(gateway, 'session_opened').at(-1)?.method, 'token');
    const other = (await gateway.cli('tokens', 'create', user)).trim();
    secrets.push(other);
    assert.equal(await refusal(connect(gateway, { user, password: other })), failed(user));
    assert.equal(await refusal(connect(gateway, { user: 'ops-agent', password: other })), failed('ops-agent'));
  });
});

describe('a token that is not good', () => {
  const claims = (more: object = {}) => {
    const nowS = Math.floor(Date.now() / 1000);
    return { iss: provider.issuer, aud: 'onrecord', sub: user, iat: nowS, exp: nowS + 300, ...more };
  };

  async function refusedBecause(password: string, why: RegExp): Promise<void> {
    secrets.push(password);
    const known = entries(gateway, 'login_refused').length;
    assert.equal(await refusal(connect(gateway, { user, password })), failed(user));
    const { reason } = await nextEntry(gateway, 'login_refused', known);
    assert.match(reason, why);
  }

  it('is refused in the one way, and only the record says why', async () => {
    const { keys } = (await (await fetch(`${provider.issuer}/jwks`)).json()) as { readonly keys: readonly JWK[] };
    const published = keys[0] ?? assert.fail();
    const key = await importJWK(published, 'RS256', { extractable: true });
    assert.ok(!(key instanceof Uint8Array));
    const pem = await exportSPKI(key);
    const hmac = new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', kid: published.kid ?? '' });
    const evil = await generateKeyPair('RS256');
    const forged = (header: object, more: object = {}): Promise<string> =>
      new SignJWT(claims(more)).setProtectedHeader({ alg: 'RS256', ...header }).sign(evil.privateKey);
    await refusedBecause(new UnsecuredJWT(claims()).encode(), /its algorithm is not among/);
    await refusedBecause(await hmac.sign(Buffer.from(pem)), /its algorithm is not among/);
    await refusedBecause(await forged({ kid: published.kid }), /its signature is wrong/);
    await refusedBecause(await forged({ kid: '../../etc/passwd' }), /its issuer has no such key/);
    await refusedBecause(await forged({}, { iss: 'https://evil.example' }), /not among `issuers`/);
    await refusedBecause(await token({ audience: 'another-service' }), /meant for somebody else/);
    await refusedBecause(await token({ claims: { nbf: Math.floor(Date.now() / 1000) + 600 } }), /not valid yet/);
    await refusedBecause('not a token', /it is not a JWT/);
    await refusedBecause(`${await token()}x`, /its signature is wrong/);
  });

  it('is not on record where a client says it in the place of a name', async () => {
    const own = (await gateway.cli('tokens', 'create', 'ops-agent')).trim();
    secrets.push(own);
    const jwt = await token();
    for (const [secret, name] of [
      [own, `${own.slice(0, 14)}_…`],
      [jwt, 'eyJ…'],
    ] as const) {
      const known = entries(gateway, 'login_refused').length;
      await refusal(connect({ ...gateway, database: secret }, { user: secret, password: secret }));
      const { user: said, database, reason } = await nextEntry(gateway, 'login_refused', known);
      assert.deepEqual([said, database], [name, name]);
      assert.ok(reason.includes(`"${name}"`), reason);
    }
    const known = entries(gateway, 'login_refused').length;
    await refusal(connect({ ...gateway, database: own }, { password: gateway.password }));
    const { reason } = await nextEntry(gateway, 'login_refused', known);
    assert.ok(reason.startsWith(`3D000 there is no connection "${own.slice(0, 14)}_…"`), reason);
  });

  it('is refused once it has expired', async () => {
    const password = await token({ lifetimeS: 1 });
    secrets.push(password);
    const until = Date.now() + 10_000;
    for (;;) {
      const known = entries(gateway, 'login_refused').length;
      const said = await refusal(connect(gateway, { user, password })).catch(() => undefined);
      if (said !== undefined) {
        assert.equal(said, failed(user));
        assert.match((await nextEntry(gateway, 'login_refused', known)).reason, /it has expired/);
        return;
      }
      assert.ok(Date.now() < until, 'it does not expire');
      await delay(50);
    }
  });

  it('is bounded: what is larger than Postgres takes is not read', async () => {
    const { client, asked } = await knock(gateway, { user });
    assert.equal(described(asked), 'password');
    const header = Buffer.from([0x70, 0x00, 0x10, 0x00, 0x00]);
    await client.send(header);
    const said = await client.next();
    assert.ok(said === undefined || said.tag === 0x45, described(said));
    client.destroy();
    const large = await knock(gateway, { user });
    const most = await answer(large.client, Buffer.from(`${'a'.repeat(65_000)}\0`));
    assert.match(described(most), /28P01/);
    large.client.destroy();
  });
});

describe('what is asked for', () => {
  it('is never a JWT without TLS, and strangers are told the same', async () => {
    const plain = async (name: string): Promise<string> => {
      const { client, asked } = await knock(gateway, { user: name, tls: false });
      client.destroy();
      return described(asked);
    };
    assert.equal(await plain(user), `FATAL 28000: "${user}" can log in over TLS only`);
    assert.equal(await plain('ops-agent'), 'SCRAM-SHA-256');
    const answers = new Set<string>();
    for (let n = 0; n < 40; n += 1) answers.add((await plain(`stranger${n}`)).replace(/"stranger\d+"/, '"x"'));
    assert.deepEqual([...answers].sort(), ['FATAL 28000: "x" can log in over TLS only', 'SCRAM-SHA-256']);
  });

  it('does not tell a stranger from who is known', async () => {
    const answers = new Map<string, string>();
    for (let n = 0; n < 40; n += 1) {
      const { client, asked } = await knock(gateway, { user: `stranger${n}` });
      answers.set(described(asked), `stranger${n}`);
      client.destroy();
    }
    assert.deepEqual([...answers.keys()].sort(), ['SCRAM-SHA-256-PLUS SCRAM-SHA-256', 'password']);
    const stranger = answers.get('password') ?? assert.fail();
    const password = await token();
    assert.equal(await refusal(connect(gateway, { user: stranger, password })), failed(stranger));
    const own = (await gateway.cli('tokens', 'create', 'ops-agent')).trim();
    secrets.push(own);
    assert.equal(await refusal(connect(gateway, { user: stranger, password: own })), failed(stranger));
  });
});

describe('an open session', () => {
  it('ends when its token expires, if that is asked for', async () => {
    await reload(gateway, () => ({ sessions: { end_at_expiry: true } }));
    const client = await connect(gateway, { user, password: await token({ lifetimeS: 2 }) });
    const known = entries(gateway, 'session_closed').length;
    const [error] = (await once(client, 'error')) as [Error & { code?: string }];
    assert.equal(error.code, '57P01');
    assert.match(error.message, /credential that this session was opened with has expired/);
    const closed = await nextEntry(gateway, 'session_closed', known);
    assert.equal(closed.reason, 'terminated by the gateway');
    assert.equal(closed.detail, 'its credential expired');
    await reload(gateway, () => ({ sessions: {} }));
  });

  const changes: readonly (readonly [string, object, RegExp])[] = [
    [
      'the identity is gone',
      { identities: { tester: { connections }, 'ops-agent': { connections } } },
      /not configured any more/,
    ],
    [
      'the connection is not its own',
      { identities: { ...identities, [user]: { login: 'jwt' } } },
      /may not use the connection "db"/,
    ],
    [
      'it logs in otherwise',
      { identities: { ...identities, [user]: { connections, login: 'token' } } },
      /\(jwt\) is not a login/,
    ],
    [
      'a group is gone',
      { identities: { ...identities, [user]: { connections, login: 'jwt' } } },
      /not in the group "agents"/,
    ],
  ];
  for (const [what, change, why] of changes) {
    it(`ends on a reload after which ${what}; others go on`, async () => {
      const bystander = await connect(gateway, { password: gateway.password });
      const client = await connect(gateway, { user, password: await token() });
      const ended = once(client, 'error') as Promise<[Error & { code?: string; detail?: string }]>;
      const rules = issuer(provider.issuer);
      const gone = what === 'the identity is gone';
      const left = gone ? [{ claims: { sub: 'x' }, identity: 'ops-agent' }] : rules.identities;
      await reload(gateway, () => ({ ...change, issuers: { corp: { ...rules, identities: left } } }));
      const [error] = await ended;
      assert.equal(error.code, '57P01');
      assert.match(error.detail ?? '', why);
      assert.equal((await bystander.query('select 1')).rowCount, 1);
      await bystander.end();
      await reload(gateway, () => ({ identities, issuers: { corp: rules } }));
    });
  }

  it('ends on a reload after which its rule is gone or its audience another', async () => {
    const rules = issuer(provider.issuer);
    for (const changed of [
      { ...rules, audience: 'other' },
      { ...rules, identities: [{ claims: { sub: 'billing-agent', team: 'x' }, identity: user }] },
      { ...rules, issuer: 'https://id.example.com' },
    ]) {
      const client = await connect(gateway, { user, password: await token() });
      const ended = once(client, 'error') as Promise<[Error & { detail?: string }]>;
      await reload(gateway, () => ({ issuers: { corp: changed } }));
      assert.match((await ended)[0].detail ?? '', /\(jwt\) is not a login of "billing-agent" any more/);
      await reload(gateway, () => ({ issuers: { corp: rules } }));
    }
  });
});

describe('the provider', () => {
  it('may be away: its keys stay in use, and nobody else waits', async () => {
    await (await connect(gateway, { user, password: await token() })).end();
    await provider.down();
    await (await connect(gateway, { user, password: await token() })).end();
    await (await connect(gateway, { password: gateway.password })).end();
  });

  it('that is away when its keys are first needed is said to be so', async () => {
    await gateway.shutDown();
    await gateway.restart();
    const said = await refusal(connect(gateway, { user, password: await token() }));
    assert.equal(said, '57P03 the token cannot be checked now');
    assert.match(gateway.log(), /the keys of issuers\.corp were not read/);
    await (await connect(gateway, { password: gateway.password })).end();
    await provider.up();
  });

  it('may change its keys', async () => {
    const old = await token();
    await provider.rotate();
    const password = await token();
    // Strangers can name keys that do not exist, so the provider is asked every ten seconds at most.
    const until = Date.now() + 30_000;
    for (;;) {
      const client = await connect(gateway, { user, password }).catch(() => undefined);
      await client?.end();
      if (client !== undefined) break;
      assert.ok(Date.now() < until, 'the new key is not taken');
      await delay(100);
    }
    assert.equal(await refusal(connect(gateway, { user, password: old })), failed(user));
    const asked = provider.asked();
    for (let n = 0; n < 20; n += 1) await refusal(connect(gateway, { user, password: old }));
    assert.ok(provider.asked() <= asked + 1);
  });
});

it('no token is in any file of the data directory, nor in the log', async () => {
  await gateway.shutDown();
  const files = readdirSync(gateway.data, { recursive: true })
    .map((name) => join(gateway.data, String(name)))
    .filter((name) => statSync(name).isFile());
  assert.ok(secrets.length > 20);
  const searched = secrets.filter((secret) => secret.length > 40).map((secret) => secret.slice(-40));
  for (const text of [gateway.log(), ...files.map((name) => readFileSync(name, 'latin1'))]) {
    for (const secret of searched) assert.ok(!text.includes(secret));
  }
});
