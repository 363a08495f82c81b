import { Framer, frontendTag, ImpossibleLength, limits, ProtocolError } from '@onrecord/wire';

/** A Bind over this many bytes is recorded and forwarded in pieces, so that a parameter of 1 GB is not held whole. */
const largeBindBytes = 1 << 20;
/** PQ_SMALL_MESSAGE_LIMIT (include/libpq/libpq.h), and the type byte. */
const smallMessageBytes = limits.smallMessageBytes + 1;

const known: ReadonlySet<number> = new Set(Object.values(frontendTag));
const small: ReadonlySet<number> = new Set([
  frontendTag.close,
  frontendTag.copyDone,
  frontendTag.copyFail,
  frontendTag.describe,
  frontendTag.execute,
  frontendTag.flush,
  frontendTag.sync,
  frontendTag.terminate,
]);

/**
 * Cuts what a client sends into messages. COPY data and large Binds are passed on in pieces; `messageBytes` bounds what
 * is held whole, where Postgres has no smaller bound of its own.
 */
export function createFrontendFramer(messageBytes: number): Framer {
  return new Framer({
    streams: (tag, length) => {
      if (small.has(tag) && length > smallMessageBytes) throw new ImpossibleLength();
      return tag === frontendTag.copyData || (tag === frontendTag.bind && length > largeBindBytes);
    },
    maxHeldBytes: (tag) => maxHeldBytes(tag, messageBytes),
  });
}

function maxHeldBytes(tag: number, messageBytes: number): number {
  if (!known.has(tag) || tag === frontendTag.password) throw unexpected(tag);
  if (tag === frontendTag.copyData || tag === frontendTag.bind) return limits.largeMessageBytes + 1;
  return small.has(tag) ? smallMessageBytes : messageBytes;
}

/** In the words of Postgres (SocketBackend, tcop/postgres.c). */
export function unexpected(tag: number): ProtocolError {
  return new ProtocolError(`invalid frontend message type ${tag}`);
}
