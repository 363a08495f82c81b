import type { BlindSession, Body, Gap, WatchStarted } from '@onrecord/record';
import type { Config } from '../config/config.ts';
import type { WatchEvent, WatchHole, WatchSink, WatchSource } from './connector-gate.ts';
import { isExpected } from './expected-session.ts';

export interface BlindSessionsOptions {
  readonly config: Pick<Config, 'connections'>;
  /** Resolves when the entries are on disk, in this order. */
  readonly append: (bodies: readonly Body[]) => Promise<void>;
  readonly log: (message: string) => void;
}

/** Sessions that need no entry and may still end; the oldest are forgotten, and their end gets an entry then. */
const maximumExpected = 100_000;

/**
 * What the watches see, as entries: sessions that did not come through the gateway, unless the configuration says that
 * they are known, and the times at which nobody watched. A hole is on the record when it begins, so that it is there
 * whatever happens next; `watch_started` ends it.
 */
export class BlindSessions implements WatchSink {
  readonly #options: BlindSessionsOptions;
  #connections: Config['connections'];
  /** Those that were seen and got no entry. */
  readonly #expected = new Set<string>();

  constructor(options: BlindSessionsOptions) {
    this.#options = options;
    this.#connections = options.config.connections;
  }

  /** Sessions that are seen from now on are compared with this configuration. */
  reload(config: Pick<Config, 'connections'>): void {
    this.#connections = config.connections;
  }

  async record(events: readonly WatchEvent[], source: WatchSource): Promise<void> {
    await this.#append(events.flatMap((event) => this.#bodies(event, source)));
  }

  async lost(connection: string, { from, reason }: WatchHole): Promise<void> {
    await this.#append([{ type: 'gap', connection, reason, fromAt: from }]);
  }

  async #append(bodies: readonly Body[]): Promise<void> {
    if (bodies.length > 0) await this.#options.append(bodies);
  }

  #bodies(event: WatchEvent, { connector }: WatchSource): readonly Body[] {
    const { connection } = event;
    switch (event.type) {
      case 'watch started': {
        for (const limit of event.limits) this.#options.log(`the watch of "${connection}": ${limit}`);
        const { role, pid, everyMs, afresh, limits } = event;
        const body: WatchStarted = {
          type: 'watch_started',
          connection,
          role,
          backendPid: pid,
          everyMs,
          ...(connector === undefined ? {} : { connector }),
          ...(limits.length === 0 ? {} : { limits }),
          ...(afresh ? { afresh } : {}),
        };
        return [body];
      }
      case 'watch stopped':
        this.#options.log(`the watch of "${connection}" stopped: ${event.reason}`);
        return [{ type: 'gap', connection, reason: event.reason, fromAt: event.at }];
      case 'session seen': {
        const { pid, type: _, ...seen } = event;
        if (isExpected(event, this.#connections.get(connection)?.expected ?? [])) {
          this.#remember(keyOf(event));
          return [];
        }
        const body: BlindSession = { type: 'blind_session', backendPid: pid, ...seen };
        this.#options.log(
          `a session on "${connection}" did not come through the gateway: user ${quoted(event.user)}, from ` +
            `${quoted(event.address)}, application ${quoted(event.application)}`,
        );
        return [connector === undefined ? body : { ...body, connector }];
      }
      case 'session ended': {
        if (this.#expected.delete(keyOf(event))) return [];
        const { pid, startedAt, lastSeenAt } = event;
        return [{ type: 'blind_session_ended', connection, backendPid: pid, startedAt, lastSeenAt }];
      }
      case 'sessions unseen': {
        const { database, count, fromAt, untilAt } = event;
        return [{ type: 'blind_sessions_unseen', connection, database, count, fromAt, untilAt }];
      }
      case 'counter reset':
        return [counterReset(event)];
    }
  }

  #remember(key: string): void {
    this.#expected.add(key);
    if (this.#expected.size <= maximumExpected) return;
    for (const oldest of this.#expected) {
      this.#expected.delete(oldest);
      return;
    }
  }
}

function counterReset({ connection, database, at }: WatchEvent & { readonly type: 'counter reset' }): Gap {
  const reason =
    `the statistics of the database ${quoted(database)} were reset, or dropped with it: ` +
    'short sessions until then are not known';
  return { type: 'gap', connection, reason, untilAt: at };
}

/** Names a session on a server: a process id comes again, with another start. */
function keyOf({ connection, pid, startedAt }: { connection: string; pid: number; startedAt: number }): string {
  return `${connection}\0${pid}\0${startedAt}`;
}

/** For a log line: what a stranger calls itself must not look like one. */
function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
