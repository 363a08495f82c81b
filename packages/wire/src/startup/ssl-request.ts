import { requestCode } from '../protocol-version.ts';
import type { Writer } from '../writer.ts';

/** Asks for TLS. The answer is one byte without a frame: `S`, or `N`. */
export interface SslRequest {
  readonly type: 'sslRequest';
}

export function encodeSslRequest(_message: SslRequest, writer: Writer): void {
  writer.beginUntagged().int32(requestCode.ssl).end();
}
