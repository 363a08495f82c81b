import { ProtocolError } from '../protocol-error.ts';
import type { Reader } from '../reader.ts';
import { frontendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/**
 * Makes a portal of a prepared statement and its parameters. Formats are 0 for text, 1 for binary: none means all text,
 * one counts for all. Names are in the client_encoding, empty for the unnamed ones.
 */
export interface Bind {
  readonly type: 'bind';
  readonly portal: Uint8Array;
  readonly statement: Uint8Array;
  readonly parameterFormats: readonly number[];
  readonly parameters: readonly (Uint8Array | null)[];
  readonly resultFormats: readonly number[];
}

/** Source: exec_bind_message (backend/tcop/postgres.c). A format that is neither 0 nor 1 is left to the server. */
export function decodeBind(body: Reader): Bind {
  const portal = body.cstringBytes();
  const statement = body.cstringBytes();
  const parameterFormats = body.list(readFormat);
  const parameters = body.list(readParameter);
  const formats = parameterFormats.length;
  if (formats > 1 && formats !== parameters.length) {
    throw new ProtocolError(`bind message has ${formats} parameter formats but ${parameters.length} parameters`);
  }
  const resultFormats = body.list(readFormat);
  body.end();
  return { type: 'bind', portal, statement, parameterFormats, parameters, resultFormats };
}

export function encodeBind(message: Bind, writer: Writer): void {
  writer.begin(frontendTag.bind).cstring(message.portal).cstring(message.statement);
  writer.count(message.parameterFormats.length);
  for (const format of message.parameterFormats) writer.int16(format);
  writer.count(message.parameters.length);
  for (const parameter of message.parameters) writer.value(parameter);
  writer.count(message.resultFormats.length);
  for (const format of message.resultFormats) writer.int16(format);
  writer.end();
}

function readFormat(body: Reader): number {
  return body.int16();
}

function readParameter(body: Reader): Uint8Array | null {
  return body.value();
}
