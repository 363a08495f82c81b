import { backendTag, Framer, ProtocolError } from '@onrecord/wire';
import type { SessionOptions } from './session-state.ts';

/** PG messages are at most this long (MaxAllocSize); the server is trusted to keep to it. */
const maxMessageBytes = 0x3fff_ffff;
/** A message of `cutTags` over this many bytes is passed on in pieces. */
const largestHeldBytes = 1 << 20;
/** A row over this many bytes, and over what is kept of a result, is passed on in pieces. */
const largestHeldRowBytes = 64 * 1024;

const known: ReadonlySet<number> = new Set(Object.values(backendTag));

/** Messages that may be as long as a statement makes them; a longer one is passed on in pieces and recorded cut. */
export const cutTags: ReadonlySet<number> = new Set([
  backendTag.noticeResponse,
  backendTag.errorResponse,
  backendTag.parameterStatus,
  backendTag.functionCallResponse,
]);

/** Cuts what the server sends into messages. What may have to be rewritten under a guard is held whole. */
export function createBackendFramer({ rows, guard, messageBytes }: SessionOptions): Framer {
  const largestRowBytes = Math.max(rows.bytes, largestHeldRowBytes);
  return new Framer({
    streams: (tag, length) => {
      if (tag === backendTag.dataRow || tag === backendTag.copyData) {
        return guard?.masks !== true && length > largestRowBytes;
      }
      return guard === undefined && length > largestHeldBytes && cutTags.has(tag);
    },
    maxHeldBytes: (tag) => {
      if (!known.has(tag)) throw unexpected(tag);
      return guard?.masks === true ? messageBytes : maxMessageBytes;
    },
  });
}

/** The server sent something that is not in the protocol. */
export function unexpected(tag: number): ProtocolError {
  return new ProtocolError(`the server sent a message of unknown type ${tag}`);
}

/** The server sent something that nothing in front of it has caused. */
export function outOfPlace(tag: number): ProtocolError {
  return new ProtocolError(`the server sent a message of type ${String.fromCharCode(tag)} that nothing asked for`);
}
