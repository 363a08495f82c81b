import { ProtocolError } from '../protocol-error.ts';
import type { Reader } from '../reader.ts';
import { frontendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** A password in the clear, or its MD5 form. A secret: never log it, never record it. */
export interface PasswordMessage {
  readonly type: 'passwordMessage';
  readonly password: Uint8Array;
}

/** Source: recv_password_packet (backend/libpq/auth.c). An empty password is refused there, before any check. */
export function decodePasswordMessage(body: Reader): PasswordMessage {
  const bytes = body.rest();
  if (bytes.indexOf(0) !== bytes.length - 1) throw new ProtocolError('invalid password packet size');
  if (bytes.length === 1) throw new ProtocolError('empty password returned by client', '28P01');
  return { type: 'passwordMessage', password: bytes.subarray(0, -1) };
}

export function encodePasswordMessage(message: PasswordMessage, writer: Writer): void {
  writer.begin(frontendTag.password).cstring(message.password).end();
}
