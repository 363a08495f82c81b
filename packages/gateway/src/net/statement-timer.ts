import { Refusal, Termination } from '../errors.ts';
import type { Session } from '../session/session.ts';

/** Code can catch a cancel and go on, and a COPY that waits for its client does not see one: it is told again, this often. */
const againMs = 1_000;
/** How often a statement is told before its session ends. */
const maxTimes = 5;

/** Ends statements that take longer than they may, from their forwarding to their end. */
export class StatementTimer {
  readonly #session: Session;
  readonly #cancel: () => void;
  readonly #timeMs: number;
  readonly #end: (error: Termination) => void;
  #of: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `cancel` has Postgres give up what it does; `end` ends the session. */
  constructor(about: {
    readonly session: Session;
    readonly cancel: () => void;
    readonly timeMs: number;
    readonly end: (error: Termination) => void;
  }) {
    this.#session = about.session;
    this.#cancel = about.cancel;
    this.#timeMs = about.timeMs;
    this.#end = about.end;
  }

  /** Something has come or gone: another statement may be the one that is worked on. */
  follow(): void {
    const { current } = this.#session;
    if (current === this.#of) return;
    this.stop();
    this.#of = current;
    if (current === undefined) return;
    this.#timer = setTimeout(() => this.#tell(maxTimes), this.#timeMs);
  }

  #tell(times: number): void {
    const error = tookTooLong(this.#timeMs);
    if (times === 0) return this.#end(new Termination(error.sqlstate, error.message));
    this.#session.giveUp(error);
    this.#cancel();
    this.#timer = setTimeout(() => this.#tell(times - 1), againMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#of = undefined;
  }
}

function tookTooLong(timeMs: number): Refusal {
  return new Refusal(
    '57014',
    `the statement took longer than ${timeMs / 1000} s, which is the limit for this session`,
    {
      hint: 'Make it smaller, or ask for a longer limit.',
    },
  );
}
