import type { OnReadOpts, Socket } from 'node:net';

/**
 * Where reads go. Node's own way allocates 64 KiB for each read and sends it through the machinery of streams, which
 * costs 3 µs a read; answers of Postgres are small and many. Small copies come from Buffer's pool.
 */
const readInto = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * Has a socket emit what it reads at once: as `view` where that is listened for, bytes that are others' when the listener
 * has returned, and as `data` otherwise. Such a socket is not to be read in any other way.
 */
export function emitReads(socket: () => Socket): OnReadOpts {
  return {
    // What was read is copied before anything else is read, so all sockets of the process share one buffer.
    buffer: readInto,
    callback: (bytes, buffer) => {
      const view = buffer.subarray(0, bytes);
      if (!socket().emit('view', view)) socket().emit('data', Buffer.from(view));
      return true;
    },
  };
}
