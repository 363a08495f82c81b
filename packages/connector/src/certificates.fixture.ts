import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

cryptoProvider.set(webcrypto as never);

/** A certificate and its key, PEM. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
  readonly der: Uint8Array;
}

/** An authority, and a server certificate that it signed for `localhost`. */
export interface Certificates {
  readonly ca: string;
  readonly server: Pair;
  /** One that it signed for a role of the database. */
  client(role: string): Promise<Pair>;
}

const validMs = 24 * 3_600_000;

export const rsaSha256 = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
};
export const rsaSha512 = { ...rsaSha256, hash: 'SHA-512' };
export const rsaPssSha384 = { ...rsaSha256, name: 'RSA-PSS', hash: 'SHA-384', saltLength: 48 };
export const ecdsaSha384 = { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' };
export const ed25519 = { name: 'Ed25519' };

/** A self-signed certificate for `localhost`. */
export async function selfSigned(algorithm: object): Promise<Pair> {
  const keys = (await webcrypto.subtle.generateKey(algorithm as never, true, ['sign', 'verify'])) as never as Keys;
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=localhost',
    ...validity(),
    keys: keys as never,
    signingAlgorithm: algorithm as never,
    extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }])],
  });
  return await pair(certificate, keys);
}

/** An authority of its own and a certificate for `localhost`, not for 127.0.0.1. */
export async function makeCertificates(): Promise<Certificates> {
  const authorityKeys = (await webcrypto.subtle.generateKey(ecdsaSha384, true, ['sign', 'verify'])) as Keys;
  const authority = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=authority of the tests',
    ...validity(),
    keys: authorityKeys as never,
    signingAlgorithm: ecdsaSha384,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
    ],
  });
  const issue = async (name: string): Promise<Pair> => {
    const keys = (await webcrypto.subtle.generateKey(ecdsaSha384, true, ['sign', 'verify'])) as Keys;
    const certificate = await X509CertificateGenerator.create({
      subject: `CN=${name}`,
      issuer: authority.subject,
      ...validity(),
      publicKey: keys.publicKey as never,
      signingKey: authorityKeys.privateKey as never,
      signingAlgorithm: ecdsaSha384,
      extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: name }])],
    });
    return await pair(certificate, keys);
  };
  return { ca: authority.toString('pem'), server: await issue('localhost'), client: issue };
}

type Keys = { readonly publicKey: webcrypto.CryptoKey; readonly privateKey: webcrypto.CryptoKey };

function validity(): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: new Date(Date.now() - validMs), notAfter: new Date(Date.now() + validMs) };
}

async function pair(certificate: X509Certificate, keys: Keys): Promise<Pair> {
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`;
  return { certificate: certificate.toString('pem'), key, der: new Uint8Array(certificate.rawData) };
}
