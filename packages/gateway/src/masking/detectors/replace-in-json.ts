import { concatBytes } from '../concat-bytes.ts';
import { allFeatures, featuresOf } from './feature.ts';
import { mayHold, type Replaced, type ReplaceOptions, replaceFound, replaceFoundIn } from './replace-found.ts';

const utf8 = new TextEncoder();
const decoder = new TextDecoder();
const quote = 0x22;
const backslash = 0x5c;

/** What carries JSON's form: in a text that is not JSON after all, nothing of this is replaced. */
const structure = new Set(Array.from('"\\{}[],:', (mark) => mark.charCodeAt(0)));

/**
 * Replaces what detectors find in the strings, keys and numbers of a JSON text, which stays JSON: a number in which
 * something is found becomes a string. Escapes are read as what they stand for.
 */
export function replaceInJson(bytes: Uint8Array, start: number, end: number, options: ReplaceOptions): Replaced {
  const escapes = bytes.subarray(start, end).includes(backslash);
  if (!mayHold(options.detectors, escapes ? allFeatures : featuresOf(bytes, start, end))) return undefined;
  const parts: Uint8Array[] = [];
  let copied = start;
  for (let at = start; at < end; ) {
    const byte = bytes[at] as number;
    const tokenEnd = byte === quote ? stringEnd(bytes, at, end) : isNumeric(byte) ? numberEnd(bytes, at, end) : at + 1;
    if (tokenEnd === -1) return replaceFound(bytes, start, end, { ...options, structure });
    if (tokenEnd > at + 1) {
      const replaced = replaceToken(bytes, { start: at, end: tokenEnd }, options);
      if (replaced === null) return null;
      if (replaced !== undefined) {
        parts.push(bytes.subarray(copied, at), replaced);
        copied = tokenEnd;
      }
    }
    at = tokenEnd;
  }
  return parts.length === 0 ? undefined : concatBytes([...parts, bytes.subarray(copied, end)]);
}

function replaceToken(
  bytes: Uint8Array,
  token: { readonly start: number; readonly end: number },
  options: ReplaceOptions,
): Replaced {
  const { start, end } = token;
  const isString = bytes[start] === quote;
  const inner = isString ? bytes.subarray(start + 1, end - 1) : bytes.subarray(start, end);
  if (isString && inner.includes(backslash)) return replaceEscaped(bytes.subarray(start, end), options);
  const replaced = replaceFound(inner, 0, inner.length, options);
  return replaced ? concatBytes([quoteBytes, replaced, quoteBytes]) : replaced;
}

const quoteBytes = Uint8Array.of(quote);

function replaceEscaped(token: Uint8Array, options: ReplaceOptions): Replaced {
  const text = parseString(token);
  if (text === undefined) return replaceFound(token, 0, token.length, { ...options, structure });
  const replaced = replaceFoundIn(utf8.encode(text), options);
  return replaced ? utf8.encode(JSON.stringify(decoder.decode(replaced))) : replaced;
}

function parseString(token: Uint8Array): string | undefined {
  try {
    const value: unknown = JSON.parse(decoder.decode(token));
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Behind the closing quote, or -1. */
function stringEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start + 1; at < end; at += 1) {
    const byte = bytes[at];
    if (byte === quote) return at + 1;
    if (byte === backslash) at += 1;
  }
  return -1;
}

function isNumeric(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2b || byte === 0x2d || byte === 0x2e || (byte | 0x20) === 0x65;
}

/** `e` begins no number, but stands in `true` and `false` alone, where it is one byte. */
function numberEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isNumeric(bytes[at] as number)) at += 1;
  return at;
}
