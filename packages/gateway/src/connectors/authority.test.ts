import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connect, createServer } from 'node:tls';
import { authorityPin, gatewayServerName } from '@onrecord/connector/link';
import { Authority, fingerprintOf, loadAuthority } from './authority.ts';

const root = mkdtempSync(join(tmpdir(), 'onrecord-authority-'));
after(() => rmSync(root, { recursive: true }));

/** A whole second and a half. */
const nowMs = Math.floor(Date.now() / 1000) * 1000 + 500.5;
const day = 86_400_000;

interface Key {
  readonly spki: Uint8Array;
  readonly pem: string;
}

function newKey(namedCurve = 'P-256'): Key {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
  return {
    spki: publicKey.export({ format: 'der', type: 'spki' }),
    pem: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
  };
}

/** What a client that trusts `ca` alone finds out of a server that shows a certificate. */
async function clientSees(shown: { readonly cert: string; readonly key: string }, ca: string): Promise<string> {
  const server = createServer(shown).listen(0, '127.0.0.1');
  server.on('tlsClientError', () => {});
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect({ host: '127.0.0.1', port, ca, servername: gatewayServerName });
  try {
    await once(client, 'secureConnect');
    return 'trusted';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown error';
  } finally {
    client.destroy();
    server.close();
  }
}

test('it is made once, whoever asks for it at the same time, and only its owner can read it', async () => {
  const data = join(root, 'data');
  const all = await Promise.all(Array.from({ length: 8 }, () => loadAuthority(data)));
  const again = await loadAuthority(data);
  for (const { certificate } of all) assert.equal(certificate, again.certificate);
  assert.equal(again.pin, authorityPin(new X509Certificate(again.certificate).raw));
  assert.deepEqual(readdirSync(join(data, 'connectors')), ['authority.pem']);
  assert.equal(statSync(join(data, 'connectors')).mode & 0o777, 0o700);
  assert.equal(statSync(join(data, 'connectors', 'authority.pem')).mode & 0o777, 0o600);
});

test('a file that is damaged is named and not replaced', async () => {
  const data = join(root, 'damaged');
  await loadAuthority(data);
  const file = join(data, 'connectors', 'authority.pem');
  writeFileSync(file, 'nothing');
  await assert.rejects(loadAuthority(data), (error: Error) => error.message.startsWith(`${file} cannot be used: `));
});

test('two gateways have two authorities, and neither takes what the other signed', async () => {
  const [one, other] = [await loadAuthority(join(root, 'one')), await loadAuthority(join(root, 'other'))];
  assert.notEqual(one.pin, other.pin);
  const { certificate } = await one.issue('db-eu', newKey().spki, { nowMs, lifetimeMs: day });
  assert.equal(one.signed(new X509Certificate(certificate)), true);
  assert.equal(other.signed(new X509Certificate(certificate)), false);
});

test("a connector's certificate names it, is for clients only and ends when it should", async () => {
  const authority = await loadAuthority(join(root, 'one'));
  const key = newKey();
  const issued = await authority.issue('db-eu', key.spki, { nowMs, lifetimeMs: day });
  const x509 = new X509Certificate(issued.certificate);
  assert.equal(x509.subject, 'CN=db-eu');
  assert.equal(x509.ca, false);
  assert.deepEqual(x509.keyUsage, ['1.3.6.1.5.5.7.3.2']);
  assert.equal(x509.checkPrivateKey(createPrivateKey(key.pem)), true);
  assert.equal(issued.notAfter, nowMs - 500.5 + day);
  assert.equal(x509.validToDate.getTime(), issued.notAfter);
  assert.equal(issued.fingerprint, fingerprintOf(x509));
  assert.equal(issued.fingerprint, x509.fingerprint256.replaceAll(':', '').toLowerCase());
});

test('a name with signs that mean something in a distinguished name stays one name', async () => {
  const authority = await loadAuthority(join(root, 'one'));
  const { certificate } = await authority.issue('a, CN=b+c', newKey().spki, { nowMs, lifetimeMs: day });
  assert.equal(new X509Certificate(certificate).toLegacyObject().subject.CN, 'a, CN=b+c');
});

test('keys of other kinds are not certified', async () => {
  const authority = await loadAuthority(join(root, 'one'));
  await assert.rejects(authority.issue('db-eu', newKey('P-384').spki, { nowMs, lifetimeMs: day }));
  await assert.rejects(authority.issue('db-eu', new Uint8Array(91), { nowMs, lifetimeMs: day }));
});

test('a client that trusts the authority trusts the gateway, and nobody who shows a connector’s certificate', async () => {
  const authority = await loadAuthority(join(root, 'one'));
  const leaf = await authority.serverLeaf(nowMs);
  assert.equal(await clientSees({ cert: leaf.certificate, key: leaf.key }, authority.certificate), 'trusted');
  const key = newKey();
  // Even one whose name is the gateway's.
  const posing = await authority.issue(gatewayServerName, key.spki, { nowMs, lifetimeMs: day });
  const seen = await clientSees({ cert: posing.certificate, key: key.pem }, authority.certificate);
  assert.equal(seen, 'INVALID_PURPOSE');
});

test('the gateway shows its authority behind its certificate, so that who enrols can compare it', async () => {
  const authority = await loadAuthority(join(root, 'one'));
  const { certificate, notAfter } = await authority.serverLeaf(nowMs);
  const [leaf = '', behind = ''] = certificate.split(/(?<=-----END CERTIFICATE-----\n)/);
  assert.equal(new X509Certificate(leaf).checkHost(gatewayServerName), gatewayServerName);
  assert.equal(authorityPin(new X509Certificate(behind).raw), authority.pin);
  assert.equal(notAfter, nowMs - 500.5 + 30 * day);
});

test('a key that is not that of the certificate makes no authority', async () => {
  const { certificate } = await loadAuthority(join(root, 'one'));
  assert.throws(() => new Authority({ certificate, key: newKey().pem }), /not that of the certificate/);
});
