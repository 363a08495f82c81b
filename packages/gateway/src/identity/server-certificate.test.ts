import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, mock, test } from 'node:test';
import { connect, createServer } from 'node:tls';
import { ConfigError } from '@onrecord/connector/config';
import type { ClientTls } from '../config/config.ts';
import { selfSignedCertificate } from './self-signed-certificate.ts';
import { type ServerCertificate, serverCertificate } from './server-certificate.ts';

const root = mkdtempSync(join(tmpdir(), 'onrecord-certificate-'));
after(() => rmSync(root, { recursive: true }));

function dataDirectory(): string {
  return mkdtempSync(join(root, 'data-'));
}

function load(data: string, tls: ClientTls = { mode: 'auto', required: false }): Promise<ServerCertificate> {
  return serverCertificate({
    data,
    tls,
    file: '/etc/onrecord.yaml',
    listen: { postgres: { host: '10.1.2.3', port: 6432 }, connectors: undefined },
  });
}

function files(certificate: string, key: string): ClientTls {
  return { mode: 'files', certificate, key, required: false };
}

test('a self-signed certificate is made once and kept', async () => {
  const data = dataDirectory();
  const made = await load(data);
  assert.equal(made.selfSigned, true);
  assert.equal(made.file, join(data, 'tls', 'server.crt'));
  assert.deepEqual(await load(data), made);
});

test('it is good for this machine for years, and is no authority', async () => {
  const certificate = new X509Certificate((await load(dataDirectory())).certificate);
  for (const name of ['localhost', hostname()]) assert.ok(certificate.checkHost(name), name);
  for (const address of ['127.0.0.1', '::1', '10.1.2.3']) assert.ok(certificate.checkIP(address), address);
  assert.equal(certificate.ca, false);
  const years = (certificate.validToDate.getTime() - Date.now()) / (365 * 86_400_000);
  assert.ok(years > 9 && years < 11, String(years));
  assert.ok(certificate.verify(certificate.publicKey));
  // What OpenSSL before 3.0 asks of a certificate that is its own root (X509_check_issued).
  assert.ok(certificate.checkIssued(certificate));
});

test('its files are for their owner only, and nothing else is left', async () => {
  const data = dataDirectory();
  await load(data);
  const directory = join(data, 'tls');
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(directory).sort(), ['server.crt', 'server.key']);
  for (const name of readdirSync(directory)) assert.equal(statSync(join(directory, name)).mode & 0o777, 0o600, name);
});

test('a first start that died halfway is finished by the next', async () => {
  const data = dataDirectory();
  const made = await load(data);
  unlinkSync(made.file);
  const again = await load(data);
  assert.notEqual(again.key, made.key);
  assert.deepEqual(await load(data), again);
});

test('an expired self-signed certificate is made anew', async () => {
  const data = dataDirectory();
  const made = await load(data);
  mock.timers.enable({ apis: ['Date'], now: new X509Certificate(made.certificate).validToDate.getTime() + 1000 });
  try {
    const again = await load(data);
    assert.notEqual(again.certificate, made.certificate);
  } finally {
    mock.timers.reset();
  }
});

test('TLS clients that trust the file are let in by name and by address', async () => {
  const made = await load(dataDirectory());
  const server = createServer({ cert: made.certificate, key: made.key });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  for (const servername of ['localhost', undefined]) {
    const client = connect({ host: '127.0.0.1', port, ca: made.certificate, ...(servername ? { servername } : {}) });
    await once(client, 'secureConnect');
    assert.equal(client.authorized, true);
    assert.deepEqual(client.getPeerX509Certificate()?.raw, Buffer.from(made.der));
    client.destroy();
  }
  server.close();
});

test('the channel binding is the SHA-256 of the certificate', async () => {
  const { der, endPoint } = await load(dataDirectory());
  assert.deepEqual(endPoint, createHash('sha256').update(der).digest());
});

test('given files are taken as they are, with the chain', async () => {
  const data = dataDirectory();
  const { certificate, key } = await selfSignedCertificate(['db.example']);
  const { certificate: other } = await selfSignedCertificate([]);
  const paths = { certificate: join(data, 'a.crt'), key: join(data, 'a.key') };
  writeFileSync(paths.certificate, certificate + other);
  writeFileSync(paths.key, key);
  const loaded = await load(data, files(paths.certificate, paths.key));
  assert.equal(loaded.certificate, certificate + other);
  assert.equal(loaded.selfSigned, false);
  assert.deepEqual(Buffer.from(loaded.der), new X509Certificate(certificate).raw);
  assert.ok(new X509Certificate(certificate).checkHost('db.example'));
  assert.deepEqual(readdirSync(data).sort(), ['a.crt', 'a.key']);
});

test('files that cannot be used are problems of the configuration, and no key is shown', async () => {
  const data = dataDirectory();
  const one = await selfSignedCertificate([]);
  const two = await selfSignedCertificate([]);
  const write = (name: string, content: string): string => {
    writeFileSync(join(data, name), content);
    return join(data, name);
  };
  const certificate = write('a.crt', one.certificate);
  const key = write('a.key', one.key);
  const otherKey = write('b.key', two.key);
  const cases: readonly (readonly [ClientTls, RegExp])[] = [
    [files('/nowhere/a.crt', key), /tls\.certificate: \/nowhere\/a\.crt cannot be read \(ENOENT\)/],
    [files(certificate, '/nowhere/a.key'), /tls\.key: \/nowhere\/a\.key cannot be read \(ENOENT\)/],
    [files(key, key), /tls\.certificate: .* does not hold a certificate in PEM/],
    [files(certificate, certificate), /tls\.key: .* does not hold a private key in PEM without a passphrase/],
    [files(certificate, otherKey), /tls\.key: .*b\.key is not the key of the first certificate in .*a\.crt/],
  ];
  const secret = one.key.split('\n')[1] ?? '';
  for (const [tls, message] of cases) {
    await assert.rejects(load(data, tls), (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, message);
      assert.ok(!readFileSync(key, 'utf8').includes(error.message) && !error.message.includes(secret));
      return true;
    });
  }
});

test('a self-signed certificate that somebody broke is told, not replaced', async () => {
  const data = dataDirectory();
  const { file } = await load(data);
  writeFileSync(file, 'not a certificate');
  await assert.rejects(load(data), /server\.crt cannot be used/);
  assert.equal(readFileSync(file, 'utf8'), 'not a certificate');
});

test('names that cannot stand in a certificate are left out', async () => {
  const { certificate } = await selfSignedCertificate(['0.0.0.0', '::', 'fe80::1%eth0', 'a b', '', 'Ok.Example']);
  assert.equal(
    new X509Certificate(certificate).subjectAltName,
    'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:ok.example',
  );
});
