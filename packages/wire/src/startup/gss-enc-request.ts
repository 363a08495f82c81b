import { requestCode } from '../protocol-version.ts';
import type { Writer } from '../writer.ts';

/** Asks for GSSAPI encryption. The answer is one byte without a frame: `G`, or `N`. */
export interface GssEncRequest {
  readonly type: 'gssEncRequest';
}

export function encodeGssEncRequest(_message: GssEncRequest, writer: Writer): void {
  writer.beginUntagged().int32(requestCode.gssEncryption).end();
}
