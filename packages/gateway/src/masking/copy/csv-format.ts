import type { CopyFormat } from './copy-format.ts';
import { equal } from './text-format.ts';

const newline = 0x0a;
const carriageReturn = 0x0d;

export interface CsvOptions {
  readonly delimiter: number;
  readonly quote: number;
  readonly escaping: number;
  readonly nullText: Uint8Array;
}

/** The CSV format of COPY (manual, COPY, "CSV Format"), as Postgres writes it: a quoted field is quoted from end to end. */
export function csvFormat(options: CsvOptions): CopyFormat {
  const { quote, nullText } = options;
  return {
    lineEnd: (bytes, start) => {
      const end = unquoted(bytes, { start, end: bytes.length, stop: newline }, options);
      return end === -1 ? -1 : end + 1;
    },
    fieldEnds: (bytes, start, end, ends) => {
      for (let at = start; ; ) {
        const found = unquoted(bytes, { start: at, end, stop: options.delimiter }, options);
        ends.push(found === -1 ? end : found);
        if (found === -1) return;
        at = found + 1;
      }
    },
    decode: (bytes, start, end) => {
      const field = bytes.subarray(start, end);
      if (equal(field, nullText)) return null;
      return field[0] === quote ? unquote(field, options) : field;
    },
    encode: (value, before) => {
      if (value === null) return nullText;
      // What was quoted although nothing in it asks for it (FORCE_QUOTE) stays so.
      return before[0] === quote || needsQuotes(value, options) ? quoted(value, options) : value;
    },
  };
}

/** Where the byte stands outside of quotes, or -1. */
function unquoted(
  bytes: Uint8Array,
  { start, end, stop }: { readonly start: number; readonly end: number; readonly stop: number },
  { quote, escaping }: CsvOptions,
): number {
  let isQuoted = false;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at];
    if (isQuoted && byte === escaping && escaping !== quote) at += 1;
    else if (byte === quote) isQuoted = !isQuoted;
    else if (!isQuoted && byte === stop) return at;
  }
  return -1;
}

function unquote(field: Uint8Array, { quote, escaping }: CsvOptions): Uint8Array {
  const value: number[] = [];
  for (let at = 1; at < field.length - 1; at += 1) {
    const next = field[at + 1];
    if (field[at] === escaping && at + 2 < field.length && (next === quote || next === escaping)) at += 1;
    value.push(field[at] as number);
  }
  return Uint8Array.from(value);
}

/** CopyAttributeOutCSV (copyto.c); the end-of-data marker of old protocols as well, and blanks at either end to be safe. */
function needsQuotes(value: Uint8Array, { delimiter, quote, nullText }: CsvOptions): boolean {
  if (value.length === 0 || equal(value, nullText) || (value.length === 2 && value[0] === 0x5c && value[1] === 0x2e))
    return true;
  return value.some((byte) => byte === delimiter || byte === quote || byte === newline || byte === carriageReturn);
}

function quoted(value: Uint8Array, { quote, escaping }: CsvOptions): Uint8Array {
  const field = [quote];
  for (const byte of value) {
    if (byte === quote || byte === escaping) field.push(escaping);
    field.push(byte);
  }
  field.push(quote);
  return Uint8Array.from(field);
}
