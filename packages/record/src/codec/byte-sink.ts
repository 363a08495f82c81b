const utf8 = new TextEncoder();
const uint32Base = 0x1_0000_0000;

/**
 * Grows while entries are encoded into it, one after the other; nothing is copied until somebody takes the bytes. Numbers
 * are little-endian. `at` is where the next byte goes: set it back to give up what was written behind it.
 */
export class ByteSink {
  /** Behind `at` the content is undefined. Replaced when it grows: don't keep it across a write. */
  bytes: Uint8Array;
  at = 0;

  constructor(capacityBytes: number) {
    this.bytes = new Uint8Array(capacityBytes);
  }

  /** What was written since `from`, as a view that is good until the next write. */
  view(from = 0): Uint8Array {
    return this.bytes.subarray(from, this.at);
  }

  /** Makes room for `length` more bytes. */
  reserve(length: number): void {
    const needed = this.at + length;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.at));
    this.bytes = grown;
  }

  /** A whole number from 0 to 2^53-1: seven bits a byte, the lowest first, in as few bytes as it takes (LEB128). */
  uint(value: number): void {
    if (value < 0 || !Number.isSafeInteger(value)) throw new RangeError(`not a whole number from 0: ${value}`);
    this.reserve(8);
    let rest = value;
    let at = this.at;
    while (rest >= 0x8000_0000) {
      this.bytes[at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    while (rest >= 0x80) {
      this.bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[at++] = rest;
    this.at = at;
  }

  /** Four bytes. */
  uint32(value: number): void {
    this.reserve(4);
    this.at += 4;
    this.setUint32(this.at - 4, value);
  }

  /** Eight bytes, for a whole number up to 2^53-1. */
  uint64(value: number): void {
    this.uint32(value % uint32Base);
    this.uint32(Math.floor(value / uint32Base));
  }

  /** Fills in four bytes that were written before. */
  setUint32(at: number, value: number): void {
    const bytes = this.bytes;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
  }

  raw(value: Uint8Array): void {
    this.reserve(value.length);
    this.bytes.set(value, this.at);
    this.at += value.length;
  }

  /** Bytes with their length in front. */
  sized(value: Uint8Array): void {
    this.uint(value.length);
    this.raw(value);
  }

  /** UTF-8 with its length in bytes in front; an unpaired surrogate becomes U+FFFD. */
  text(value: string): void {
    const start = this.at;
    const length = value.length;
    this.uint(length);
    this.reserve(length);
    const bytes = this.bytes;
    let at = this.at;
    for (let index = 0; index < length; index += 1) {
      const unit = value.charCodeAt(index);
      if (unit > 0x7f) {
        this.at = start;
        return this.sized(utf8.encode(value));
      }
      bytes[at++] = unit;
    }
    this.at = at;
  }
}
