import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import type { Target } from './target.ts';

export interface Forwarder extends Target {
  /** Connections that are open now. */
  readonly open: () => number;
  /** Resets every open connection, both sides. */
  cut(): void;
  stop(): Promise<void>;
}

export interface ForwarderOptions {
  /** Sees, and may replace, what Postgres sends. */
  readonly fromServer?: (chunk: Buffer) => Buffer;
}

/** A TCP pass-through in front of a target: the least that can stand between a client and Postgres. */
export async function startForwarder(target: Target, options: ForwarderOptions = {}): Promise<Forwarder> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const upstream = createConnection({ host: target.host, port: target.port, allowHalfOpen: true, noDelay: true });
    keep(client);
    keep(upstream);
    pass(client, upstream, (chunk) => chunk);
    pass(upstream, client, options.fromServer ?? ((chunk) => chunk));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('a listening TCP server has no port');
  return {
    ...target,
    name: `forwarder to ${target.name}`,
    host: '127.0.0.1',
    port: address.port,
    open: () => sockets.size / 2,
    cut: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    stop: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

function pass(from: Socket, to: Socket, through: (chunk: Buffer) => Buffer): void {
  from.on('data', (chunk: Buffer) => {
    if (!to.write(through(chunk))) from.pause();
  });
  to.on('drain', () => from.resume());
  from.once('end', () => to.end());
  from.once('close', () => to.destroySoon());
}
