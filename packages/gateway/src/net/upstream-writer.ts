import type { Socket } from 'node:net';
import type { Receipt } from '../journal/receipt.ts';
import { writeAll } from './write-all.ts';

/** The one way to Postgres for a session's bytes: it takes a receipt, which only the journal can make (law 1). */
export class UpstreamWriter {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  forward(out: readonly Uint8Array[], _receipt: Receipt): void {
    writeAll(this.#socket, out);
  }
}
