import type { Analysis } from '../sql/analysis.ts';
import type { ToJudge } from './guard.ts';

/** `inTransaction`: as the server has said last. */
type Arriving = Pick<ToJudge, 'inTransaction' | 'isAgain'>;

/**
 * Counts the statements of a session against the rates that apply to it. What ends the transaction block that is open is
 * not counted: without it, a session that has reached its limit could not let go of its locks. Outside of a block it is a
 * statement like any other, and so is what begins the next block with it (AND CHAIN) or keeps locks (PREPARE TRANSACTION,
 * RELEASE): it could be repeated without an end. ROLLBACK TO as well: the way out is to end the block.
 */
export class StatementRate {
  readonly #admit: ((us: number) => number) | undefined;
  /** What statements have done to the block that the server has not said yet; undefined: it is as the server says. */
  #ahead: 'begun' | 'ended' | undefined;

  /** `admit`: counts a statement; microseconds until one is allowed, 0 when it is now. */
  constructor(admit: ((us: number) => number) | undefined) {
    this.#admit = admit;
  }

  /** Microseconds until the statement is allowed; 0: it is, and has been counted if it counts, and was not before. */
  waitUs(analysis: Analysis, { inTransaction, isAgain }: Arriving, us: number): number {
    if (this.#admit === undefined || isAgain === true) return 0;
    const isOpen = this.#ahead === undefined ? inTransaction : this.#ahead === 'begun';
    if (isOpen && endsBlock(analysis)) {
      // What comes right behind it, in the same Query or pipeline, has no block to end.
      this.#ahead = 'ended';
      return 0;
    }
    const waitUs = this.#admit(us);
    if (waitUs === 0 && does(analysis).includes('begin')) this.#ahead = 'begun';
    return waitUs;
  }

  /** ReadyForQuery. One that says that no block is open may be from before the BEGIN that was counted last. */
  ready(status: string): void {
    if (status !== 'I' || this.#ahead === 'ended') this.#ahead = undefined;
  }
}

/** COMMIT, END, ROLLBACK, ABORT: the statement itself, not code that it runs. */
function endsBlock(analysis: Analysis): boolean {
  const [first, ...others] = does(analysis);
  return (first === 'commit' || first === 'rollback') && others.length === 0;
}

function does({ commands, effects }: Analysis): readonly string[] {
  if (!commands[0].isTransactionControl) return [];
  return effects.flatMap((effect) => (effect.type === 'transaction' ? effect.does : []));
}
