import type { Reader } from '../reader.ts';
import { backendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** What was described returns no rows. */
export interface NoData {
  readonly type: 'noData';
}

export function decodeNoData(body: Reader): NoData {
  body.end();
  return { type: 'noData' };
}

export function encodeNoData(_message: NoData, writer: Writer): void {
  writer.begin(backendTag.noData).end();
}
