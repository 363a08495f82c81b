/** `count` statements in any window of `perMs`. */
export interface Rate {
  readonly count: number;
  readonly perMs: number;
}

/** How many limiters are kept. Those that have not been asked for longest are forgotten first. */
const maximumLimiters = 10_000;

/**
 * How often something happened lately: it remembers the time of each of the last `count` events, eight bytes each, and no
 * more of them than happened. Pure; times are microseconds of any clock that does not go back.
 */
export class RateLimiter {
  readonly #count: number;
  readonly #perUs: number;
  /** A ring once it is full: `#next` is the oldest then. */
  #times: Float64Array = new Float64Array(16);
  #used = 0;
  #next = 0;

  constructor({ count, perMs }: Rate) {
    this.#count = count;
    this.#perUs = perMs * 1000;
  }

  /** How long until one more is allowed, in microseconds; 0: now. */
  waitUs(us: number): number {
    if (this.#used < this.#count) return 0;
    return Math.max(0, (this.#times[this.#next] as number) + this.#perUs - us);
  }

  /** One more happened. */
  took(us: number): void {
    if (this.#used < this.#count) {
      if (this.#used === this.#times.length) this.#grow();
      this.#times[this.#used] = us;
      this.#used += 1;
      return;
    }
    this.#times[this.#next] = us;
    this.#next = (this.#next + 1) % this.#count;
  }

  #grow(): void {
    const grown = new Float64Array(Math.min(this.#count, this.#times.length * 2));
    grown.set(this.#times);
    this.#times = grown;
  }
}

/** The limiters of a gateway: one for each rate of each identity on each connection, whatever the session. */
export class RateLimits {
  readonly #limiters = new Map<string, RateLimiter>();

  /**
   * Counts one more statement where all of the rates allow it, and returns 0; otherwise counts nothing and returns how
   * many microseconds there are until they do.
   */
  admit(whose: { readonly identity: string; readonly connection: string }, rates: readonly Rate[], us: number): number {
    const limiters = new Set(rates.map((rate) => this.#limiter(whose, rate)));
    let waitUs = 0;
    for (const limiter of limiters) waitUs = Math.max(waitUs, limiter.waitUs(us));
    if (waitUs === 0) for (const limiter of limiters) limiter.took(us);
    return waitUs;
  }

  #limiter(whose: { readonly identity: string; readonly connection: string }, rate: Rate): RateLimiter {
    const key = JSON.stringify([whose.identity, whose.connection, rate.count, rate.perMs]);
    const limiter = this.#limiters.get(key) ?? new RateLimiter(rate);
    this.#limiters.delete(key);
    this.#limiters.set(key, limiter);
    if (this.#limiters.size > maximumLimiters) {
      const [oldest] = this.#limiters.keys();
      if (oldest !== undefined) this.#limiters.delete(oldest);
    }
    return limiter;
  }
}
