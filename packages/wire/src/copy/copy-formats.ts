import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';

/** What CopyInResponse, CopyOutResponse and CopyBothResponse say of the data: 0 for text, 1 for binary. */
export interface CopyFormats {
  readonly format: number;
  readonly columnFormats: readonly number[];
}

export function decodeCopyFormats(body: Reader): CopyFormats {
  const format = body.uint8();
  const columnFormats = body.list((fields) => fields.int16());
  body.end();
  return { format, columnFormats };
}

export function encodeCopyFormats(tag: number, message: CopyFormats, writer: Writer): void {
  writer.begin(tag).uint8(message.format).count(message.columnFormats.length);
  for (const format of message.columnFormats) writer.int16(format);
  writer.end();
}
