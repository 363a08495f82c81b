import type { Body } from '@onrecord/record';
import { ProtocolError } from '@onrecord/wire';
import type { ToJudge } from './guard.ts';
import { latin1 } from './latin1.ts';
import type { OpenStatement } from './open-statement.ts';

/** Room for both names of a Bind; Postgres cuts names at 63 bytes where it creates them. */
const maxNamesBytes = 64 * 1024;

/** A Bind that arrives in pieces: its names first, then its parameters as `statement_part` entries of bounded size. */
export class LargeBind {
  statement: OpenStatement | undefined;
  /** What was judged of it. */
  toJudge: ToJudge | undefined;
  /** It is not passed on: its other pieces are dropped. */
  isRefused = false;
  /** The names as far as they have come; afterwards the piece that no entry holds yet. */
  #pending: Uint8Array = new Uint8Array(0);
  /** Pieces that came before the names were complete, and wait for what is decided then. */
  #unsent: Uint8Array[] = [];

  /** Takes the next piece of the body; returns the names when they are complete with it. */
  push(piece: Uint8Array): { readonly portal: Uint8Array; readonly name: Uint8Array } | undefined {
    if (this.statement !== undefined) {
      this.#pending = piece;
      return undefined;
    }
    const head = new Uint8Array(this.#pending.length + piece.length);
    head.set(this.#pending);
    head.set(piece, this.#pending.length);
    this.#pending = head;
    const text = latin1(head.subarray(0, maxNamesBytes));
    const first = text.indexOf('\0');
    const second = text.indexOf('\0', first + 1);
    if (first === -1 || second === -1) {
      if (head.length >= maxNamesBytes) throw new ProtocolError('the names of a Bind message are too long', '54000');
      return undefined;
    }
    this.#pending = head.subarray(second + 1);
    return { portal: head.slice(0, first), name: head.slice(first + 1, second) };
  }

  keepUnsent(piece: Uint8Array): void {
    this.#unsent.push(piece.slice());
  }

  takeUnsent(): readonly Uint8Array[] {
    const unsent = this.#unsent;
    this.#unsent = [];
    return unsent;
  }

  /** Adds the entry of the last piece. */
  record(entries: Body[]): void {
    const { statement } = this;
    if (statement === undefined || this.#pending.length === 0) return;
    entries.push({ type: 'statement_part', n: statement.n, bytes: this.#pending });
    statement.parts += 1;
    this.#pending = new Uint8Array(0);
  }
}
