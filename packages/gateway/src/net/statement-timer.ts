import { Refusal } from '../errors.ts';
import type { Session } from '../session/session.ts';
import type { SessionControl } from './session-control.ts';

/** Ends statements that take longer than they may, from their forwarding to their end. */
export class StatementTimer {
  readonly #session: Session;
  readonly #control: SessionControl;
  readonly #timeMs: number;
  #of: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(about: { readonly session: Session; readonly control: SessionControl; readonly timeMs: number }) {
    this.#session = about.session;
    this.#control = about.control;
    this.#timeMs = about.timeMs;
  }

  /** Something has come or gone: another statement may be the one that is worked on. */
  follow(): void {
    const { current } = this.#session;
    if (current === this.#of) return;
    this.stop();
    this.#of = current;
    if (current === undefined) return;
    this.#timer = setTimeout(() => {
      this.#session.giveUp(tookTooLong(this.#timeMs));
      this.#control.cancel();
    }, this.#timeMs);
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
