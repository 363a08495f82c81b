import { setTimeout as delay } from 'node:timers/promises';
import {
  addressOf,
  type Database,
  dialPostgres,
  Ours,
  startWatch,
  type UpstreamStream,
  type Watch,
  type WatchEvent,
} from '@onrecord/connector';
import { protocolVersion } from '@onrecord/wire';
import { failOpening } from '../../packages/connector/src/watch/fail-opening.ts';
import { Admin } from '../support/admin.ts';
import type { Target } from '../support/target.ts';

type EventOf<Type extends WatchEvent['type']> = WatchEvent & { readonly type: Type };

export interface WatchingOptions {
  readonly server: Target;
  readonly user?: string;
  readonly password?: string;
  readonly everyMs?: number;
}

/** Those that run: a test that fails must not leave one to the next. */
const running = new Set<Watching>();

/** Stops every watch that was started. */
export async function stopWatching(): Promise<void> {
  for (const { watch } of running) await watch.stop();
  running.clear();
}

/** A watch over a server, what it has reported, and sessions that are its own process's. */
export class Watching {
  readonly database: Database;
  readonly events: WatchEvent[] = [];
  readonly logged: string[] = [];
  readonly ours: Ours;
  readonly watch: Watch;
  readonly #env: { [name: string]: string };
  readonly #server: Target;
  readonly #awaited = new Set<() => void>();

  constructor({ server, user = 'onrecord_watch', password = 'watching', everyMs = 50 }: WatchingOptions) {
    const clock = {
      wallUs: () => Date.now() * 1000,
      monotonicUs: () => Math.round(performance.now() * 1000),
    };
    const { host, port, database } = server;
    const watch = { user, password: { type: 'env', name: 'WATCH' }, everyMs } as const;
    this.#server = server;
    this.#env = { WATCH: password };
    this.database = {
      ...{ name: 'db', host, port, database, tls: 'disable', tlsCa: undefined, certificate: undefined },
      ...{ login: { user: server.user, password: undefined }, roles: [], watch },
    };
    this.ours = new Ours(clock);
    running.add(this);
    this.watch = startWatch({
      ...{ database: this.database, watch, ours: this.ours, env: this.#env, clock },
      report: (event) => {
        this.events.push(event);
        for (const look of this.#awaited) look();
      },
      log: (message) => this.logged.push(message),
    });
  }

  set password(password: string) {
    this.#env['WATCH'] = password;
  }

  all<Type extends WatchEvent['type']>(type: Type): EventOf<Type>[] {
    return this.events.filter((event): event is EventOf<Type> => event.type === type);
  }

  get unseen(): number {
    return this.all('sessions unseen').reduce((sum, { count }) => sum + count, 0);
  }

  /** The first event of a type that fits, reported before or yet to come. */
  async first<Type extends WatchEvent['type']>(
    type: Type,
    fits: (event: EventOf<Type>) => boolean = () => true,
  ): Promise<EventOf<Type>> {
    for (;;) {
      const found = this.all(type).find(fits);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        const look = (): void => {
          this.#awaited.delete(look);
          resolve();
        };
        this.#awaited.add(look);
      });
    }
  }

  /** A session of this process, as a connector opens it. */
  async open(
    user: string = this.#server.user,
    password: string = this.#server.password,
    settings: { readonly [name: string]: string } = {},
    signal?: AbortSignal,
  ): Promise<UpstreamStream> {
    const { database } = this.database;
    const opening = this.ours.opening({ address: addressOf(this.database), database, user });
    const parameters = Object.entries({ user, database, ...settings }).map(([name, value]) => ({
      name,
      value: Buffer.from(value),
    }));
    try {
      const stream = await dialPostgres(
        this.database,
        { version: protocolVersion.v3_0, parameters },
        { timeoutMs: 20_000, password: async () => password, signal },
      );
      stream.socket.on('error', () => {}).once('close', () => opening.closed());
      opening.opened(stream.backendPid);
      return stream;
    } catch (error) {
      failOpening(opening, error);
      throw error;
    }
  }
}

/** Waits until the watch has begun and ended some looks, all of them after this call. */
export async function looks(admin: Admin, count: number): Promise<void> {
  for (let look = 0; look < count; look += 1) {
    const [[now] = []] = await admin.query('select clock_timestamp()');
    await admin.waitFor(
      `select count(*) > 0 from pg_stat_activity
       where application_name = 'onrecord watch' and query_start > '${now}' and state = 'idle'`,
    );
  }
}

/** Waits for the end of a process of the server. */
export async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return;
      throw error;
    }
    await delay(2);
  }
}

/** A session past everything, from its login to its end on the server. */
export async function passBy(server: Target): Promise<void> {
  const session = await Admin.login(server);
  session.close();
}
