import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { parseScript } from '../conformance/parse-script.ts';
import { runScript } from '../conformance/run-script.ts';
import { assertOnRecord } from '../oracle/assert-on-record.ts';
import { type Seen, work } from '../oracle/client.ts';
import { logEverything, readPostgresLog } from '../oracle/postgres-log.ts';
import { readSessions } from '../oracle/recorded-sessions.ts';
import { Seeded } from '../oracle/seeded.ts';
import { settled } from '../oracle/settled.ts';
import { workloadSchema } from '../oracle/workload.ts';
import { Admin } from '../support/admin.ts';
import { startGateway } from '../support/gateway.ts';
import { type Network, noNetwork, startNetwork } from '../support/network.ts';
import type { Pair } from '../support/pair.ts';
import { startPostgres } from '../support/postgres.ts';
import { findProgram, runProgram } from '../support/program.ts';
import { assertSameLines } from '../support/same-lines.ts';
import { type Child, startChild } from '../support/start-child.ts';
import { libpqEnvironment, type Target } from '../support/target.ts';

const seed = Number(process.env['ONRECORD_SEED'] ?? 20_261_125);
const psql = findProgram('psql');
/** One of each kind: answers, pipelines, COPY both ways, cancel requests, large messages, ends. */
const scripts = [
  'simple-queries',
  'extended-named',
  'pipeline-error',
  'copy-in',
  'copy-out',
  'cancel',
  'large-messages',
  'listen-notify',
  'half-close',
  'terminated-backend',
  'parameter-status',
  'suspended',
];
const deadMs = 1_500;

describe('a database that nobody can dial', { timeout: 1_200_000, skip: noNetwork() }, () => {
  let network: Network;
  let pair: Pair;
  const seen: Seen[] = [];
  before(async () => {
    network = await startNetwork();
    const within = network.within;
    const postgres = await startPostgres({ settings: logEverything, within });
    const gateway = await startGateway({
      postgres,
      via: 'connector',
      link: { host: network.outsideHost, wrapper: within() },
    });
    // The server's own host and port are inside; its Unix socket is a file.
    const direct = { ...postgres, host: postgres.socketDirectory };
    const admin = await Admin.login(direct);
    const stop = async (): Promise<void> => {
      admin.close();
      await gateway.stop();
      await postgres.stop();
    };
    pair = { postgres: direct, gateway, admin, stop };
    await admin.query(workloadSchema);
  });
  after(async () => {
    await pair?.stop();
    await network?.stop();
  });

  it('is out of reach: a connection that begins outside is not answered, one that begins inside is', async () => {
    const listener = await startInside(network, listening, /(\d+)/);
    assert.equal(await dialled(network.insideHost, Number(listener.printed)), 'no answer');
    for (const [host, port] of [['127.0.0.1', listener.printed], (pair.gateway.connectorAddress ?? '').split(':')]) {
      const python = `import socket; socket.create_connection(("${host}", ${port})); print("connected")`;
      assert.equal((await startInside(network, python, /(connected)/)).printed, 'connected');
    }
    await listener.stop();
  });

  for (const name of scripts) it(`${name}: is answered as without`, () => compareScript(pair, name));

  it('psql and node-postgres see what they see without', async () => {
    await compareDrivers(pair, 5_000);
  });

  it(`everything is on record (seed ${seed})`, async () => {
    seen.push(...(await workload(pair.gateway, { clients: 4, actions: 40, name: 'near' })));
    await assertAllOnRecord(pair, seen);
  });

  describe('and whose network is slow, and loses one of a hundred packets', () => {
    before(() => network.trouble({ delayMs: 50, lossPercent: 1 }));
    after(() => network.trouble({ delayMs: 0, lossPercent: 0 }));

    it('is slow', async () => {
      const client = new pg.Client(pgTarget(pair.gateway));
      await client.connect();
      const began = performance.now();
      await client.query('select 1');
      assert.ok(performance.now() - began > 95);
      await client.end();
    });

    for (const name of ['pipeline-error', 'copy-in', 'cancel', 'large-messages']) {
      it(`${name}: is answered as without`, () => compareScript(pair, name));
    }

    it('psql and node-postgres see what they see without', async () => {
      await compareDrivers(pair, 500);
    });

    it(`everything is on record (seed ${seed})`, async () => {
      seen.push(...(await workload(pair.gateway, { clients: 6, actions: 10, name: 'far' })));
      await assertAllOnRecord(pair, seen);
      assert.equal((pair.gateway.connector?.log() ?? '').includes('no link'), false, 'the link was lost');
    });
  });
});

const listening =
  'import socket, time; s = socket.create_server(("0.0.0.0", 0)); print(s.getsockname()[1], flush=True); time.sleep(600)';

function startInside(network: Network, python: string, awaits: RegExp): Promise<Child> {
  const [command = '', ...words] = network.within();
  return startChild(command, [...words, 'python3', '-c', python], { awaits });
}

async function dialled(host: string, port: number): Promise<string> {
  const socket = createConnection({ host, port, timeout: deadMs });
  try {
    return await Promise.race([
      once(socket, 'connect').then(() => 'connected'),
      once(socket, 'timeout').then(() => 'no answer'),
    ]);
  } catch (error) {
    return (error as Error).message;
  } finally {
    socket.destroy();
  }
}

async function compareScript({ postgres, gateway, admin }: Pair, name: string): Promise<void> {
  const file = join(import.meta.dirname, '..', 'conformance', `${name}.pgt`);
  const script = parseScript(readFileSync(file, 'utf8'));
  const direct = await runScript(script, { target: postgres, admin });
  assertSameLines(await runScript(script, { target: gateway, admin }), direct);
}

async function compareDrivers({ postgres, gateway }: Pair, rows: number): Promise<void> {
  const sql = `select n, repeat(md5(n::text), 4) from generate_series(1, ${rows}) n`;
  const ask = async (target: Target): Promise<unknown> => {
    const client = new pg.Client(pgTarget(target));
    await client.connect();
    const answers = [await client.query(sql), await client.query('select $1::int + 1 as sum', [41])];
    const failure = await client.query('select 1/0').catch(({ code }) => code);
    await client.end();
    return [...answers.map((answer) => answer.rows), failure];
  };
  assert.deepEqual(await ask(gateway), await ask(postgres));
  if (psql === undefined) return;
  const tell = async (target: Target): Promise<unknown> => {
    const env = libpqEnvironment(target);
    return await runProgram(psql, ['-X', '-c', sql, '-c', '\\copy (select 1) to stdout', '-c', 'select 1/0'], { env });
  };
  assert.deepEqual(await tell(gateway), await tell(postgres));
}

function pgTarget({ host, port, user, password, database }: Target): pg.ClientConfig {
  return { host, port, user, password, database };
}

interface Load {
  readonly clients: number;
  readonly actions: number;
  readonly name: string;
}

async function workload(target: Target, { clients, actions, name }: Load): Promise<readonly Seen[]> {
  const all = Array.from({ length: clients }, (_, at) => {
    let left = actions;
    return work({
      target,
      name: `${name}${at}`,
      random: new Seeded(seed + at),
      goesOn: () => left-- > 0,
      mayConnect: () => Promise.reject(new Error('the connection was lost')),
    });
  });
  return (await Promise.all(all)).flat();
}

/** Scripts that end a backend themselves leave sessions of the tests in the log as well; only the workload's are looked at. */
async function assertAllOnRecord(pair: Pair, seen: readonly Seen[]): Promise<void> {
  await settled(pair);
  const pids = new Set(seen.map(({ backendPid }) => backendPid));
  const log = new Map([...readPostgresLog(pair.postgres.dataDirectory)].filter(([pid]) => pids.has(pid)));
  const recorded = readSessions(pair.gateway.data).filter(({ opened }) => pids.has(opened.backendPid));
  assert.ok(recorded.length >= pids.size && log.size >= pids.size);
  assertOnRecord({ log, recorded, seen, ownPids: new Set() });
  for (const { closed, id } of recorded) assert.notEqual(closed, undefined, `session ${id} was not closed on record`);
}
