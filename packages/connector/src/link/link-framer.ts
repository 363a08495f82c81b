import { ProtocolError } from '@onrecord/wire';
import type { FromConnector, FromGateway } from './messages.ts';

/** Longer messages end the connection: a hello with some thousands of connections is far below. */
export const maxLinkMessageBytes: number = 1024 * 1024;
const lengthBytes = 4;

/** A message as it goes over a link: its length in four bytes, big-endian, then JSON in UTF-8. */
export function encodeLinkMessage(message: FromConnector | FromGateway): Uint8Array {
  const json = Buffer.from(JSON.stringify(message));
  if (json.length > maxLinkMessageBytes) throw new RangeError(`a link message of ${json.length} bytes`);
  const bytes = Buffer.allocUnsafe(lengthBytes + json.length);
  bytes.writeUInt32BE(json.length);
  json.copy(bytes, lengthBytes);
  return bytes;
}

/**
 * Takes messages out of the chunks of a connection. Holds at most one message that is not whole. What it returns is an
 * object with a `type` and otherwise as the other side wrote it: whoever acts on a field checks it.
 */
export class LinkFramer {
  /** What came and was not taken is from `#start` to `#end`; behind it there may be room. */
  #bytes: Buffer = nothing;
  #start = 0;
  #end = 0;
  readonly #maxBytes: number;

  /** `maxBytes` is less for a side that has not said who it is. */
  constructor(maxBytes: number = maxLinkMessageBytes) {
    this.#maxBytes = maxBytes;
  }

  /** The chunk belongs to the framer from now on. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (this.#start === this.#end) return this.#hold(viewOf(chunk));
    this.#reserve(chunk.length);
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** The next whole message; undefined when there is none yet. Throws a ProtocolError for what is none. */
  next(): { readonly type: string; readonly [field: string]: unknown } | undefined {
    const held = this.#end - this.#start;
    if (held < lengthBytes) return undefined;
    const length = this.#bytes.readUInt32BE(this.#start);
    if (length > this.#maxBytes) throw new ProtocolError(`a link message of ${length} bytes is too long`);
    if (held < lengthBytes + length) return undefined;
    const start = this.#start + lengthBytes;
    this.#start = start + length;
    return parse(this.#bytes.toString('utf8', start, this.#start));
  }

  /** What came behind the last message: from here on the connection carries something else. */
  takeRest(): Uint8Array {
    const rest = this.#bytes.subarray(this.#start, this.#end);
    this.#hold(nothing);
    return rest;
  }

  #hold(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#start = 0;
    this.#end = bytes.length;
  }

  /** Makes room behind what is held: twice as much each time, or a message in small pieces would be copied with each. */
  #reserve(more: number): void {
    if (this.#end + more <= this.#bytes.length) return;
    const held = this.#bytes.subarray(this.#start, this.#end);
    const grown = Buffer.allocUnsafeSlow(held.length + Math.max(more, held.length));
    grown.set(held);
    this.#bytes = grown;
    this.#start = 0;
    this.#end = held.length;
  }
}

const nothing = Buffer.alloc(0);

function viewOf(chunk: Uint8Array): Buffer {
  return chunk instanceof Buffer ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

function parse(text: string): { readonly type: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ProtocolError('a link message is not JSON');
  }
  if (typeof value !== 'object' || value === null || typeof (value as { type?: unknown }).type !== 'string') {
    throw new ProtocolError('a link message has no type');
  }
  return value as { readonly type: string };
}
