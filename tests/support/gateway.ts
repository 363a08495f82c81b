import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { killAtExit, removeDirectory, temporaryDirectory } from './leftovers.ts';
import type { Target } from './target.ts';

export interface GatewayOptions {
  /** What the connection `db` reaches. */
  readonly postgres: Target;
  readonly durability?: 'before-forward' | 'before-reveal' | 'relaxed';
  /** Merged over the top level of the configuration. */
  readonly settings?: { readonly [name: string]: unknown };
  /** Merged over the connection `db`. */
  readonly connection?: { readonly [name: string]: unknown };
}

/** A running gateway with one identity `tester` and one connection `db`. */
export interface Gateway extends Target {
  readonly configFile: string;
  /** The data directory. */
  readonly data: string;
  readonly pid: () => number;
  /** What it wrote to standard error, over all of its lives. */
  log(): string;
  /** Runs a command of the command line on this configuration; rejects when it fails. */
  cli(...args: readonly string[]): Promise<string>;
  /** Ends it without warning, as a crash would, and waits until it is gone. */
  kill9(): Promise<void>;
  /** Starts it again on the same port, after it was killed or has stopped. */
  restart(): Promise<void>;
  /** Asks it to end (SIGTERM) and waits; the data directory stays. */
  shutDown(): Promise<void>;
  /** Ends it and removes everything. */
  stop(): Promise<void>;
  /** Resident memory in bytes (Linux only). */
  residentBytes(): number;
}

const root = dirname(dirname(import.meta.dirname));
const main = join(root, 'packages', 'gateway', 'src', 'cli', 'main.ts');
const nodeFlags = ['--conditions=@onrecord/source', '--disable-warning=ExperimentalWarning'];
const identity = 'tester';
const startDeadlineMs = 30_000;
const run = promisify(execFile);

/** Starts a gateway in front of a server, with a token of its own; rejects with its log when it does not come up. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const directory = temporaryDirectory('gateway');
  const configFile = join(directory, 'onrecord.yaml');
  const env = { ...process.env, ONRECORD_TEST_PASSWORD: options.postgres.password };
  mkdirSync(join(directory, 'data'), { mode: 0o700 });
  // JSON is YAML.
  const write = (port: number): void =>
    writeFileSync(configFile, JSON.stringify(configuration(options, port), null, 2));
  write(0);
  const cli = async (...args: readonly string[]): Promise<string> => {
    const command = [...nodeFlags, main, ...args, '--config', configFile];
    return (await run(process.execPath, command, { env, cwd: directory, maxBuffer: 1 << 30 })).stdout;
  };
  const lives: Life[] = [];
  const live = (): Life => {
    const last = lives.at(-1);
    if (last === undefined) throw new Error('the gateway was never started');
    return last;
  };
  try {
    const password = (await cli('tokens', 'create', identity)).trim();
    lives.push(await startLife(configFile, env, directory));
    const { port } = live();
    return {
      name: 'gateway',
      host: '127.0.0.1',
      port,
      user: identity,
      password,
      database: 'db',
      configFile,
      data: join(directory, 'data'),
      pid: () => live().child.pid ?? 0,
      log: () => lives.map((life) => life.log()).join(''),
      cli,
      kill9: () => endLife(live(), 'SIGKILL'),
      shutDown: () => endLife(live(), 'SIGTERM'),
      restart: async () => {
        write(port);
        lives.push(await startLife(configFile, env, directory));
      },
      stop: async () => {
        await endLife(live(), 'SIGKILL');
        removeDirectory(directory);
      },
      residentBytes: () => residentBytes(live().child.pid ?? 0),
    };
  } catch (error) {
    removeDirectory(directory);
    throw error;
  }
}

function configuration(options: GatewayOptions, port: number): unknown {
  const { postgres } = options;
  return {
    listen: { postgres: `127.0.0.1:${port}` },
    data: './data',
    tls: 'off',
    recording: { durability: options.durability ?? 'relaxed' },
    connections: {
      db: {
        host: postgres.host,
        port: postgres.port,
        database: postgres.database,
        user: postgres.user,
        password: 'env:ONRECORD_TEST_PASSWORD',
        tls: 'disable',
        ...options.connection,
      },
    },
    identities: { [identity]: { kind: 'agent', connections: ['db'] } },
    ...options.settings,
  };
}

/** One process of the gateway. */
interface Life {
  readonly child: ChildProcess;
  readonly port: number;
  log(): string;
}

function startLife(configFile: string, env: NodeJS.ProcessEnv, cwd: string): Promise<Life> {
  const args = [...nodeFlags, main, 'gateway', '--config', configFile];
  const child = spawn(process.execPath, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  killAtExit(child, 'SIGKILL');
  let log = '';
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), startDeadlineMs);
    const hear = (chunk: Buffer): void => {
      log += chunk.toString();
      const port = /listening on \S+?:(\d+)/.exec(log)?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve({ child, port: Number(port), log: () => log });
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('error', reject);
    child.once('exit', (status, signal) => {
      clearTimeout(timer);
      reject(new Error(`the gateway ended with ${status ?? signal} before it listened:\n${log}`));
    });
  });
}

async function endLife({ child }: Life, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await gone;
}

/** Source: proc(5), VmRSS. */
function residentBytes(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kilobytes === undefined) throw new Error(`process ${pid} has no resident memory`);
  return Number(kilobytes) * 1024;
}
