import type { Reader } from '../reader.ts';
import { backendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** Parse was successful. */
export interface ParseComplete {
  readonly type: 'parseComplete';
}

export function decodeParseComplete(body: Reader): ParseComplete {
  body.end();
  return { type: 'parseComplete' };
}

export function encodeParseComplete(_message: ParseComplete, writer: Writer): void {
  writer.begin(backendTag.parseComplete).end();
}
