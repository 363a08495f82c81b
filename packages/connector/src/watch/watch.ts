import { setTimeout as delay } from 'node:timers/promises';
import type { Database, WatchSettings } from '../database.ts';
import { addressOf } from '../target.ts';
import type { DoctorFacts } from './doctor-facts.ts';
import { gatherFacts } from './gather-facts.ts';
import { explainFailure, type OpenedQuerySession, openQuerySession } from './open-query-session.ts';
import type { Ours } from './ours.ts';
import { pollSql, type Rows, readPoll } from './poll.ts';
import { abandon, reconcile, type WatchState } from './reconcile.ts';
import type { WatchEvent } from './watch-event.ts';
import { readServer, serverSql, type WatchedServer, watchLimits } from './watch-limits.ts';

/** Wall time in microseconds since 1970, and microseconds of a clock that never goes back. */
export interface WatchClock {
  wallUs(): number;
  monotonicUs(): number;
}

export interface WatchOptions {
  readonly database: Database;
  readonly watch: WatchSettings;
  /** Every session that this process opens, on whatever server, must go by it. */
  readonly ours: Ours;
  readonly env: { readonly [name: string]: string | undefined };
  readonly report: (event: WatchEvent) => void;
  readonly clock: WatchClock;
  readonly log: (message: string) => void;
}

export interface Watch {
  /** Ends it; the last event says so. */
  stop(): Promise<void>;
  /** What the doctor wants to know. Rejects with words when the server cannot be asked now. */
  doctor(): Promise<DoctorFacts>;
}

/** From Postgres 15 on a session can make sure that it is counted. */
const forcesCounts = 150_000;
const firstRetryMs = 250;
const maxRetryMs = 15_000;
/** statement_timeout ends a query that takes long; this is for a server or a network that is gone. */
const answerMs = 10_000;

/** Keeps watch over a server, for as long as the process lives: connects, looks, and connects again when that ends. */
export function startWatch(options: WatchOptions): Watch {
  const watcher = new Watcher(options);
  const running = watcher.run();
  return {
    stop: async () => {
      watcher.end();
      await running;
    },
    doctor: () => watcher.doctor(),
  };
}

class Watcher {
  readonly #options: WatchOptions;
  readonly #connection: string;
  readonly #stopping = new AbortController();
  #session: OpenedQuerySession | undefined;
  /** Of the server as it was met last. */
  #state: WatchState | undefined;
  #met = '';
  /** Our last dial when the last session ended, and when the last server that is no more did. */
  #dialAtEnd = 0;
  #lostDial = 0;
  /** Why nobody watches, as it was reported last; undefined while somebody does. */
  #hole: string | undefined = '';
  #retryMs = firstRetryMs;
  #examining: Promise<DoctorFacts> | undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#connection = options.database.name;
  }

  async run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const reason = await this.#watch();
      if (signal.aborted) break;
      this.#stopped(reason);
      await delay(this.#retryMs, undefined, { signal }).catch(() => {});
      this.#retryMs = Math.min(this.#retryMs * 2, maxRetryMs);
    }
    this.#stopped('the process that watches has stopped');
  }

  end(): void {
    this.#stopping.abort();
    this.#session?.session.close();
  }

  /** One examination at a time: whoever asks meanwhile gets the same, and looks come in between. */
  async doctor(): Promise<DoctorFacts> {
    this.#examining ??= this.#examine().finally(() => {
      this.#examining = undefined;
    });
    return await this.#examining;
  }

  async #examine(): Promise<DoctorFacts> {
    if (this.#session === undefined) {
      throw new Error(`nobody watches "${this.#connection}" now: ${this.#hole || 'the server was not reached yet'}`);
    }
    const { session } = this.#session;
    const { database, watch } = this.#options;
    const logins = [...(database.login === undefined ? [] : [database.login]), ...database.roles, watch];
    const uses = [...new Set(logins.map(({ user }) => user))];
    const query = (sql: string): Promise<readonly Rows[]> => session.query(sql);
    return await gatherFacts({ connection: this.#connection, user: watch.user, uses, query });
  }

  /** One session of the watch, from its dial to its end; resolves with why it ended. */
  async #watch(): Promise<string> {
    try {
      this.#session = await openQuerySession({ ...this.#options, signal: this.#stopping.signal });
      const server = await this.#meet(this.#session);
      return await this.#lookUntilOver(this.#session, server);
    } catch (error) {
      this.#session?.session.close();
      return explainFailure(error);
    } finally {
      this.#session = undefined;
    }
  }

  async #lookUntilOver(opened: OpenedQuerySession, server: WatchedServer): Promise<string> {
    try {
      const looking = this.#lookOn(opened, server);
      return await Promise.race([opened.over, looking.then(() => 'it was told to stop')]);
    } finally {
      this.#dialAtEnd = this.#options.ours.lastId;
    }
  }

  /** Finds out which server it is: the one of the last session, or another life of it. */
  async #meet(opened: OpenedQuerySession): Promise<WatchedServer> {
    const { database, ours } = this.#options;
    const server = readServer(await this.#ask(opened, serverSql));
    ours.learn(addressOf(database), server.life);
    if (server.version >= forcesCounts) {
      await this.#ask(opened, 'select pg_catalog.pg_stat_force_next_flush()');
      opened.opening.counted();
    }
    const met = `${server.life} ${server.incarnation}`;
    if (met !== this.#met) {
      if (this.#state !== undefined) this.#report(abandon(this.#state, this.#connection));
      this.#state = undefined;
      this.#met = met;
      this.#lostDial = this.#dialAtEnd;
    }
    return server;
  }

  async #lookOn(opened: OpenedQuerySession, server: WatchedServer): Promise<void> {
    const { watch } = this.#options;
    const { signal } = this.#stopping;
    for (let look = 0; !signal.aborted; look += 1) {
      const startedUs = this.#options.clock.monotonicUs();
      const afresh = this.#state === undefined;
      const events = await this.#look(opened, server);
      if (look === 0) this.#started(opened, { server, afresh });
      this.#report(events);
      const tookMs = (this.#options.clock.monotonicUs() - startedUs) / 1000;
      await delay(Math.max(0, watch.everyMs - tookMs), undefined, { signal }).catch(() => {});
    }
  }

  async #look(opened: OpenedQuerySession, { version, life }: WatchedServer): Promise<readonly WatchEvent[]> {
    const { clock, ours } = this.#options;
    const sentAt = clock.monotonicUs();
    const results = await this.#ask(opened, pollSql(version));
    const poll = readPoll(results, { sentAt, receivedAt: clock.monotonicUs(), at: clock.wallUs() });
    const bookkeeping = { collector: version < forcesCounts };
    const { state, events } = reconcile(this.#state, poll, {
      ...{ connection: this.#connection, ours, life, bookkeeping },
      lostDial: this.#lostDial,
    });
    this.#state = state;
    return events;
  }

  /** Ends the session when the answer does not come. */
  async #ask({ session }: OpenedQuerySession, sql: string): Promise<readonly Rows[]> {
    const timer = setTimeout(() => session.abandon(`the server did not answer within ${answerMs} ms`), answerMs);
    try {
      return await session.query(sql);
    } finally {
      clearTimeout(timer);
    }
  }

  #started(
    { pid }: OpenedQuerySession,
    { server, afresh }: { readonly server: WatchedServer; readonly afresh: boolean },
  ): void {
    const { clock, log, watch } = this.#options;
    const limits = watchLimits(server, watch.user);
    const at = clock.wallUs();
    this.#hole = undefined;
    this.#retryMs = firstRetryMs;
    log(`connection "${this.#connection}": watching for blind sessions as "${watch.user}"`);
    for (const limit of limits) log(`connection "${this.#connection}": the watch cannot see everything: ${limit}`);
    const { everyMs, user: role } = watch;
    this.#report([{ type: 'watch started', connection: this.#connection, role, pid, everyMs, at, afresh, limits }]);
  }

  /** Said once for each reason: a server that is away for a day is one hole. */
  #stopped(reason: string): void {
    if (reason === this.#hole) return;
    this.#hole = reason;
    this.#options.log(`connection "${this.#connection}": nobody watches for blind sessions: ${reason}`);
    const at = this.#options.clock.wallUs();
    this.#report([{ type: 'watch stopped', connection: this.#connection, reason, at }]);
  }

  #report(events: readonly WatchEvent[]): void {
    for (const event of events) this.#options.report(event);
  }
}
