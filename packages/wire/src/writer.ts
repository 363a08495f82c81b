const utf8 = new TextEncoder();

/** Builds messages one after the other in one growing buffer. `finish()` returns a copy-free view and ends its use. */
export class Writer {
  #bytes: Uint8Array;
  #view: DataView;
  #at = 0;
  #lengthAt = 0;

  constructor(capacityBytes = 256) {
    this.#bytes = new Uint8Array(capacityBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Starts a message with a type byte; `end()` fills in its length. */
  begin(tag: number): this {
    this.uint8(tag);
    return this.beginUntagged();
  }

  /** Starts a message of the startup phase, which has no type byte. */
  beginUntagged(): this {
    this.#lengthAt = this.#at;
    return this.int32(0);
  }

  end(): this {
    this.#view.setInt32(this.#lengthAt, this.#at - this.#lengthAt);
    return this;
  }

  uint8(value: number): this {
    this.#reserve(1);
    this.#view.setUint8(this.#at, value);
    this.#at += 1;
    return this;
  }

  int16(value: number): this {
    this.#reserve(2);
    this.#view.setInt16(this.#at, value);
    this.#at += 2;
    return this;
  }

  uint16(value: number): this {
    this.#reserve(2);
    this.#view.setUint16(this.#at, value);
    this.#at += 2;
    return this;
  }

  int32(value: number): this {
    this.#reserve(4);
    this.#view.setInt32(this.#at, value);
    this.#at += 4;
    return this;
  }

  uint32(value: number): this {
    this.#reserve(4);
    this.#view.setUint32(this.#at, value);
    this.#at += 4;
    return this;
  }

  /** A count of fields that follow, which the protocol keeps in an unsigned 16-bit word. */
  count(value: number): this {
    if (value > 0xffff) throw new RangeError(`${value} fields are more than a message can count`);
    return this.uint16(value);
  }

  bytes(value: Uint8Array): this {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
    return this;
  }

  /** A NUL-terminated string; the text must not hold a NUL itself. */
  cstring(value: string | Uint8Array): this {
    const bytes = typeof value === 'string' ? utf8.encode(value) : value;
    if (bytes.includes(0)) throw new RangeError('a string of the protocol cannot hold a NUL');
    return this.bytes(bytes).uint8(0);
  }

  /** A value with its length in front: -1 for null. */
  value(value: Uint8Array | null): this {
    return value === null ? this.int32(-1) : this.int32(value.length).bytes(value);
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  #reserve(length: number): void {
    const needed = this.#at + length;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
