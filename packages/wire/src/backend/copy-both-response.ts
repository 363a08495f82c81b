import { type CopyFormats, decodeCopyFormats, encodeCopyFormats } from '../copy/copy-formats.ts';
import type { Reader } from '../reader.ts';
import { backendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** Data flow both ways from here: streaming replication. */
export interface CopyBothResponse extends CopyFormats {
  readonly type: 'copyBothResponse';
}

export function decodeCopyBothResponse(body: Reader): CopyBothResponse {
  return { type: 'copyBothResponse', ...decodeCopyFormats(body) };
}

export function encodeCopyBothResponse(message: CopyBothResponse, writer: Writer): void {
  encodeCopyFormats(backendTag.copyBothResponse, message, writer);
}
