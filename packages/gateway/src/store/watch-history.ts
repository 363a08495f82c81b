import type { Body, Gap, WatchStarted } from '@onrecord/record';
import type { EventType } from './codes.ts';

/** A time at which nobody watched a connection's server for blind sessions. Microseconds since 1970. */
export interface WatchHole {
  /** Undefined: since ever. */
  readonly fromAt: number | undefined;
  /** Undefined: it goes on. */
  readonly untilAt: number | undefined;
  readonly reason: string;
}

/** How a connection has been watched. */
export interface WatchView {
  readonly connection: string;
  /** In the order in which they began; the last one may go on. */
  readonly holes: readonly WatchHole[];
  /** What the watch that ran last cannot see, a sentence each. */
  readonly limits: readonly string[];
  readonly handovers: readonly Handover[];
}

/**
 * After nobody had watched, a watch began that remembers nothing of before. It reports again what it finds; of what was
 * reported before the entry `from` and is not again, nobody knows the end.
 */
export interface Handover {
  readonly from: number;
  readonly hole: WatchHole;
}

/** What a WatchHistory is made from. */
export const watchEventTypes: readonly EventType[] = [
  'gateway_started',
  'gateway_stopped',
  'recovered',
  'watch_started',
  'gap',
];

/** An event as it is applied. `at` is when it happened: for `recovered`, when the gateway was last known to live. */
export interface WatchEntry {
  readonly index: number;
  readonly at: number;
  readonly body: Body;
}

interface Watch {
  readonly holes: Hole[];
  readonly handovers: Handover[];
  limits: readonly string[];
  /** Between two looks. */
  everyUs: number;
}

type Hole = { -readonly [Name in keyof WatchHole]: WatchHole[Name] };

/**
 * When which connection was watched, from the entries that say so, in their order. A watch runs from `watch_started` to a
 * `gap` of its connection or to the end of the gateway's run. Pure.
 */
export class WatchHistory {
  readonly #watches = new Map<string, Watch>();

  apply({ index, at, body }: WatchEntry): void {
    switch (body.type) {
      case 'gateway_started':
      case 'gateway_stopped':
        return this.#allStop(at, 'the gateway was not running');
      case 'recovered':
        return this.#allStop(at, 'the gateway had died');
      case 'watch_started':
        return this.#started(body, index, at);
      case 'gap':
        return this.#gap(body, at);
      default:
    }
  }

  /** By name. */
  views(): readonly WatchView[] {
    return [...this.#watches]
      .map(([connection, { holes, limits, handovers }]) => ({ connection, holes, limits, handovers }))
      .sort((a, b) => (a.connection < b.connection ? -1 : 1));
  }

  #started({ connection, everyMs, limits = [], afresh }: WatchStarted, index: number, at: number): void {
    const watch = this.#watch(connection, 'nobody watched yet');
    watch.limits = limits;
    watch.everyUs = everyMs * 1000;
    const hole = watch.holes.at(-1);
    // Else it joins one that watches.
    if (hole === undefined || hole.untilAt !== undefined) return;
    hole.untilAt = at;
    if (afresh === true) watch.handovers.push({ from: index, hole });
  }

  /** Without a beginning but with an end it is about what happened since the look before. */
  #gap({ connection, reason, fromAt, untilAt }: Gap, at: number): void {
    if (connection === undefined) return;
    const watch = this.#watch(connection, reason);
    const from = fromAt ?? (untilAt === undefined ? at : untilAt - watch.everyUs);
    if (untilAt === undefined || isRunning(watch)) open(watch, { fromAt: from, untilAt, reason });
  }

  /** Before it was first watched, nobody watched. */
  #watch(connection: string, reason: string): Watch {
    let watch = this.#watches.get(connection);
    if (watch === undefined) {
      const hole = { fromAt: undefined, untilAt: undefined, reason };
      watch = { holes: [hole], handovers: [], limits: [], everyUs: 0 };
      this.#watches.set(connection, watch);
    }
    return watch;
  }

  #allStop(at: number, reason: string): void {
    for (const watch of this.#watches.values()) {
      if (isRunning(watch)) open(watch, { fromAt: at, untilAt: undefined, reason });
    }
  }
}

/** Whether somebody watches as far as the record goes. */
export function isRunning({ holes }: Pick<WatchView, 'holes'>): boolean {
  return holes.at(-1)?.untilAt !== undefined;
}

/** A hole that is open goes on, for the latest reason. */
function open(watch: Watch, hole: Hole): void {
  const last = watch.holes.at(-1);
  if (last !== undefined && last.untilAt === undefined) last.reason = hole.reason;
  else watch.holes.push(hole);
}
