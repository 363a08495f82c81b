import { ProtocolError } from '../protocol-error.ts';
import type { Reader } from '../reader.ts';
import { backendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** The server speaks an older minor version than was asked for, or does not know some `_pq_.` options. */
export interface NegotiateProtocolVersion {
  readonly type: 'negotiateProtocolVersion';
  /** The newest that the server speaks, whole as in StartupMessage: 196608 is 3.0 (SendNegotiateProtocolVersion). */
  readonly version: number;
  readonly unrecognized: readonly string[];
}

export function decodeNegotiateProtocolVersion(body: Reader): NegotiateProtocolVersion {
  const version = body.int32();
  const count = body.int32();
  if (count < 0) throw new ProtocolError(`invalid number ${count} of protocol options`);
  const unrecognized: string[] = [];
  while (unrecognized.length < count) unrecognized.push(body.cstring());
  body.end();
  return { type: 'negotiateProtocolVersion', version, unrecognized };
}

export function encodeNegotiateProtocolVersion(message: NegotiateProtocolVersion, writer: Writer): void {
  writer.begin(backendTag.negotiateProtocolVersion).int32(message.version).int32(message.unrecognized.length);
  for (const name of message.unrecognized) writer.cstring(name);
  writer.end();
}
