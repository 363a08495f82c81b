import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { killAtExit, removeDirectory, temporaryDirectory } from './leftovers.ts';
import { endChild, type Life, residentBytesOf, sourceFlags, startLife } from './life.ts';

export interface ConnectorOptions {
  /** `connections` of connector.yaml. */
  readonly connections: { readonly [name: string]: unknown };
  /** Addresses of the gateways, each with a token that enrols it there. */
  readonly gateways: readonly { readonly address: string; readonly token: string }[];
  readonly env?: NodeJS.ProcessEnv;
  /** Words in front of the command, such as `nsenter --net=FILE`. */
  readonly wrapper?: readonly string[];
}

/** A running connector process. */
export interface Connector {
  readonly configFile: string;
  /** Directory of its key and certificate. */
  readonly state: string;
  readonly pid: () => number;
  /** What it wrote to standard error, over all of its lives. */
  log(): string;
  kill9(): Promise<void>;
  /** Starts it again, without a token: it has its certificate. */
  restart(): Promise<void>;
  shutDown(): Promise<void>;
  /** Writes other connections to its configuration and tells it (SIGHUP). */
  reload(connections: ConnectorOptions['connections']): void;
  stop(): Promise<void>;
  residentBytes(): number;
}

const root = dirname(dirname(import.meta.dirname));
const main = join(root, 'packages', 'connector', 'src', 'cli', 'main.ts');
const connected = /connected to (\S+) as \S+/;

/** Starts a connector and waits until it is connected to a gateway; rejects with its log when it is not. */
export async function startConnector(options: ConnectorOptions): Promise<Connector> {
  const directory = temporaryDirectory('connector');
  const configFile = join(directory, 'connector.yaml');
  const state = join(directory, 'state');
  mkdirSync(state, { mode: 0o700 });
  const write = (connections: ConnectorOptions['connections']): void => {
    const gateways = options.gateways.map(({ address }) => address);
    // JSON is YAML.
    writeFileSync(configFile, JSON.stringify({ gateways, state: './state', connections }, null, 2));
  };
  write(options.connections);
  const lives: Life[] = [];
  const live = (): Life => {
    const last = lives.at(-1);
    if (last === undefined) throw new Error('the connector was never started');
    return last;
  };
  const start = async (args: readonly string[]): Promise<void> => {
    const child = spawned([...sourceFlags, main, '--config', configFile, ...args], options, directory);
    killAtExit(child, 'SIGKILL');
    lives.push(await startLife(child, connected, 'the connector'));
  };
  try {
    await start(options.gateways.flatMap(({ token }) => ['--enroll', token]));
  } catch (error) {
    removeDirectory(directory);
    throw error;
  }
  return {
    configFile,
    state,
    pid: () => live().child.pid ?? 0,
    log: () => lives.map((life) => life.log()).join(''),
    kill9: () => endChild(live().child, 'SIGKILL'),
    shutDown: () => endChild(live().child, 'SIGTERM'),
    restart: () => start([]),
    reload: (connections) => {
      write(connections);
      live().child.kill('SIGHUP');
    },
    stop: async () => {
      await endChild(live().child, 'SIGKILL');
      removeDirectory(directory);
    },
    residentBytes: () => residentBytesOf(live().child.pid ?? 0),
  };
}

function spawned(args: readonly string[], { env, wrapper = [] }: ConnectorOptions, cwd: string): ChildProcess {
  const [command = process.execPath, ...rest] = [...wrapper, process.execPath, ...args];
  return spawn(command, rest, { env: { ...process.env, ...env }, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
}
