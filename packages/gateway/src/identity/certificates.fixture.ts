import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export interface Issued {
  readonly certificate: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
  /** PEM. */
  readonly pem: string;
  readonly key: string;
}

export interface Wanted {
  /** As in RFC 4514. */
  readonly subject: string;
  readonly names?: x509.JsonGeneralNames;
  readonly notAfter?: Date;
  readonly usage?: 'client' | 'server';
}

/** An authority that signs certificates of clients, and lists those that it took back. */
export class TestAuthority {
  readonly #own: Issued;
  #serial = 1;

  private constructor(own: Issued) {
    this.#own = own;
  }

  static async create(name: string): Promise<TestAuthority> {
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: '01',
      name,
      ...validity(),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      ],
    });
    return new TestAuthority(await issued(certificate, keys));
  }

  get pem(): string {
    return this.#own.pem;
  }

  async issue({ subject, names, notAfter, usage }: Wanted): Promise<Issued> {
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    this.#serial += 1;
    const purpose = usage === 'server' ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth;
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: this.#serial.toString(16).padStart(4, '0'),
      subject,
      issuer: this.#own.certificate.subject,
      ...validity(notAfter),
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey,
      signingKey: this.#own.keys.privateKey,
      extensions: [
        new x509.ExtendedKeyUsageExtension([purpose]),
        ...(names === undefined ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
      ],
    });
    return issued(certificate, keys);
  }

  /** A list in PEM. */
  async revoke(...taken: readonly Issued[]): Promise<string> {
    const list = await x509.X509CrlGenerator.create({
      issuer: this.#own.certificate.subject,
      thisUpdate: new Date(Date.now() - hourMs),
      nextUpdate: new Date(Date.now() + hourMs),
      signingAlgorithm: algorithm,
      signingKey: this.#own.keys.privateKey,
      entries: taken.map(({ certificate }) => ({
        serialNumber: certificate.serialNumber,
        revocationDate: new Date(Date.now() - hourMs),
      })),
    });
    // The label of RFC 7468, section 6, which OpenSSL wants.
    return `${list.toString('pem').replaceAll(' CRL-----', ' X509 CRL-----')}\n`;
  }
}

const hourMs = 3_600_000;

function validity(notAfter = new Date(Date.now() + hourMs)): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: new Date(Math.min(Date.now(), notAfter.getTime()) - hourMs), notAfter };
}

async function issued(certificate: x509.X509Certificate, keys: webcrypto.CryptoKeyPair): Promise<Issued> {
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certificate,
    keys,
    pem: `${certificate.toString('pem')}\n`,
    key: `${x509.PemConverter.encode(key, 'PRIVATE KEY')}\n`,
  };
}
