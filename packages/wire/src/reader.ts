import { bigEndianInt32 } from './big-endian.ts';
import { ProtocolError } from './protocol-error.ts';

const utf8 = new TextDecoder('utf-8');

/**
 * Reads the fields of one message body, in order. Owns nothing: every byte range it returns is a view of the bytes it
 * was given. Reading past the end throws a ProtocolError, as does `end()` when bytes are left (pq_getmsgend).
 */
export class Reader {
  readonly bytes: Uint8Array;
  #at: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Offset of the next field within `bytes`. */
  get offset(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  uint8(): number {
    return this.bytes[this.#take(1)] as number;
  }

  int16(): number {
    return (this.uint16() << 16) >> 16;
  }

  /** Counts in Bind and FunctionCall are unsigned: 65,535 parameters are legal (exec_bind_message). */
  uint16(): number {
    const at = this.#take(2);
    return ((this.bytes[at] as number) << 8) | (this.bytes[at + 1] as number);
  }

  int32(): number {
    return bigEndianInt32(this.bytes, this.#take(4));
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  /** A view of the next `length` bytes. */
  take(length: number): Uint8Array {
    const at = this.#take(length);
    return this.bytes.subarray(at, at + length);
  }

  skip(length: number): void {
    this.#take(length);
  }

  /** Everything up to the end, as a view. */
  rest(): Uint8Array {
    return this.take(this.remaining);
  }

  /** The bytes of a NUL-terminated string, without the NUL, as a view. */
  cstringBytes(): Uint8Array {
    const nul = this.bytes.indexOf(0, this.#at);
    if (nul === -1 || nul >= this.#end) throw new ProtocolError('invalid string in message');
    const start = this.#at;
    this.#at = nul + 1;
    return this.bytes.subarray(start, nul);
  }

  /** Whether a string could be read. */
  hasNul(): boolean {
    const nul = this.bytes.indexOf(0, this.#at);
    return nul !== -1 && nul < this.#end;
  }

  skipCstring(): void {
    const nul = this.bytes.indexOf(0, this.#at);
    if (nul === -1 || nul >= this.#end) throw new ProtocolError('invalid string in message');
    this.#at = nul + 1;
  }

  /** A NUL-terminated string read as UTF-8; ill-formed bytes become U+FFFD. */
  cstring(): string {
    return utf8.decode(this.cstringBytes());
  }

  /** A value with its length in front: null for -1. */
  value(): Uint8Array | null {
    const length = this.int32();
    if (length === -1) return null;
    return this.take(length);
  }

  /**
   * Fields with their unsigned 16-bit count in front. Grows with what is there, not with what the count claims: a field
   * that is missing ends it.
   */
  list<T>(field: (body: Reader) => T): T[] {
    const fields: T[] = [];
    for (let left = this.uint16(); left > 0; left -= 1) fields.push(field(this));
    return fields;
  }

  /** Throws when the message is longer than its fields. */
  end(): void {
    if (this.#at !== this.#end) throw new ProtocolError('invalid message format');
  }

  #take(length: number): number {
    const at = this.#at;
    // A negative length is one that the peer wrote; pq_getmsgbytes answers it in the same words.
    if (length < 0 || at + length > this.#end) throw new ProtocolError('insufficient data left in message');
    this.#at = at + length;
    return at;
  }
}
