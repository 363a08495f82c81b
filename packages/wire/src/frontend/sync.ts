import type { Reader } from '../reader.ts';
import { frontendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** Ends a unit of the extended protocol: closes the implicit transaction and asks for ReadyForQuery. */
export interface Sync {
  readonly type: 'sync';
}

export function decodeSync(body: Reader): Sync {
  body.end();
  return { type: 'sync' };
}

export function encodeSync(_message: Sync, writer: Writer): void {
  writer.begin(frontendTag.sync).end();
}
