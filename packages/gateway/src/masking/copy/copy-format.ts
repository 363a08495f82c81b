import type { CopyForm } from '../../sql/analysis.ts';
import { csvFormat } from './csv-format.ts';
import { textFormat } from './text-format.ts';

/** How the lines of a COPY are taken apart and put together again. */
export interface CopyFormat {
  /** Where the line that begins at `start` ends, behind its newline; -1: not within the bytes. */
  lineEnd(bytes: Uint8Array, start: number): number;
  /** Ends of the fields of a line, without its newline, appended to `ends`. */
  fieldEnds(bytes: Uint8Array, start: number, end: number, ends: number[]): void;
  /** The value of a field as it stands in the line; null for NULL. */
  decode(bytes: Uint8Array, start: number, end: number): Uint8Array | null;
  /** The field of a value; `before`: the field that it takes the place of. */
  encode(value: Uint8Array | null, before: Uint8Array): Uint8Array;
}

/** Undefined for binary, and for options that no COPY has. */
export function copyFormat(form: CopyForm): CopyFormat | undefined {
  const delimiter = byteOf(form.delimiter);
  const quote = byteOf(form.quote);
  const escaping = byteOf(form.escape);
  const nullText = new TextEncoder().encode(form.nullText);
  if (form.format === 'text' && delimiter !== undefined) return textFormat({ delimiter, nullText });
  if (form.format !== 'csv' || delimiter === undefined || quote === undefined || escaping === undefined)
    return undefined;
  return csvFormat({ delimiter, nullText, quote, escaping });
}

function byteOf(text: string): number | undefined {
  const code = text.charCodeAt(0);
  return text.length === 1 && code > 0 && code < 0x80 ? code : undefined;
}
