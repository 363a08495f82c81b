import type { CopyFormat } from './copy-format.ts';

const backslash = 0x5c;
const newline = 0x0a;

/** What stands behind a backslash for a control character, both ways (CopyAttributeOutText, copyto.c). */
const letters: ReadonlyMap<number, number> = new Map(
  (
    [
      ['\b', 'b'],
      ['\f', 'f'],
      ['\n', 'n'],
      ['\r', 'r'],
      ['\t', 't'],
      ['\v', 'v'],
    ] as const
  ).map(([control, letter]) => [control.charCodeAt(0), letter.charCodeAt(0)]),
);
const controls: ReadonlyMap<number, number> = new Map(Array.from(letters, ([control, letter]) => [letter, control]));

/** `\N` */
const defaultNull = Uint8Array.of(backslash, 0x4e);

export interface TextOptions {
  readonly delimiter: number;
  readonly nullText: Uint8Array;
}

/**
 * The text format of COPY (manual, COPY, "Text Format"), as Postgres writes it. It writes a value like the text for NULL and
 * NULL alike; then a field is taken for a value, or `COPY … (NULL 'guess')` would tell where the guess is right. Only `\N`
 * is never a value, and an empty text tells nothing.
 */
export function textFormat({ delimiter, nullText }: TextOptions): CopyFormat {
  const tellsNull = nullText.length === 0 || equal(nullText, defaultNull);
  return {
    // A newline in a value is written as \n.
    lineEnd: (bytes, start) => bytes.indexOf(newline, start) + 1 || -1,
    fieldEnds: (bytes, start, end, ends) => {
      for (let at = start; at < end; at += 1) {
        if (bytes[at] === backslash) at += 1;
        else if (bytes[at] === delimiter) ends.push(at);
      }
      ends.push(end);
    },
    decode: (bytes, start, end) => {
      const field = bytes.subarray(start, end);
      return tellsNull && equal(field, nullText) ? null : withoutEscapes(field);
    },
    encode: (value) => (value === null ? nullText : withEscapes(value, delimiter)),
  };
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

function withoutEscapes(field: Uint8Array): Uint8Array {
  if (!field.includes(backslash)) return field;
  const value: number[] = [];
  for (let at = 0; at < field.length; at += 1) {
    const byte = field[at] as number;
    if (byte !== backslash) value.push(byte);
    else {
      const code = /^(?:[0-7]{1,3}|x[\da-fA-F]{1,2})/.exec(String.fromCharCode(...field.subarray(at + 1, at + 4)))?.[0];
      const next = field[at + 1] ?? backslash;
      value.push(code === undefined ? (controls.get(next) ?? next) : numbered(code));
      at += code?.length ?? 1;
    }
  }
  return Uint8Array.from(value);
}

/** Octal digits, or `x` and hexadecimal ones. */
function numbered(code: string): number {
  return (code.startsWith('x') ? Number.parseInt(code.slice(1), 16) : Number.parseInt(code, 8)) & 0xff;
}

function withEscapes(value: Uint8Array, delimiter: number): Uint8Array {
  if (!value.some((byte) => byte === backslash || byte === delimiter || letters.has(byte))) return value;
  const field: number[] = [];
  for (const byte of value) {
    const letter = letters.get(byte);
    // A tab is \t even where it is the delimiter.
    if (letter !== undefined) field.push(backslash, letter);
    else if (byte === delimiter || byte === backslash) field.push(backslash, byte);
    else field.push(byte);
  }
  return Uint8Array.from(field);
}
