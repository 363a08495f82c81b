import type { ByteSink } from './byte-sink.ts';
import type { ByteSource } from './byte-source.ts';
import { CodecError } from './codec-error.ts';
import { beginNested, type Codec, endNested, readNested, wire } from './field-codec.ts';

/** A field of a record: its number, which never changes its meaning, and how its value is written. */
export interface Field<Value, Presence extends 'required' | 'optional'> {
  readonly number: number;
  readonly presence: Presence;
  /** The first version of the format that has it. */
  readonly since: number;
  readonly codec: Codec<Value>;
}

/** One field for each property, required where the property is: leaving one out does not compile. */
export type Fields<Value> = {
  readonly [Name in keyof Value]-?: Record<never, never> extends Pick<Value, Name>
    ? Field<Exclude<Value[Name], undefined>, 'optional'>
    : Field<Value[Name], 'required'>;
};

export function required<Value>(number: number, codec: Codec<Value>): Field<Value, 'required'> {
  return { number, presence: 'required', since: 1, codec };
}

export function optional<Value>(number: number, codec: Codec<Value>): Field<Value, 'optional'> {
  return { number, presence: 'optional', since: 1, codec };
}

/** A field that came with a later version than its record; optional, because records without it are still read. */
export function since<Value>(version: number, field: Field<Value, 'optional'>): Field<Value, 'optional'> {
  return { ...field, since: version };
}

/** Fields in ascending order of their numbers, and by number. */
export interface Layout {
  readonly fields: readonly Place[];
  readonly byNumber: readonly (Place | undefined)[];
  readonly required: number;
}

interface Place {
  readonly name: string;
  readonly number: number;
  readonly required: boolean;
  readonly since: number;
  /** The field's number and how its value stands in the bytes: `number × 4 + wire`. */
  readonly key: number;
  // biome-ignore lint/suspicious/noExplicitAny: a table of codecs for different values; `Fields` has checked each
  readonly codec: Codec<any>;
}

export function layout<Value>(fields: Fields<Value>): Layout {
  const places = Object.entries(fields as { readonly [name: string]: Field<unknown, 'required' | 'optional'> })
    .map(([name, { number, presence, since, codec }]) => ({
      name,
      number,
      required: presence === 'required',
      since,
      key: number * 4 + codec.wire,
      codec,
    }))
    .sort((a, b) => a.number - b.number);
  const byNumber: Place[] = [];
  for (const place of places) {
    if (byNumber[place.number] !== undefined) throw new Error(`two fields have the number ${place.number}`);
    byNumber[place.number] = place;
  }
  return { fields: places, byNumber, required: places.filter((place) => place.required).length };
}

/** Writes the fields that are there, in ascending order of their numbers. */
export function writeFields(sink: ByteSink, { fields }: Layout, value: { readonly [name: string]: unknown }): void {
  for (const field of fields) {
    const content = value[field.name];
    if (content !== undefined) {
      sink.uint(field.key);
      field.codec.write(sink, content);
    } else if (field.required) {
      throw new TypeError(`"${field.name}" is missing`);
    }
  }
}

/**
 * Reads fields into `value` up to the source's end. Unknown, repeated, disordered and missing ones are errors; unknown are
 * also those of a later version than the source's.
 */
export function readFields(
  source: ByteSource,
  { byNumber, required }: Layout,
  value: { [name: string]: unknown },
): void {
  let last = -1;
  let found = 0;
  while (source.at < source.end) {
    const start = source.at;
    const key = source.uint();
    const field = byNumber[Math.floor(key / 4)];
    if (field === undefined || field.key !== key) throw new CodecError(`no field has the key ${key}`, start);
    if (field.since > source.version) {
      throw new CodecError(`version ${source.version} has no field with the key ${key}`, start);
    }
    if (field.number <= last) throw new CodecError(`field "${field.name}" out of order`, start);
    last = field.number;
    if (field.required) found += 1;
    value[field.name] = field.codec.read(source);
  }
  if (found < required) throw new CodecError('a required field is missing', source.at);
}

/** A record within a record. */
export function struct<Value extends object>(fields: Fields<Value>): Codec<Value> {
  const inner = layout(fields);
  return {
    wire: wire.nested,
    write: (sink, value) => {
      const start = beginNested(sink);
      writeFields(sink, inner, value as { readonly [name: string]: unknown });
      endNested(sink, start);
    },
    read: (source) =>
      readNested(source, () => {
        const value: { [name: string]: unknown } = {};
        readFields(source, inner, value);
        return value as Value;
      }),
  };
}
