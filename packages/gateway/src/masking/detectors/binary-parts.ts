import { concatBytes } from '../concat-bytes.ts';
import type { Replaced } from './replace-found.ts';

/** Told the type of a part and its bytes. */
type ReplacePart = (part: Uint8Array, type: number) => Replaced;

/** The bytes were not of their type. */
class Malformed extends Error {}

/** Elements of an array in binary format (array_send); null when it is none. */
export function replaceInArray(bytes: Uint8Array, replacePart: ReplacePart): Replaced {
  return orNull(() => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (bytes.length < 12) throw new Malformed();
    const dimensions = view.getInt32(0);
    const header = 12 + dimensions * 8;
    if (dimensions < 0 || dimensions > 6 || header > bytes.length) throw new Malformed();
    const type = view.getUint32(8);
    const parts = new Parts(bytes, header);
    while (parts.at < bytes.length) parts.value(type, replacePart);
    const replaced = parts.finish();
    // It may have NULLs now.
    if (replaced !== undefined) replaced[7] = 1;
    return replaced;
  });
}

/** Fields of a composite value in binary format (record_send); null when it is none. */
export function replaceInRecord(bytes: Uint8Array, replacePart: ReplacePart): Replaced {
  return orNull(() => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (bytes.length < 4) throw new Malformed();
    const parts = new Parts(bytes, 4);
    for (let left = view.getInt32(0); left > 0; left -= 1) {
      if (parts.at + 8 > bytes.length) throw new Malformed();
      const type = view.getUint32(parts.at);
      parts.at += 4;
      parts.value(type, replacePart);
    }
    if (parts.at !== bytes.length) throw new Malformed();
    return parts.finish();
  });
}

function orNull(replace: () => Replaced): Replaced {
  try {
    return replace();
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}

/** Values with their lengths in front, copied as far as they stay. */
class Parts {
  at: number;
  readonly #bytes: Uint8Array;
  readonly #parts: Uint8Array[] = [];
  #copied = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  value(type: number, replacePart: ReplacePart): void {
    const bytes = this.#bytes;
    if (this.at + 4 > bytes.length) throw new Malformed();
    const length = new DataView(bytes.buffer, bytes.byteOffset).getInt32(this.at);
    const start = this.at + 4;
    if (length < -1 || start + length > bytes.length) throw new Malformed();
    if (length >= 0) {
      const replaced = replacePart(bytes.subarray(start, start + length), type);
      if (replaced !== undefined) {
        this.#parts.push(bytes.subarray(this.#copied, this.at), lengthWord(replaced), replaced ?? new Uint8Array(0));
        this.#copied = start + length;
      }
    }
    this.at = start + Math.max(length, 0);
  }

  finish(): Uint8Array | undefined {
    return this.#parts.length === 0 ? undefined : concatBytes([...this.#parts, this.#bytes.subarray(this.#copied)]);
  }
}

function lengthWord(value: Uint8Array | null): Uint8Array {
  const word = new Uint8Array(4);
  new DataView(word.buffer).setInt32(0, value === null ? -1 : value.length);
  return word;
}
