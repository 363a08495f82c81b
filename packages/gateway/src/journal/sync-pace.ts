/** Weight of the latest sync in the average: a few slow ones are enough to leave the thread, one is not. */
const weight = 1 / 8;

/**
 * Decides where to sync. On the writing thread it costs what the disk takes, and everything else waits; on another
 * thread it costs the way there and back on top, about 80 µs, and nothing waits. So: here while the disk has lately been
 * faster than `inlineBelowUs`, there when it has not, or when nothing is known yet. docs/adr/0001-journal-writer.md has the
 * figures.
 */
export class SyncPace {
  readonly #inlineBelowUs: number;
  #averageUs = Number.POSITIVE_INFINITY;

  constructor(inlineBelowUs: number) {
    this.#inlineBelowUs = inlineBelowUs;
  }

  get inline(): boolean {
    return this.#averageUs < this.#inlineBelowUs;
  }

  /** How long a sync took, on whatever thread, without the way there. */
  took(us: number): void {
    this.#averageUs =
      this.#averageUs === Number.POSITIVE_INFINITY ? us : this.#averageUs + (us - this.#averageUs) * weight;
  }
}
