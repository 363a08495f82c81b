import { limits } from '../limits.ts';
import { ProtocolError } from '../protocol-error.ts';
import { requestCode } from '../protocol-version.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';

/** Asks for what a session is doing to be given up, on a connection of its own. Never answered. The key is a secret. */
export interface CancelRequest {
  readonly type: 'cancelRequest';
  readonly pid: number;
  readonly key: Uint8Array;
}

/** Source: ProcessCancelRequestPacket (backend/tcop/backend_startup.c). */
export function decodeCancelRequest(body: Reader): CancelRequest {
  if (body.remaining < 4) throw new ProtocolError('invalid length of cancel request packet');
  const pid = body.int32();
  const key = body.rest();
  if (key.length === 0 || key.length > limits.cancelKeyBytes) {
    throw new ProtocolError('invalid length of cancel key in cancel request packet');
  }
  return { type: 'cancelRequest', pid, key };
}

export function encodeCancelRequest(message: CancelRequest, writer: Writer): void {
  writer.beginUntagged().int32(requestCode.cancel).int32(message.pid).bytes(message.key).end();
}
