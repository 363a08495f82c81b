import { backendTag } from '@onrecord/wire';
import type { CopyMask, RowMask } from '../masking/mask.ts';
import type { Guard } from './guard.ts';
import type { OpenStatement } from './open-statement.ts';
import type { ResultCapture } from './result-capture.ts';

/** A row message in the chunk that it came in. */
interface RowMessage {
  readonly tag: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/**
 * Rows and COPY data of a session with a guard, on their way to the client: counted against the row limit, and masked.
 * Neighbouring messages of one chunk are masked as one run. What is captured is what the client sees.
 */
export class GuardedRows {
  readonly #guard: Guard;
  readonly #capture: ResultCapture;
  readonly #deliver: (bytes: Uint8Array) => void;
  #of: OpenStatement | undefined;
  #mask: RowMask | CopyMask | undefined;
  #bytes: Uint8Array = nothing;
  #start = 0;
  #end = 0;

  constructor(guard: Guard, capture: ResultCapture, deliver: (bytes: Uint8Array) => void) {
    this.#guard = guard;
    this.#capture = capture;
    this.#deliver = deliver;
  }

  /** `as it is`: not masked, and left to the caller. `over`: the first row beyond the limit; it and all behind it go nowhere. */
  push(of: OpenStatement, { tag, bytes, start, end }: RowMessage): 'as it is' | 'taken' | 'over' {
    if (of.overLimit) return 'taken';
    const { rowLimit, masks } = this.#guard;
    if (rowLimit !== undefined) {
      of.rowsSeen += 1;
      if (of.rowsSeen > rowLimit) {
        of.overLimit = true;
        return 'over';
      }
    }
    if (!masks) return 'as it is';
    const mask = tag === backendTag.dataRow ? this.#rowMask(of) : of.copyMask;
    if (mask === undefined) return 'as it is';
    if (this.#of !== of || this.#bytes !== bytes || this.#end !== start) {
      this.flush();
      this.#of = of;
      this.#mask = mask;
      this.#bytes = bytes;
      this.#start = start;
    }
    this.#end = end;
    return 'taken';
  }

  /** Ends the run: what it has become is captured and delivered. */
  flush(): void {
    const of = this.#of;
    const mask = this.#mask;
    if (of === undefined || mask === undefined) return;
    const run = this.#bytes.subarray(this.#start, this.#end);
    this.#of = this.#mask = undefined;
    this.#bytes = nothing;
    this.#put(of, 'rows' in mask ? mask.rows(run) : mask.data(run));
  }

  /** CopyDone has come. */
  endCopy(of: OpenStatement): void {
    this.flush();
    if (of.copyMask !== undefined) this.#put(of, of.copyMask.end());
  }

  #put(of: OpenStatement, messages: Uint8Array): void {
    if (messages.length === 0) return;
    this.#capture.run(of, messages);
    this.#deliver(messages);
  }

  #rowMask(of: OpenStatement): RowMask | undefined {
    of.rowMask ??= this.#guard.maskRows(of.judged, of.boundPortal?.columns ?? of.columns) ?? 'none';
    return of.rowMask === 'none' ? undefined : of.rowMask;
  }
}

const nothing = new Uint8Array(0);
