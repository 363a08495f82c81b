import { connect, type Socket } from 'node:net';
import { DialError } from './dial-error.ts';
import { addressOf, isUnixSocket, socketPath, type Target } from './target.ts';

/** When the first keep-alive probe of an idle connection is sent; further ones follow as the system is set. */
const keepAliveMs = 60_000;

/**
 * Where reads go. Node's own way allocates 64 KiB for each read and sends it through the machinery of streams, which
 * costs 3 µs a read; answers of Postgres are small and many. Small copies come from Buffer's pool.
 */
const readInto = Buffer.allocUnsafeSlow(64 * 1024);

/** A connected socket, without a listener. `opened` is told of the socket before it is connected. */
export function openSocket(target: Target, opened: (socket: Socket) => void): Promise<Socket> {
  const address = isUnixSocket(target) ? { path: socketPath(target) } : { host: target.host, port: target.port };
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...address,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveMs,
      // What was read is copied before anything else is read, so all sockets of the process share one buffer.
      onread: {
        buffer: readInto,
        callback: (bytes, buffer) => {
          socket.emit('data', Buffer.from(buffer.subarray(0, bytes)));
          return true;
        },
      },
    });
    opened(socket);
    const onConnect = (): void => {
      socket.off('error', onError);
      resolve(socket);
    };
    const onError = (error: NodeJS.ErrnoException): void => {
      socket.off('connect', onConnect);
      const code = error.code ?? 'unknown';
      reject(new DialError({ type: 'unreachable', code }, `could not connect to ${addressOf(target)}: ${code}`, error));
    };
    socket.once('connect', onConnect).once('error', onError);
  });
}
