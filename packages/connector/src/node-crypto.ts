import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { type Salting, type ScramCrypto, saslprep } from '@onrecord/wire';

/** SCRAM's cryptography by OpenSSL. */
export const nodeCrypto: ScramCrypto = {
  sha256: (data) => createHash('sha256').update(data).digest(),
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
  randomBytes,
  equal: timingSafeEqual,
};

export function md5(data: Uint8Array): Uint8Array {
  return createHash('md5').update(data).digest();
}

const deriveKey = promisify(pbkdf2);
const saltedPasswordBytes = 32;

/** The slow step of SCRAM, on a thread of the pool: the event loop goes on meanwhile. */
export async function saltPassword(password: string, salting: Salting): Promise<Uint8Array> {
  const prepared = saslprep(Buffer.from(password));
  return await deriveKey(prepared, salting.salt, salting.iterations, saltedPasswordBytes, 'sha256');
}
