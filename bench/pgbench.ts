import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { removeDirectory, temporaryDirectory } from '../tests/support/leftovers.ts';
import { libpqEnvironment, type Target } from '../tests/support/target.ts';

export type Protocol = 'simple' | 'extended' | 'prepared';

export interface Workload {
  /** `select`: pgbench -S, one indexed SELECT. `tpcb`: pgbench's default, five statements in a transaction. */
  readonly script: 'select' | 'tpcb';
  readonly protocol: Protocol;
  readonly clients: number;
  readonly seconds: number;
  /** Share of the transactions whose latency is logged; logging all of them would cost pgbench itself. */
  readonly logged: number;
}

export interface PgbenchResult {
  readonly transactions: number;
  readonly transactionsPerSecond: number;
  /** Of each logged transaction, in microseconds. */
  readonly latenciesUs: readonly number[];
}

/** Statements in a transaction of a script: what the gateway records. */
export const statementsOf: { readonly [Script in Workload['script']]: number } = { select: 1, tpcb: 7 };

/** pgbench's clock starts before its clients log in; their time is added, so that a run is about as long as asked for. */
const loginsPerSecond = 32;

const run = promisify(execFile);

/** Runs a pgbench program. */
export class Pgbench {
  readonly #program: string;

  constructor(program: string) {
    this.#program = program;
  }

  /** Makes pgbench's tables. */
  async initialise(target: Target, scale: number): Promise<void> {
    await this.#run(target, ['--initialize', '--quiet', `--scale=${scale}`]);
  }

  /** `watch`: called every second while it runs, with the transactions so far. */
  async measure(target: Target, workload: Workload, watch?: (transactions: number) => void): Promise<PgbenchResult> {
    const directory = temporaryDirectory('pgbench');
    const args = [
      '--no-vacuum',
      ...(workload.script === 'select' ? ['--select-only'] : []),
      `--protocol=${workload.protocol}`,
      `--client=${workload.clients}`,
      // Leaves a core to what is measured.
      `--jobs=${Math.max(1, Math.min(workload.clients, Math.floor(availableParallelism() / 2)))}`,
      `--time=${workload.seconds + Math.ceil(workload.clients / loginsPerSecond)}`,
      '--log',
      `--log-prefix=${join(directory, 'log')}`,
      ...(workload.logged < 1 ? [`--sampling-rate=${workload.logged}`] : []),
      ...(watch === undefined ? [] : ['--progress=1']),
    ];
    try {
      const output = await this.#run(target, args, watch);
      return { ...countsOf(output, target), latenciesUs: latencies(directory) };
    } finally {
      removeDirectory(directory);
    }
  }

  async #run(target: Target, args: readonly string[], watch?: (transactions: number) => void): Promise<string> {
    // Neither PgBouncer nor the forwarder speaks TLS here, so nobody does.
    const env = { ...process.env, ...libpqEnvironment(target), PGSSLMODE: 'disable' };
    const running = run(this.#program, [...args], { env, maxBuffer: 1 << 24 });
    if (watch !== undefined) watchProgress(running.child.stderr, watch);
    const { stdout } = await running;
    return stdout;
  }
}

/** Each line of `--progress` says for how long pgbench has run, and its rate since the last one. */
function watchProgress(stderr: Readable | null, watch: (transactions: number) => void): void {
  if (stderr === null) return;
  let transactions = 0;
  let before = 0;
  createInterface({ input: stderr }).on('line', (line) => {
    const [, seconds, rate] = /^progress: ([\d.]+) s, ([\d.]+) tps/.exec(line) ?? [];
    if (seconds === undefined) return;
    transactions += Number(rate) * (Number(seconds) - before);
    before = Number(seconds);
    watch(transactions);
  });
}

function countsOf(
  output: string,
  { name }: Target,
): { readonly transactions: number; readonly transactionsPerSecond: number } {
  const transactions = Number(/transactions actually processed: (\d+)/.exec(output)?.[1]);
  const transactionsPerSecond = Number(/^tps = ([\d.]+)/m.exec(output)?.[1]);
  const failed = Number(/number of failed transactions: (\d+)/.exec(output)?.[1] ?? 0);
  if (!(transactions > 0) || failed > 0) throw new Error(`pgbench did not do its work against ${name}:\n${output}`);
  return { transactions, transactionsPerSecond };
}

/** Third column of pgbench's log: the time of a transaction in microseconds. */
function latencies(directory: string): number[] {
  const found: number[] = [];
  for (const name of readdirSync(directory)) {
    for (const line of readFileSync(join(directory, name), 'latin1').split('\n')) {
      const latency = line.split(' ', 3)[2];
      if (latency !== undefined) found.push(Number(latency));
    }
    rmSync(join(directory, name));
  }
  return found;
}
