import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Pair, startPair } from '../support/pair.ts';
import { findProgram, runProgram, runToSuccess } from '../support/program.ts';
import { assertSameLines } from '../support/same-lines.ts';
import { libpqEnvironment, type Target } from '../support/target.ts';

interface Driver {
  /** The first that is there and passes the probe is taken. */
  readonly programs: readonly string[];
  readonly probe: readonly string[];
  readonly run: readonly string[];
}

const workload = (name: string): string => join(import.meta.dirname, name);
/** Where Debian puts it. */
const jdbc = '/usr/share/java/postgresql.jar';

const drivers: { readonly [name: string]: Driver } = {
  'asyncpg: binary values, prepared statements, COPY, a pool': {
    programs: ['/usr/bin/python3', 'python3'],
    probe: ['-c', 'import asyncpg'],
    run: [workload('asyncpg_workload.py')],
  },
  'DBD::Pg: placeholders, COPY, asynchronous queries, large objects': {
    programs: ['/usr/bin/perl', 'perl'],
    probe: ['-MDBD::Pg', '-e', '1'],
    run: [workload('dbd_pg_workload.pl')],
  },
  'ruby-pg: pipelines, single rows, COPY, notifications': {
    programs: ['/usr/bin/ruby', 'ruby'],
    probe: ['-rpg', '-e', '1'],
    run: [workload('ruby_pg_workload.rb')],
  },
  'JDBC: batches, fetch sizes, savepoints, calls, large objects, in every query mode': {
    programs: ['java'],
    probe: ['--class-path', jdbc, '--list-modules', '--add-modules', 'jdk.compiler'],
    run: ['--class-path', jdbc, workload('JdbcWorkload.java')],
  },
};

describe('drivers of other languages work through the gateway as they do without', { timeout: 900_000 }, () => {
  let pair: Pair | undefined;
  before(async () => {
    pair = await startPair();
  });
  after(() => pair?.stop());

  for (const [name, driver] of Object.entries(drivers)) {
    it(name, async (test) => {
      const program = await programOf(driver);
      if (program === undefined) return test.skip('it is not installed');
      if (pair === undefined) throw new Error('nothing was started');
      const { admin, gateway, postgres } = pair;
      const run = async (target: Target): Promise<readonly string[]> => {
        await admin.reset();
        const env = { ...libpqEnvironment(target), PYTHONDONTWRITEBYTECODE: '1' };
        return (await runToSuccess(program, driver.run, { env })).stdout.split('\n');
      };
      const direct = await run(postgres);
      assert.ok(direct.length > 20);
      assertSameLines(await run(gateway), direct);
    });
  }
});

async function programOf({ programs, probe }: Driver): Promise<string | undefined> {
  for (const name of programs) {
    const path = name.startsWith('/') ? name : findProgram(name);
    if (path === undefined) continue;
    const { status } = await runProgram(path, probe).catch(() => ({ status: 1 }));
    if (status === 0) return path;
  }
  return undefined;
}
