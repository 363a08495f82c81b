import { randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';

/** A certificate that vouches for itself, and its key, in PEM. */
export interface SelfSigned {
  readonly certificate: string;
  readonly key: string;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const validYears = 10;
/** Clocks differ: it is valid a little before it was made. */
const earlierMs = 3_600_000;

/**
 * Makes a certificate for `localhost`, the loopback addresses and `names` (host names and IP addresses; what cannot stand
 * in a certificate is left out). The library is loaded here, because it takes half a second and is needed once.
 */
export async function selfSignedCertificate(names: readonly string[]): Promise<SelfSigned> {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const now = Date.now();
  const notAfter = new Date(now);
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + validYears);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    // Positive and short: the first bit is 0 (RFC 5280, section 4.1.2.2).
    serialNumber: `4${randomBytes(16).toString('hex').slice(1)}`,
    name: [{ CN: ['Onrecord gateway'] }],
    notBefore: new Date(now - earlierMs),
    notAfter,
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      // No key usage: OpenSSL before 3.0 would not take it as its own issuer without keyCertSign, which only authorities have.
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(alternativeNames(names)),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certificate: `${certificate.toString('pem')}\n`,
    key: `${x509.PemConverter.encode(key, 'PRIVATE KEY')}\n`,
  };
}

interface AlternativeName {
  readonly type: 'dns' | 'ip';
  readonly value: string;
}

function alternativeNames(names: readonly string[]): AlternativeName[] {
  const all = new Set(['localhost', '127.0.0.1', '::1', ...names.map((name) => name.toLowerCase())]);
  return [...all].flatMap((value): AlternativeName[] => {
    if (isIP(value) !== 0) return isUnspecified(value) || value.includes('%') ? [] : [{ type: 'ip', value }];
    return /^[a-z0-9_](?:[a-z0-9_.-]{0,252}[a-z0-9_])?$/.test(value) ? [{ type: 'dns', value }] : [];
  });
}

/** `0.0.0.0` and `::` are addresses to listen on, and none to connect to. */
function isUnspecified(address: string): boolean {
  return /^[0:.]+$/.test(address);
}
