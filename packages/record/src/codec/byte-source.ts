import { CodecError } from './codec-error.ts';
import { formatVersion } from './format-version.ts';

/** `ignoreBOM` keeps a leading U+FEFF: what is read is what was written. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const uint32Base = 0x1_0000_0000;

/**
 * Reads what a ByteSink wrote. Byte ranges it returns are views of the bytes it was given. Every way in which the bytes
 * can be wrong throws a CodecError.
 */
export class ByteSource {
  readonly bytes: Uint8Array;
  at: number;
  /** Nothing is read from here on; narrowed while something nested is read. */
  end: number;
  /** Version of the format that the bytes are in; the latest, unless it is set. */
  version: number = formatVersion;

  constructor(bytes: Uint8Array, at = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /** Only the shortest form is accepted, so that what was decoded encodes to the same bytes. */
  uint(): number {
    const start = this.at;
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 8; count += 1) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (byte === 0 && count > 0) throw new CodecError('number not in its shortest form', start);
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      scale *= 0x80;
    }
    throw new CodecError('number above 2^53-1', start);
  }

  uint32(): number {
    const at = this.#advance(4);
    const bytes = this.bytes as { readonly [index: number]: number };
    return (
      ((bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24)) >>>
      0
    );
  }

  uint64(): number {
    const start = this.at;
    const low = this.uint32();
    const value = this.uint32() * uint32Base + low;
    if (!Number.isSafeInteger(value)) throw new CodecError('number above 2^53-1', start);
    return value;
  }

  raw(length: number): Uint8Array {
    const at = this.#advance(length);
    return this.bytes.subarray(at, at + length);
  }

  sized(): Uint8Array {
    return this.raw(this.uint());
  }

  text(): string {
    const start = this.at;
    const bytes = this.sized();
    try {
      return utf8.decode(bytes);
    } catch {
      throw new CodecError('ill-formed UTF-8', start);
    }
  }

  #byte(): number {
    return this.bytes[this.#advance(1)] as number;
  }

  #advance(length: number): number {
    const at = this.at;
    if (at + length > this.end) throw new CodecError(`${length} bytes expected, ${this.end - at} left`, at);
    this.at = at + length;
    return at;
  }
}
