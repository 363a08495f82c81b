import type { Reader } from '../reader.ts';
import { backendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** A piece of COPY data, of either direction. From a client the pieces need not be whole rows. */
export interface CopyData {
  readonly type: 'copyData';
  readonly data: Uint8Array;
}

export function decodeCopyData(body: Reader): CopyData {
  return { type: 'copyData', data: body.rest() };
}

export function encodeCopyData(message: CopyData, writer: Writer): void {
  writer.begin(backendTag.copyData).bytes(message.data).end();
}
