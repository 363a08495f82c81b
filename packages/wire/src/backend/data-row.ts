import type { Reader } from '../reader.ts';
import { backendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** A row. What the values mean, the RowDescription and the result formats of Bind tell. */
export interface DataRow {
  readonly type: 'dataRow';
  readonly values: readonly (Uint8Array | null)[];
}

export function decodeDataRow(body: Reader): DataRow {
  const values = body.list((fields) => fields.value());
  body.end();
  return { type: 'dataRow', values };
}

export function encodeDataRow(message: DataRow, writer: Writer): void {
  writer.begin(backendTag.dataRow).count(message.values.length);
  for (const value of message.values) writer.value(value);
  writer.end();
}
