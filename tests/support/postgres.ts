import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chownSync, closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';
import { killAtExit, removeDirectory, temporaryDirectory } from './leftovers.ts';
import { endChild } from './life.ts';
import {
  type Account,
  type BinariesKind,
  findBinaries,
  type PostgresBinaries,
  postgresAccount,
} from './postgres-binaries.ts';
import type { Target } from './target.ts';

export interface PostgresOptions {
  readonly binaries?: BinariesKind;
  /** Lines of postgresql.conf, over the ones that tests use (no fsync, no autovacuum, everything in UTC). */
  readonly settings?: { readonly [name: string]: string | number | boolean };
  /** Lines of pg_hba.conf instead of SCRAM for everybody. */
  readonly hba?: readonly string[];
  /** Files of the data directory, by name, which only the server may read: keys and certificates. */
  readonly files?: { readonly [name: string]: string };
  /** Words in front of the server's command, which also make it run as an account (`Network.within`). */
  readonly within?: (account: Account | undefined) => readonly string[];
}

/** A running Postgres server of its own, with a superuser `postgres` and a database `postgres`. */
export interface Postgres extends Target {
  readonly binaries: PostgresBinaries;
  /** Directory of the Unix socket. */
  readonly socketDirectory: string;
  /** Directory of the cluster (PGDATA). */
  readonly dataDirectory: string;
  /** What the server writes to its log. */
  readonly logFile: string;
  /** Of the server that runs now. */
  readonly pid: number;
  log(): string;
  /** Ends it without warning, as a crash would; its backends go as soon as they notice. */
  kill9(): Promise<void>;
  /** Starts it again on the same port, after it was killed. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const run = promisify(execFile);
const password = 'a password of the tests';
const startDeadlineMs = 60_000;
const portAttempts = 5;

const quickSettings: { readonly [name: string]: string | number | boolean } = {
  fsync: false,
  full_page_writes: false,
  synchronous_commit: false,
  autovacuum: false,
  max_connections: 200,
  shared_buffers: '32MB',
  password_encryption: 'scram-sha-256',
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
};

/** Makes a cluster and starts it; rejects when the binaries are missing or the server does not come up. */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const kind = options.binaries ?? 'embedded';
  const binaries = findBinaries(kind);
  if (binaries === undefined) throw new Error(`this machine has no ${kind} Postgres binaries`);
  const directory = temporaryDirectory('postgres');
  try {
    await initialise(binaries, directory, options);
    return await startOnFreePort({ binaries, directory, within: options.within });
  } catch (error) {
    removeDirectory(directory);
    throw error;
  }
}

async function initialise(binaries: PostgresBinaries, directory: string, options: PostgresOptions): Promise<void> {
  const account = postgresAccount();
  const data = join(directory, 'data');
  const passwordFile = join(directory, 'password');
  writeFileSync(passwordFile, password);
  mkdirSync(data, { mode: 0o700 });
  if (account !== undefined)
    for (const path of [directory, data, passwordFile]) chownSync(path, account.uid, account.gid);
  const quiet = binaries.major < 14 ? [] : ['--no-instructions'];
  const initdb = ['--no-sync', ...quiet, '--username=postgres', `--pwfile=${passwordFile}`];
  const cluster = ['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', `--pgdata=${data}`];
  await run(join(binaries.bin, 'initdb'), [...initdb, ...cluster], { ...account, cwd: directory });
  const settings = Object.entries({ ...quickSettings, ...options.settings });
  const lines = settings.map(([name, value]) => `${name} = '${String(value).replaceAll("'", "''")}'`);
  writeFileSync(join(data, 'postgresql.conf'), `${lines.join('\n')}\n`);
  if (options.hba !== undefined) writeFileSync(join(data, 'pg_hba.conf'), `${options.hba.join('\n')}\n`);
  for (const [name, content] of Object.entries(options.files ?? {})) {
    writeFileSync(join(data, name), content, { mode: 0o600 });
    if (account !== undefined) chownSync(join(data, name), account.uid, account.gid);
  }
}

/** A cluster that has been made, and how its server is started. */
interface Cluster {
  readonly binaries: PostgresBinaries;
  readonly directory: string;
  readonly within: PostgresOptions['within'];
}

async function startOnFreePort(cluster: Cluster): Promise<Postgres> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const server = await start(cluster, port);
    if (typeof server !== 'string') return running(cluster, port, server);
    const clash = server.includes('Address already in use') || server.includes('could not bind');
    if (!clash || attempt === portAttempts) throw new Error(`Postgres did not start:\n${server}`);
  }
}

function running(cluster: Cluster, port: number, first: ChildProcess): Postgres {
  const { binaries, directory } = cluster;
  const logFile = join(directory, 'postgres.log');
  let child = first;
  return {
    name: `postgres ${binaries.major}`,
    host: '127.0.0.1',
    port,
    user: 'postgres',
    password,
    database: 'postgres',
    binaries,
    socketDirectory: directory,
    dataDirectory: join(directory, 'data'),
    logFile,
    get pid() {
      return child.pid ?? 0;
    },
    log: () => readFileSync(logFile, 'utf8'),
    kill9: () => endChild(child, 'SIGKILL'),
    restart: async () => {
      child = await startAgain(cluster, port);
    },
    stop: async () => {
      await stopServer(child);
      removeDirectory(directory);
    },
  };
}

/** Backends that have not noticed yet that their server is gone keep its shared memory (CreateLockFile, sysv_shmem.c). */
async function startAgain(cluster: Cluster, port: number): Promise<ChildProcess> {
  const until = Date.now() + startDeadlineMs;
  for (;;) {
    const server = await start(cluster, port);
    if (typeof server !== 'string') return server;
    if (Date.now() > until) throw new Error(`Postgres did not start again:\n${server}`);
    await delay(20);
  }
}

/** The server, or its log when it did not come up. */
async function start({ binaries, directory, within }: Cluster, port: number): Promise<ChildProcess | string> {
  const account = postgresAccount();
  const data = join(directory, 'data');
  const logFile = join(directory, 'postgres.log');
  const log = openSync(logFile, 'a', 0o666);
  const address = ['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${directory}`];
  const server = [join(binaries.bin, 'postgres'), '-D', data, '-p', String(port), ...address];
  const [command = '', ...args] = [...(within?.(account) ?? []), ...server];
  const child = spawn(command, args, {
    ...(within === undefined ? account : {}),
    cwd: directory,
    env: { PATH: process.env.PATH, TZ: 'UTC', LC_ALL: 'C' },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  // Immediate shutdown: the postmaster takes its children along.
  killAtExit(child, 'SIGQUIT');
  if (await ready(child, join(data, 'postmaster.pid'))) return child;
  await stopServer(child);
  return readFileSync(logFile, 'utf8');
}

/** Waits for the line of postmaster.pid that pg_ctl waits for (LOCK_FILE_LINE_PM_STATUS). */
async function ready(child: ChildProcess, pidFile: string): Promise<boolean> {
  const deadline = Date.now() + startDeadlineMs;
  let failed = false;
  child.once('error', () => {
    failed = true;
  });
  while (!failed && child.exitCode === null && child.signalCode === null && Date.now() < deadline) {
    if (statusOf(pidFile, child.pid) === 'ready') return true;
    await delay(5);
  }
  return false;
}

/** Of this server: one that was killed has left its file behind. */
function statusOf(pidFile: string, pid: number | undefined): string | undefined {
  try {
    const lines = readFileSync(pidFile, 'utf8').split('\n');
    return lines[0] === String(pid) ? lines[7]?.trim() : undefined;
  } catch {
    return undefined;
  }
}

/** Fast shutdown, then an immediate one, then none. */
async function stopServer(child: ChildProcess): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    child.kill(signal);
    await Promise.race([
      new Promise((resolve) => child.once('exit', resolve)),
      delay(5_000, undefined, { ref: false }),
    ]);
  }
}
