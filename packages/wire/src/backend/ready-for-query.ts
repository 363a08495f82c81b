import { ProtocolError } from '../protocol-error.ts';
import type { Reader } from '../reader.ts';
import { backendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** Idle, in a transaction, in a failed transaction. */
export type TransactionStatus = 'I' | 'T' | 'E';

/** The server waits for the next query. */
export interface ReadyForQuery {
  readonly type: 'readyForQuery';
  readonly status: TransactionStatus;
}

export function decodeReadyForQuery(body: Reader): ReadyForQuery {
  const status = String.fromCharCode(body.uint8());
  body.end();
  if (status !== 'I' && status !== 'T' && status !== 'E') {
    throw new ProtocolError(`transaction status ${status.charCodeAt(0)} is not known`);
  }
  return { type: 'readyForQuery', status };
}

export function encodeReadyForQuery(message: ReadyForQuery, writer: Writer): void {
  writer.begin(backendTag.readyForQuery).uint8(message.status.charCodeAt(0)).end();
}
