import { type Database, type DoctorFacts, type Ours, Watches } from '@onrecord/connector';
import type { Config } from '../config/config.ts';
import type { WatchSink } from './connector-gate.ts';
import { RemoteSessions } from './remote-sessions.ts';
import { WatchInbox } from './watch-inbox.ts';

export interface BuiltInWatchesOptions {
  /** The sessions of this process. */
  readonly ours: Ours;
  readonly sink: WatchSink;
  readonly clock: { wallUs(): number; monotonicUs(): number };
  readonly env: NodeJS.ProcessEnv;
  readonly log: (message: string) => void;
}

/** Watches over the databases that this process reaches by itself, as a connector does over its own. */
export class BuiltInWatches {
  readonly #watches: Watches;
  readonly #inbox: WatchInbox;
  #seq = 0;

  constructor({ ours, sink, clock, env, log }: BuiltInWatchesOptions) {
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
    this.#watches = new Watches({
      ours,
      clock,
      env,
      log,
      report: (event) => {
        if (this.#inbox.push(this.#seq, event)) this.#seq += 1;
        else
          log(`the watch of "${event.connection}" saw more than can be recorded: ${event.type} is not on the record`);
      },
    });
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
}
