import assert from 'node:assert/strict';
import { createHash, webcrypto, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import 'reflect-metadata';
import { X509CertificateGenerator } from '@peculiar/x509';
import { tlsServerEndPoint } from './tls-server-end-point.ts';

/** What WebCrypto makes keys with, and the library signs with. */
type Algorithm = webcrypto.Algorithm & {
  readonly namedCurve?: string;
  readonly hash?: string;
  readonly saltLength?: number;
};

async function certificate(algorithm: Algorithm): Promise<Uint8Array> {
  const keys = (await webcrypto.subtle.generateKey(algorithm as webcrypto.EcKeyGenParams, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
  const made = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=test',
    keys,
    signingAlgorithm: algorithm as webcrypto.EcKeyGenParams & { hash: string },
  });
  return new X509Certificate(made.toString('pem')).raw;
}

const rsa = { modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) };

for (const { signature, algorithm, hash } of [
  {
    signature: 'ECDSA with SHA-256',
    algorithm: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
    hash: 'sha256',
  },
  {
    signature: 'ECDSA with SHA-384',
    algorithm: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
    hash: 'sha384',
  },
  { signature: 'RSA with SHA-512', algorithm: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512', ...rsa }, hash: 'sha512' },
  { signature: 'RSA with SHA-1', algorithm: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-1', ...rsa }, hash: 'sha256' },
  {
    signature: 'RSA-PSS with SHA-256',
    algorithm: { name: 'RSA-PSS', hash: 'SHA-256', saltLength: 32, ...rsa },
    hash: 'sha256',
  },
  {
    signature: 'RSA-PSS with SHA-384',
    algorithm: { name: 'RSA-PSS', hash: 'SHA-384', saltLength: 48, ...rsa },
    hash: 'sha384',
  },
]) {
  test(`a certificate signed by ${signature} is bound by its ${hash}`, async () => {
    const der = await certificate(algorithm);
    assert.deepEqual(tlsServerEndPoint(der), createHash(hash).update(der).digest());
  });
}

test('a signature without a hash function has no channel binding', async () => {
  const der = await certificate({ name: 'Ed25519' });
  assert.equal(tlsServerEndPoint(der), undefined);
});

test('bytes that end early are an error, never a wrong binding', async () => {
  const der = await certificate({ name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' });
  for (const length of [0, 1, 3, 100, der.length - 1]) {
    assert.throws(() => tlsServerEndPoint(der.subarray(0, length)), RangeError, String(length));
  }
});
