import { limits } from '../limits.ts';
import { ProtocolError } from '../protocol-error.ts';
import type { Reader } from '../reader.ts';
import { backendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** What a CancelRequest must quote. The key is a secret: 4 bytes in protocol 3.0, 4 to 256 in 3.2. */
export interface BackendKeyData {
  readonly type: 'backendKeyData';
  readonly pid: number;
  readonly key: Uint8Array;
}

const minKeyBytes = 4;

export function decodeBackendKeyData(body: Reader): BackendKeyData {
  const pid = body.int32();
  const key = body.rest();
  if (key.length < minKeyBytes || key.length > limits.cancelKeyBytes) {
    throw new ProtocolError(`invalid length ${key.length} of cancel key`);
  }
  return { type: 'backendKeyData', pid, key };
}

export function encodeBackendKeyData(message: BackendKeyData, writer: Writer): void {
  writer.begin(backendTag.backendKeyData).int32(message.pid).bytes(message.key).end();
}
