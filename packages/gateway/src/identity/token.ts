import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * A token: `onr_<id>_<secret><checksum>`, in the digits of Crockford's base 32, lower case, so that it needs no escapes
 * in a URL, a shell or YAML. The id is public and names the token everywhere; 160 random bits are the secret; the
 * checksum lets a scanner of leaked secrets tell a token from what only looks like one.
 */
export interface Token {
  readonly id: string;
  /** The whole text: what the client sends as its password. */
  readonly text: string;
}

const digits = '0123456789abcdefghjkmnpqrstvwxyz';
const idDigits = 10;
const secretDigits = 32;
const checksumDigits = 7;
const pattern = new RegExp(
  `^onr_([${digits}]{${idDigits}})_([${digits}]{${secretDigits}})([${digits}]{${checksumDigits}})$`,
);

/** A new token. Nothing keeps the text: it is shown once. */
export function generateToken(): Token {
  const id = randomDigits(idDigits);
  const body = `onr_${id}_${randomDigits(secretDigits)}`;
  return { id, text: body + checksum(body) };
}

/** The token that a text is; undefined when its form or its checksum is wrong. Says nothing of whether it is valid. */
export function parseToken(text: string): Token | undefined {
  const id = pattern.exec(text)?.[1];
  const body = text.slice(0, -checksumDigits);
  return id !== undefined && text.endsWith(checksum(body)) ? { id, text } : undefined;
}

/** One digit takes five bits; the other three of a byte are not used, so that every digit is as likely. */
function randomDigits(count: number): string {
  return Array.from(randomBytes(count), (byte) => digits[byte & 31]).join('');
}

/** CRC-32 of the text before it, as base-32 digits with leading zeros. */
function checksum(body: string): string {
  let rest = crc32(body);
  let text = '';
  for (let at = 0; at < checksumDigits; at += 1) {
    text = digits.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}
