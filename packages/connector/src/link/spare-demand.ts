/** Demand is what was taken within this. */
const windowMs = 1_000;
/** And no more than this is kept ready for it. */
const maximumSpares = 64;
/** How long what was dialled for a crowd stays when the crowd does not come again. */
const calmMs = 30_000;

/**
 * How many connections are to wait for sessions: as many as the gateway asks for, and when they did not suffice, as many
 * as were taken within the last second. Reads no clock.
 */
export class SpareDemand {
  #usual = 0;
  #crowd = 0;
  #crowdAt = 0;
  #taken: number[] = [];

  /** What the gateway asks for. */
  set usual(spares: number) {
    this.#usual = Math.min(spares, maximumSpares);
  }

  /** A session took a connection, and so many are left. Times in milliseconds of any clock that does not go back. */
  taken(left: number, nowMs: number): void {
    this.#taken = this.#taken.filter((at) => at > nowMs - windowMs);
    this.#taken.push(nowMs);
    if (left > 0) return;
    this.#crowd = Math.max(this.#crowd, Math.min(this.#taken.length, maximumSpares));
    this.#crowdAt = nowMs;
  }

  wanted(nowMs: number): number {
    if (nowMs - this.#crowdAt >= calmMs) this.#crowd = 0;
    return Math.max(this.#usual, this.#crowd);
  }
}
