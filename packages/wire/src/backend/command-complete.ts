import type { Reader } from '../reader.ts';
import { backendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** A command has ended well. `tag` is ASCII: `SELECT 3`, `INSERT 0 1`, `CREATE TABLE`. */
export interface CommandComplete {
  readonly type: 'commandComplete';
  readonly tag: string;
}

export function decodeCommandComplete(body: Reader): CommandComplete {
  const tag = body.cstring();
  body.end();
  return { type: 'commandComplete', tag };
}

export function encodeCommandComplete(message: CommandComplete, writer: Writer): void {
  writer.begin(backendTag.commandComplete).cstring(message.tag).end();
}
