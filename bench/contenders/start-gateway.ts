import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../tests/support/free-port.ts';
import { removeDirectory, temporaryDirectory } from '../../tests/support/leftovers.ts';
import { type Child, startChild } from '../../tests/support/start-child.ts';
import type { Target } from '../../tests/support/target.ts';
import { journalBytes } from '../journal-bytes.ts';
import { type Contender, type ContenderName, connectorModes, gatewayModes, type Started } from './contender.ts';

export interface GatewayStarted extends Started {
  /** Where the journal is, and on which disk. */
  readonly directory: string;
}

export interface GatewayStart {
  /** From dist, as it is published. */
  readonly built: boolean;
  /** Also with a connector between it and Postgres. */
  readonly connector: boolean;
}

const checkout = join(import.meta.dirname, '..', '..');
const flags = ['--disable-warning=ExperimentalWarning'];
const identity = 'bench';
const connectorName = 'bench-connector';

/** How a program is run: from its sources, or as it is published. */
function program(
  name: 'gateway' | 'connector',
  { built, root = checkout }: { readonly built: boolean; readonly root?: string },
): readonly string[] {
  const packages = join(root, 'packages');
  if (!built) return [...process.execArgv, join(packages, name, 'src', 'cli', 'main.ts')];
  const file = name === 'gateway' ? join('cli', 'main.js') : 'onrecord-connector.mjs';
  return [...flags, join(packages, name, 'dist', file)];
}

/**
 * One gateway with connections to the same database, one for each durability mode and way to reach it, everything else at
 * its default but TLS, which PgBouncer and the forwarder do not have here either. Between gateway and connector there is
 * always TLS.
 */
export async function startGateway(postgres: Target, start: GatewayStart): Promise<GatewayStarted> {
  const connectors = start.connector ? `127.0.0.1:${await freePort()}` : undefined;
  const gateway = await launch(configurationOf(postgres, connectors), start);
  const { directory, ask, child } = gateway;
  const token = ask('tokens', 'create', identity);
  const connector =
    connectors === undefined
      ? undefined
      : await startConnector(postgres, {
          directory,
          gateway: connectors,
          token: ask('connectors', 'enroll', connectorName),
          run: program('connector', start),
        });
  const contender = (name: ContenderName, pids: readonly number[]): Contender => ({
    name,
    host: '127.0.0.1',
    port: gateway.port,
    user: identity,
    password: token,
    database: name,
    pids,
    journalBytes: gateway.journalBytes,
  });
  return {
    directory,
    contenders: [
      ...gatewayModes.map((name) => contender(name, [child.pid])),
      ...(connector === undefined ? [] : connectorModes.map((name) => contender(name, [child.pid, connector.pid]))),
    ],
    stop: async () => {
      await connector?.stop();
      await gateway.stop();
    },
  };
}

/** A gateway that runs. */
export interface Launched {
  readonly directory: string;
  readonly child: Child;
  readonly port: number;
  /** Runs a command with its configuration, and answers with what it prints. */
  ask(...args: readonly string[]): string;
  journalBytes(): number;
  stop(): Promise<void>;
}

/** Starts the gateway of a checkout (`root`; without, this one) with a configuration whose data is in `./data`. */
export async function launch(
  yaml: string,
  start: { readonly built: boolean; readonly root?: string },
): Promise<Launched> {
  const directory = temporaryDirectory('bench-gateway');
  const configuration = join(directory, 'onrecord.yaml');
  writeFileSync(configuration, yaml);
  const run = program('gateway', start);
  const child = await startChild(process.execPath, [...run, 'gateway', '--config', configuration], {
    awaits: /listening on 127\.0\.0\.1:(\d+)/,
  });
  return {
    directory,
    child,
    port: Number(child.printed),
    ask: (...args) =>
      execFileSync(process.execPath, [...run, ...args, '--config', configuration], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      }).trim(),
    journalBytes: () => journalBytes(join(directory, 'data', 'journal')),
    stop: async () => {
      await child.stop();
      removeDirectory(directory);
    },
  };
}

interface ConnectorStart {
  readonly directory: string;
  readonly gateway: string;
  readonly token: string;
  readonly run: readonly string[];
}

async function startConnector(postgres: Target, { directory, gateway, token, run }: ConnectorStart): Promise<Child> {
  const configuration = join(directory, 'connector.yaml');
  const connections = connectorModes.map((name) => `  ${name}:${databaseOf(postgres)}`).join('');
  writeFileSync(configuration, `gateways: ["${gateway}"]\nstate: ./state\nconnections:\n${connections}`);
  return await startChild(process.execPath, [...run, '--config', configuration, '--enroll', token], {
    awaits: /connected to (\S+) as/,
  });
}

export function databaseOf({ host, port, database, user }: Target): string {
  return `
    host: ${host}
    port: ${port}
    database: ${database}
    user: ${user}
    tls: disable
`;
}

function configurationOf(postgres: Target, connectors: string | undefined): string {
  const recording = (mode: string): string => `    recording: { durability: ${mode} }\n`;
  const direct = gatewayModes.map((mode) => `  ${mode}:${databaseOf(postgres)}${recording(mode)}`);
  const remote = connectorModes.map(
    (name) => `  ${name}:\n    connector: ${connectorName}\n${recording(name.replace('-connector', ''))}`,
  );
  const names = [...gatewayModes, ...(connectors === undefined ? [] : connectorModes)];
  return `listen: { postgres: 127.0.0.1:0${connectors === undefined ? '' : `, connectors: "${connectors}"`} }
data: ./data
tls: "off"
connections:
${[...direct, ...(connectors === undefined ? [] : remote)].join('')}identities:
  ${identity}: { kind: service, connections: [${names.join(', ')}] }
`;
}
