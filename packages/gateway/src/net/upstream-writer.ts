import type { Socket } from 'node:net';
import type { Receipt } from '../journal/receipt.ts';

/** The one way to Postgres for a session's bytes: it takes a receipt, which only the journal can make (law 1). */
export class UpstreamWriter {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  forward(out: readonly Uint8Array[], _receipt: Receipt): void {
    const socket = this.#socket;
    if (out.length === 1) {
      socket.write(out[0] as Uint8Array);
    } else if (out.length > 1) {
      socket.cork();
      for (const piece of out) socket.write(piece);
      socket.uncork();
    }
  }
}
