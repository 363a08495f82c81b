import { formatFloat4 } from './float.ts';
import type { DecodeText } from './text-decoding.ts';
import { MalformedValue, type ValueReader } from './value-reader.ts';

/** How values of types that widespread extensions add are read, by the name of the type. */
export const extensionTypes: ReadonlyMap<string, (reader: ValueReader, decodeText: DecodeText) => string> = new Map([
  ['citext', (reader, decodeText) => decodeText(reader.rest())],
  ['hstore', formatHstore],
  ['ltree', versioned],
  ['lquery', versioned],
  ['ltxtquery', versioned],
  ['vector', formatVectorValue],
]);

/** Text behind a version, which is 1. */
export function versioned(reader: ValueReader, decodeText: DecodeText): string {
  if (reader.uint8() !== 1) throw new MalformedValue();
  return decodeText(reader.rest());
}

/** hstore_out: `"a"=>"1", "b"=>NULL` */
function formatHstore(reader: ValueReader, decodeText: DecodeText): string {
  const quoted = (bytes: Uint8Array): string => `"${decodeText(bytes).replace(/["\\]/g, '\\$&')}"`;
  return Array.from({ length: reader.count(8) }, () => {
    const key = reader.value();
    const value = reader.value();
    if (key === null) throw new MalformedValue();
    return `${quoted(key)}=>${value === null ? 'NULL' : quoted(value)}`;
  }).join(', ');
}

/** pgvector's vector_out: `[1,2.5]` */
function formatVectorValue(reader: ValueReader): string {
  const count = reader.uint16();
  reader.uint16();
  if (count * 4 !== reader.remaining) throw new MalformedValue();
  return `[${Array.from({ length: count }, () => formatFloat4(reader.float32())).join(',')}]`;
}
