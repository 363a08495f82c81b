import type { Reader } from '../reader.ts';
import { frontendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** Makes a prepared statement of a text. Type 0 leaves a parameter's type to the server. */
export interface Parse {
  readonly type: 'parse';
  /** Empty for the unnamed statement. */
  readonly name: Uint8Array;
  /** In the client_encoding. */
  readonly sql: Uint8Array;
  readonly parameterTypes: readonly number[];
}

/** Source: PostgresMain (backend/tcop/postgres.c). */
export function decodeParse(body: Reader): Parse {
  const name = body.cstringBytes();
  const sql = body.cstringBytes();
  const parameterTypes = body.list((fields) => fields.uint32());
  body.end();
  return { type: 'parse', name, sql, parameterTypes };
}

export function encodeParse(message: Parse, writer: Writer): void {
  writer.begin(frontendTag.parse).cstring(message.name).cstring(message.sql).count(message.parameterTypes.length);
  for (const oid of message.parameterTypes) writer.uint32(oid);
  writer.end();
}
