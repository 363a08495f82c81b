import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeDirectory, temporaryDirectory } from '../../tests/support/leftovers.ts';
import { startChild } from '../../tests/support/start-child.ts';
import type { Target } from '../../tests/support/target.ts';
import { journalBytes } from '../journal-bytes.ts';
import { type ContenderName, gatewayModes, type Started } from './contender.ts';

export interface GatewayStarted extends Started {
  /** Where the journal is, and on which disk. */
  readonly directory: string;
}

const gateway = join(import.meta.dirname, '..', '..', 'packages', 'gateway');
const sources = [...process.execArgv, join(gateway, 'src', 'cli', 'main.ts')];
const published = ['--disable-warning=ExperimentalWarning', join(gateway, 'dist', 'cli', 'main.js')];
const identity = 'bench';

/**
 * One gateway with three connections to the same database, one for each durability mode, everything else at its default
 * but TLS, which PgBouncer and the forwarder do not have here either.
 */
export async function startGateway(postgres: Target, { built }: { readonly built: boolean }): Promise<GatewayStarted> {
  const directory = temporaryDirectory('bench-gateway');
  const configuration = join(directory, 'onrecord.yaml');
  writeFileSync(configuration, configurationOf(postgres));
  const run = built ? published : sources;
  const token = execFileSync(process.execPath, [...run, 'tokens', 'create', identity, '--config', configuration], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
  const child = await startChild(process.execPath, [...run, 'gateway', '--config', configuration], {
    awaits: /listening on 127\.0\.0\.1:(\d+)/,
  });
  const journal = join(directory, 'data', 'journal');
  return {
    directory,
    contenders: gatewayModes.map((name) => ({
      name,
      host: '127.0.0.1',
      port: Number(child.printed),
      user: identity,
      password: token,
      database: name,
      pid: child.pid,
      journalBytes: () => journalBytes(journal),
    })),
    stop: async () => {
      await child.stop();
      removeDirectory(directory);
    },
  };
}

function configurationOf(postgres: Target): string {
  const connection = (mode: ContenderName): string => `  ${mode}:
    host: ${postgres.host}
    port: ${postgres.port}
    database: ${postgres.database}
    user: ${postgres.user}
    tls: disable
    recording: { durability: ${mode} }
`;
  return `listen: { postgres: 127.0.0.1:0 }
data: ./data
tls: "off"
connections:
${gatewayModes.map(connection).join('')}identities:
  ${identity}: { kind: service, connections: [${gatewayModes.join(', ')}] }
`;
}
