import { ProtocolError } from './protocol-error.ts';

/** How a Framer treats the messages of one direction. */
export interface FramerOptions {
  /** Whether a message that has not arrived whole may be passed on in pieces; all others are held until whole. */
  readonly streams: (tag: number, length: number) => boolean;
  /** The largest message that may be held, in bytes with its tag; throws a ProtocolError for an unknown tag. */
  readonly maxHeldBytes: (tag: number) => number;
}

const headerBytes = 5;

/**
 * Cuts a byte stream into messages without copying it. Opens no socket, allocates nothing for a message that arrived
 * whole. After `push`, call `next` until it returns false; while it returns true, `tag`, `length`, `bytes`, `start`,
 * `end`, `first` and `last` describe the current piece: `bytes.subarray(start, end)`.
 *
 * A message that is whole in the pushed chunk is one piece of that chunk. One that spans chunks is either streamed
 * (pieces of the chunks themselves, with `first` and `last` telling where they belong) or held and joined once.
 *
 * The Framer keeps views of pushed chunks; they must not be reused by the caller while a message is incomplete.
 * Source: Postgres manual, "Message Flow"; lengths as in pq_getmessage (backend/libpq/pqcomm.c).
 */
export class Framer {
  readonly #options: FramerOptions;
  /** What is being cut: the pushed chunk, or a joined message followed by nothing. */
  bytes: Uint8Array = new Uint8Array(0);
  tag = 0;
  /** Bytes of the whole message, type byte and length word included. */
  length = 0;
  start = 0;
  end = 0;
  first = true;
  last = true;

  #chunk: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #at = 0;
  /** Bytes still to come of the message that is being streamed. */
  #streaming = 0;
  /** Pieces of the message that is being held, and what they add up to. */
  #held: Uint8Array[] = [];
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

  /** Adds the next bytes. Every message of the previous ones must have been taken. */
  push(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
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
    const length = this.#view.getInt32(at + 1) + 1;
    if (length > available || length < headerBytes) return this.#incomplete(tag, length);
    this.bytes = chunk;
    this.tag = tag;
    this.length = length;
    this.start = at;
    this.end = this.#at = at + length;
    this.first = this.last = true;
    return true;
  }

  /** Takes back what has been pushed and not yet cut, for a peer that changes its language (TLS, replication). */
  takeRest(): Uint8Array {
    const rest = this.#chunk.subarray(this.#at);
    this.#at = this.#chunk.length;
    return rest;
  }

  /** The chunk holds only the beginning of a message. */
  #incomplete(tag: number, length: number): boolean {
    this.#check(tag, length);
    const available = this.#chunk.length - this.#at;
    if (!this.#options.streams(tag, length)) return this.#hold(available);
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
    if (available === 0) return false;
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
    if (this.#heldLength === 0 && !this.#completeHeader()) return false;
    const missing = this.#heldLength - this.#heldBytes;
    const available = this.#chunk.length - this.#at;
    if (available < missing) {
      // A held message may turn out to be a streamed one as soon as its header is whole.
      if (this.#heldBytes === headerBytes && this.#options.streams(this.tag, this.#heldLength)) {
        this.#take();
        this.last = false;
        this.#streaming = missing;
        return true;
      }
      return this.#hold(available);
    }
    this.#keep(missing);
    this.#take();
    return true;
  }

  /** Presents what is held as one piece. */
  #take(): void {
    this.bytes = this.#held.length === 1 ? (this.#held[0] as Uint8Array) : join(this.#held, this.#heldBytes);
    this.length = this.#heldLength;
    this.start = 0;
    this.end = this.#heldBytes;
    this.first = this.last = true;
    this.#held = [];
    this.#heldBytes = this.#heldLength = 0;
  }

  /** Fills the held bytes up to a whole header; they are joined then, so that the length can be read. */
  #completeHeader(): boolean {
    const missing = headerBytes - this.#heldBytes;
    if (missing > 0) {
      const available = this.#chunk.length - this.#at;
      this.#keep(Math.min(missing, available));
      if (available < missing) return false;
    }
    const header = join(this.#held, this.#heldBytes);
    this.#held = [header];
    const tag = header[0] as number;
    const length = new DataView(header.buffer, header.byteOffset).getInt32(1) + 1;
    this.#check(tag, length);
    this.tag = tag;
    this.#heldLength = length;
    return true;
  }

  #check(tag: number, length: number): void {
    if (length < headerBytes) throw new ProtocolError('invalid message length');
    const max = this.#options.maxHeldBytes(tag);
    if (length > max && !this.#options.streams(tag, length)) {
      throw new ProtocolError(`a message of ${length} bytes is over the limit of ${max} bytes`, '54000');
    }
  }

  #hold(bytes: number): false {
    const begins = this.#heldBytes === 0;
    this.#keep(bytes);
    if (begins && this.#heldBytes >= headerBytes) this.#completeHeader();
    return false;
  }

  #keep(bytes: number): void {
    if (bytes === 0) return;
    // Copied: a view would keep the whole chunk alive for as long as the message is incomplete.
    this.#held.push(this.#chunk.slice(this.#at, this.#at + bytes));
    this.#heldBytes += bytes;
    this.#at += bytes;
  }
}

function join(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const joined = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
