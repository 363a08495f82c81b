import { setTimeout as delay } from 'node:timers/promises';
import type { WatchEvent, WatchHole, WatchSink } from './connector-gate.ts';
import type { RemoteSessions } from './remote-sessions.ts';

export interface WatchInboxOptions {
  /** Undefined for the watches of this process. */
  readonly connector: string | undefined;
  readonly instance: string;
  readonly sink: WatchSink;
  readonly sessions: RemoteSessions;
  /** Whether another process of the connector watches the connection as well. */
  readonly watchedElsewhere: (connection: string) => boolean;
  readonly nowUs: () => number;
  readonly log: (message: string) => void;
}

type Item =
  | { readonly type: 'event'; readonly seq: number; readonly event: WatchEvent | undefined }
  | { readonly type: 'lost'; readonly connection: string; readonly hole: WatchHole };

/** A connector keeps half of that until it is acknowledged. */
const maximumQueued = 20_000;
/** What goes into the journal at once. */
const maximumTogether = 1_000;
/** Sessions of other processes that were recognised, until they end. */
const maximumRecognised = 100_000;
/** What could not be recorded is tried again after this. */
const againMs = 1_000;

/**
 * What the watches of one process of a connector say, over all of its links: each event is recorded once, in order, and
 * acknowledged when it is on disk.
 */
export class WatchInbox {
  readonly #options: WatchInboxOptions;
  readonly #queue: Item[] = [];
  readonly #watching = new Set<string>();
  readonly #recognised = new Set<string>();
  readonly #stopped = new AbortController();
  #acknowledge: (seq: number) => void = () => {};
  #lastSeq = -1;
  #recordedSeq = -1;
  /** When the oldest of what is not recorded yet arrived. */
  #oldestUs: number | undefined;
  #running: Promise<void> | undefined;

  constructor(options: WatchInboxOptions) {
    this.#options = options;
  }

  /** The connections whose watch runs, as far as was heard. */
  get watching(): ReadonlySet<string> {
    return this.#watching;
  }

  /** There is a link. What was acknowledged on an earlier one is sent again, and acknowledged again. */
  attach(acknowledge: (seq: number) => void): void {
    this.#acknowledge = acknowledge;
  }

  /** Takes an event; without one, its number is acknowledged all the same. False when there are too many of them. */
  push(seq: number, event: WatchEvent | undefined): boolean {
    if (seq <= this.#lastSeq) {
      if (seq === this.#recordedSeq) this.#acknowledge(seq);
      return true;
    }
    if (this.#queue.length >= maximumQueued) return false;
    this.#lastSeq = seq;
    if (event?.type === 'watch started') this.#watching.add(event.connection);
    if (event?.type === 'watch stopped') this.#watching.delete(event.connection);
    this.#enqueue({ type: 'event', seq, event });
    return true;
  }

  /** What is said of a connection is not taken any more. */
  ignore(connection: string): void {
    if (!this.#watching.delete(connection) || this.#options.watchedElsewhere(connection)) return;
    const reason = 'the connector that watched does not serve the connection any more';
    this.#enqueue({ type: 'lost', connection, hole: { from: this.#options.nowUs(), reason } });
  }

  /** The link ended: what the watches saw after `heardUs` may not have been heard. */
  detach(heardUs: number, reason: string): void {
    this.#acknowledge = () => {};
    const from = Math.min(heardUs, this.#oldestUs ?? heardUs);
    for (const connection of this.#watching) {
      if (this.#options.watchedElsewhere(connection)) continue;
      this.#enqueue({ type: 'lost', connection, hole: { from, reason } });
    }
    this.#watching.clear();
  }

  /** Resolves when everything is recorded, or nothing more can be. */
  async close(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  #enqueue(item: Item): void {
    this.#queue.push(item);
    this.#oldestUs ??= this.#options.nowUs();
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    // Events that came in one chunk are recorded together.
    await null;
    while (this.#queue.length > 0) {
      const lost = this.#queue.findIndex(({ type }) => type === 'lost');
      const items = this.#queue.splice(
        0,
        lost === 0 ? 1 : Math.min(lost === -1 ? maximumTogether : lost, maximumTogether),
      );
      if (!(await this.#recordedInTheEnd(items))) break;
      if (this.#queue.length === 0) this.#oldestUs = undefined;
    }
    this.#running = undefined;
  }

  /** Tries until the items are recorded; false when it had to stop before. */
  async #recordedInTheEnd(items: readonly Item[]): Promise<boolean> {
    for (;;) {
      try {
        await this.#record(items);
        return true;
      } catch (error) {
        this.#options.log(`what a watch has seen could not be recorded: ${(error as Error).message}`);
        if (this.#stopped.signal.aborted) return false;
        await delay(againMs, undefined, { signal: this.#stopped.signal }).catch(() => {});
      }
    }
  }

  async #record(items: readonly Item[]): Promise<void> {
    const { sink, sessions, connector, instance } = this.#options;
    await sessions.settled(instance);
    const events: WatchEvent[] = [];
    for (const item of items) {
      if (item.type === 'lost') await sink.lost(item.connection, item.hole, { connector });
      else if (item.event !== undefined) events.push(...this.#unknown(item.event));
    }
    if (events.length > 0) await sink.record(events, { connector });
    const last = items.at(-1);
    if (last?.type !== 'event') return;
    this.#recordedSeq = last.seq;
    this.#acknowledge(this.#recordedSeq);
  }

  /** The event, less what other processes of the connector did for this gateway. */
  #unknown(event: WatchEvent): readonly WatchEvent[] {
    const { sessions, instance, watchedElsewhere } = this.#options;
    switch (event.type) {
      case 'watch stopped':
        return watchedElsewhere(event.connection) ? [] : [event];
      case 'session seen':
        if (!sessions.knows(event, instance)) return [event];
        if (this.#recognised.size < maximumRecognised) this.#recognised.add(keyOf(event));
        return [];
      case 'session ended':
        return this.#recognised.delete(keyOf(event)) ? [] : [event];
      case 'sessions unseen': {
        const count = event.count - sessions.explains(event, instance);
        return count > 0 ? [{ ...event, count }] : [];
      }
      default:
        return [event];
    }
  }
}

function keyOf({ connection, pid, startedAt }: { connection: string; pid: number; startedAt: number }): string {
  return `${connection}\0${pid}\0${startedAt}`;
}
