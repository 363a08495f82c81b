import type { Statement } from '../entry.ts';
import { MalformedValue, ValueReader } from './value-reader.ts';

/** A value as it was sent: see `formatValue`. */
export interface RawValue {
  readonly bytes: Uint8Array | null;
  readonly format: number;
  /** OID of its type; 0 when nobody said. */
  readonly type: number;
}

/** What the `parameters` of a Statement hold. */
export interface DecodedParameters {
  readonly parameters: readonly RawValue[];
  /** Formats asked for the result: none means text, one is for every column. */
  readonly resultFormats: readonly number[];
  /** OID of the function of a `call`. */
  readonly calledFunction: number | undefined;
}

/**
 * Reads the recorded body of a Bind (behind its two names) or, for a `call`, of a FunctionCall. Types are what the server
 * told (`types`, from ParameterDescription), else what Parse named. Undefined when there are no parameters recorded, or
 * they are not well-formed: the server has refused them then.
 */
export function decodeParameters(
  statement: Pick<Statement, 'kind' | 'parameters' | 'parameterTypes'>,
  types: readonly number[] = [],
): DecodedParameters | undefined {
  const { kind, parameters, parameterTypes = [] } = statement;
  if (parameters === undefined) return undefined;
  try {
    const typeOf = (at: number): number => types[at] || parameterTypes[at] || 0;
    return read(new ValueReader(parameters), { isCall: kind === 'call', typeOf });
  } catch (error) {
    if (error instanceof MalformedValue) return undefined;
    throw error;
  }
}

/** The part of a whole Bind body that stands behind its two names; undefined when it has none. */
export function parametersOfBind(body: Uint8Array): Uint8Array | undefined {
  const portal = body.indexOf(0);
  const statement = portal === -1 ? -1 : body.indexOf(0, portal + 1);
  return statement === -1 ? undefined : body.subarray(statement + 1);
}

function read(
  reader: ValueReader,
  { isCall, typeOf }: { readonly isCall: boolean; readonly typeOf: (at: number) => number },
): DecodedParameters {
  const calledFunction = isCall ? reader.uint32() : undefined;
  const formats = formatList(reader);
  const count = reader.uint16();
  if (count * 4 > reader.remaining) throw new MalformedValue();
  const parameters = Array.from({ length: count }, (_, at) => ({
    bytes: reader.value(),
    format: formatAt(formats, at),
    type: typeOf(at),
  }));
  const resultFormats = isCall ? [reader.uint16()] : formatList(reader);
  reader.end();
  return { parameters, resultFormats, calledFunction };
}

function formatList(reader: ValueReader): number[] {
  const count = reader.uint16();
  if (count * 2 > reader.remaining) throw new MalformedValue();
  return Array.from({ length: count }, () => reader.uint16());
}

/** No format means text, one is for all. */
function formatAt(formats: readonly number[], at: number): number {
  return (formats.length === 1 ? formats[0] : formats[at]) ?? 0;
}
