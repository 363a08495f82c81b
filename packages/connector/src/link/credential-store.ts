import { constants } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { HostPort } from '../config/address.ts';
import { type CredentialTexts, type LinkCredentials, linkCredentials } from './credentials.ts';
import { LinkError } from './link-error.ts';

/**
 * The file that keeps the credentials for one gateway: the key, the certificate and the gateway's authority as one PEM
 * file, so that they change together. Each gateway has a directory of its own.
 */
export function credentialFile(stateDirectory: string, { host, port }: HostPort): string {
  return join(stateDirectory, `${encodeURIComponent(host)}_${port}`, 'credentials.pem');
}

/** What is kept; undefined when there is nothing. Throws a LinkError for a file that cannot be used. */
export async function loadCredentials(file: string): Promise<LinkCredentials | undefined> {
  let text: string;
  let since: number;
  try {
    text = await readFile(file, 'utf8');
    since = (await stat(file)).mtimeMs;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new LinkError(`${file} cannot be read (${code ?? 'unknown error'})`, { final: true });
  }
  const [key, certificate, authority] = text.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----\n/g) ?? [];
  try {
    if (key === undefined || certificate === undefined || authority === undefined) throw new Error('it is not whole');
    return linkCredentials({ key, certificate, authority }, since);
  } catch (cause) {
    const hint = 'remove it and enrol this connector again';
    throw new LinkError(`${file} cannot be used: ${(cause as Error).message}; ${hint}`, { final: true, cause });
  }
}

/** Whether others than its owner can read a file that is there, as after a copy of the directory. Windows does not say. */
export async function othersCanRead(file: string): Promise<boolean> {
  return process.platform !== 'win32' && ((await stat(file)).mode & 0o077) !== 0;
}

/** Throws a LinkError when credentials could not be kept: to be known before a token is spent on them. */
export async function prepareStore(file: string): Promise<void> {
  await keeping(file, async () => {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeDurably(temporaryOf(file), '');
    await rm(temporaryOf(file));
  });
}

/**
 * Keeps credentials: whenever the machine fails, the file holds the old ones or the new ones. Throws a LinkError when they
 * cannot be kept.
 */
export async function saveCredentials(file: string, { key, certificate, authority }: CredentialTexts): Promise<void> {
  const directory = dirname(file);
  await keeping(file, async () => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeDurably(temporaryOf(file), [key, certificate, authority].map(endLine).join(''));
    await rename(temporaryOf(file), file);
    await syncDirectory(directory);
    await syncDirectory(dirname(directory));
  });
}

async function keeping(file: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new LinkError(`${file} cannot be written (${code ?? 'unknown error'})`, { final: true, cause });
  }
}

function temporaryOf(file: string): string {
  return `${file}.new`;
}

function endLine(pem: string): string {
  return pem.endsWith('\n') ? pem : `${pem}\n`;
}

async function writeDurably(path: string, text: string): Promise<void> {
  await using file = await open(path, 'w', 0o600);
  // A file that a crash left behind keeps the mode that it had.
  await file.chmod(0o600);
  await file.writeFile(text);
  await file.sync();
}

async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, constants.O_RDONLY);
  await directory.sync();
}
