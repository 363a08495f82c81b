import type { Reader } from '../reader.ts';
import { frontendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** Ends the session in order. */
export interface Terminate {
  readonly type: 'terminate';
}

/** Whatever stands in its body is not looked at: PostgresMain (backend/tcop/postgres.c) ends without reading it. */
export function decodeTerminate(_body: Reader): Terminate {
  return { type: 'terminate' };
}

export function encodeTerminate(_message: Terminate, writer: Writer): void {
  writer.begin(frontendTag.terminate).end();
}
