import { utf8 } from '../utf8.ts';
import { leftToRight, mappedToNothing, nonAsciiSpace, prohibited, rightToLeft } from './saslprep-tables.ts';

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * A password as SCRAM hashes it: prepared with SASLprep (RFC 4013), so that it does not matter how it was typed. As
 * Postgres does it (pg_saslprep, common/saslprep.c): ASCII stays as it is, and a password that is not UTF-8, or not
 * allowed by SASLprep, is taken as the bytes it is.
 */
export function saslprep(password: Uint8Array): Uint8Array {
  if (password.every((byte) => byte < 0x80)) return password;
  const text = decode(password);
  const prepared = text === undefined ? undefined : prepare(text);
  return prepared === undefined ? password : utf8(prepared);
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

function prepare(text: string): string | undefined {
  let mapped = '';
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    // U+200B is in both tables; Postgres looks for spaces first.
    if (contains(tables().nonAsciiSpace, code)) mapped += ' ';
    else if (!contains(tables().mappedToNothing, code)) mapped += character;
  }
  const prepared = mapped.normalize('NFKC');
  const codes = Array.from(prepared, (character) => character.codePointAt(0) as number);
  if (codes.length === 0 || codes.some((code) => contains(tables().prohibited, code))) return undefined;
  return mixesDirections(codes) ? undefined : prepared;
}

/** RFC 3454 section 6: a text with right-to-left characters begins and ends with one and has no left-to-right ones. */
function mixesDirections(codes: readonly number[]): boolean {
  const { rightToLeft, leftToRight } = tables();
  if (!codes.some((code) => contains(rightToLeft, code))) return false;
  if (codes.some((code) => contains(leftToRight, code))) return true;
  return !contains(rightToLeft, codes[0] as number) || !contains(rightToLeft, codes.at(-1) as number);
}

/** Where ranges begin and end, in turn: a code point is inside when an odd number of bounds is at or below it. */
type Bounds = readonly number[];

interface Tables {
  readonly nonAsciiSpace: Bounds;
  readonly mappedToNothing: Bounds;
  readonly prohibited: Bounds;
  readonly rightToLeft: Bounds;
  readonly leftToRight: Bounds;
}

let unpacked: Tables | undefined;

/** Unpacked when the first password needs it: nearly all are ASCII. */
function tables(): Tables {
  unpacked ??= {
    nonAsciiSpace: unpack(nonAsciiSpace),
    mappedToNothing: unpack(mappedToNothing),
    prohibited: unpack(prohibited),
    rightToLeft: unpack(rightToLeft),
    leftToRight: unpack(leftToRight),
  };
  return unpacked;
}

function unpack(packed: string): Bounds {
  let at = 0;
  return packed.split(' ').map((step) => {
    at += Number.parseInt(step, 36);
    return at;
  });
}

function contains(bounds: Bounds, code: number): boolean {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((bounds[middle] as number) <= code) low = middle + 1;
    else high = middle;
  }
  return low % 2 === 1;
}
