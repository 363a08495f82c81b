import type { Reader } from '../reader.ts';
import { backendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** Bind was successful. */
export interface BindComplete {
  readonly type: 'bindComplete';
}

export function decodeBindComplete(body: Reader): BindComplete {
  body.end();
  return { type: 'bindComplete' };
}

export function encodeBindComplete(_message: BindComplete, writer: Writer): void {
  writer.begin(backendTag.bindComplete).end();
}
