import { ProtocolError } from '../protocol-error.ts';
import type { Reader } from '../reader.ts';
import { frontendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** Calls a function by its OID, around SQL. Formats as in Bind. */
export interface FunctionCall {
  readonly type: 'functionCall';
  readonly functionOid: number;
  readonly argumentFormats: readonly number[];
  readonly arguments: readonly (Uint8Array | null)[];
  readonly resultFormat: number;
}

/** Source: HandleFunctionRequest and parse_fcall_arguments (backend/tcop/fastpath.c). */
export function decodeFunctionCall(body: Reader): FunctionCall {
  const functionOid = body.uint32();
  const argumentFormats = body.list((fields) => fields.int16());
  const values = body.list(readArgument);
  const formats = argumentFormats.length;
  if (formats > 1 && formats !== values.length) {
    throw new ProtocolError(
      `function call message contains ${formats} argument formats but ${values.length} arguments`,
    );
  }
  const resultFormat = body.int16();
  body.end();
  return { type: 'functionCall', functionOid, argumentFormats, arguments: values, resultFormat };
}

export function encodeFunctionCall(message: FunctionCall, writer: Writer): void {
  writer.begin(frontendTag.functionCall).uint32(message.functionOid).count(message.argumentFormats.length);
  for (const format of message.argumentFormats) writer.int16(format);
  writer.count(message.arguments.length);
  for (const value of message.arguments) writer.value(value);
  writer.int16(message.resultFormat).end();
}

function readArgument(body: Reader): Uint8Array | null {
  const length = body.int32();
  if (length === -1) return null;
  if (length < 0) throw new ProtocolError(`invalid argument size ${length} in function call message`);
  return body.take(length);
}
