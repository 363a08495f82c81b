import type { Body } from '@onrecord/record';
import type { Receipt, Recorder } from '../journal/receipt.ts';

/** A recorder that records when the test says so. */
export class ManualRecorder implements Recorder {
  readonly entries: Body[] = [];
  refusal: Error | undefined;
  #waiting: { readonly bodies: readonly Body[]; readonly settled: (receipt: Receipt | Error) => void }[] = [];
  #arrived: (() => void) | undefined;

  append(
    _chains: unknown,
    bodies: readonly Body[],
    _durable: unknown,
    settled: (receipt: Receipt | Error) => void,
  ): void {
    this.#waiting.push({ bodies, settled });
    this.#arrived?.();
  }

  admit(): void {
    if (this.refusal !== undefined) throw this.refusal;
  }

  /** Types of the entries that wait. */
  get waiting(): string[] {
    return this.#waiting.flatMap(({ bodies }) => bodies.map(({ type }) => type));
  }

  /** Resolves when something waits. */
  async appended(): Promise<void> {
    if (this.#waiting.length > 0) return;
    await new Promise<void>((resolve) => {
      this.#arrived = resolve;
    });
  }

  /** Records what waits; `error` is what recording it came to. */
  record(error?: Error): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { bodies, settled } of waiting) {
      if (error === undefined) this.entries.push(...bodies);
      settled(error ?? receipt);
    }
  }

  /** Waits for an entry of a type, recording everything up to it. */
  async recordUntil(type: Body['type']): Promise<Body> {
    for (;;) {
      const found = this.entries.findLast((body) => body.type === type);
      if (found !== undefined) return found;
      await this.appended();
      this.record();
    }
  }
}

/** Only a test may make one without a journal. */
export const receipt = { index: 0 } as Receipt;
