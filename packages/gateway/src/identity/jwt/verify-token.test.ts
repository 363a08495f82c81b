import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign, type webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT, UnsecuredJWT } from 'jose';
import type { Issuer } from '../../config/issuer.ts';
import { attemptMs, freshMs, IssuerKeys, oldMs, staleMs } from './issuer-keys.ts';
import { type TrustedIssuer, verifyToken } from './verify-token.ts';

const nowMs = Date.UTC(2026, 0, 1);
const nowS = nowMs / 1000;
let server: Server;
let url: string;
let keys: JWK[];
/** Paths that were asked for. */
let asked: string[];
let answer: ((path: string) => string | undefined) | undefined;
let monotonicMs = 0;
let log: string[];
const ours = await generateKeyPair('ES256', { extractable: true });
const next = await generateKeyPair('ES256', { extractable: true });

before(async () => {
  server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    const said = answer?.(path);
    if (said === 'hang') return;
    if (said !== undefined) response.end(said);
    else if (path === '/jwks') response.end(JSON.stringify({ keys }));
    else if (path === '/redirect') response.writeHead(302, { location: '/jwks' }).end();
    else if (path === '/.well-known/openid-configuration') {
      response.end(JSON.stringify({ issuer: url, jwks_uri: `${url}/jwks` }));
    } else response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

after(() => {
  server.close();
  server.closeAllConnections();
});

beforeEach(async () => {
  asked = [];
  answer = undefined;
  monotonicMs = 0;
  log = [];
  keys = [{ ...(await exportJWK(ours.publicKey)), kid: 'ours', alg: 'ES256' }];
});

function trusted(over: Partial<Issuer> = {}): ReadonlyMap<string, TrustedIssuer> {
  const issuer: Issuer = {
    name: 'corp',
    issuer: url,
    audience: ['onrecord'],
    keys: { type: 'discovery' },
    tlsCa: undefined,
    algorithms: ['RS256', 'ES256', 'EdDSA'],
    clockSkewMs: 30_000,
    scope: 'openid',
    identities: [{ claims: { sub: '*' }, identity: 'agent', groups: [] }],
    groups: undefined,
    onBehalfOf: undefined,
    ...over,
  };
  const options = { nowMs: () => monotonicMs, log: (line: string) => void log.push(line) };
  return new Map([[url, { issuer, keys: new IssuerKeys(issuer, options) }]]);
}

const usual = () => ({ iss: url, aud: 'onrecord', sub: 'agent', iat: nowS, exp: nowS + 300 });

function signed(
  claims: object,
  { header = {}, key = ours.privateKey }: { header?: object; key?: webcrypto.CryptoKey } = {},
): Promise<string> {
  return new SignJWT({ ...claims }).setProtectedHeader({ alg: 'ES256', kid: 'ours', ...header }).sign(key);
}

/** Signs what JSON.stringify would not write. */
function raw(header: string, payload: string, signature: (data: string) => string): string {
  const data = `${Buffer.from(header).toString('base64url')}.${Buffer.from(payload).toString('base64url')}`;
  return `${data}.${signature(data)}`;
}

async function reason(token: string, issuers = trusted()): Promise<string> {
  const verified = await verifyToken(token, issuers, nowMs);
  assert.ok(verified.type !== 'verified', 'the token was taken');
  assert.ok(!verified.reason.includes(token.slice(0, 16)) || token.length < 16, verified.reason);
  return verified.reason;
}

describe('a token', () => {
  it('is good when its issuer signed it for us', async () => {
    const verified = await verifyToken(await signed(usual()), trusted(), nowMs);
    assert.ok(verified.type === 'verified');
    assert.equal(verified.claims['sub'], 'agent');
    for (const typ of ['JWT', 'at+jwt', 'application/at+jwt']) {
      const typed = await verifyToken(await signed(usual(), { header: { typ } }), trusted(), nowMs);
      assert.equal(typed.type, 'verified', typ);
    }
    const several = await signed({ ...usual(), aud: ['other', 'onrecord'] });
    assert.equal((await verifyToken(several, trusted(), nowMs)).type, 'verified');
  });

  it('is refused without a signature', async () => {
    const none = new UnsecuredJWT(usual()).encode();
    assert.match(await reason(none), /its algorithm is not among/);
    assert.match(await reason(none.replace(/^[^.]+/, Buffer.from('{"alg":"None"}').toString('base64url'))), /corp/);
    const stripped = (await signed(usual())).replace(/[^.]+$/, '');
    assert.match(await reason(stripped), /its signature is wrong|cannot be read/);
  });

  it('is refused when the public key was used as a secret', async () => {
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
    keys = [{ ...(pair.publicKey.export({ format: 'jwk' }) as JWK), kid: 'ours' }];
    for (const secret of [pair.publicKey.export({ type: 'spki', format: 'pem' }), await exportSPKI(ours.publicKey)]) {
      const token = raw('{"alg":"HS256","kid":"ours"}', JSON.stringify(usual()), (data) =>
        createHmac('sha256', secret).update(data).digest('base64url'),
      );
      assert.match(await reason(token), /its algorithm is not among/);
    }
  });

  it('is refused when it is for somebody else, of somebody else, too old, too young, or has no end', async () => {
    const refused = async (more: object, why: RegExp): Promise<void> => {
      assert.match(await reason(await signed({ ...usual(), ...more })), why);
    };
    await refused({ aud: 'other' }, /meant for somebody else/);
    await refused({ aud: undefined }, /meant for somebody else/);
    await refused({ aud: [] }, /meant for somebody else/);
    await refused({ iss: 'https://evil.example' }, /not among `issuers`/);
    await refused({ iss: `${url}/` }, /not among `issuers`/);
    await refused({ iss: [url] }, /not among `issuers`/);
    await refused({ iss: undefined }, /not among `issuers`/);
    await refused({ exp: nowS - 31 }, /has expired/);
    await refused({ exp: undefined }, /no `exp`/);
    await refused({ exp: '9999999999' }, /corp/);
    await refused({ nbf: nowS + 31 }, /not valid yet/);
    await refused({ cnf: { jkt: 'x' } }, /bound to a key/);
    const skewed = await signed({ ...usual(), exp: nowS - 29, nbf: nowS + 29 });
    assert.equal((await verifyToken(skewed, trusted(), nowMs)).type, 'verified');
  });

  it('is refused when somebody else signed it, whatever it says of its key', async () => {
    const evil = await generateKeyPair('ES256', { extractable: true });
    const key = evil.privateKey;
    const jwk = await exportJWK(evil.publicKey);
    const headers = [
      {},
      { jwk },
      { jku: `${url}/evil` },
      { x5u: `${url}/evil` },
      { kid: undefined },
      { x5c: ['MIIB'], kid: undefined },
    ];
    for (const header of headers)
      assert.match(await reason(await signed(usual(), { header, key })), /signature is wrong/);
    for (const kid of ['../jwks', '/etc/passwd', "' OR 1=1", '__proto__', 'constructor', 'ours\0']) {
      assert.match(await reason(await signed(usual(), { header: { kid }, key })), /its issuer has no such key/, kid);
    }
    assert.ok(
      asked.every((path) => path === '/jwks' || path.startsWith('/.well-known')),
      asked.join(),
    );
  });

  it('is refused with extensions that are not known, and when it is of another kind', async () => {
    const pair = generateKeyPairSync('ed25519');
    const known = keys;
    keys = [{ ...(pair.publicKey.export({ format: 'jwk' }) as JWK), kid: 'ours' }];
    for (const extension of ['"crit":["exp2"],"exp2":1', '"crit":["b64"],"b64":false', '"crit":[]']) {
      const header = `{"alg":"EdDSA","kid":"ours",${extension}}`;
      const token = raw(header, JSON.stringify(usual()), (data) =>
        sign(null, Buffer.from(data), pair.privateKey).toString('base64url'),
      );
      assert.match(await reason(token), /cannot be read/, extension);
    }
    keys = known;
    for (const typ of ['logout+jwt', 'secevent+jwt', 'dpop+jwt', 'JWE', 7]) {
      assert.match(await reason(await signed(usual(), { header: { typ } })), /`typ`/);
    }
  });

  it('is refused with two members of one name, though the issuer signed it', async () => {
    const pair = generateKeyPairSync('ed25519');
    keys = [{ ...(pair.publicKey.export({ format: 'jwk' }) as JWK), kid: 'ours' }];
    const signature = (data: string): string => sign(null, Buffer.from(data), pair.privateKey).toString('base64url');
    const payload = JSON.stringify(usual());
    const good = raw('{"alg":"EdDSA","kid":"ours"}', payload, signature);
    assert.equal((await verifyToken(good, trusted(), nowMs)).type, 'verified');
    const twice = payload.replace('"sub":"agent"', '"sub":"other","sub":"agent"');
    assert.match(await reason(raw('{"alg":"EdDSA","kid":"ours"}', twice, signature)), /two members of one name/);
    assert.match(await reason(raw('{"alg":"none","alg":"EdDSA","kid":"ours"}', payload, signature)), /two members/);
  });

  it('is refused when it is none', async () => {
    for (const text of ['', 'a', 'a.b', 'a.b.c', '..', '....', 'e30.e30.', 'bnVsbA.bnVsbA.', 'é.é.é', 'W10.W10.W10']) {
      assert.match(await reason(text), /not a JWT|not among `issuers`/, text);
    }
    // Five parts: encrypted.
    assert.match(await reason(`${await signed(usual())}.a.b`), /not a JWT|corp/);
    const deep = `{"iss":"${url}","a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
    assert.match(await reason(raw('{"alg":"ES256"}', deep, () => 'AA')), /./);
  });
});

describe('the keys of an issuer', () => {
  const verify = async (issuers: ReadonlyMap<string, TrustedIssuer>, key = ours, kid = 'ours') =>
    (await verifyToken(await signed(usual(), { header: { kid }, key: key.privateKey }), issuers, nowMs)).type;
  const rotate = async (): Promise<void> => {
    keys = [{ ...(await exportJWK(next.publicKey)), kid: 'next' }];
  };

  it('are fetched once, by many at a time', async () => {
    const issuers = trusted();
    const types = await Promise.all(Array.from({ length: 20 }, () => verify(issuers)));
    assert.deepEqual(new Set(types), new Set(['verified']));
    assert.deepEqual(asked, ['/.well-known/openid-configuration', '/jwks']);
  });

  it('are fetched again for a key that is not among them, and not more often than strangers are allowed to cause', async () => {
    const issuers = trusted();
    assert.equal(await verify(issuers), 'verified');
    await rotate();
    assert.equal(await verify(issuers, next, 'next'), 'refused');
    monotonicMs += attemptMs;
    assert.equal(await verify(issuers, next, 'next'), 'verified');
    assert.equal(await verify(issuers), 'refused');
    const before = asked.length;
    for (let n = 0; n < 10; n += 1) assert.equal(await verify(issuers, next, `nobody${n}`), 'refused');
    assert.equal(asked.length, before);
  });

  it('are asked for again when they are old, without anybody waiting', async () => {
    const issuers = trusted();
    assert.equal(await verify(issuers), 'verified');
    monotonicMs += freshMs;
    answer = () => 'hang';
    assert.equal(await verify(issuers), 'verified');
    assert.equal(await verify(issuers), 'verified');
    assert.equal(asked.length, 3);
    server.closeAllConnections();
  });

  it('are not used when they are older, before the issuer has been asked', async () => {
    const issuers = trusted();
    assert.equal(await verify(issuers), 'verified');
    await rotate();
    monotonicMs += oldMs;
    assert.equal(await verify(issuers), 'refused');
    assert.equal(await verify(issuers, next, 'next'), 'verified');
  });

  it('stay in use while the issuer is away, but not for ever', async () => {
    const issuers = trusted();
    assert.equal(await verify(issuers), 'verified');
    answer = () => 'not JSON';
    monotonicMs += staleMs - 1;
    assert.equal(await verify(issuers), 'verified');
    monotonicMs += attemptMs;
    assert.equal(await verify(issuers), 'unavailable');
    assert.match(log.join('\n'), /issuers\.corp were not read: .*the answer is not JSON/);
    answer = undefined;
    monotonicMs += attemptMs;
    assert.equal(await verify(issuers), 'verified');
  });

  it('are not taken from a list with something else in it; those of before stay in use', async () => {
    const issuers = trusted({ keys: { type: 'url', url: `${url}/jwks` } });
    assert.equal(await verify(issuers), 'verified');
    answer = () => JSON.stringify({ keys: [...keys, null] });
    // Asked for in the background, where nobody waits for the failure, and then by a login.
    for (const laterMs of [freshMs, oldMs]) {
      monotonicMs += laterMs;
      assert.equal(await verify(issuers), 'verified');
    }
    assert.match(log.join('\n'), /issuers\.corp were not read: /);
  });

  it('are not taken from what is not the metadata of the issuer', async () => {
    const bad: readonly (readonly [string, RegExp])[] = [
      [JSON.stringify({ issuer: 'https://evil.example', jwks_uri: `${url}/jwks` }), /is not the metadata of/],
      [JSON.stringify({ issuer: url, jwks_uri: 'http://evil.example/jwks' }), /names no https URL/],
      [JSON.stringify({ issuer: url, jwks_uri: 'file:///etc/passwd' }), /names no https URL/],
      ['null', /is not the metadata of/],
      ['['.repeat(10), /is not JSON/],
      [' '.repeat(2 ** 20 + 1), /larger than 1048576 bytes/],
    ];
    for (const [text, why] of bad) {
      answer = (path) => (path === '/jwks' ? undefined : text);
      log = [];
      assert.equal(await verify(trusted()), 'unavailable');
      assert.match(log.join('\n'), why);
    }
  });

  it('are not taken from behind a redirect, and not when they are private or none', async () => {
    assert.equal(await verify(trusted({ keys: { type: 'url', url: `${url}/redirect` } })), 'unavailable');
    assert.match(log.join('\n'), /HTTP 302/);
    const source = { keys: { type: 'url', url: `${url}/jwks` } } as const;
    answer = () => JSON.stringify({ keys: 'a' });
    assert.equal(await verify(trusted(source)), 'unavailable');
    answer = undefined;
    keys = [{ ...(await exportJWK(ours.privateKey)), kid: 'ours' }];
    assert.equal(await verify(trusted(source)), 'refused');
    keys = Array.from({ length: 257 }, () => ({ kty: 'EC' }));
    assert.equal(await verify(trusted(source)), 'unavailable');
  });
});
