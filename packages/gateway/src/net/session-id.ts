import { randomBytes } from 'node:crypto';
import type { SessionId } from '@onrecord/record';

/** Crockford's base 32: no i, l, o, u. */
const digits = '0123456789abcdefghjkmnpqrstvwxyz';

/** 48 bits of Unix milliseconds and 30 random bits, so that ids sort by time. */
export function createSessionId(nowMs: number): SessionId {
  const random = randomBytes(4).readUInt32BE() >>> 2;
  return base32(nowMs, 10) + base32(random, 6);
}

function base32(value: number, length: number): string {
  let text = '';
  let rest = value;
  for (let at = 0; at < length; at += 1) {
    text = digits.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}
