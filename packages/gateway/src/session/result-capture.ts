import type { Digest } from './digest.ts';
import type { OpenStatement } from './open-statement.ts';
import type { SessionOptions } from './session-state.ts';

interface Place {
  readonly start: number;
  readonly end: number;
  readonly first: boolean;
  readonly last: boolean;
}

/**
 * Counts, digests and keeps row messages (DataRow, CopyData of COPY OUT). Neighbouring messages of one chunk are taken
 * as one run, so that a result of a million rows costs a few calls a chunk and not a few a row.
 */
export class ResultCapture {
  readonly #options: Pick<SessionOptions, 'rows' | 'createDigest'>;
  #of: OpenStatement | undefined;
  #bytes: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;
  #rows = 0;
  #whole = true;

  constructor(options: Pick<SessionOptions, 'rows' | 'createDigest'>) {
    this.#options = options;
  }

  /** Takes a message, or a piece of one that is too large to be kept. */
  row(of: OpenStatement, bytes: Uint8Array, { start, end, first, last }: Place): void {
    if (this.#bytes === bytes && this.#end === start && this.#of === of && first && last && this.#whole) {
      this.#end = end;
      this.#rows += 1;
      return;
    }
    this.takeRun();
    this.#of = of;
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#rows = first ? 1 : 0;
    this.#whole = first && last;
  }

  /** Takes whole messages, one behind the other, which nothing comes to any more. */
  run(of: OpenStatement, bytes: Uint8Array): void {
    this.takeRun();
    this.#of = of;
    this.#bytes = bytes;
    this.#start = 0;
    this.#end = bytes.length;
    this.#rows = countMessages(bytes);
    this.#whole = true;
    this.takeRun();
  }

  /** Ends the run: must be called before anything else is made of the statement. */
  takeRun(): void {
    const of = this.#of;
    if (of === undefined) return;
    const run = this.#bytes.subarray(this.#start, this.#end);
    of.rowCount += this.#rows;
    of.rowBytes += run.length;
    const before = of.uncommitted.length;
    if (of.capturing) this.#keep(of, run);
    // As long as everything is kept in hand the outcome carries it, and with it what a digest would say.
    if (!of.capturing || of.digest !== undefined) this.#digest(of, before).update(run);
    this.#of = undefined;
    this.#bytes = nothing;
  }

  /** What is kept goes into an entry of its own: from now on only a digest tells that it belongs together. */
  letGo(of: OpenStatement): void {
    this.#digest(of, of.uncommitted.length);
  }

  /** The digest, begun with the first pieces of what is kept. */
  #digest(of: OpenStatement, pieces: number): Digest {
    if (of.digest === undefined) {
      of.digest = this.#options.createDigest();
      for (const piece of of.uncommitted.slice(0, pieces)) of.digest.update(piece);
    }
    return of.digest;
  }

  #keep(of: OpenStatement, run: Uint8Array): void {
    const { max, bytes } = this.#options.rows;
    const rows = this.#rows;
    if (!this.#whole) {
      of.capturing = false;
      return;
    }
    let kept = run.length;
    let keptRows = rows;
    if (of.capturedRows + rows > max || of.capturedBytes + kept > bytes) {
      of.capturing = false;
      kept = 0;
      keptRows = 0;
      const view = new DataView(run.buffer, run.byteOffset, run.byteLength);
      while (kept < run.length && of.capturedRows + keptRows < max) {
        const length = view.getInt32(kept + 1) + 1;
        if (of.capturedBytes + kept + length > bytes) break;
        kept += length;
        keptRows += 1;
      }
      if (keptRows === 0) return;
    }
    of.uncommitted.push(kept === run.length ? run : run.subarray(0, kept));
    of.uncommittedRows += keptRows;
    of.capturedRows += keptRows;
    of.capturedBytes += kept;
  }
}

function countMessages(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let count = 0;
  for (let at = 0; at < bytes.length; at += view.getInt32(at + 1) + 1) count += 1;
  return count;
}

const nothing = new Uint8Array(0);
