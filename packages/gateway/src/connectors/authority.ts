import { createHash, createPrivateKey, type KeyObject, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { authorityPin, gatewayServerName } from '@onrecord/connector/link';

/** What the gateway shows to connectors; PEM. */
export interface ServerLeaf {
  /** The leaf, and the authority behind it: a connector that enrols finds the authority there. */
  readonly certificate: string;
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly notAfter: number;
}

export interface ConnectorCertificate {
  /** PEM. */
  readonly certificate: string;
  /** SHA-256 of its DER, hex: how it is known everywhere. */
  readonly fingerprint: string;
  /** Milliseconds since 1970. */
  readonly notAfter: number;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const authorityYears = 10;
const leafMs = 30 * 86_400_000;
/** Clocks differ: what is issued is valid a little before it was made. */
const earlierMs = 3_600_000;

/**
 * The gateway's own certificate authority, which connectors and the gateway know each other by. Nobody else's
 * certificates count, and nothing else trusts its. What it issues to connectors cannot pose as the gateway: the one is for
 * TLS clients only, the other for servers only.
 */
export class Authority {
  /** PEM. */
  readonly certificate: string;
  /** What enrolment tokens hold of it (`authorityPin`). */
  readonly pin: string;
  readonly #x509: X509Certificate;
  readonly #key: KeyObject;

  constructor({ certificate, key }: { readonly certificate: string; readonly key: string }) {
    this.#x509 = new X509Certificate(certificate);
    this.#key = createPrivateKey(key);
    if (!this.#x509.checkPrivateKey(this.#key)) throw new Error('the key is not that of the certificate');
    this.certificate = this.#x509.toString();
    this.pin = authorityPin(this.#x509.raw);
  }

  /** Whether this authority signed a certificate. Says nothing of whether it is still good. */
  signed(certificate: X509Certificate): boolean {
    return certificate.checkIssued(this.#x509) && certificate.verify(this.#x509.publicKey);
  }

  /** A certificate, with a new key, for the gateway's port for connectors. */
  async serverLeaf(nowMs: number): Promise<ServerLeaf> {
    const { ExtendedKeyUsage, ExtendedKeyUsageExtension, PemConverter, SubjectAlternativeNameExtension } = await x509();
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const notAfter = Math.floor((nowMs + leafMs) / 1000) * 1000;
    const leaf = await this.#issue(
      { name: gatewayServerName, publicKey: keys.publicKey, notAfter, nowMs },
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth], true),
      new SubjectAlternativeNameExtension([{ type: 'dns', value: gatewayServerName }]),
    );
    const key = PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
    return { certificate: `${leaf}${this.certificate}`, key: `${key}\n`, notAfter };
  }

  /** A certificate for a connector's key, given as SubjectPublicKeyInfo (DER) of a key on P-256. */
  async issue(connector: string, publicKey: Uint8Array, life: CertificateLife): Promise<ConnectorCertificate> {
    const { ExtendedKeyUsage, ExtendedKeyUsageExtension } = await x509();
    // Certificates know whole seconds.
    const notAfter = Math.floor((life.nowMs + life.lifetimeMs) / 1000) * 1000;
    const certificate = await this.#issue(
      { name: connector, publicKey: await importPublicKey(publicKey), notAfter, nowMs: life.nowMs },
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth], true),
    );
    return { certificate, fingerprint: fingerprintOf(new X509Certificate(certificate)), notAfter };
  }

  async #issue(subject: Subject, ...extensions: readonly Extension[]): Promise<string> {
    const lib = await x509();
    const pkcs8 = this.#key.export({ format: 'der', type: 'pkcs8' });
    const issuer = new lib.X509Certificate(this.#x509.raw);
    const certificate = await lib.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: [{ CN: [subject.name] }],
      issuer: issuer.subjectName,
      notBefore: new Date(subject.nowMs - earlierMs),
      notAfter: new Date(subject.notAfter),
      signingAlgorithm: algorithm,
      publicKey: subject.publicKey,
      signingKey: await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']),
      extensions: [
        new lib.BasicConstraintsExtension(false, undefined, true),
        new lib.KeyUsagesExtension(lib.KeyUsageFlags.digitalSignature, true),
        await lib.AuthorityKeyIdentifierExtension.create(issuer),
        ...extensions,
      ],
    });
    return `${certificate.toString('pem')}\n`;
  }
}

export interface CertificateLife {
  readonly nowMs: number;
  readonly lifetimeMs: number;
}

interface Subject {
  readonly name: string;
  readonly publicKey: webcrypto.CryptoKey;
  /** Milliseconds since 1970. */
  readonly notAfter: number;
  readonly nowMs: number;
}

type Library = typeof import('@peculiar/x509');
type Extension = InstanceType<Library['Extension']>;

/** How a certificate is named in the state and in the record: SHA-256 of its DER, hex. */
export function fingerprintOf(certificate: { readonly raw: Uint8Array }): string {
  return createHash('sha256').update(certificate.raw).digest('hex');
}

/**
 * The authority of a data directory, made when there is none: `connectors/authority.pem`, key and certificate in one file
 * so that they always match. Commands and the gateway may ask at once; one of them makes it. Throws when the file cannot
 * be used.
 */
export async function loadAuthority(dataDirectory: string): Promise<Authority> {
  const directory = join(dataDirectory, 'connectors');
  const file = join(directory, 'authority.pem');
  const kept = await read(file);
  if (kept !== undefined) return kept;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(temporary, await create(), { mode: 0o600, flush: true });
    // Unlike a rename it replaces nothing: tokens may be out already for what another process made.
    await link(temporary, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(temporary, { force: true });
  }
  const made = await read(file);
  if (made === undefined) throw new Error(`${file} was taken away again`);
  return made;
}

async function read(file: string): Promise<Authority | undefined> {
  let pem: string;
  try {
    pem = await readFile(file, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return new Authority({ certificate: pem, key: pem });
  } catch (error) {
    throw new Error(`${file} cannot be used: ${(error as Error).message}`, { cause: error });
  }
}

async function create(): Promise<string> {
  const lib = await x509();
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const now = Date.now();
  const notAfter = new Date(now);
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + authorityYears);
  const certificate = await lib.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    // Two gateways have two names, so that a certificate of the one is not even tried against the other.
    name: [{ CN: [`Onrecord connectors ${randomBytes(8).toString('hex')}`] }],
    notBefore: new Date(now - earlierMs),
    notAfter,
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new lib.BasicConstraintsExtension(true, 0, true),
      new lib.KeyUsagesExtension(lib.KeyUsageFlags.keyCertSign | lib.KeyUsageFlags.cRLSign, true),
      await lib.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const key = lib.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return `${key}\n${certificate.toString('pem')}\n`;
}

/** Loaded when something is issued, because it takes half a second and most commands issue nothing. */
async function x509(): Promise<Library> {
  await import('reflect-metadata');
  return await import('@peculiar/x509');
}

async function importPublicKey(spki: Uint8Array): Promise<webcrypto.CryptoKey> {
  return await webcrypto.subtle.importKey('spki', new Uint8Array(spki), algorithm, true, ['verify']);
}

/** Random, positive and short: the first bit is 0 (RFC 5280, section 4.1.2.2). */
function serialNumber(): string {
  return `4${randomBytes(16).toString('hex').slice(1)}`;
}
