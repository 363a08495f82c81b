import type { Socket } from 'node:net';
import type { Deadline } from './deadline.ts';
import { openSocket } from './open-socket.ts';
import type { Target } from './target.ts';
import { tlsServerEndPoint } from './tls-server-end-point.ts';
import { upgradeTls } from './upgrade-tls.ts';

/** A connection on which nothing of Postgres was said yet, with TLS where the target wants it. No listeners. */
export interface Connection {
  readonly socket: Socket;
  /** `TLSv1.3` and the like; undefined without TLS. */
  readonly tls: string | undefined;
  readonly endPoint: Uint8Array | undefined;
}

/** Connects within the deadline. Whatever goes wrong, no socket is left open. */
export async function connectTarget(target: Target, deadline: Deadline): Promise<Connection> {
  let socket: Socket | undefined;
  try {
    const plain = await deadline.race(
      openSocket(target, (opened) => {
        socket = opened;
      }),
    );
    const secure = await deadline.race(upgradeTls(plain, target));
    if (secure === undefined) return { socket: plain, tls: undefined, endPoint: undefined };
    const certificate = secure.getPeerX509Certificate();
    const endPoint = certificate === undefined ? undefined : tlsServerEndPoint(certificate.raw);
    return { socket: secure, tls: secure.getProtocol() ?? 'TLS', endPoint };
  } catch (error) {
    abandon(socket);
    throw error;
  }
}

/** Closes a socket that nobody listens to: what it still reports is of no interest. */
export function abandon(socket: Socket | undefined): void {
  socket?.on('error', () => {}).destroy();
}
