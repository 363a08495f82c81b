import type { Socket } from 'node:net';

/** How long a side may take to end after the other one has. */
const lingerMs = 10_000;

/**
 * Joins two connections: what one says the other hears, in its order and with back-pressure; the end of one direction is
 * passed on, and a side that breaks takes the other along. Both are read by `data` events alone.
 */
export function splice(one: Socket, other: Socket): void {
  pass(one, other);
  pass(other, one);
  one.resume();
  other.resume();
}

function pass(from: Socket, to: Socket): void {
  const onData = (chunk: Uint8Array): void => {
    if (!to.write(chunk)) from.pause();
  };
  const onDrain = (): void => void from.resume();
  from.on('data', onData);
  to.on('drain', onDrain);
  from.once('end', () => to.end());
  // The end of it comes as `close`.
  from.on('error', () => {});
  to.once('close', () => {
    from.off('data', onData);
    if (!to.readableEnded || to.errored) return void from.destroy();
    // What still comes is dropped, and read all the same: to close now could take from the other end what it was sent.
    from.on('data', () => {}).resume();
    const timer = setTimeout(() => from.destroy(), lingerMs).unref();
    from.once('close', () => clearTimeout(timer));
  });
}
