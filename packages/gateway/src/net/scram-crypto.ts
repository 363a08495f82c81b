import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ScramCrypto } from '@onrecord/wire';

/** Node's cryptography, in the form that the wire package asks for. */
export const scramCrypto: ScramCrypto = {
  sha256: (data) => hash('sha256', data, 'buffer'),
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
  randomBytes: (count) => randomBytes(count),
  equal: (a, b) => timingSafeEqual(a, b),
};
