import type { Reader } from '../reader.ts';
import { frontendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** Chooses a SASL mechanism and begins it. Holds secrets of the exchange: never log it, never record it. */
export interface SaslInitialResponse {
  readonly type: 'saslInitialResponse';
  readonly mechanism: string;
  /** Null when the client lets the server speak first. */
  readonly data: Uint8Array | null;
}

/** Source: CheckSASLAuth (backend/libpq/auth-sasl.c). */
export function decodeSaslInitialResponse(body: Reader): SaslInitialResponse {
  const mechanism = body.cstring();
  const data = body.value();
  body.end();
  return { type: 'saslInitialResponse', mechanism, data };
}

export function encodeSaslInitialResponse(message: SaslInitialResponse, writer: Writer): void {
  writer.begin(frontendTag.password).cstring(message.mechanism).value(message.data).end();
}
