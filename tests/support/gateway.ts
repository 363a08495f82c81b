import { execFile, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Connector, startConnector } from './connector.ts';
import { createToken } from './create-token.ts';
import { harmlessLimits, harmlessSettings } from './guard.ts';
import { killAtExit, removeDirectory, temporaryDirectory } from './leftovers.ts';
import { endChild, type Life, residentBytesOf, sourceFlags, startLife } from './life.ts';
import type { Target } from './target.ts';

export interface GatewayOptions {
  /** What the connection `db` reaches. */
  readonly postgres: Target;
  readonly durability?: 'before-forward' | 'before-reveal' | 'relaxed';
  /** Merged over the top level of the configuration. */
  readonly settings?: { readonly [name: string]: unknown };
  /** How Postgres is reached; by default as the environment variable ONRECORD_TEST_VIA says, or from the gateway itself. */
  readonly via?: 'built-in' | 'connector';
  /** Merged over the connection `db`: at the gateway, or what belongs there at the connector. */
  readonly connection?: { readonly [name: string]: unknown };
  /** Further connections, each to the database of its own name and otherwise as `db`. */
  readonly databases?: readonly string[];
  /** Others besides `db`, as they stand in the gateway's configuration. */
  readonly connections?: { readonly [name: string]: unknown };
  /** How gateway and connector come together, when there is a connector. */
  readonly link?: LinkOptions;
}

export interface LinkOptions {
  /** Where connectors dial in; 127.0.0.1 by default. */
  readonly host?: string;
  /** Puts something between them: told where the gateway takes connectors, it says where the connector is to dial. */
  readonly through?: (address: string) => Promise<string>;
  /** Words in front of the connector's command. */
  readonly wrapper?: readonly string[];
  /** Of the connector's process, over the ones that it shares with the gateway. */
  readonly env?: { readonly [name: string]: string };
  /** `absent` starts none: whoever wants one enrols it. */
  readonly connector?: 'absent';
}

/** A running gateway with one identity `tester` and one connection `db`. */
export interface Gateway extends Target {
  readonly configFile: string;
  /** The data directory. */
  readonly data: string;
  /** The process that reaches Postgres, when it is another one. */
  readonly connector: Connector | undefined;
  /** Where connectors dial in, when they can. */
  readonly connectorAddress: string | undefined;
  readonly pid: () => number;
  /** What it wrote to standard error, over all of its lives. */
  log(): string;
  /** Runs a command of the command line on this configuration; rejects when it fails. */
  cli(...args: readonly string[]): Promise<string>;
  /** A new token of an identity's. */
  token(identity: string): string;
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
const identity = 'tester';
/** What the configuration calls the connector of `db`. */
export const connectorName = 'test-connector';
/** Settings of a connection that stand at its connector. */
const atConnector: ReadonlySet<string> = new Set([
  'host',
  'port',
  'database',
  'user',
  'password',
  'tls',
  'tls_ca',
  'tls_certificate',
  'tls_key',
  'roles',
]);
const run = promisify(execFile);

/** Starts a gateway in front of a server, with a token of its own; rejects with its log when it does not come up. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const directory = temporaryDirectory('gateway');
  const configFile = join(directory, 'onrecord.yaml');
  const secret = { ONRECORD_TEST_PASSWORD: options.postgres.password };
  // Behind a connector the gateway has no business with the password.
  const env = viaOf(options) === 'connector' ? process.env : { ...process.env, ...secret };
  mkdirSync(join(directory, 'data'), { mode: 0o700 });
  // JSON is YAML.
  const write = (ports: Ports): void =>
    writeFileSync(configFile, JSON.stringify(configuration(options, ports), null, 2));
  write({ postgres: 0, connectors: 0 });
  const cli = async (...args: readonly string[]): Promise<string> => {
    const command = [...sourceFlags, main, ...args, '--config', configFile];
    return (await run(process.execPath, command, { env, cwd: directory, maxBuffer: 1 << 30 })).stdout;
  };
  const lives: Life[] = [];
  const live = (): Life => {
    const last = lives.at(-1);
    if (last === undefined) throw new Error('the gateway was never started');
    return last;
  };
  const start = async (): Promise<void> => {
    const args = [...sourceFlags, main, 'gateway', '--config', configFile];
    const child = spawn(process.execPath, args, { env, cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
    killAtExit(child, 'SIGKILL');
    lives.push(await startLife(child, listening, 'the gateway'));
  };
  let connector: Connector | undefined;
  try {
    const data = join(directory, 'data');
    const password = createToken(data, identity);
    await start();
    const port = Number(live().ready.groups?.['port']);
    const connectorAddress = live().ready.groups?.['connectors'];
    if (connectorAddress !== undefined && options.link?.connector !== 'absent') {
      const { link } = options;
      connector = await startConnector({
        connections: connectorSettings(options),
        gateways: [
          {
            address: (await link?.through?.(connectorAddress)) ?? connectorAddress,
            token: (await cli('connectors', 'enroll', connectorName)).trim(),
          },
        ],
        env: { ...process.env, ...secret, ...link?.env },
        wrapper: link?.wrapper ?? [],
      });
    }
    return {
      name: 'gateway',
      host: '127.0.0.1',
      port,
      user: identity,
      password,
      database: 'db',
      configFile,
      data,
      connector,
      connectorAddress,
      pid: () => live().child.pid ?? 0,
      log: () => lives.map((life) => life.log()).join(''),
      cli,
      token: (name) => createToken(data, name),
      kill9: () => endChild(live().child, 'SIGKILL'),
      shutDown: () => endChild(live().child, 'SIGTERM'),
      restart: async () => {
        write({ postgres: port, connectors: Number(connectorAddress?.split(':').at(-1) ?? 0) });
        await start();
      },
      stop: async () => {
        await connector?.stop();
        await endChild(live().child, 'SIGKILL');
        removeDirectory(directory);
      },
      residentBytes: () => residentBytesOf(live().child.pid ?? 0),
    };
  } catch (error) {
    await connector?.stop();
    for (const { child } of lives) await endChild(child, 'SIGKILL');
    removeDirectory(directory);
    throw error;
  }
}

/** The gateway says where connectors dial in before it says where clients do. */
const listening = /(?:connectors dial in at (?<connectors>\S+)[\s\S]*?)?listening on \S+?:(?<port>\d+)/;

interface Ports {
  readonly postgres: number;
  readonly connectors: number;
}

function viaOf({ via }: GatewayOptions): 'built-in' | 'connector' {
  return via ?? (process.env['ONRECORD_TEST_VIA'] === 'connector' ? 'connector' : 'built-in');
}

function configuration(options: GatewayOptions, ports: Ports): unknown {
  const far = viaOf(options) === 'connector';
  const host = options.link?.host ?? '127.0.0.1';
  const connectors = far ? { connectors: `${host}:${ports.connectors}` } : {};
  const reach = databaseSettings(options, (name) => (far ? !atConnector.has(name) : true));
  const own = Object.keys(reach);
  return {
    listen: { postgres: `127.0.0.1:${ports.postgres}`, ...connectors },
    data: './data',
    tls: 'off',
    recording: { durability: options.durability ?? 'relaxed' },
    connections: {
      ...(far ? mapped(reach, (settings) => ({ connector: connectorName, ...settings })) : reach),
      ...options.connections,
    },
    identities: { [identity]: { kind: 'agent', connections: own } },
    ...harmlessSettings(),
    ...options.settings,
  };
}

/** What the connector knows of each connection. */
function connectorSettings(options: GatewayOptions): Databases {
  return databaseSettings(options, (name) => atConnector.has(name));
}

type Databases = { readonly [connection: string]: { readonly [setting: string]: unknown } };

/** The settings of `db` and its kin, as far as they are wanted. */
function databaseSettings(options: GatewayOptions, wanted: (setting: string) => boolean): Databases {
  const { postgres, databases = [] } = options;
  const all = (database: string): { readonly [setting: string]: unknown } => ({
    host: postgres.host,
    port: postgres.port,
    database,
    user: postgres.user,
    password: 'env:ONRECORD_TEST_PASSWORD',
    tls: 'disable',
    ...harmlessLimits(),
    ...options.connection,
  });
  const every = { db: all(postgres.database), ...Object.fromEntries(databases.map((name) => [name, all(name)])) };
  return mapped(every, (settings) =>
    Object.fromEntries(Object.entries(settings).filter(([setting]) => wanted(setting))),
  );
}

function mapped(databases: Databases, change: (settings: Databases[string]) => Databases[string]): Databases {
  return Object.fromEntries(Object.entries(databases).map(([name, settings]) => [name, change(settings)]));
}
