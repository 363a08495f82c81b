import { Reader } from '@onrecord/wire';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** One parameter of a Bind: a view of its bytes, null for NULL. */
export interface BoundValue {
  readonly value: Uint8Array | null;
  /** 0 text, 1 binary. */
  readonly format: number;
  /** OID, 0 where nobody has said it. */
  readonly type: number;
}

/** Reads the parameters of a Bind. `body`: behind its two names. Throws a ProtocolError when it is malformed. */
export function boundValues(body: Uint8Array | undefined, types: readonly number[] | undefined): readonly BoundValue[] {
  if (body === undefined) return [];
  const reader = new Reader(body);
  const formats = reader.list((field) => field.int16());
  const values = reader.list((field) => field.value());
  return values.map((value, at) => ({
    value,
    format: (formats.length === 1 ? formats[0] : formats[at]) ?? 0,
    type: types?.[at] ?? 0,
  }));
}

/**
 * Parameters as text, for rules and people: those in text format, and binary ones of types whose binary form is short and
 * plain. NULL is null; undefined where there is no text.
 */
export function parameterTexts(values: readonly BoundValue[]): readonly (string | null | undefined)[] {
  return values.map(({ value, format, type }) => {
    if (value === null) return null;
    return format === 0 ? decoded(value) : binaryText(value, type);
  });
}

const oid = { bool: 16, int8: 20, int2: 21, int4: 23, text: 25, varchar: 1043, bpchar: 1042 } as const;

function binaryText(value: Uint8Array, type: number): string | undefined {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  if (type === oid.int2 && value.length === 2) return String(view.getInt16(0));
  if (type === oid.int4 && value.length === 4) return String(view.getInt32(0));
  if (type === oid.int8 && value.length === 8) return String(view.getBigInt64(0));
  if (type === oid.bool && value.length === 1) return value[0] === 0 ? 'false' : 'true';
  if (type === oid.text || type === oid.varchar || type === oid.bpchar) return decoded(value);
  return undefined;
}

function decoded(value: Uint8Array): string | undefined {
  try {
    return utf8.decode(value);
  } catch {
    return undefined;
  }
}
