import type { Reader } from '../reader.ts';
import { frontendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** Gives up a COPY FROM STDIN; the server answers with an error that quotes `reason`. */
export interface CopyFail {
  readonly type: 'copyFail';
  readonly reason: Uint8Array;
}

/** What stands behind the reason is not looked at (CopyGetData, backend/commands/copyfromparse.c). */
export function decodeCopyFail(body: Reader): CopyFail {
  return { type: 'copyFail', reason: body.cstringBytes() };
}

export function encodeCopyFail(message: CopyFail, writer: Writer): void {
  writer.begin(frontendTag.copyFail).cstring(message.reason).end();
}
