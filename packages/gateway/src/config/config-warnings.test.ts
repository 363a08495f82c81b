import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configWarnings } from './config-warnings.ts';
import { parseConfig } from './parse-config.ts';

function warnings(text: string, env: { readonly [name: string]: string } = {}): Promise<readonly string[]> {
  return configWarnings(parseConfig(text, '/etc/onrecord/onrecord.yaml'), env);
}

const sound = `connections: { c: { host: h, database: d, user: u, password: env:SECRET } }
identities: { a: { connections: [c] } }
`;

test('a configuration in order has no warnings', async () => {
  assert.deepEqual(await warnings(sound, { SECRET: 'hunter2' }), []);
});

test('a secret that is not there is told by its reference', async () => {
  assert.deepEqual(await warnings(sound), [
    'connections.c.password: secret env:SECRET: the environment has no variable of this name',
  ]);
});

test('secrets of masks and webhooks that are not there are told', async () => {
  const text = `${sound}masking: { key: env:KEY }
approvals: { webhooks: [{ url: "https://example.com", secret: env:HOOK }] }
`;
  assert.deepEqual(await warnings(text, { SECRET: 'x' }), [
    'masking.key: secret env:KEY: the environment has no variable of this name',
    'approvals.webhooks[0].secret: secret env:HOOK: the environment has no variable of this name',
  ]);
  assert.deepEqual(await warnings(text, { SECRET: 'x', KEY: 'y', HOOK: 'z' }), []);
});

test('authorities that are not used or not there are told', async () => {
  const connection = (settings: string) =>
    `connections: { c: { host: h, database: d, user: u, ${settings} } }\nidentities: { a: { connections: [c] } }`;
  assert.match(String(await warnings(connection('tls_ca: /nowhere/ca.pem'))), /is not used with tls: prefer/);
  assert.match(
    String(await warnings(connection('tls: verify-full, tls_ca: /nowhere/ca.pem'))),
    /\/nowhere\/ca.pem cannot be read/,
  );
});

test('names that nobody can use are told', async () => {
  assert.deepEqual(await warnings('connections: { c: { host: h, database: d, user: u } }\nidentities: { a: {} }'), [
    'connections.c: no identity may use it',
    'identities.a: may not use any connection',
  ]);
});

test('an address that others can reach without TLS is told', async () => {
  for (const host of ['0.0.0.0', '"[::]', '10.0.0.1']) {
    const address = host.startsWith('"') ? `${host}:6432"` : `${host}:6432`;
    const listen = `listen: { postgres: ${address} }`;
    assert.match(String(await warnings(listen)), /in the clear/, listen);
    assert.match(String(await warnings(`${listen}\ntls: off`)), /in the clear/, listen);
    assert.deepEqual(await warnings(`${listen}\ntls: { required: true }`), [], listen);
  }
  for (const host of ['127.0.0.2:1', 'localhost:1', '"[::1]:1"']) {
    assert.deepEqual(await warnings(`listen: { postgres: ${host} }`), [], host);
  }
});
