import type { DecodeText } from './text-decoding.ts';
import type { TypeCatalog } from './type-catalog.ts';
import { MalformedValue, ValueReader } from './value-reader.ts';

/** What reading a value within a value asks for. */
export interface Reading {
  readonly catalog: TypeCatalog;
  readonly decodeText: DecodeText;
  /** Formats a part of the value: of `type`, one level deeper. */
  readonly part: (bytes: Uint8Array, type: number) => string;
  /** Told of characters that cost no bytes on the wire; throws MalformedValue when there are too many. */
  readonly spend: (characters: number) => void;
}

/** MAXDIM (utils/array.h) */
const maxDimensions = 6;
/** BOX: the one built-in type whose values stand between semicolons (pg_type.typdelim). */
const box = 603;

/** array_out: `{1,NULL,"a b"}`, with its bounds in front when one of them does not begin at 1. */
export function formatArray(reader: ValueReader, reading: Reading): string {
  const { element, dimensions } = arrayHeader(reader);
  if (dimensions.length === 0) return '{}';
  const delimiter = element === box ? ';' : ',';
  const special = delimiter === ',' ? /[\s"\\{},]/ : /[\s"\\{};]/;
  const item = (): string => {
    const bytes = reader.value();
    if (bytes === null) return 'NULL';
    const text = reading.part(bytes, element);
    return quoteWhere(text, isNull(text) || special.test(text), reading, '\\$&');
  };
  const level = (at: number): string => {
    const { length } = dimensions[at] as Dimension;
    const parts: string[] = [];
    for (let index = 0; index < length; index += 1) parts.push(at + 1 < dimensions.length ? level(at + 1) : item());
    return `{${parts.join(delimiter)}}`;
  };
  const isPlain = dimensions.every(({ lower }) => lower === 1);
  return (isPlain ? '' : `${dimensions.map(bounds).join('')}=`) + level(0);
}

interface Dimension {
  readonly length: number;
  readonly lower: number;
}

function arrayHeader(reader: ValueReader): { readonly element: number; readonly dimensions: readonly Dimension[] } {
  const count = reader.int32();
  const flags = reader.int32();
  const element = reader.uint32();
  if (count < 0 || count > maxDimensions || flags < 0 || flags > 1) throw new MalformedValue();
  const dimensions = Array.from({ length: count }, () => ({ length: reader.int32(), lower: reader.int32() }));
  let items = 1;
  for (const { length } of dimensions) {
    items *= length;
    // Each item has at least its length.
    if (length < 0 || items * 4 > reader.remaining) throw new MalformedValue();
  }
  return { element, dimensions: items === 0 ? [] : dimensions };
}

function bounds({ length, lower }: Dimension): string {
  return `[${lower}:${lower + length - 1}]`;
}

function isNull(text: string): boolean {
  return text === '' || (text.length === 4 && text.toUpperCase() === 'NULL');
}

/** int2vector and oidvector: an array on the wire, numbers between blanks as text. */
export function formatVector(reader: ValueReader, reading: Reading): string {
  const { element, dimensions } = arrayHeader(reader);
  if (dimensions.length > 1) throw new MalformedValue();
  return Array.from({ length: dimensions[0]?.length ?? 0 }, () => {
    const bytes = reader.value();
    if (bytes === null) throw new MalformedValue();
    return reading.part(bytes, element);
  }).join(' ');
}

/** record_out: `(1,,"a b")`; each field says its type. */
export function formatRecord(reader: ValueReader, reading: Reading): string {
  const fields = Array.from({ length: reader.count(8) }, () => {
    const type = reader.uint32();
    const bytes = reader.value();
    if (bytes === null) return '';
    const text = reading.part(bytes, type);
    return quoteWhere(text, text === '' || /[\s"\\(),]/.test(text), reading, '$&$&');
  });
  return `(${fields.join(',')})`;
}

const rangeFlags = { empty: 0x01, includesLower: 0x02, includesUpper: 0x04, noLower: 0x08, noUpper: 0x10 } as const;

/** range_out: `[1,10)`, `empty`, `(,]`. */
export function formatRange(reader: ValueReader, subtype: number, reading: Reading): string {
  const flags = reader.uint8();
  const has = (flag: keyof typeof rangeFlags): boolean => (flags & rangeFlags[flag]) !== 0;
  if (has('empty')) return 'empty';
  const bound = (absent: boolean): string => {
    if (absent) return '';
    const bytes = reader.value();
    if (bytes === null) throw new MalformedValue();
    const text = reading.part(bytes, subtype);
    return quoteWhere(text, text === '' || /[\s"\\()[\],]/.test(text), reading, '$&$&');
  };
  const lower = bound(has('noLower'));
  const upper = bound(has('noUpper'));
  return `${has('includesLower') ? '[' : '('}${lower},${upper}${has('includesUpper') ? ']' : ')'}`;
}

/** multirange_out: `{[1,2),[5,9)}` */
export function formatMultirange(reader: ValueReader, subtype: number, reading: Reading): string {
  const ranges = Array.from({ length: reader.count(5) }, () => {
    const bytes = reader.value();
    if (bytes === null) throw new MalformedValue();
    const range = new ValueReader(bytes);
    const text = formatRange(range, subtype, reading);
    range.end();
    return text;
  });
  return `{${ranges.join(',')}}`;
}

/** The text within quotes, its quotes and backslashes replaced, where that is needed. */
function quoteWhere(text: string, needed: boolean, reading: Reading, replacement: string): string {
  if (!needed) return text;
  reading.spend(text.length);
  return `"${text.replace(/["\\]/g, replacement)}"`;
}
