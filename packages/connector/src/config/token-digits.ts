import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * What tokens are written in: the digits of Crockford's base 32, lower case, so that they need no escapes in a URL, a
 * shell or YAML. A checksum at the end lets a scanner of leaked secrets tell a token from what only looks like one.
 */
export const tokenDigits = '0123456789abcdefghjkmnpqrstvwxyz';

/** Length of what `tokenChecksum` makes. */
export const tokenChecksumDigits = 7;

/** One digit takes five bits; the other three of a byte are not used, so that every digit is as likely. */
export function randomTokenDigits(count: number): string {
  return Array.from(randomBytes(count), (byte) => tokenDigits[byte & 31]).join('');
}

/** CRC-32 of the text before it, with leading zeros. */
export function tokenChecksum(body: string): string {
  let rest = crc32(body);
  let text = '';
  for (let at = 0; at < tokenChecksumDigits; at += 1) {
    text = tokenDigits.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}
