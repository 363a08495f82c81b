import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Pair, startPair } from '../support/pair.ts';
import { findProgram, runProgram, runToSuccess } from '../support/program.ts';
import { assertSameLines } from '../support/same-lines.ts';
import { libpqEnvironment, type Target } from '../support/target.ts';

/** The system's Python, for which a distribution packages psycopg; another one in PATH may have no modules. */
const pythons = ['/usr/bin/python3', findProgram('python3')].filter((path) => path !== undefined);
const modules = { psycopg: 'psycopg3_workload.py', psycopg2: 'psycopg2_workload.py' } as const;

describe('psycopg works through the gateway as it does without', { timeout: 600_000 }, () => {
  let pair: Pair | undefined;
  before(async () => {
    pair = await startPair();
  });
  after(() => pair?.stop());

  for (const [module, workload] of Object.entries(modules)) {
    it(`${module}: rows, types, errors, cursors, pipelines, COPY, notifications`, async (test) => {
      const python = await pythonWith(module);
      if (python === undefined) return test.skip(`no Python with ${module} is installed`);
      if (pair === undefined) throw new Error('nothing was started');
      const { admin, gateway, postgres } = pair;
      const run = async (target: Target): Promise<readonly string[]> => {
        await admin.reset();
        const env = { ...libpqEnvironment(target), PYTHONDONTWRITEBYTECODE: '1' };
        return (await runToSuccess(python, [join(import.meta.dirname, workload)], { env })).stdout.split('\n');
      };
      const direct = await run(postgres);
      assert.ok(direct.length > 50);
      assertSameLines(await run(gateway), direct);
    });
  }
});

async function pythonWith(module: string): Promise<string | undefined> {
  for (const python of pythons) {
    const { status } = await runProgram(python, ['-c', `import ${module}`]).catch(() => ({ status: 1 }));
    if (status === 0) return python;
  }
  return undefined;
}
