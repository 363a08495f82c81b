/** What a text may hold; each asks for a closer look. */
export const glanced = { severalStatements: 1, secret: 2, comment: 4, sessionEffect: 8, copy: 16 } as const;

const space = 0x20;
const lowerCase = 0x20;
/** First three letters of PREPARE, DEALLOCATE, DISCARD, DECLARE and CLOSE. */
const effects: ReadonlySet<number> = new Set(['pre', 'dea', 'dis', 'dec', 'clo'].map((word) => key(...letters(word))));

const copy = key(...letters('cop'));

/**
 * One pass over the bytes of a SQL text: which closer looks are worth their cost. It may say yes too often, never too
 * seldom. Works on bytes because nothing but ASCII is syntax in Postgres (scan.l).
 */
export function glance(bytes: Uint8Array): number {
  let found = 0;
  let semicolon = false;
  let first = -1;
  const end = bytes.length;
  for (let at = 0; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte <= space) continue;
    if (first === -1) first = at;
    if (semicolon) found |= glanced.severalStatements;
    switch (byte) {
      case 0x3b: // ;
        semicolon = true;
        break;
      case 0x50: // P, p: PASSWORD, password=
      case 0x70:
        if (lower(bytes, at + 1) === 0x61 && lower(bytes, at + 2) === 0x73 && lower(bytes, at + 3) === 0x73)
          found |= glanced.secret;
        break;
      case 0x3a: // ://user:password@host
        if (bytes[at + 1] === 0x2f && bytes[at + 2] === 0x2f) found |= glanced.secret;
        break;
      case 0x2f: // a comment
        if (bytes[at + 1] === 0x2a) found |= glanced.comment;
        break;
    }
  }
  if (first === -1) return found;
  const begins = bytes[first] as number;
  const word = key(begins | lowerCase, lower(bytes, first + 1), lower(bytes, first + 2));
  if (word === copy) found |= glanced.copy;
  const plain = begins !== 0x2f && begins !== 0x2d && begins !== 0x3b && begins !== 0x28; // comments, ;, (
  if (!plain) found |= glanced.sessionEffect | glanced.copy;
  else if (effects.has(word)) found |= glanced.sessionEffect;
  return found;
}

function lower(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | lowerCase;
}

function letters(word: string): [number, number, number] {
  return [word.charCodeAt(0), word.charCodeAt(1), word.charCodeAt(2)];
}

function key(a: number, b: number, c: number): number {
  return (a << 16) | (b << 8) | c;
}
