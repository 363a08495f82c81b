import { setTimeout as delay } from 'node:timers/promises';
import { backendTag } from '@onrecord/wire';
import type { Seen } from '../oracle/client.ts';
import type { Target } from '../support/target.ts';
import { errorFields, startupMessage, WireClient, type WireMessage } from '../support/wire-client.ts';

/** A row that a client tried to write, and what it was told. */
export interface Write {
  readonly id: string;
  /** `lost`: the session ended before there was an answer. */
  readonly told: 'done' | 'failed' | 'lost';
}

/** How a session ended, or a login failed, when it was not the client's doing. */
export interface Farewell {
  readonly client: string;
  /** Undefined when the connection just ended. */
  readonly sqlstate: string | undefined;
  readonly message: string | undefined;
  readonly hint: string | undefined;
  readonly detail: string | undefined;
}

/** The table that a crew writes to. */
export const crewSchema = 'create table writes (id text primary key)';

/** How long a client that was not let in waits before it tries again. */
const retryMs = 25;
const quietDeadlineMs = 60_000;

/** Clients that write rows which nobody else writes, each over as many sessions as it takes, until they are told to stop. */
export class Crew {
  readonly writes: Write[] = [];
  /** Ends of sessions. */
  readonly farewells: Farewell[] = [];
  /** Logins that failed. */
  readonly refusals: Farewell[] = [];
  readonly seen: Seen[] = [];
  readonly #working: Promise<unknown>;
  readonly #watchers = new Set<() => void>();
  #stopped = false;

  constructor(target: Target, size: number, name: string) {
    const names = Array.from({ length: size }, (_, at) => `${name}${at}`);
    this.#working = Promise.all(names.map((each) => this.#work(target, each)));
  }

  /** Resolves when so many writes were done since now. */
  async progress(writes: number): Promise<void> {
    const from = this.#done();
    await this.until(() => this.#done() >= from + writes, `${writes} writes`);
  }

  /** Resolves when something is true; asked whenever a client has heard something. */
  async until(isTrue: () => boolean, what: string): Promise<void> {
    const reached = Promise.withResolvers<void>();
    const look = (): void => {
      if (isTrue()) reached.resolve();
    };
    const timer = setTimeout(() => reached.reject(new Error(`${this.#told(what)}`)), quietDeadlineMs);
    this.#watchers.add(look);
    look();
    await reached.promise.finally(() => {
      clearTimeout(timer);
      this.#watchers.delete(look);
    });
  }

  /** Resolves when everybody has ended what they were at, and has left. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#working;
  }

  #done(): number {
    return this.writes.filter(({ told }) => told === 'done').length;
  }

  #told(what: string): string {
    const last = [...this.farewells, ...this.refusals].slice(-4).map((each) => JSON.stringify(each));
    return `there were no ${what} within ${quietDeadlineMs} ms; the crew last heard:\n${last.join('\n')}`;
  }

  #note(): void {
    for (const look of this.#watchers) look();
  }

  async #work(target: Target, name: string): Promise<void> {
    for (let n = 0; !this.#stopped; ) {
      const client = await this.#login(target, name);
      if (client === undefined) {
        await delay(retryMs);
        continue;
      }
      const seen: Seen = { backendPid: client.processId, tags: [] };
      this.seen.push(seen);
      while (!this.#stopped && !client.closed) {
        n += 1;
        await this.#write(client, `${name}-${n}`, seen);
      }
      await client.close();
    }
  }

  async #login(target: Target, client: string): Promise<WireClient | undefined> {
    let opened: WireClient | undefined;
    try {
      opened = await WireClient.open(target);
      await opened.send(startupMessage(target));
      const last = (await opened.authenticate(target.password)).at(-1);
      if (last?.tag === backendTag.readyForQuery) return opened;
      this.refusals.push(farewell(client, last));
    } catch (error) {
      this.refusals.push({ ...farewell(client, undefined), message: (error as Error).message });
    }
    opened?.destroy();
    this.#note();
    return undefined;
  }

  /** Every third one takes its time, so that there is always something under way. */
  async #write(client: WireClient, id: string, seen: Seen): Promise<void> {
    const slowly = id.endsWith('3') ? ' from pg_sleep(0.03)' : '';
    const answer = await client.query(`insert into writes select '${id}'${slowly}`).catch(() => []);
    for (const { tag, body } of answer) if (tag === backendTag.commandComplete) seen.tags.push(body().cstring());
    const error = answer.find(({ tag }) => tag === backendTag.errorResponse);
    const ready = answer.at(-1)?.tag === backendTag.readyForQuery;
    const completed = answer.some(({ tag }) => tag === backendTag.commandComplete);
    this.writes.push({ id, told: completed ? 'done' : ready ? 'failed' : 'lost' });
    if (!ready) this.farewells.push(farewell(client.processId.toString(), error));
    this.#note();
  }
}

function farewell(client: string, message: WireMessage | undefined): Farewell {
  const fields = message?.tag === backendTag.errorResponse ? errorFields(message) : {};
  return { client, sqlstate: fields['C'], message: fields['M'], hint: fields['H'], detail: fields['D'] };
}
