import { connect, type Socket } from 'node:net';
import { DialError } from './dial-error.ts';
import { emitReads } from './emit-reads.ts';
import { addressOf, isUnixSocket, socketPath, type Target } from './target.ts';

/** When the first keep-alive probe of an idle connection is sent; further ones follow as the system is set. */
const keepAliveMs = 60_000;

/** A connected socket, without a listener. `opened` is told of the socket before it is connected. */
export function openSocket(target: Target, opened: (socket: Socket) => void): Promise<Socket> {
  const address = isUnixSocket(target) ? { path: socketPath(target) } : { host: target.host, port: target.port };
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({
      ...address,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveMs,
      onread: emitReads(() => socket),
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
