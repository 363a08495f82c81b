import { createHmac, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSecretReference, resolveSecret } from '@onrecord/connector/config';
import type { Config } from '../config/config.ts';

const fileName = 'masking.key';
const keyBytes = 32;

/**
 * HMAC-SHA-256 with the key of `hash` masks: the configuration's, or one that is made in the data directory when there is
 * none yet. With another key, the same value has another hash. Throws an Error when the key cannot be read.
 */
export async function maskingHmac(
  { data, masking }: Pick<Config, 'data' | 'masking'>,
  env: NodeJS.ProcessEnv,
): Promise<(bytes: Uint8Array) => Uint8Array> {
  const key = masking.key === undefined ? await ownKey(join(data, fileName)) : await configuredKey(masking.key, env);
  return (bytes) => createHmac('sha256', key).update(bytes).digest();
}

async function configuredKey(written: string, env: NodeJS.ProcessEnv): Promise<string> {
  const reference = parseSecretReference(written);
  if (reference === undefined) throw new Error(`masking.key is no reference to a secret: ${written}`);
  return await resolveSecret(reference, env);
}

async function ownKey(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  // Whoever has it can tell by trying whether a hash is that of a value.
  await writeFile(path, randomBytes(keyBytes), { mode: 0o600, flag: 'wx' });
  return await readFile(path);
}
