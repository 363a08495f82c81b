import { bigEndianInt32 } from './big-endian.ts';
import { ImpossibleLength, ProtocolError } from './protocol-error.ts';

/** How a Framer treats the messages of one direction. Both answers must depend on nothing but their arguments. */
export interface FramerOptions {
  /** Whether a message that has not arrived whole may be passed on in pieces; all others are held until whole. */
  readonly streams: (tag: number, length: number) => boolean;
  /**
   * The largest message that may be held, in bytes with its tag; throws a ProtocolError for an unknown tag. Asked once
   * for each tag. A larger one is refused as soon as its header is there, however it arrives, unless it `streams`.
   */
  readonly maxHeldBytes: (tag: number) => number;
}

const headerBytes = 5;
const nothing = new Uint8Array(0);
const unasked = -1;

/**
 * Cuts a byte stream into messages without copying it. Opens no socket, allocates nothing for a message that arrived
 * whole. After `push`, call `next` until it returns false; while it returns true, `tag`, `length`, `bytes`, `start`,
 * `end`, `first` and `last` describe the current piece: `bytes.subarray(start, end)`.
 *
 * A message that is whole in the pushed chunk is one piece of that chunk. One that spans chunks is either streamed
 * (pieces of the chunks themselves, with `first` and `last` telling where they belong) or held: copied into a buffer
 * that grows with what has arrived, never with what the header claims. How the stream was cut into chunks decides
 * nothing but where pieces begin and end. Pieces are views: whoever keeps one keeps its chunk. The Framer itself keeps
 * none once `next` has returned false.
 *
 * After a ProtocolError the stream cannot be cut any further.
 * Source: Postgres manual, "Message Flow"; lengths as in pq_getmessage (backend/libpq/pqcomm.c).
 */
export class Framer {
  readonly #options: FramerOptions;
  /** What is being cut: the pushed chunk, or a message that was held. */
  bytes: Uint8Array = nothing;
  tag = 0;
  /** Bytes of the whole message, type byte and length word included. */
  length = 0;
  start = 0;
  end = 0;
  first = true;
  last = true;

  /** `maxHeldBytes` of each tag, once it was asked. */
  readonly #max: Float64Array = new Float64Array(256).fill(unasked);
  #chunk: Uint8Array = nothing;
  #at = 0;
  /** Bytes still to come of the message that is being streamed. */
  #streaming = 0;
  /** The beginning of a message: `#heldBytes` of it are there. */
  #held: Uint8Array = nothing;
  #heldBytes = 0;
  /** Length of the held message once its header is known, else 0. */
  #heldLength = 0;

  constructor(options: FramerOptions) {
    this.#options = options;
  }

  /** Bytes held because their message is incomplete. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** True between messages: nothing held, nothing half streamed, everything pushed was taken. */
  get idle(): boolean {
    return this.#heldBytes === 0 && this.#streaming === 0 && this.#at === this.#chunk.length;
  }

  /** Adds the next bytes. When messages of the previous ones were not taken yet, both are copied together. */
  push(chunk: Uint8Array): void {
    const bytes = this.#at === this.#chunk.length ? chunk : joined(this.#chunk.subarray(this.#at), chunk);
    this.#chunk = bytes;
    this.#at = 0;
  }

  /** Moves to the next piece; false when more bytes are needed. Throws ProtocolError on an impossible header. */
  next(): boolean {
    if (this.#streaming > 0) return this.#nextOfStream();
    if (this.#heldBytes > 0) return this.#nextOfHeld();
    const chunk = this.#chunk;
    const at = this.#at;
    const available = chunk.length - at;
    if (available < headerBytes) return this.#hold(available);
    const tag = chunk[at] as number;
    const length = bigEndianInt32(chunk, at + 1) + 1;
    // The limit is over 5 for a tag that was asked and -1 for one that was not, so this is the only test on the way.
    if (length > (this.#max[tag] as number) || length < headerBytes) this.#check(tag, length);
    if (length > available) return this.#incomplete(tag, length);
    this.bytes = chunk;
    this.tag = tag;
    this.length = length;
    this.start = at;
    this.end = this.#at = at + length;
    this.first = this.last = true;
    return true;
  }

  /**
   * Takes back what has been pushed and not yet presented as a piece, for a peer that changes its language: the
   * beginning of a held message, and what stands behind the last piece.
   */
  takeRest(): Uint8Array {
    if (this.#heldBytes > 0) this.#keep(this.#chunk.length - this.#at);
    const rest = this.#heldBytes > 0 ? this.#held.subarray(0, this.#heldBytes) : this.#chunk.subarray(this.#at);
    this.#held = nothing;
    this.#heldBytes = this.#heldLength = 0;
    this.#release();
    return rest;
  }

  /** The chunk holds only the beginning of a message. */
  #incomplete(tag: number, length: number): boolean {
    const available = this.#chunk.length - this.#at;
    if (!this.#options.streams(tag, length)) {
      this.tag = tag;
      this.#heldLength = length;
      return this.#hold(available);
    }
    this.tag = tag;
    this.length = length;
    this.bytes = this.#chunk;
    this.start = this.#at;
    this.end = this.#at = this.#chunk.length;
    this.first = true;
    this.last = false;
    this.#streaming = length - available;
    return true;
  }

  #nextOfStream(): boolean {
    const available = this.#chunk.length - this.#at;
    if (available === 0) return this.#release();
    const taken = Math.min(available, this.#streaming);
    this.bytes = this.#chunk;
    this.start = this.#at;
    this.end = this.#at += taken;
    this.#streaming -= taken;
    this.first = false;
    this.last = this.#streaming === 0;
    return true;
  }

  #nextOfHeld(): boolean {
    if (this.#heldLength === 0) {
      if (!this.#completeHeader()) return this.#release();
      // Only now can it turn out to be one that streams; its header is then its first piece.
      if (this.#heldLength > headerBytes && this.#options.streams(this.tag, this.#heldLength)) {
        this.#streaming = this.#heldLength - headerBytes;
        this.#take();
        this.last = false;
        return true;
      }
    }
    const missing = this.#heldLength - this.#heldBytes;
    const available = this.#chunk.length - this.#at;
    if (available < missing) return this.#hold(available);
    this.#keep(missing);
    this.#take();
    return true;
  }

  /** Presents what is held as one piece. */
  #take(): void {
    this.bytes = this.#held;
    this.length = this.#heldLength;
    this.start = 0;
    this.end = this.#heldBytes;
    this.first = this.last = true;
    this.#held = nothing;
    this.#heldBytes = this.#heldLength = 0;
  }

  /** Fills the held bytes up to a whole header. */
  #completeHeader(): boolean {
    this.#keep(Math.min(headerBytes - this.#heldBytes, this.#chunk.length - this.#at));
    if (this.#heldBytes < headerBytes) return false;
    const header = this.#held;
    const tag = header[0] as number;
    const length = bigEndianInt32(header, 1) + 1;
    this.#check(tag, length);
    this.tag = tag;
    this.#heldLength = length;
    return true;
  }

  #check(tag: number, length: number): void {
    let max = this.#max[tag] as number;
    if (max === unasked) this.#max[tag] = max = this.#options.maxHeldBytes(tag);
    if (length < headerBytes) throw new ImpossibleLength();
    if (length > max && !this.#options.streams(tag, length)) {
      throw new ProtocolError(`a message of ${length} bytes is over the limit of ${max} bytes`, '54000');
    }
  }

  #hold(bytes: number): false {
    this.#keep(bytes);
    return this.#release();
  }

  /** Copied: a view would keep the whole chunk alive for as long as the message is incomplete. */
  #keep(bytes: number): void {
    const needed = this.#heldBytes + bytes;
    if (needed > this.#held.length) {
      // Doubled, so that a message that comes in byte by byte is not copied for each of them; never beyond its length.
      const doubled = Math.min(this.#held.length * 2, this.#heldLength);
      const grown = new Uint8Array(Math.max(needed, doubled));
      grown.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = grown;
    }
    this.#held.set(this.#chunk.subarray(this.#at, this.#at + bytes), this.#heldBytes);
    this.#heldBytes = needed;
    this.#at += bytes;
  }

  /** Lets go of a chunk that is used up: an idle session would keep its last one alive. */
  #release(): false {
    this.#chunk = this.bytes = nothing;
    this.#at = 0;
    return false;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
