import { type CopyFormats, decodeCopyFormats, encodeCopyFormats } from '../copy/copy-formats.ts';
import type { Reader } from '../reader.ts';
import { backendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** The data of a COPY TO STDOUT follow. */
export interface CopyOutResponse extends CopyFormats {
  readonly type: 'copyOutResponse';
}

export function decodeCopyOutResponse(body: Reader): CopyOutResponse {
  return { type: 'copyOutResponse', ...decodeCopyFormats(body) };
}

export function encodeCopyOutResponse(message: CopyOutResponse, writer: Writer): void {
  encodeCopyFormats(backendTag.copyOutResponse, message, writer);
}
