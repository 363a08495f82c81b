import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ConnectorConfig } from './config/connector-config.ts';
import { credentialFile } from './link/credential-store.ts';
import type { EnrollmentToken } from './link/enrollment-token.ts';
import { GatewayLink } from './link/gateway-link.ts';
import type { OfferedConnection } from './link/messages.ts';
import { Ours } from './watch/ours.ts';
import { Watches } from './watch/watches.ts';

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

/** A connector at work: a link to each gateway, and a watch over each database that has a role for one. */
export class Connector {
  readonly #options: ConnectorOptions;
  readonly #links: readonly GatewayLink[];
  readonly #ours = new Ours(clock);
  readonly #watches: Watches;
  #config: ConnectorConfig;

  constructor(options: ConnectorOptions) {
    const { config, tokens } = options;
    this.#options = options;
    this.#config = config;
    const { env, log } = options;
    this.#watches = new Watches({
      ours: this.#ours,
      env,
      clock,
      log,
      report: (event) => {
        for (const link of this.#links) link.report(event);
      },
    });
    const unused = new Set(tokens);
    this.#links = config.gateways.map((address) => {
      const link: GatewayLink = new GatewayLink({
        address,
        file: credentialFile(config.state, address),
        tokens: unused,
        version: options.version,
        // Of each link: two addresses may lead to one gateway, where they must not take each other's place.
        instance: randomBytes(10).toString('hex'),
        env,
        log,
        ours: this.#ours,
        database: (connection) => this.#config.connections.get(connection),
        offers: () => this.#offers(),
        doctor: (connection) => this.#watches.doctor(connection),
        watching: () => this.#watches.started(),
        restartWatch: (connection) => void this.#watches.restart(connection),
        cancelElsewhere: (cancel) => {
          for (const other of this.#links) if (other !== link) other.passCancel(cancel);
        },
      });
      return link;
    });
  }

  start(): void {
    void this.#watches.follow(this.#config.connections);
    for (const link of this.#links) link.start();
  }

  /** Connections as another configuration has them, for sessions that open from now on. */
  async reload(config: ConnectorConfig): Promise<void> {
    const { gateways, state } = this.#config;
    if (!isDeepStrictEqual([config.gateways, config.state], [gateways, state])) {
      this.#options.log('`gateways` and `state` only change with a restart');
    }
    this.#config = { ...config, gateways, state };
    await this.#watches.follow(config.connections);
    for (const link of this.#links) link.offer();
  }

  /** Ends the sessions, the watches and the links. Resolves when nothing is left. */
  async stop(): Promise<void> {
    await this.#watches.stop();
    await Promise.all(this.#links.map((link) => link.stop()));
  }

  #offers(): readonly OfferedConnection[] {
    return [...this.#config.connections.values()].map(({ name, watch }) => ({ name, watched: watch !== undefined }));
  }
}
