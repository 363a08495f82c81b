import { binaryFormats } from './binary-formats.ts';
import { formatArray, formatMultirange, formatRange, formatRecord, type Reading } from './container.ts';
import { extensionTypes } from './extension-types.ts';
import { hex } from './hex.ts';
import type { DecodeText } from './text-decoding.ts';
import { type KnownType, TypeCatalog } from './type-catalog.ts';
import { MalformedValue, ValueReader } from './value-reader.ts';

/** One value for people. */
export interface FormattedValue {
  /** Null for NULL. */
  readonly text: string | null;
  /** False when the bytes could not be read, and `text` shows them as `\x…`. */
  readonly decoded: boolean;
  readonly typeName: string;
}

export interface FormatOptions {
  /** How text reads in the client_encoding that was in force (see `textDecoding`). */
  readonly decodeText: DecodeText;
  /** The types of the database that the value came from; the built-in ones alone by default. */
  readonly catalog?: TypeCatalog;
}

/** Values within values are followed to this depth: quotes double with every level. */
const maxDepth = 12;
/** Characters that may come from no byte of their own: digits of a numeric, quotes upon quotes. */
const freeCharacters = 1 << 20;
const freeCharactersPerByte = 16;

const builtInOnly = new TypeCatalog();

/**
 * What a parameter or a value of a row says. In text format (0) it is decoded; in binary format (1) it reads as Postgres
 * would have written it with DateStyle ISO, TimeZone UTC, IntervalStyle postgres and lc_monetary C. Anything else (another
 * format, a type that is not known, bytes that are not of their type) is shown as hex and marked. Never throws; takes time
 * and memory in proportion to the bytes, and a megabyte more at most.
 */
export function formatValue(
  bytes: Uint8Array | null,
  type: number,
  format: number,
  { decodeText, catalog = builtInOnly }: FormatOptions,
): FormattedValue {
  const typeName = catalog.nameOf(type);
  if (bytes === null) return { text: null, decoded: true, typeName };
  if (format === 0) return { text: decodeText(bytes), decoded: true, typeName };
  const text = format === 1 ? formatBinary(bytes, type, { decodeText, catalog }) : undefined;
  if (text === undefined) return { text: `\\x${hex(bytes)}`, decoded: false, typeName };
  return { text, decoded: true, typeName };
}

function formatBinary(bytes: Uint8Array, type: number, context: Required<FormatOptions>): string | undefined {
  let free = freeCharacters + bytes.length * freeCharactersPerByte;
  let depth = 0;
  const reading: Reading = {
    ...context,
    spend: (characters) => {
      free -= characters;
      if (free < 0) throw new MalformedValue('too long for its bytes');
    },
    part: (part, partType) => {
      depth += 1;
      if (depth > maxDepth) throw new MalformedValue('nested too deep');
      const reader = new ValueReader(part);
      const text = formatPart(reader, partType, reading);
      reader.end();
      depth -= 1;
      return text;
    },
  };
  try {
    return reading.part(bytes, type);
  } catch (error) {
    if (error instanceof MalformedValue) return undefined;
    throw error;
  }
}

function formatPart(reader: ValueReader, oid: number, reading: Reading): string {
  const { catalog, decodeText } = reading;
  const type = catalog.base(oid);
  if (type === undefined) throw new MalformedValue('unknown type');
  if (type.array) return formatArray(reader, reading);
  switch (type.kind) {
    case 'e':
      return decodeText(reader.rest());
    case 'c':
      return formatRecord(reader, reading);
    case 'r':
      return formatRange(reader, type.of, reading);
    case 'm':
      return formatMultirange(reader, subtypeOf(type, catalog), reading);
  }
  if (!type.builtIn) {
    const format = extensionTypes.get(type.name);
    if (format === undefined) throw new MalformedValue('unknown type');
    return format(reader, decodeText);
  }
  const format = binaryFormats.get(type.name);
  if (format === undefined) throw new MalformedValue('unknown binary form');
  return format(reader, reading);
}

/** What the ranges of a multirange are over. */
function subtypeOf(multirange: KnownType, catalog: TypeCatalog): number {
  const range = catalog.get(multirange.of);
  if (range?.kind !== 'r') throw new MalformedValue('unknown range type');
  return range.of;
}
