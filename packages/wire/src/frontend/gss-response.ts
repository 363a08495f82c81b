import type { Reader } from '../reader.ts';
import { frontendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** A step of a GSSAPI or SSPI exchange. Holds secrets of the exchange: never log it, never record it. */
export interface GssResponse {
  readonly type: 'gssResponse';
  readonly data: Uint8Array;
}

export function decodeGssResponse(body: Reader): GssResponse {
  return { type: 'gssResponse', data: body.rest() };
}

export function encodeGssResponse(message: GssResponse, writer: Writer): void {
  writer.begin(frontendTag.password).bytes(message.data).end();
}
