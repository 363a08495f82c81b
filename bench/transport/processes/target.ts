// Stands in for Postgres: an ordinary TCP server that echoes or sends in bulk, as each connection asks (request.ts).
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { decodeRequest, requestBytes } from '../request.ts';
import { serveCommands } from '../serve-commands.ts';

const block = Buffer.alloc(64 << 10, 'x');

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => socket.destroy());
  // The request is the first thing that is sent, and short: it comes in one piece.
  socket.once('data', (first) => {
    const request = decodeRequest(first);
    if (request.type === 'bulk') return sendBulk(socket, request.bytes);
    if (first.length > requestBytes) socket.write(first.subarray(requestBytes));
    socket.on('data', (chunk) => socket.write(chunk));
  });
});

function sendBulk(socket: Socket, bytes: number): void {
  let left = bytes;
  const fill = (): void => {
    while (left > 0) {
      const size = Math.min(left, block.length);
      left -= size;
      if (!socket.write(size === block.length ? block : block.subarray(0, size))) return;
    }
  };
  socket.on('drain', fill);
  fill();
}

const commands = {
  /** Listens on the loopback interface; answers with the port. */
  listen: async (): Promise<number> => {
    server.listen({ host: '127.0.0.1', port: 0, backlog: 1024 });
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  },
};

export type TargetCommands = typeof commands;
serveCommands(commands);
