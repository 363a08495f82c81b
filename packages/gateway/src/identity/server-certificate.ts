import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@onrecord/connector/config';
import type { Config } from '../config/config.ts';
import { selfSignedCertificate } from './self-signed-certificate.ts';
import { tlsServerEndPoint } from './tls-server-end-point.ts';

/** What the gateway shows to clients that ask for TLS. */
export interface ServerCertificate {
  /** PEM: the certificate, and the chain behind it if there is one. */
  readonly certificate: string;
  /** PEM, without a passphrase. */
  readonly key: string;
  /** The certificate alone, in DER. */
  readonly der: Uint8Array;
  /** Channel binding of SCRAM-SHA-256-PLUS; undefined when this certificate has none. */
  readonly endPoint: Uint8Array | undefined;
  /** File with `certificate`: what a client can take as its root when the gateway made it itself. */
  readonly file: string;
  readonly selfSigned: boolean;
}

/**
 * The certificate that the configuration asks for. With `auto` it is made on the first start, kept in `tls/` of the data
 * directory, and made again when it has expired. Throws a ConfigError for files that cannot be used.
 */
export async function serverCertificate(
  config: Pick<Config, 'data' | 'file' | 'listen' | 'tls'>,
): Promise<ServerCertificate> {
  if (config.tls.mode === 'files') {
    const { certificate, key } = config.tls;
    return await fromFiles({ certificate, key, configFile: config.file });
  }
  const directory = join(config.data, 'tls');
  const files = { certificate: join(directory, 'server.crt'), key: join(directory, 'server.key') };
  const kept = await keptCertificate(files, config.file);
  if (kept !== undefined) return kept;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const made = await selfSignedCertificate([hostname(), config.listen.postgres.host]);
  // A key without a certificate is made anew, so dying between any two of these leaves no pair that does not match.
  await rm(files.certificate, { force: true });
  await writeWhole(files.key, made.key);
  await writeWhole(files.certificate, made.certificate);
  return { ...(await fromFiles({ ...files, configFile: config.file })), selfSigned: true };
}

interface Files {
  readonly certificate: string;
  readonly key: string;
}

async function keptCertificate(files: Files, configFile: string): Promise<ServerCertificate | undefined> {
  try {
    const pem = await readFile(files.certificate, 'latin1');
    if (new X509Certificate(pem).validToDate.getTime() <= Date.now()) return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw problem(configFile, 'tls', `${files.certificate} cannot be used (${causeOf(error)})`);
  }
  return { ...(await fromFiles({ ...files, configFile })), selfSigned: true };
}

async function fromFiles(files: Files & { readonly configFile: string }): Promise<ServerCertificate> {
  const { configFile } = files;
  const certificate = await readPem(files.certificate, { configFile, setting: 'tls.certificate' });
  const key = await readPem(files.key, { configFile, setting: 'tls.key' });
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(certificate);
  } catch {
    throw problem(configFile, 'tls.certificate', `${files.certificate} does not hold a certificate in PEM`);
  }
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(key);
  } catch {
    throw problem(configFile, 'tls.key', `${files.key} does not hold a private key in PEM without a passphrase`);
  }
  if (!leaf.checkPrivateKey(privateKey)) {
    throw problem(
      configFile,
      'tls.key',
      `${files.key} is not the key of the first certificate in ${files.certificate}`,
    );
  }
  const der = leaf.raw;
  const endPoint = tlsServerEndPoint(der);
  return { certificate, key, der, endPoint, file: files.certificate, selfSigned: false };
}

async function readPem(
  file: string,
  { configFile, setting }: { readonly configFile: string; readonly setting: string },
): Promise<string> {
  try {
    return await readFile(file, 'latin1');
  } catch (error) {
    throw problem(configFile, setting, `${file} cannot be read (${causeOf(error)})`);
  }
}

/** Only its owner can read it, and nobody ever sees half of it. */
async function writeWhole(file: string, content: string): Promise<void> {
  const temporary = `${file}.new`;
  await rm(temporary, { force: true });
  await writeFile(temporary, content, { mode: 0o600, flush: true });
  await rename(temporary, file);
}

function problem(configFile: string, path: string, message: string): ConfigError {
  return new ConfigError(configFile, [{ path, message }]);
}

function causeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown error';
}
