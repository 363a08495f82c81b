import type { Body, SessionClosed } from '@onrecord/record';
import type { Ask } from '../policy/verdict.ts';
import type { OpenStatement } from './open-statement.ts';

/**
 * What one push of bytes asks for, in this order: record `entries`; when they are recorded, `forward` to Postgres and
 * `deliver` to the client. Bytes are views of what was pushed wherever nothing was changed.
 */
export interface Turn {
  readonly entries: Body[];
  readonly forward: Uint8Array[];
  readonly deliver: Uint8Array[];
  /** Statements that are forwarded with this turn: their `forwardedUs` is set when it happens. */
  readonly statements: OpenStatement[];
  /** Set when the session is over once the bytes are out. */
  end: TurnEnd | undefined;
  /**
   * Set when the server's bytes could not be understood any further: what they said up to there is in `entries`, nothing
   * of it is in `deliver`.
   */
  broken: unknown;
  /** Set when what has arrived waits for people: ask them once the entries are recorded, then `Session.release`. */
  ask: TurnAsk | undefined;
  /** Set when what was forwarded is to be given up, as a cancel request of the client would. */
  cancel: boolean;
}

/** What waits for approval: everything from the first statement that needs one up to the end of its Query or pipeline. */
export interface TurnAsk {
  readonly asks: readonly Ask[];
  readonly statements: readonly OpenStatement[];
  /** Settings that can change what they mean. */
  readonly settings: string;
}

export interface TurnEnd {
  readonly reason: SessionClosed['reason'];
  readonly detail?: string;
}

export function emptyTurn(): Turn {
  return {
    entries: [],
    forward: [],
    deliver: [],
    statements: [],
    end: undefined,
    broken: undefined,
    ask: undefined,
    cancel: false,
  };
}

/** Collects neighbouring pieces of the same buffer into one view, so that a turn writes each buffer once. */
export class Span {
  readonly #out: Uint8Array[];
  #bytes: Uint8Array | undefined;
  #start = 0;
  #end = 0;

  constructor(out: Uint8Array[]) {
    this.#out = out;
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    if (this.#bytes === bytes && this.#end === start) {
      this.#end = end;
      return;
    }
    this.flush();
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
  }

  /** Adds bytes that the gateway made. */
  insert(bytes: Uint8Array): void {
    this.flush();
    this.#out.push(bytes);
  }

  flush(): void {
    if (this.#bytes === undefined) return;
    const whole = this.#start === 0 && this.#end === this.#bytes.length;
    this.#out.push(whole ? this.#bytes : this.#bytes.subarray(this.#start, this.#end));
    this.#bytes = undefined;
  }
}
