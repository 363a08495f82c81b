import { MalformedValue, ValueReader } from './value-reader.ts';

const dataRow = 0x44;
const copyData = 0x64;

/** The values of each DataRow; null is NULL. `messages` are whole messages, one behind the other, headers included. */
export function decodeRows(messages: Uint8Array): (readonly (Uint8Array | null)[])[] {
  return bodies(messages, dataRow, (reader) => {
    const count = reader.uint16();
    if (count * 4 > reader.remaining) throw new MalformedValue();
    const values = Array.from({ length: count }, () => reader.value());
    reader.end();
    return values;
  });
}

/** The data of each CopyData; `messages` are whole messages, one behind the other, headers included. */
export function decodeCopyData(messages: Uint8Array): Uint8Array[] {
  return bodies(messages, copyData, (reader) => reader.rest());
}

/** What `read` makes of each body, up to the first message that is cut short, of another tag or not well-formed. */
function bodies<T>(messages: Uint8Array, tag: number, read: (body: ValueReader) => T): T[] {
  const found: T[] = [];
  const reader = new ValueReader(messages);
  try {
    while (reader.remaining > 0 && reader.uint8() === tag)
      found.push(read(new ValueReader(reader.take(reader.int32() - 4))));
  } catch (error) {
    if (!(error instanceof MalformedValue)) throw error;
  }
  return found;
}
