import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ConfigError } from '@onrecord/connector/config';
import type { Config } from '../config/config.ts';

/** Whose certificates clients may log in with, in PEM. */
export interface ClientAuthorities {
  readonly ca: string;
  /** The lists of revoked certificates, each by itself: OpenSSL reads one of a text and passes over the rest. */
  readonly crl: readonly string[] | undefined;
  /** Whether a certificate was taken back: for sessions that are open already. */
  readonly isRevoked: (certificate: X509Certificate) => boolean;
}

/** The files of `tls.client_ca` and `tls.client_crl`; undefined when clients are not asked for certificates. Throws a ConfigError. */
export async function clientAuthorities(config: Pick<Config, 'tls' | 'file'>): Promise<ClientAuthorities | undefined> {
  const { tls, file } = config;
  if (tls.mode === 'off' || tls.clientCa === undefined) return undefined;
  const ca = await readPem(tls.clientCa, { file, setting: 'tls.client_ca', kind: 'CERTIFICATE' });
  try {
    new X509Certificate(ca);
  } catch {
    throw problem(file, 'tls.client_ca', `${tls.clientCa} does not hold a certificate in PEM`);
  }
  if (tls.clientCrl === undefined) return { ca, crl: undefined, isRevoked: () => false };
  const text = await readPem(tls.clientCrl, { file, setting: 'tls.client_crl', kind: 'X509 CRL' });
  const crl = text.match(/-----BEGIN X509 CRL-----[^-]*-----END X509 CRL-----/g) ?? [];
  const isCut = crl.length < text.split('-----BEGIN X509 CRL-----').length - 1;
  const serials = isCut ? undefined : await revokedSerials(crl).catch(() => undefined);
  if (serials === undefined) {
    throw problem(file, 'tls.client_crl', `${tls.clientCrl} does not hold a list of revoked certificates in PEM`);
  }
  return { ca, crl, isRevoked: ({ serialNumber }) => serials.has(plain(serialNumber)) };
}

/**
 * Serial numbers on the lists, of all authorities together: at a handshake OpenSSL looks at the right list; here a number
 * that two authorities gave ends a session that may come again. The library is loaded where there is a list.
 */
async function revokedSerials(lists: readonly string[]): Promise<ReadonlySet<string>> {
  await import('reflect-metadata');
  const { X509Crl } = await import('@peculiar/x509');
  return new Set(lists.flatMap((list) => new X509Crl(list).entries.map(({ serialNumber }) => plain(serialNumber))));
}

function plain(serial: string): string {
  return serial.toLowerCase().replace(/^0+/, '');
}

async function readPem(
  path: string,
  { file, setting, kind }: { readonly file: string; readonly setting: string; readonly kind: string },
): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, 'latin1');
  } catch (error) {
    throw problem(
      file,
      setting,
      `${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`,
    );
  }
  if (!text.includes(`-----BEGIN ${kind}-----`)) throw problem(file, setting, `${path} holds no ${kind} in PEM`);
  return text;
}

function problem(file: string, path: string, message: string): ConfigError {
  return new ConfigError(file, [{ path, message }]);
}
