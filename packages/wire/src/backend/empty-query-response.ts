import type { Reader } from '../reader.ts';
import { backendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** Stands in the place of CommandComplete for a text without a statement. */
export interface EmptyQueryResponse {
  readonly type: 'emptyQueryResponse';
}

export function decodeEmptyQueryResponse(body: Reader): EmptyQueryResponse {
  body.end();
  return { type: 'emptyQueryResponse' };
}

export function encodeEmptyQueryResponse(_message: EmptyQueryResponse, writer: Writer): void {
  writer.begin(backendTag.emptyQueryResponse).end();
}
