import { type Postgres, startPostgres } from '../tests/support/postgres.ts';
import { findBinaries } from '../tests/support/postgres-binaries.ts';
import type { Contender, ContenderName, Started } from './contenders/contender.ts';
import { startBeforeControls, startControlled } from './contenders/start-controlled.ts';
import { startForwarder } from './contenders/start-forwarder.ts';
import { startGateway } from './contenders/start-gateway.ts';
import { startPgBouncer } from './contenders/start-pgbouncer.ts';
import type { Options } from './options.ts';
import type { Tools } from './tools.ts';

/** Everybody who takes part in a run. */
export interface Setup {
  readonly postgres: Postgres;
  readonly contenders: readonly Contender[];
  /** A directory on the disk that the gateway's journal is on. */
  readonly journalDisk: string;
  stop(): Promise<void>;
}

/** Idle sessions of the memory measure, and some for everybody else. */
const maximumConnections = 1_100;

/** A database that keeps what it commits, with room not to checkpoint in the middle of a run. */
const durable: { readonly [name: string]: string | number | boolean } = {
  fsync: true,
  full_page_writes: true,
  synchronous_commit: true,
  autovacuum: false,
  shared_buffers: '512MB',
  max_wal_size: '8GB',
  checkpoint_timeout: '1h',
  max_connections: maximumConnections,
};

/** Starts Postgres, and everything that can be put in front of it. */
export async function setUp(options: Options, tools: Tools): Promise<Setup> {
  const kind = options.postgres ?? (findBinaries('system') === undefined ? 'embedded' : 'system');
  const postgres = await startPostgres({ binaries: kind, settings: durable, hba: ['host all all 127.0.0.1/32 trust'] });
  const started: Started[] = [];
  const stop = async (): Promise<void> => {
    for (const one of started.toReversed()) await one.stop();
    await postgres.stop();
  };
  try {
    if (tools.pgbouncer !== undefined)
      started.push(await startPgBouncer(tools.pgbouncer, postgres, maximumConnections));
    started.push(await startForwarder(postgres));
    const gateway = await startGateway(postgres, {
      built: options.built,
      connector: options.only.includes('connector'),
    });
    started.push(gateway);
    if (options.only.includes('controls')) {
      started.push(await startBeforeControls(postgres), await startControlled(postgres, options));
    }
    const direct: Contender = { ...postgres, name: 'direct', pids: [], journalBytes: undefined };
    const contenders = [direct, ...started.flatMap((one) => one.contenders)];
    return { postgres, contenders, journalDisk: gateway.directory, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Those of the names that take part. */
export function among(contenders: readonly Contender[], names: readonly ContenderName[]): readonly Contender[] {
  return contenders.filter(({ name }) => names.includes(name));
}
