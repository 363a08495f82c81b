import { Reader, Writer } from '@onrecord/wire';
import { boundValues } from './parameter-texts.ts';

/** Built-in types whose binary form is their text: text, varchar, bpchar, name, json, xml, unknown. */
const textTypes: ReadonlySet<number> = new Set([25, 1043, 1042, 19, 114, 142, 705]);

/**
 * Parameters of a Bind (its body behind the two names) as they are recorded where detectors look through the record: what
 * they find in texts is replaced. Where nobody has said the type, every value is taken for a text. The same bytes when they
 * find nothing; undefined when the body cannot be read, and so cannot be looked through.
 */
export function redactedParameters(
  body: Uint8Array,
  types: readonly number[] | undefined,
  redact: (text: Uint8Array) => Uint8Array,
): Uint8Array | undefined {
  try {
    return rewritten(body, types, redact);
  } catch {
    // Postgres will not take it either.
    return undefined;
  }
}

function rewritten(
  body: Uint8Array,
  types: readonly number[] | undefined,
  redact: (text: Uint8Array) => Uint8Array,
): Uint8Array {
  const values = boundValues(body, types);
  const kept = values.map(({ value, format, type }) =>
    value === null || (format !== 0 && type !== 0 && !textTypes.has(type)) ? value : redact(value),
  );
  if (kept.every((value, at) => value === values[at]?.value)) return body;
  const reader = new Reader(body);
  const formats = reader.list((field) => field.int16());
  reader.list((field) => field.value());
  const writer = new Writer(body.length);
  writer.count(formats.length);
  for (const format of formats) writer.int16(format);
  writer.count(kept.length);
  for (const value of kept) writer.value(value);
  return writer.bytes(reader.rest()).finish();
}
