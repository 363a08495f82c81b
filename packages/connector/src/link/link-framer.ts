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
  #held: Uint8Array[] = [];
  #bytes = 0;
  readonly #maxBytes: number;

  /** `maxBytes` is less for a side that has not said who it is. */
  constructor(maxBytes: number = maxLinkMessageBytes) {
    this.#maxBytes = maxBytes;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#held.push(chunk);
    this.#bytes += chunk.length;
  }

  /** The next whole message; undefined when there is none yet. Throws a ProtocolError for what is none. */
  next(): { readonly type: string; readonly [field: string]: unknown } | undefined {
    if (this.#bytes < lengthBytes) return undefined;
    const bytes = this.#joined();
    const length = bytes.readUInt32BE(0);
    if (length > this.#maxBytes) throw new ProtocolError(`a link message of ${length} bytes is too long`);
    if (bytes.length < lengthBytes + length) return undefined;
    const end = lengthBytes + length;
    this.#held = bytes.length === end ? [] : [bytes.subarray(end)];
    this.#bytes = bytes.length - end;
    return parse(bytes.toString('utf8', lengthBytes, end));
  }

  /** What came behind the last message: from here on the connection carries something else. */
  takeRest(): Uint8Array {
    const rest = this.#joined();
    this.#held = [];
    this.#bytes = 0;
    return rest;
  }

  #joined(): Buffer {
    const [first] = this.#held;
    const joined = this.#held.length === 1 && first instanceof Buffer ? first : Buffer.concat(this.#held);
    this.#held = joined.length === 0 ? [] : [joined];
    return joined;
  }
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
