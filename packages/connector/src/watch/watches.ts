import { isDeepStrictEqual } from 'node:util';
import type { Database } from '../database.ts';
import type { DoctorFacts } from './doctor-facts.ts';
import { startWatch, type Watch, type WatchOptions } from './watch.ts';
import type { WatchEvent, WatchStarted } from './watch-event.ts';

interface Watching {
  readonly database: Database;
  readonly watch: Watch;
  /** How it began; undefined while it does not look. */
  started: WatchStarted | undefined;
}

/** The watches of a process: one over each database that has a role for one. */
export class Watches {
  readonly #options: Omit<WatchOptions, 'database' | 'watch'>;
  readonly #watches = new Map<string, Watching>();
  #databases: ReadonlyMap<string, Database> = new Map();
  /** One change after the other: else the end of a watch could be told behind the beginning of the next. */
  #changes: Promise<void> = Promise.resolve();

  constructor(options: Omit<WatchOptions, 'database' | 'watch'>) {
    this.#options = options;
  }

  /** Watches these from now on: what has changed begins anew, what is not among them ends. */
  async follow(databases: ReadonlyMap<string, Database>): Promise<void> {
    this.#databases = databases;
    await this.#inTurn(async () => {
      const changed = [...this.#watches.values()].filter(
        ({ database }) => !isDeepStrictEqual(databases.get(database.name), database),
      );
      await Promise.all(changed.map(({ database }) => this.#end(database.name)));
      for (const database of databases.values()) this.#start(database);
    });
  }

  /** Ends the watch of a connection and begins another one, which reports everything again. */
  async restart(connection: string): Promise<void> {
    await this.#inTurn(async () => {
      if (!this.#watches.has(connection)) return;
      await this.#end(connection);
      const database = this.#databases.get(connection);
      if (database !== undefined) this.#start(database);
    });
  }

  /** How the watches that look at the moment began. */
  started(): readonly WatchStarted[] {
    return [...this.#watches.values()].flatMap(({ started }) => started ?? []);
  }

  /** Rejects with words when nobody watches the connection. */
  async doctor(connection: string): Promise<DoctorFacts> {
    const watching = this.#watches.get(connection);
    if (watching !== undefined) return await watching.watch.doctor();
    throw new Error(
      `"${connection}" has no role that watches; give it one with \`watch\`, in the file that has its credentials ` +
        '(docs/blind-sessions.md)',
    );
  }

  async stop(): Promise<void> {
    await this.follow(new Map());
  }

  async #inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.#changes.then(change);
    this.#changes = done.catch(() => {});
    await done;
  }

  #start(database: Database): void {
    if (database.watch === undefined || this.#watches.has(database.name)) return;
    const report = (event: WatchEvent): void => {
      if (event.type === 'watch started') watching.started = event;
      if (event.type === 'watch stopped') watching.started = undefined;
      this.#options.report(event);
    };
    const watch = startWatch({ ...this.#options, database, watch: database.watch, report });
    const watching: Watching = { database, watch, started: undefined };
    this.#watches.set(database.name, watching);
  }

  async #end(name: string): Promise<void> {
    const watching = this.#watches.get(name);
    this.#watches.delete(name);
    await watching?.watch.stop();
  }
}
