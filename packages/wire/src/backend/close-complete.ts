import type { Reader } from '../reader.ts';
import { backendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** Close was successful. */
export interface CloseComplete {
  readonly type: 'closeComplete';
}

export function decodeCloseComplete(body: Reader): CloseComplete {
  body.end();
  return { type: 'closeComplete' };
}

export function encodeCloseComplete(_message: CloseComplete, writer: Writer): void {
  writer.begin(backendTag.closeComplete).end();
}
