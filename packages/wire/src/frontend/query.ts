import type { Reader } from '../reader.ts';
import { frontendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** A simple query: any number of statements in one text, in the client_encoding. */
export interface Query {
  readonly type: 'query';
  readonly sql: Uint8Array;
}

export function decodeQuery(body: Reader): Query {
  const sql = body.cstringBytes();
  body.end();
  return { type: 'query', sql };
}

export function encodeQuery(message: Query, writer: Writer): void {
  writer.begin(frontendTag.query).cstring(message.sql).end();
}
