import type { Reader } from '../reader.ts';
import { backendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** Types of the parameters of a prepared statement, as OIDs. */
export interface ParameterDescription {
  readonly type: 'parameterDescription';
  readonly types: readonly number[];
}

export function decodeParameterDescription(body: Reader): ParameterDescription {
  const types = body.list((fields) => fields.uint32());
  body.end();
  return { type: 'parameterDescription', types };
}

export function encodeParameterDescription(message: ParameterDescription, writer: Writer): void {
  writer.begin(backendTag.parameterDescription).count(message.types.length);
  for (const oid of message.types) writer.uint32(oid);
  writer.end();
}
