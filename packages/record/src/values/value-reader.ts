/** Bytes are not what their type says. Caught by `formatValue`; never reaches a caller. */
export class MalformedValue extends Error {
  constructor(message = 'malformed value') {
    super(message);
    this.name = 'MalformedValue';
  }
}

/**
 * Reads the fields of one binary value or message body, in network order. Owns nothing: byte ranges are views of the
 * bytes it was given. Reading past the end throws MalformedValue.
 */
export class ValueReader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.bytes.length - this.#at;
  }

  uint8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  int16(): number {
    return this.#view.getInt16(this.#take(2));
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4));
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  int64(): bigint {
    return this.#view.getBigInt64(this.#take(8));
  }

  uint64(): bigint {
    return this.#view.getBigUint64(this.#take(8));
  }

  float32(): number {
    return this.#view.getFloat32(this.#take(4));
  }

  float64(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  take(length: number): Uint8Array {
    const at = this.#take(length);
    return this.bytes.subarray(at, at + length);
  }

  rest(): Uint8Array {
    return this.take(this.remaining);
  }

  /** The bytes in front of the next NUL. */
  cstring(): Uint8Array {
    const nul = this.bytes.indexOf(0, this.#at);
    if (nul === -1) throw new MalformedValue();
    const text = this.take(nul - this.#at);
    this.#at += 1;
    return text;
  }

  /** A value with its length in front: null for -1. */
  value(): Uint8Array | null {
    const length = this.int32();
    return length === -1 ? null : this.take(length);
  }

  /** A count of things that take at least `least` bytes each. */
  count(least: number): number {
    const count = this.int32();
    if (count < 0 || count * least > this.remaining) throw new MalformedValue();
    return count;
  }

  /** Throws when something is left. */
  end(): void {
    if (this.remaining !== 0) throw new MalformedValue();
  }

  #take(length: number): number {
    const at = this.#at;
    if (length < 0 || at + length > this.bytes.length) throw new MalformedValue();
    this.#at = at + length;
    return at;
  }
}
