import { randomTokenDigits, tokenChecksum, tokenChecksumDigits, tokenDigits } from '@onrecord/connector/config';

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

const idDigits = 10;
const secretDigits = 32;
const pattern = new RegExp(
  `^onr_([${tokenDigits}]{${idDigits}})_([${tokenDigits}]{${secretDigits}})([${tokenDigits}]{${tokenChecksumDigits}})$`,
);

/** A new token. Nothing keeps the text: it is shown once. */
export function generateToken(): Token {
  const id = randomTokenDigits(idDigits);
  const body = `onr_${id}_${randomTokenDigits(secretDigits)}`;
  return { id, text: body + tokenChecksum(body) };
}

/** The token that a text is; undefined when its form or its checksum is wrong. Says nothing of whether it is valid. */
export function parseToken(text: string): Token | undefined {
  const id = pattern.exec(text)?.[1];
  const body = text.slice(0, -tokenChecksumDigits);
  return id !== undefined && text.endsWith(tokenChecksum(body)) ? { id, text } : undefined;
}
