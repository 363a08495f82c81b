import type { Socket } from 'node:net';

/** Writes pieces in order, with one system call where the socket allows it. */
export function writeAll(socket: Socket, pieces: readonly Uint8Array[]): void {
  if (pieces.length === 1) {
    socket.write(pieces[0] as Uint8Array);
  } else if (pieces.length > 1) {
    socket.cork();
    for (const piece of pieces) socket.write(piece);
    socket.uncork();
  }
}
