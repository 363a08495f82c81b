import { DialError } from './dial-error.ts';

export interface DeadlineOptions {
  /** From the call to its end, name resolution and password included. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Ends waiting: when the time is up, or when the caller gives up. */
export class Deadline implements Disposable {
  readonly #expired: Promise<never>;
  readonly #timer: NodeJS.Timeout;
  readonly #signal: AbortSignal | undefined;
  #expire: (error: DialError) => void = () => {};
  readonly #onAbort = (): void => this.#expire(new DialError({ type: 'aborted' }, 'the attempt was given up'));

  /** `doing` says in an error what was not done in time: `reach db:5432`. */
  constructor(options: DeadlineOptions, doing: string) {
    this.#expired = new Promise((_, reject) => {
      this.#expire = reject;
    });
    // Nobody may be waiting when it fires.
    this.#expired.catch(() => {});
    this.#timer = setTimeout(() => {
      this.#expire(new DialError({ type: 'timeout' }, `could not ${doing} within ${options.timeoutMs} ms`));
    }, options.timeoutMs);
    this.#signal = options.signal;
    if (this.#signal?.aborted) this.#onAbort();
    else this.#signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** The result of `work`, unless the deadline comes first; `work` is not stopped by it. */
  async race<T>(work: Promise<T>): Promise<T> {
    return await Promise.race([this.#expired, work]);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#onAbort);
  }
}
