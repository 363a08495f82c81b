import type { Reader } from '../reader.ts';
import { backendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** The end of COPY data, of either direction. */
export interface CopyDone {
  readonly type: 'copyDone';
}

/** What a client puts in its body is not looked at (CopyGetData, backend/commands/copyfromparse.c). */
export function decodeCopyDone(_body: Reader): CopyDone {
  return { type: 'copyDone' };
}

export function encodeCopyDone(_message: CopyDone, writer: Writer): void {
  writer.begin(backendTag.copyDone).end();
}
