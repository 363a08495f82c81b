import type { Session } from '../session/session.ts';

/**
 * How long a statement that has returned more rows than it may is waited for where something stands behind it. A cancel
 * request is for whatever Postgres does when it arrives: most results that are too long have ended by then, and it would
 * be the next statement's.
 */
const patienceMs = 1_000;

/** Has Postgres give up statements that have returned more rows than they may; the rest of their rows is dropped meanwhile. */
export class RowLimit {
  readonly #session: Pick<Session, 'current' | 'statements'>;
  readonly #cancel: () => void;
  #of: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(about: { readonly session: Pick<Session, 'current' | 'statements'>; readonly cancel: () => void }) {
    this.#session = about.session;
    this.#cancel = about.cancel;
  }

  /** The statement that is worked on has returned too many. */
  exceeded(): void {
    const { current, statements } = this.#session;
    if (current === undefined) return;
    if (statements <= current) return this.#cancel();
    this.stop();
    this.#of = current;
    this.#timer = setTimeout(() => {
      this.#of = undefined;
      this.#cancel();
    }, patienceMs);
  }

  /** Something has come: another statement may be the one that is worked on. */
  follow(): void {
    if (this.#of !== undefined && this.#session.current !== this.#of) this.stop();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#of = undefined;
  }
}
