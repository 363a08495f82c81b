import { createReadStream } from 'node:fs';
import { commandOutput } from './command-output.ts';

/** Where a secret is to be had. */
export type SecretReference =
  | { readonly type: 'env'; readonly name: string }
  | { readonly type: 'file'; readonly path: string }
  /** A command of the shell, such as a secrets manager's: what it prints is the secret. */
  | { readonly type: 'exec'; readonly command: string };

/** What a reference to a secret looks like. */
export const secretPattern: RegExp = /^(?:env:[A-Za-z_][A-Za-z0-9_]*|(?:file|exec):[^\0\r\n]*[^\s\0][^\0\r\n]*)$/;

/** How long a command may take; a session waits for it. */
const commandMs = 10_000;

type Environment = { readonly [name: string]: string | undefined };

/** No secret is longer: a password file that is larger is the wrong file. */
const maximumBytes = 64 * 1024;

/** `env:NAME`, `file:PATH` or `exec:COMMAND`; undefined for anything else. */
export function parseSecretReference(text: string): SecretReference | undefined {
  if (!secretPattern.test(text)) return undefined;
  if (text.startsWith('env:')) return { type: 'env', name: text.slice('env:'.length) };
  if (text.startsWith('exec:')) return { type: 'exec', command: text.slice('exec:'.length).trim() };
  return { type: 'file', path: text.slice('file:'.length) };
}

/** The reference as it is written in the configuration. */
export function formatSecretReference(reference: SecretReference): string {
  switch (reference.type) {
    case 'env':
      return `env:${reference.name}`;
    case 'file':
      return `file:${reference.path}`;
    case 'exec':
      return `exec:${reference.command}`;
  }
}

/**
 * The secret that a reference names, read now: a changed file counts for the next session. One line end behind the
 * content of a file or the output of a command is not part of the secret. Throws an Error that names the reference and never the content.
 */
export async function resolveSecret(reference: SecretReference, env: Environment): Promise<string> {
  const secret = await readSecret(reference, env);
  if (secret === undefined) {
    throw new Error(`secret ${formatSecretReference(reference)}: the environment has no variable of this name`);
  }
  if (secret === '') throw new Error(`secret ${formatSecretReference(reference)} is empty`);
  if (secret.includes('\0')) throw new Error(`secret ${formatSecretReference(reference)} holds a NUL byte`);
  return secret;
}

async function readSecret(reference: SecretReference, env: Environment): Promise<string | undefined> {
  switch (reference.type) {
    case 'env':
      return env[reference.name];
    case 'file':
      return asText(await readSecretFile(reference), reference);
    case 'exec':
      return asText(await readSecretCommand(reference, env), reference);
  }
}

async function readSecretFile(reference: SecretReference & { readonly type: 'file' }): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of createReadStream(reference.path, { end: maximumBytes })) chunks.push(chunk);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new Error(`secret ${formatSecretReference(reference)} cannot be read (${code})`);
  }
  return Buffer.concat(chunks);
}

async function readSecretCommand(
  reference: SecretReference & { readonly type: 'exec' },
  env: Environment,
): Promise<Uint8Array> {
  const result = await commandOutput(reference.command, { env, maximumBytes: maximumBytes + 1, timeoutMs: commandMs });
  if (result.type === 'output') return result.bytes;
  throw new Error(`secret ${formatSecretReference(reference)}: ${result.reason}`);
}

function asText(content: Uint8Array, reference: SecretReference): string {
  if (content.length > maximumBytes) {
    throw new Error(`secret ${formatSecretReference(reference)} is larger than ${maximumBytes} bytes`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content).replace(/\r?\n$/, '');
  } catch {
    throw new Error(`secret ${formatSecretReference(reference)} is not UTF-8 text`);
  }
}
