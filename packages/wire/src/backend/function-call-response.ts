import type { Reader } from '../reader.ts';
import { backendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** The result of a FunctionCall, in the format that it asked for. */
export interface FunctionCallResponse {
  readonly type: 'functionCallResponse';
  readonly value: Uint8Array | null;
}

export function decodeFunctionCallResponse(body: Reader): FunctionCallResponse {
  const value = body.value();
  body.end();
  return { type: 'functionCallResponse', value };
}

export function encodeFunctionCallResponse(message: FunctionCallResponse, writer: Writer): void {
  writer.begin(backendTag.functionCallResponse).value(message.value).end();
}
