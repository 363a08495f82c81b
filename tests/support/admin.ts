import { setTimeout as delay } from 'node:timers/promises';
import { backendTag } from '@onrecord/wire';
import type { Target } from './target.ts';
import { errorText, WireClient } from './wire-client.ts';

const waitDeadlineMs = 60_000;
/** How such a session is told apart between two looks at the catalog (net/catalog); of long queries only the beginning is shown. */
const followsCatalog =
  "(state = 'idle' and (query like '%/* onrecord: the catalog */' or query like '/* onrecord: has the catalog changed */%'))";

/** A session on the server itself, past whatever is under test, that sets the stage and looks on. */
export class Admin {
  readonly #client: WireClient;

  private constructor(client: WireClient) {
    this.#client = client;
  }

  static async login(target: Target): Promise<Admin> {
    return new Admin(await WireClient.login(target));
  }

  /** Process id of its backend. */
  get pid(): number {
    return this.#client.processId;
  }

  /** The rows of the last statement that gave some; rejects with the server's message when it fails. */
  async query(sql: string): Promise<readonly (readonly (string | null)[])[]> {
    const answer = await this.#client.query(sql);
    const failure = answer.find((message) => message.tag === backendTag.errorResponse);
    if (failure !== undefined) throw new Error(`${errorText(failure)} in: ${sql}`);
    return answer
      .filter((message) => message.tag === backendTag.dataRow)
      .map((message) => {
        const body = message.body();
        return Array.from({ length: body.uint16() }, () => {
          const value = body.value();
          return value === null ? null : Buffer.from(value).toString();
        });
      });
  }

  /** Asks until the answer is true. */
  async waitFor(sql: string): Promise<void> {
    const until = Date.now() + waitDeadlineMs;
    while ((await this.query(sql))[0]?.[0] !== 't') {
      if (Date.now() > until) throw new Error(`this did not become true: ${sql}`);
      await delay(2);
    }
  }

  /** Waits until nobody else is connected, but for gateways that follow the catalog while they have sessions with a guard. */
  async alone(): Promise<void> {
    await this.waitFor(`select count(*) = 0 from pg_stat_activity
      where pid <> pg_backend_pid() and backend_type = 'client backend' and not ${followsCatalog}`);
  }

  /** The schema `public` as a new database has it, and nobody else connected. */
  async reset(): Promise<void> {
    await this.alone();
    await this.query(
      'drop schema if exists public cascade; create schema public; grant all on schema public to public',
    );
  }

  close(): void {
    this.#client.destroy();
  }
}
