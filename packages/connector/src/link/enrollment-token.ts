import { createHash } from 'node:crypto';
import { randomTokenDigits, tokenChecksum, tokenChecksumDigits, tokenDigits } from '../config/token-digits.ts';

/**
 * What lets a connector in once: `onrc_<id>_<secret>_<authority><checksum>`, in the digits of Crockford's base 32, lower
 * case. The id is public and names the token; 160 random bits are the secret; the authority is the SHA-256 of the
 * gateway's certificate authority (DER), so that a connector knows its gateway before it tells the secret.
 */
export interface EnrollmentToken {
  readonly id: string;
  /** As it stands in the token. */
  readonly secret: string;
  /** As `authorityPin` makes it. */
  readonly authority: string;
  /** All of it. */
  readonly text: string;
}

const idDigits = 10;
const secretDigits = 32;
/** 256 bits in fives, and four zero bits at the end. */
const authorityDigits = 52;
const group = (count: number): string => `([${tokenDigits}]{${count}})`;
const pattern = new RegExp(
  `^onrc_${group(idDigits)}_${group(secretDigits)}_${group(authorityDigits)}${group(tokenChecksumDigits)}$`,
);

/** A new token for the gateway with this authority. Nothing keeps the text: it is shown once. */
export function generateEnrollmentToken(authority: string): EnrollmentToken {
  const id = randomTokenDigits(idDigits);
  const secret = randomTokenDigits(secretDigits);
  const body = `onrc_${id}_${secret}_${authority}`;
  return { id, secret, authority, text: body + tokenChecksum(body) };
}

/** The token that a text is; undefined when its form or its checksum is wrong. Says nothing of whether it is valid. */
export function parseEnrollmentToken(text: string): EnrollmentToken | undefined {
  const [, id, secret, authority] = pattern.exec(text) ?? [];
  if (id === undefined || secret === undefined || authority === undefined) return undefined;
  return text.endsWith(tokenChecksum(text.slice(0, -tokenChecksumDigits)))
    ? { id, secret, authority, text }
    : undefined;
}

/** What a token holds of an authority: SHA-256 of its certificate (DER), as base-32 digits. */
export function authorityPin(certificate: Uint8Array): string {
  const hash = createHash('sha256').update(certificate).digest();
  let pin = '';
  let bits = 0;
  let held = 0;
  for (const byte of hash) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    for (; bits >= 5; bits -= 5) pin += tokenDigits.charAt((held >> (bits - 5)) & 31);
  }
  return pin + tokenDigits.charAt((held << (5 - bits)) & 31);
}
