import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ScramCrypto } from '@onrecord/wire';
import { sha256 } from '../journal/sha256.ts';

/** Node's cryptography, in the form that the wire package asks for. */
export const scramCrypto: ScramCrypto = {
  sha256,
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
  randomBytes: (count) => randomBytes(count),
  equal: (a, b) => timingSafeEqual(a, b),
};
