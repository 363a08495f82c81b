/** So many a second, and a burst of them at once. Times are milliseconds of any clock. */
export class Rate {
  readonly #perSecond: number;
  readonly #burst: number;
  #left: number;
  #atMs: number | undefined;

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#left = burst;
  }

  /** Whether one more is within it; counts it if so. */
  take(nowMs: number): boolean {
    const passedMs = Math.max(0, nowMs - (this.#atMs ?? nowMs));
    this.#atMs = nowMs;
    this.#left = Math.min(this.#burst, this.#left + (passedMs * this.#perSecond) / 1000);
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
