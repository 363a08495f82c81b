import type { Approval } from './approval.ts';

/** Something that happened to an approval, with how it stood then. */
export interface ApprovalEvent {
  readonly type: 'requested' | 'evidence' | 'voted' | 'ended' | 'used' | 'revoked';
  /** Wall-clock microseconds since 1970. */
  readonly at: number;
  readonly approval: Approval;
}

/** How far somebody has watched: in one run of a gateway. */
export interface WatchPlace {
  readonly run: string;
  readonly next: number;
}

export interface Watched extends WatchPlace {
  readonly events: readonly ApprovalEvent[];
  /** Events between the last look and these that are not kept any more, or were another run's. */
  readonly missed: boolean;
}

/** Events that are kept for those who look again; each holds an approval. */
const keptEvents = 200;

/** The latest events, and who waits for the next. */
export class ApprovalEvents {
  readonly #run: string;
  #events: ApprovalEvent[] = [];
  /** Number of the event behind the last. */
  #next = 0;
  readonly #waiting = new Set<() => void>();

  /** `run` tells the runs of gateways apart. */
  constructor(run: string) {
    this.#run = run;
  }

  add(event: ApprovalEvent): void {
    this.#events.push(event);
    this.#next += 1;
    if (this.#events.length > keptEvents) this.#events.shift();
    this.wake();
  }

  /** Those who wait look again, although nothing happened. */
  wake(): void {
    for (const look of [...this.#waiting]) look();
  }

  /** What happened since a place, without waiting; since now when there is none. */
  since(place: WatchPlace | undefined): Watched {
    const first = this.#next - this.#events.length;
    const from = place?.run === this.#run ? place.next : this.#next;
    const missed = place !== undefined && (place.run !== this.#run || place.next < first);
    return { run: this.#run, next: this.#next, events: this.#events.slice(Math.max(0, from - first)), missed };
  }

  /** Resolves when something happens, or `until` calls back. `until` returns what stops it. */
  next(until: (late: () => void) => () => void): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        this.#waiting.delete(look);
        stop();
        resolve();
      };
      const stop = until(look);
      this.#waiting.add(look);
    });
  }
}
