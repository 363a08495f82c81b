import { createReadStream } from 'node:fs';
import type { SecretReference } from './config.ts';

/** What a reference to a secret looks like. */
export const secretPattern: RegExp = /^(?:env:[A-Za-z_][A-Za-z0-9_]*|file:[^\0\r\n]+)$/;

/** No secret is longer: a password file that is larger is the wrong file. */
const maximumBytes = 64 * 1024;

/** `env:NAME` or `file:PATH`; undefined for anything else. */
export function parseSecretReference(text: string): SecretReference | undefined {
  if (!secretPattern.test(text)) return undefined;
  if (text.startsWith('env:')) return { type: 'env', name: text.slice('env:'.length) };
  return { type: 'file', path: text.slice('file:'.length) };
}

/** The reference as it is written in the configuration. */
export function formatSecretReference(reference: SecretReference): string {
  return reference.type === 'env' ? `env:${reference.name}` : `file:${reference.path}`;
}

/**
 * The secret that a reference names, read now: a changed file counts for the next session. One line end behind the
 * content of a file is not part of the secret. Throws an Error that names the reference and never the content.
 */
export async function resolveSecret(
  reference: SecretReference,
  env: { readonly [name: string]: string | undefined },
): Promise<string> {
  const secret = reference.type === 'env' ? env[reference.name] : await readSecretFile(reference);
  if (secret === undefined) {
    throw new Error(`secret ${formatSecretReference(reference)}: the environment has no variable of this name`);
  }
  if (secret === '') throw new Error(`secret ${formatSecretReference(reference)} is empty`);
  if (secret.includes('\0')) throw new Error(`secret ${formatSecretReference(reference)} holds a NUL byte`);
  return secret;
}

async function readSecretFile(reference: SecretReference & { readonly type: 'file' }): Promise<string> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of createReadStream(reference.path, { end: maximumBytes })) chunks.push(chunk);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new Error(`secret ${formatSecretReference(reference)} cannot be read (${code})`);
  }
  const content = Buffer.concat(chunks);
  if (content.length > maximumBytes) {
    throw new Error(`secret ${formatSecretReference(reference)} is larger than ${maximumBytes} bytes`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content).replace(/\r?\n$/, '');
  } catch {
    throw new Error(`secret ${formatSecretReference(reference)} is not UTF-8 text`);
  }
}
