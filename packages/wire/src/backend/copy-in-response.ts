import { type CopyFormats, decodeCopyFormats, encodeCopyFormats } from '../copy/copy-formats.ts';
import type { Reader } from '../reader.ts';
import { backendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** The server waits for the data of a COPY FROM STDIN. */
export interface CopyInResponse extends CopyFormats {
  readonly type: 'copyInResponse';
}

export function decodeCopyInResponse(body: Reader): CopyInResponse {
  return { type: 'copyInResponse', ...decodeCopyFormats(body) };
}

export function encodeCopyInResponse(message: CopyInResponse, writer: Writer): void {
  encodeCopyFormats(backendTag.copyInResponse, message, writer);
}
