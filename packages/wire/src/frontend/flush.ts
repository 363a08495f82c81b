import type { Reader } from '../reader.ts';
import { frontendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** Asks for the replies that are ready, without ending the unit. */
export interface Flush {
  readonly type: 'flush';
}

export function decodeFlush(body: Reader): Flush {
  body.end();
  return { type: 'flush' };
}

export function encodeFlush(_message: Flush, writer: Writer): void {
  writer.begin(frontendTag.flush).end();
}
