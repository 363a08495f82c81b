import type { Reader } from '../reader.ts';
import { frontendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** A step of a SASL exchange. Holds secrets of the exchange: never log it, never record it. */
export interface SaslResponse {
  readonly type: 'saslResponse';
  readonly data: Uint8Array;
}

export function decodeSaslResponse(body: Reader): SaslResponse {
  return { type: 'saslResponse', data: body.rest() };
}

export function encodeSaslResponse(message: SaslResponse, writer: Writer): void {
  writer.begin(frontendTag.password).bytes(message.data).end();
}
