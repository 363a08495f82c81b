import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { type Ran, runCommand } from '../../packages/gateway/src/cli/run-command.fixture.ts';
import type { Gateway } from '../support/gateway.ts';

/** An approval as `onrecord approvals … --json` prints it. */
export interface Shown {
  readonly approval: string;
  readonly state: string;
  readonly hash: string;
  readonly sql: readonly string[];
  readonly reason: string | null;
  readonly recent: readonly string[];
  readonly evidence: { readonly explain: string | null; readonly rows: number | null; readonly locks: unknown } | null;
  readonly votes: readonly { readonly by: string; readonly vote: string }[];
  readonly end: { readonly result: string; readonly by: readonly string[] } | null;
}

/** How long something may take to happen. */
const deadlineMs = 60_000;

/** People and agents around a gateway, each with a token. */
export class People {
  readonly #gateway: Gateway;
  readonly #tokens = new Map<string, string>();

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  async token(name: string): Promise<string> {
    const known = this.#tokens.get(name);
    if (known !== undefined) return known;
    const token = (await this.#gateway.cli('tokens', 'create', name)).trim();
    this.#tokens.set(name, token);
    return token;
  }

  /** A client of the gateway; it is the caller's to end. */
  async client(name: string, database = 'db', options?: string): Promise<pg.Client> {
    const { host, port } = this.#gateway;
    const password = await this.token(name);
    const client = new pg.Client({ host, port, database, user: name, password, ...(options ? { options } : {}) });
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  async command(args: readonly string[], name?: string): Promise<Ran> {
    const env = name === undefined ? {} : { ONRECORD_TOKEN: await this.token(name) };
    const who = name === undefined ? [] : ['--as', name];
    return await runCommand(['approvals', ...args, ...who, '--config', this.#gateway.configFile], {
      cwd: dirname(this.#gateway.configFile),
      env,
    });
  }

  approve(id: string, name: string): Promise<Ran> {
    return this.command(['approve', id], name);
  }

  deny(id: string, name: string, reason: string): Promise<Ran> {
    return this.command(['deny', id, '--reason', reason], name);
  }

  async waiting(): Promise<readonly Shown[]> {
    return parse((await this.command(['list', '--json'])).stdout);
  }

  async show(id: string): Promise<Shown> {
    const [shown] = parse((await this.command(['show', id, '--json'])).stdout);
    if (shown === undefined) throw new Error(`there is no ${id}`);
    return shown;
  }

  /** The one that waits, once there is one that fits. */
  async asked(fits: (shown: Shown) => boolean = () => true): Promise<Shown> {
    return await eventually(async () => (await this.waiting()).find(fits));
  }

  /** The approval once it has ended. */
  async ended(id: string): Promise<Shown> {
    return await eventually(async () => {
      const shown = await this.show(id);
      return shown.state === 'waiting' ? undefined : shown;
    });
  }
}

/** What there is once there is something. */
export async function eventually<Value>(look: () => Promise<Value | undefined>): Promise<Value> {
  const until = Date.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > until) throw new Error('it did not happen in time');
    await delay(20);
  }
}

function parse(lines: string): readonly Shown[] {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Shown);
}
