import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ecdsaSha384, ed25519, rsaPssSha384, rsaSha256, rsaSha512, selfSigned } from './certificates.fixture.ts';
import { tlsServerEndPoint } from './tls-server-end-point.ts';

describe('the channel binding of a certificate', () => {
  const algorithms = [
    ['RSA with SHA-256', rsaSha256, 'sha256'],
    ['RSA with SHA-512', rsaSha512, 'sha512'],
    ['RSA with SHA-1', { ...rsaSha256, hash: 'SHA-1' }, 'sha256'],
    ['RSASSA-PSS with SHA-384', rsaPssSha384, 'sha384'],
    ['RSASSA-PSS with SHA-1', { ...rsaPssSha384, hash: 'SHA-1', saltLength: 20 }, 'sha256'],
    ['ECDSA with SHA-384', ecdsaSha384, 'sha384'],
  ] as const;
  for (const [name, algorithm, hash] of algorithms) {
    test(`is its hash with the hash of its signature: ${name}`, async () => {
      const { der } = await selfSigned(algorithm);
      assert.deepEqual(tlsServerEndPoint(der), createHash(hash).update(der).digest());
    });
  }

  test('is made with SHA-256 for RSASSA-PSS that leaves its hash out: that means SHA-1', () => {
    const pss = [0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
    const der = Uint8Array.of(0x30, 20, 0x30, 0, 0x30, 13, ...pss, 0x30, 0, 0x03, 1, 0);
    assert.deepEqual(tlsServerEndPoint(der), createHash('sha256').update(der).digest());
  });

  test('is none where the signature has no one hash: Ed25519', async () => {
    assert.equal(tlsServerEndPoint((await selfSigned(ed25519)).der), undefined);
  });

  test('is none for what is no certificate, and never an error', async () => {
    const { der } = await selfSigned(ecdsaSha384);
    const damaged = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }).map((edits) => {
      const copy = der.slice();
      for (const [at, byte] of edits) copy[at % copy.length] = byte;
      return copy;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), damaged), (bytes) => {
        const found = tlsServerEndPoint(bytes);
        assert.ok(found === undefined || found.length >= 28);
      }),
    );
    assert.equal(tlsServerEndPoint(new Uint8Array(0)), undefined);
    assert.equal(tlsServerEndPoint(der.subarray(0, -1)), undefined);
  });
});
