import { fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Body } from '@onrecord/record';
import { Journal } from '../../packages/gateway/src/journal/journal.ts';
import type { Durable } from '../../packages/gateway/src/journal/receipt.ts';
import { systemClock } from '../../packages/gateway/src/net/clock.ts';

/**
 * What recording a statement costs: pairs of a statement and its outcome, each waited for, by 1 and by 64 sessions at a
 * time, with syncs on the writing thread, on another one, and chosen by measurement (the default). What it leaves out: the
 * sockets, and a Postgres that wants the same processor and the same disk.
 *
 *     node scripts/run.mjs run bench/micro/journal.ts [--seconds 2] [--directory DIR]
 */

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '2' },
    directory: { type: 'string', default: tmpdir() },
    sessions: { type: 'string', default: '1,64' },
    only: { type: 'string' },
  },
});
const measureMs = Number(values.seconds) * 1000;
/** Long enough for the next segment to be ready: making it slows syncs down. */
const warmUpMs = 1500;

const sql = new TextEncoder().encode('SELECT abalance FROM pgbench_accounts WHERE aid = $1');
const row = new Uint8Array(30).fill(68);
const digest = new Uint8Array(32);

const places: { readonly [name: string]: number } = {
  thread: 0,
  inline: Number.POSITIVE_INFINITY,
  adaptive: 200,
};

interface Run {
  readonly name: string;
  readonly durable: Durable;
  readonly sessions: number;
  readonly syncInlineBelowUs: number;
}

async function measure({ name, durable, sessions, syncInlineBelowUs }: Run): Promise<string> {
  const directory = mkdtempSync(join(values.directory, 'onrecord-bench-'));
  const clock = systemClock();
  const journal = await Journal.open({ directory: join(directory, 'journal'), clock, syncInlineBelowUs });
  try {
    const latencies: number[] = [];
    let statements = 0;
    const append = (chains: { session: string; identity: string }, bodies: Body[]): Promise<void> =>
      new Promise((resolve, reject) => {
        const start = performance.now();
        journal.append(chains, bodies, durable, (result) => {
          if (result instanceof Error) return reject(result);
          latencies.push((performance.now() - start) * 1000);
          resolve();
        });
      });
    const session = async (number: number, untilMs: number): Promise<void> => {
      const chains = { session: `bench${String(number).padStart(11, '0')}`, identity: 'bench' };
      await append(chains, [opened]);
      for (let n = 1; performance.now() < untilMs; n += 1) {
        await append(chains, [{ type: 'statement', n, kind: 'execute', sql, parameters: row, transactionBefore: 'I' }]);
        // What comes back from Postgres comes from the poll phase, not from this one's microtasks.
        await new Promise((resolve) => setImmediate(resolve));
        await append(chains, [
          {
            type: 'outcome',
            of: n,
            outcome: 'completed',
            tag: 'SELECT 1',
            rowCount: 1,
            rowBytes: 30,
            rows: row,
            digest,
            transactionAfter: 'I',
            forwardedUs: 1_000_000,
            firstByteUs: 1_000_100,
            completedUs: 1_000_101,
          },
        ]);
        statements += 1;
      }
      await append(chains, [{ type: 'session_closed', reason: 'client terminated', statements: 0 }]);
    };
    await Promise.all(each(sessions, (number) => session(number, performance.now() + warmUpMs)));
    latencies.length = 0;
    statements = 0;
    const cpu = process.cpuUsage();
    const start = performance.now();
    await Promise.all(each(sessions, (number) => session(number + sessions, start + measureMs)));
    const elapsedMs = performance.now() - start;
    const { user, system } = process.cpuUsage(cpu);
    latencies.sort((a, b) => a - b);
    const at = (share: number): string => (latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(0);
    return [
      `${durable.padEnd(8)}${String(sessions).padStart(3)} sessions  ${name.padEnd(9)}`,
      `${((statements / elapsedMs) * 1000).toFixed(0).padStart(7)} statements/s`,
      `append p50 ${at(0.5).padStart(5)} µs  p99 ${at(0.99).padStart(5)} µs`,
      `CPU ${((user + system) / statements).toFixed(1)} µs a statement`,
    ].join('  ');
  } finally {
    await journal.close();
    rmSync(directory, { recursive: true });
  }
}

function each<Result>(count: number, make: (number: number) => Result): Result[] {
  return Array.from({ length: count }, (_, number) => make(number));
}

const opened: Body = {
  type: 'session_opened',
  identityKind: 'agent',
  groups: [],
  method: 'token',
  credential: 'bench',
  connection: 'bench',
  database: 'bench',
  role: 'bench',
  upstream: '127.0.0.1:5432',
  backendPid: 1,
  client: '127.0.0.1:1',
  protocol: 196_608,
  configuration: '',
  durability: 'before-forward',
  claimed: {},
  parameters: {},
};

/** The floor: 600 bytes into a file that is allocated already, and a sync, on this thread. */
function diskItself(): void {
  const directory = mkdtempSync(join(values.directory, 'onrecord-bench-'));
  const fd = openSync(join(directory, 'file'), 'w');
  writeSync(fd, new Uint8Array(16 * 1024 * 1024));
  fdatasyncSync(fd);
  const bytes = new Uint8Array(600).fill(1);
  const took: number[] = [];
  for (let at = 0; at < 2000; at += 1) {
    const start = performance.now();
    writeSync(fd, bytes, 0, bytes.length, at * bytes.length);
    fdatasyncSync(fd);
    took.push((performance.now() - start) * 1000);
  }
  took.sort((a, b) => a - b);
  console.log(
    `the disk itself: write and fdatasync p50 ${took[1000]?.toFixed(0)} µs, p99 ${took[1980]?.toFixed(0)} µs`,
  );
  rmSync(directory, { recursive: true });
}

diskItself();
for (const durable of ['synced', 'written'] as const) {
  for (const sessions of values.sessions.split(',').map(Number)) {
    for (const [name, syncInlineBelowUs] of Object.entries(places)) {
      if (values.only !== undefined && values.only !== name) continue;
      if (durable === 'written' && name !== 'adaptive') continue;
      console.log(await measure({ name, durable, sessions, syncInlineBelowUs }));
    }
  }
}
