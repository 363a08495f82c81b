import type { WatchEvent } from '../watch/watch-event.ts';
import type { Watched } from './messages.ts';

/** Of blind sessions, more than anybody would read; 3 MB. */
const maximumEvents = 10_000;

interface Lost {
  count: number;
  /** When the first of them was. */
  readonly from: number;
}

/**
 * What the watches have seen, numbered, until a gateway has it on record. When it holds too much, later events are lost,
 * and that is an event too: `watch stopped`, as soon as there is room.
 */
export class WatchOutbox {
  readonly #maximum: number;
  readonly #kept: Watched[] = [];
  #lastSeq = 0;
  readonly #lost = new Map<string, Lost>();

  constructor(maximum: number = maximumEvents) {
    this.#maximum = maximum;
  }

  /** What is to be sent again to a gateway that has come back. */
  get kept(): readonly Watched[] {
    return this.#kept;
  }

  /** The event as it is to be sent; undefined when there is no room for it. */
  add(event: WatchEvent): Watched | undefined {
    if (this.#lost.size > 0 || this.#kept.length >= this.#maximum) {
      const lost = this.#lost.get(event.connection) ?? { count: 0, from: timeOf(event) };
      lost.count += 1;
      this.#lost.set(event.connection, lost);
      return undefined;
    }
    return this.#number(event);
  }

  /**
   * Forgets the events up to `seq`. Returns what is to be sent because events were lost before: the watches of these
   * connections have to begin anew, so that what is there now is seen again.
   */
  acknowledge(seq: number): readonly Watched[] {
    const first = this.#kept[0]?.seq ?? 0;
    this.#kept.splice(0, Math.max(seq - first + 1, 0));
    if (this.#kept.length > 0 || this.#lost.size === 0) return [];
    const stops = [...this.#lost].map(([connection, { count, from }]) => ({
      type: 'watch stopped' as const,
      connection,
      reason: `${count} events were lost, because the gateway could not record them for too long`,
      at: from,
    }));
    this.#lost.clear();
    return stops.map((stop) => this.#number(stop));
  }

  #number(event: WatchEvent): Watched {
    this.#lastSeq += 1;
    const watched: Watched = { type: 'watch', seq: this.#lastSeq, event };
    this.#kept.push(watched);
    return watched;
  }
}

function timeOf(event: WatchEvent): number {
  switch (event.type) {
    case 'session seen':
      return event.seenAt;
    case 'session ended':
      return event.lastSeenAt;
    case 'sessions unseen':
      return event.fromAt;
    default:
      return event.at;
  }
}
