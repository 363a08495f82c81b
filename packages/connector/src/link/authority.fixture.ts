import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { gatewayServerName } from './messages.ts';

cryptoProvider.set(webcrypto as never);

/** A gateway's authority for connectors, as tests need it: it signs whatever it is told to. PEM. */
export interface TestAuthority {
  readonly certificate: string;
  readonly der: Uint8Array;
  /** What the gateway shows. */
  leaf(options?: { readonly serverName?: string; readonly usage?: string }): Promise<{ cert: string; key: string }>;
  /** For a connector's public key (SPKI, base64). */
  issue(connector: string, publicKey: string, lifetimeMs?: number): Promise<string>;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const dayMs = 86_400_000;

export async function makeAuthority(): Promise<TestAuthority> {
  const keys = await generate();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=authority ${Math.random()}`,
    ...validity(dayMs),
    keys: keys as never,
    signingAlgorithm: algorithm,
    extensions: [new BasicConstraintsExtension(true, 0, true)],
  });
  const sign = async (subject: string, publicKey: webcrypto.CryptoKey, lifetimeMs: number, extensions: unknown[]) =>
    (
      await X509CertificateGenerator.create({
        subject,
        issuer: certificate.subject,
        ...validity(lifetimeMs),
        publicKey: publicKey as never,
        signingKey: keys.privateKey as never,
        signingAlgorithm: algorithm,
        extensions: extensions as never,
      })
    ).toString('pem');
  return {
    certificate: certificate.toString('pem'),
    der: new Uint8Array(certificate.rawData),
    leaf: async ({ serverName = gatewayServerName, usage = ExtendedKeyUsage.serverAuth } = {}) => {
      const own = await generate();
      const cert = await sign('CN=gateway', own.publicKey, dayMs, [
        new SubjectAlternativeNameExtension([{ type: 'dns', value: serverName }]),
        new ExtendedKeyUsageExtension([usage], true),
      ]);
      return { cert: `${cert}\n${certificate.toString('pem')}\n`, key: await pem(own.privateKey) };
    },
    issue: async (connector, publicKey, lifetimeMs = dayMs) => {
      const spki = Buffer.from(publicKey, 'base64');
      const key = await webcrypto.subtle.importKey('spki', spki, algorithm, true, ['verify']);
      return await sign(`CN=${connector}`, key, lifetimeMs, [
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth], true),
      ]);
    },
  };
}

type Keys = { readonly publicKey: webcrypto.CryptoKey; readonly privateKey: webcrypto.CryptoKey };

async function generate(): Promise<Keys> {
  return (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as Keys;
}

function validity(lifetimeMs: number): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: new Date(Date.now() - dayMs), notAfter: new Date(Date.now() + lifetimeMs) };
}

async function pem(key: webcrypto.CryptoKey): Promise<string> {
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`;
}
