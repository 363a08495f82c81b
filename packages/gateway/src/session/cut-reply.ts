import { join } from './join.ts';
import { latin1Bytes } from './latin1.ts';

/** What is kept of a message that is too large to be held. */
const keptBytes = 64 * 1024;

/**
 * The beginning of a message of the server that arrives in pieces because it is too large to be held: an error, a notice
 * or a setting can quote 1 GB. It is cut within its last text, which then says so.
 */
export class CutReply {
  #pieces: Uint8Array[] = [];
  #kept = 0;
  #bytes = 0;

  /** Takes the next piece of the body. */
  push(piece: Uint8Array, first: boolean): void {
    if (first) {
      this.#pieces = [];
      this.#kept = this.#bytes = 0;
    }
    this.#bytes += piece.length;
    const kept = piece.slice(0, Math.max(0, keptBytes - this.#kept));
    this.#kept += kept.length;
    if (kept.length > 0) this.#pieces.push(kept);
  }

  /** The body, as short as it is kept. Two NULs end its text, and the list of fields of an error. */
  take(): Uint8Array {
    const body = join([...this.#pieces, latin1Bytes(` [cut; the message had ${this.#bytes} bytes]\0\0`)]);
    this.#pieces = [];
    return body;
  }
}
