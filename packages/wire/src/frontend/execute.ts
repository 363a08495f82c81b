import type { Reader } from '../reader.ts';
import { frontendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** Runs a portal, or goes on with it. */
export interface Execute {
  readonly type: 'execute';
  readonly portal: Uint8Array;
  /** The portal is suspended after so many rows; none when it is 0 or less (exec_execute_message). */
  readonly maxRows: number;
}

export function decodeExecute(body: Reader): Execute {
  const portal = body.cstringBytes();
  const maxRows = body.int32();
  body.end();
  return { type: 'execute', portal, maxRows };
}

export function encodeExecute(message: Execute, writer: Writer): void {
  writer.begin(frontendTag.execute).cstring(message.portal).int32(message.maxRows).end();
}
