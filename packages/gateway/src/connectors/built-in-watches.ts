import { type Database, type DoctorFacts, type Ours, Watches, WatchOutbox } from '@onrecord/connector';
import type { Config } from '../config/config.ts';
import type { WatchEvent, WatchSink } from './connector-gate.ts';
import { RemoteSessions } from './remote-sessions.ts';
import { WatchInbox } from './watch-inbox.ts';

export interface BuiltInWatchesOptions {
  /** The sessions of this process. */
  readonly ours: Ours;
  readonly sink: WatchSink;
  readonly clock: { wallUs(): number; monotonicUs(): number };
  readonly env: NodeJS.ProcessEnv;
  readonly log: (message: string) => void;
  /** Events that wait to be recorded, at most. */
  readonly maximumEvents?: number;
}

/** Watches over the databases that this process reaches by itself, as a connector does over its own. */
export class BuiltInWatches {
  readonly #watches: Watches;
  readonly #inbox: WatchInbox;
  readonly #outbox: WatchOutbox;

  constructor({ ours, sink, clock, env, log, maximumEvents }: BuiltInWatchesOptions) {
    const nowUs = (): number => clock.wallUs();
    this.#inbox = new WatchInbox({
      connector: undefined,
      instance: '',
      sink,
      // Nobody else opens sessions of these connections for this gateway.
      sessions: new RemoteSessions(nowUs),
      watchedElsewhere: () => false,
      nowUs,
      log,
    });
    this.#outbox = new WatchOutbox(maximumEvents);
    this.#inbox.attach((seq) => this.#recorded(seq));
    this.#watches = new Watches({ ours, clock, env, log, report: (event) => this.#report(event) });
  }

  /** Watches what this configuration says from now on. */
  async follow({ connections }: Pick<Config, 'connections'>): Promise<void> {
    const databases = new Map<string, Database>();
    for (const { name, reach } of connections.values()) {
      if (reach.type === 'built-in') databases.set(name, reach.database);
    }
    await this.#watches.follow(databases);
  }

  /** Rejects with words when nobody watches the connection. */
  async doctor(connection: string): Promise<DoctorFacts> {
    return await this.#watches.doctor(connection);
  }

  /** Ends the watches. Resolves when what they saw is on the record. */
  async close(): Promise<void> {
    await this.#watches.stop();
    await this.#inbox.close();
  }

  #report(event: WatchEvent): void {
    const kept = this.#outbox.add(event);
    if (kept !== undefined) this.#inbox.push(kept.seq, kept.event);
  }

  #recorded(seq: number): void {
    for (const stopped of this.#outbox.acknowledge(seq)) {
      this.#inbox.push(stopped.seq, stopped.event);
      void this.#watches.restart(stopped.event.connection);
    }
  }
}
