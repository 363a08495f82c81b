const firstMs = 60_000;
const lastMs = 3_600_000;

/** Keeps a log readable through a failure that lasts: the same message is said after a minute, then after two, and so on up to an hour. */
export class Repetitions {
  #message: string | undefined;
  #waitMs = firstMs;
  #againAtMs = 0;

  /** Whether the message is worth a line now. */
  allows(message: string, nowMs: number): boolean {
    const same = message === this.#message;
    if (same && nowMs < this.#againAtMs) return false;
    this.#waitMs = same ? Math.min(2 * this.#waitMs, lastMs) : firstMs;
    this.#message = message;
    this.#againAtMs = nowMs + this.#waitMs;
    return true;
  }

  /** All is well: the next message is a new one. */
  forget(): void {
    this.#message = undefined;
  }
}
