import {
  type DecodeText,
  decodeColumns,
  decodeRows,
  formatValue,
  type RawColumn,
  type RawValue,
  type TypeCatalog,
} from '@onrecord/record';
import type { ColumnView, ValueView } from './views.ts';

/** What values are read with. */
export interface Reading {
  readonly decode: DecodeText;
  readonly catalog: TypeCatalog;
}

export function valueView({ bytes, type, format }: RawValue, { decode, catalog }: Reading): ValueView {
  const { text, decoded, typeName } = formatValue(bytes, type, format, { decodeText: decode, catalog });
  return { text, type, typeName, format: format === 0 ? 'text' : 'binary', decoded };
}

/** The columns of a RowDescription; none when it is not one. */
export function columnViews(description: Uint8Array, { decode, catalog }: Reading): readonly ColumnView[] {
  return (decodeColumns(description) ?? []).map(({ name, table, attribute, type }) => ({
    name: decode(name),
    table,
    attribute,
    type,
    typeName: catalog.nameOf(type),
  }));
}

/** How a result was described, and which formats Bind asked for: none when it did not say. */
export interface ResultShape {
  readonly description: Uint8Array | undefined;
  readonly resultFormats: readonly number[];
}

/**
 * Rows of whole DataRow messages. A description that was made for the statement, before Bind, says text for every
 * column: what Bind asked for counts. Rows that were never described have values of an unspecified type.
 */
export function rowViews(messages: Uint8Array, shape: ResultShape, reading: Reading): (readonly ValueView[])[] {
  const columns = shape.description === undefined ? [] : (decodeColumns(shape.description) ?? []);
  return decodeRows(messages).map((row) =>
    row.map((bytes, at) => {
      const column = columns[at];
      return valueView({ bytes, type: column?.type ?? 0, format: formatAt(at, column, shape.resultFormats) }, reading);
    }),
  );
}

function formatAt(at: number, column: RawColumn | undefined, resultFormats: readonly number[]): number {
  if (resultFormats.length === 0) return column?.format ?? 0;
  return (resultFormats.length === 1 ? resultFormats[0] : resultFormats[at]) ?? 0;
}
