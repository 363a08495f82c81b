import type { Reader } from '../reader.ts';
import { backendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** Columns of the rows that follow, or would. */
export interface RowDescription {
  readonly type: 'rowDescription';
  readonly columns: readonly ColumnDescription[];
}

export interface ColumnDescription {
  /** In the client_encoding. */
  readonly name: Uint8Array;
  /** OID of the source table; 0 when the column is computed. */
  readonly tableOid: number;
  /** pg_attribute.attnum; 0 when the column is computed. */
  readonly attribute: number;
  readonly typeOid: number;
  /** pg_type.typlen; negative for a variable width. */
  readonly typeSize: number;
  readonly typeModifier: number;
  /** 0 for text, 1 for binary; 0 in the answer to Describe of a statement, where it is not known yet. */
  readonly format: number;
}

export function decodeRowDescription(body: Reader): RowDescription {
  const columns = body.list(decodeColumn);
  body.end();
  return { type: 'rowDescription', columns };
}

export function encodeRowDescription(message: RowDescription, writer: Writer): void {
  writer.begin(backendTag.rowDescription).count(message.columns.length);
  for (const column of message.columns) {
    writer.cstring(column.name).uint32(column.tableOid).int16(column.attribute).uint32(column.typeOid);
    writer.int16(column.typeSize).int32(column.typeModifier).int16(column.format);
  }
  writer.end();
}

function decodeColumn(body: Reader): ColumnDescription {
  return {
    name: body.cstringBytes(),
    tableOid: body.uint32(),
    attribute: body.int16(),
    typeOid: body.uint32(),
    typeSize: body.int16(),
    typeModifier: body.int32(),
    format: body.int16(),
  };
}
