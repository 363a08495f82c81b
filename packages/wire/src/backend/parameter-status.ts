import type { Reader } from '../reader.ts';
import { backendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** The value of a setting that clients must know. May come at any time. */
export interface ParameterStatus {
  readonly type: 'parameterStatus';
  readonly name: string;
  /** In the client_encoding: search_path and session_authorization hold names. */
  readonly value: Uint8Array;
}

export function decodeParameterStatus(body: Reader): ParameterStatus {
  const name = body.cstring();
  const value = body.cstringBytes();
  body.end();
  return { type: 'parameterStatus', name, value };
}

export function encodeParameterStatus(message: ParameterStatus, writer: Writer): void {
  writer.begin(backendTag.parameterStatus).cstring(message.name).cstring(message.value).end();
}
