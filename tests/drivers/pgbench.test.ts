import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { removeDirectory, temporaryDirectory } from '../support/leftovers.ts';
import { type Pair, startPair } from '../support/pair.ts';
import { findBinaries } from '../support/postgres-binaries.ts';
import { findProgram, runToSuccess } from '../support/program.ts';
import { libpqEnvironment } from '../support/target.ts';

const pgbench = findProgram('pgbench') ?? '';
const skip =
  pgbench === '' || findBinaries('system') === undefined
    ? 'pgbench or a server of its version is not installed'
    : false;
const clients = 6;
const transactions = 40;

describe('pgbench works through the gateway', { skip, timeout: 600_000 }, () => {
  let pair: Pair;
  before(async () => {
    pair = await startPair({ postgres: { binaries: 'system' } });
    const { stderr } = await runToSuccess(pgbench, ['-i', '-s', '1'], { env: libpqEnvironment(pair.gateway) });
    assert.match(stderr, /done/);
  });
  after(() => pair?.stop());

  for (const mode of ['simple', 'extended', 'prepared']) {
    it(`in ${mode} mode every transaction is run, and the sums agree`, async () => {
      await pair.admin.query('truncate pgbench_history; update pgbench_accounts set abalance = 0 where abalance <> 0');
      const args = ['-M', mode, '-c', String(clients), '-t', String(transactions), '-n', '--random-seed=7'];
      const { stdout } = await runToSuccess(pgbench, args, { env: libpqEnvironment(pair.gateway) });
      assert.match(stdout, new RegExp(`actually processed: ${clients * transactions}/${clients * transactions}`));
      const sums = 'select count(*), sum(delta), (select sum(abalance) from pgbench_accounts) from pgbench_history';
      const [[count, history, accounts] = []] = await pair.admin.query(sums);
      assert.equal(count, String(clients * transactions));
      assert.equal(accounts, history);
    });
  }

  it('takes and gives what a pipeline script asks for', async () => {
    const directory = temporaryDirectory('pgbench');
    const script = join(directory, 'pipeline.sql');
    writeFileSync(script, '\\startpipeline\nselect 1;\nselect 2;\nselect :client_id;\n\\endpipeline\n');
    const args = ['-M', 'extended', '-c', '3', '-t', '30', '-n', '-f', script];
    const { stdout } = await runToSuccess(pgbench, args, { env: libpqEnvironment(pair.gateway) });
    assert.match(stdout, /actually processed: 90\/90/);
    removeDirectory(directory);
  });
});
