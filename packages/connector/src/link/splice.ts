import type { Socket } from 'node:net';
import { borrowedCopy } from './borrowed-buffer.ts';

/** How long a side may take to end after the other one has. */
const lingerMs = 10_000;

/**
 * Joins two connections: what one says the other hears, in its order and with back-pressure; the end of one direction is
 * passed on, and a side that breaks takes the other along. Both emit what they read at once, as `emitReads` or as any
 * socket.
 */
export function splice(one: Socket, other: Socket): void {
  pass(one, other);
  pass(other, one);
  one.resume();
  other.resume();
}

function pass(from: Socket, to: Socket): void {
  const onView = (view: Uint8Array): void => {
    const { bytes, giveBack } = borrowedCopy(view);
    // What could not be written may still be held by somebody.
    if (!to.write(bytes, giveBack && ((error) => error ?? giveBack()))) from.pause();
  };
  const onData = (chunk: Uint8Array): void => {
    if (!to.write(chunk)) from.pause();
  };
  from.on('view', onView).on('data', onData);
  to.on('drain', () => from.resume());
  from.once('end', () => to.end());
  // The end of it comes as `close`.
  from.on('error', () => {});
  to.once('close', () => {
    from.off('view', onView).off('data', onData);
    if (!to.readableEnded || to.errored) return void from.destroy();
    // What still comes is dropped, and read all the same: to close now could take from the other end what it was sent.
    from.on('data', () => {}).resume();
    const timer = setTimeout(() => from.destroy(), lingerMs).unref();
    from.once('close', () => clearTimeout(timer));
  });
}
