import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ConnectorConfig } from './config/connector-config.ts';
import type { Database } from './database.ts';
import { credentialFile } from './link/credential-store.ts';
import type { EnrollmentToken } from './link/enrollment-token.ts';
import { GatewayLink } from './link/gateway-link.ts';
import type { OfferedConnection } from './link/messages.ts';
import { Ours } from './watch/ours.ts';
import { startWatch, type Watch } from './watch/watch.ts';
import type { WatchEvent, WatchStarted } from './watch/watch-event.ts';

export interface ConnectorOptions {
  readonly config: ConnectorConfig;
  /** To enrol with where that is needed. */
  readonly tokens: readonly EnrollmentToken[];
  /** Of the program. */
  readonly version: string;
  readonly env: { readonly [name: string]: string | undefined };
  /** What an operator reads: one line an event. */
  readonly log: (message: string) => void;
}

/** The time of the process, as watches want it. */
const clock = {
  wallUs: (): number => Date.now() * 1_000,
  monotonicUs: (): number => Math.round(performance.now() * 1_000),
};

interface Watching {
  readonly database: Database;
  readonly watch: Watch;
  /** How it began; undefined while it does not look. */
  started: WatchStarted | undefined;
}

/** A connector at work: a link to each gateway, and a watch over each database that has a role for one. */
export class Connector {
  readonly #options: ConnectorOptions;
  readonly #links: readonly GatewayLink[];
  readonly #ours = new Ours(clock);
  readonly #watches = new Map<string, Watching>();
  #config: ConnectorConfig;

  constructor(options: ConnectorOptions) {
    const { config, tokens } = options;
    this.#options = options;
    this.#config = config;
    const unused = new Set(tokens);
    const instance = randomBytes(10).toString('hex');
    this.#links = config.gateways.map((address) => {
      const link: GatewayLink = new GatewayLink({
        address,
        file: credentialFile(config.state, address),
        tokens: unused,
        version: options.version,
        instance,
        env: options.env,
        log: options.log,
        ours: this.#ours,
        database: (connection) => this.#config.connections.get(connection),
        offers: () => this.#offers(),
        doctor: (connection) => this.#doctor(connection),
        watching: () => [...this.#watches.values()].flatMap(({ started }) => started ?? []),
        restartWatch: (connection) => void this.#restartWatch(connection),
        cancelElsewhere: (cancel) => {
          for (const other of this.#links) if (other !== link) other.passCancel(cancel);
        },
      });
      return link;
    });
  }

  start(): void {
    this.#startWatches();
    for (const link of this.#links) link.start();
  }

  /** Connections as another configuration has them, for sessions that open from now on. */
  async reload(config: ConnectorConfig): Promise<void> {
    const { gateways, state } = this.#config;
    if (!isDeepStrictEqual([config.gateways, config.state], [gateways, state])) {
      this.#options.log('`gateways` and `state` only change with a restart');
    }
    this.#config = { ...config, gateways, state };
    const changed = [...this.#watches.values()].filter(
      ({ database }) => !isDeepStrictEqual(config.connections.get(database.name), database),
    );
    await Promise.all(changed.map(({ database }) => this.#endWatch(database.name)));
    this.#startWatches();
    for (const link of this.#links) link.offer();
  }

  /** Ends the sessions, the watches and the links. Resolves when nothing is left. */
  async stop(): Promise<void> {
    await Promise.all([...this.#watches.keys()].map((name) => this.#endWatch(name)));
    await Promise.all(this.#links.map((link) => link.stop()));
  }

  #offers(): readonly OfferedConnection[] {
    return [...this.#config.connections.values()].map(({ name, watch }) => ({ name, watched: watch !== undefined }));
  }

  #startWatches(): void {
    const { env, log } = this.#options;
    for (const database of this.#config.connections.values()) {
      if (database.watch === undefined || this.#watches.has(database.name)) continue;
      const report = (event: WatchEvent): void => this.#report(watching, event);
      const watch = startWatch({ database, watch: database.watch, ours: this.#ours, env, clock, log, report });
      const watching: Watching = { database, watch, started: undefined };
      this.#watches.set(database.name, watching);
    }
  }

  #report(watching: Watching, event: WatchEvent): void {
    if (event.type === 'watch started') watching.started = event;
    if (event.type === 'watch stopped') watching.started = undefined;
    for (const link of this.#links) link.report(event);
  }

  async #endWatch(name: string): Promise<void> {
    const watching = this.#watches.get(name);
    this.#watches.delete(name);
    await watching?.watch.stop();
  }

  async #restartWatch(name: string): Promise<void> {
    if (!this.#watches.has(name)) return;
    await this.#endWatch(name);
    this.#startWatches();
  }

  async #doctor(connection: string): Promise<unknown> {
    const watching = this.#watches.get(connection);
    if (watching !== undefined) return await watching.watch.doctor();
    throw new Error(`"${connection}" has no role that watches; give it one with \`watch\` in ${this.#config.file}`);
  }
}
