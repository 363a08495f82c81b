import assert from 'node:assert/strict';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Admin } from '../support/admin.ts';
import { freePort } from '../support/free-port.ts';
import { removeDirectory, temporaryDirectory } from '../support/leftovers.ts';
import { startPostgres } from '../support/postgres.ts';
import { findProgram, runProgram } from '../support/program.ts';

/**
 * Runs docs/connector.md as a stranger would: its two files, and every `sh` block, in order, in one shell. Only the ports are
 * replaced.
 */

const root = join(import.meta.dirname, '..', '..');
const text = readFileSync(join(root, 'docs', 'connector.md'), 'utf8');

function blocks(kind: string): readonly string[] {
  const pattern = new RegExp(`^\`\`\`${kind}\\n([\\s\\S]*?)^\`\`\`$`, 'gm');
  return [...text.matchAll(pattern)].map(([, block]) => block ?? '');
}

const missing = ['psql', 'bash'].filter((name) => findProgram(name) === undefined);
const skip = missing.length > 0 ? `${missing.join(', ')} not installed` : false;

describe('docs/connector.md', { skip }, () => {
  it('leads from a Postgres to a session through a connector', async () => {
    const postgres = await startPostgres();
    const directory = temporaryDirectory('connector-docs');
    try {
      const admin = await Admin.login(postgres);
      await admin.query(`CREATE ROLE billing_app LOGIN PASSWORD 'secret'`);
      await admin.query('CREATE DATABASE billing OWNER billing_app');
      admin.close();
      symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
      writeFileSync(join(directory, 'package.json'), '{"private":true}');
      const ports = { '5432': postgres.port, '6432': await freePort(), '7432': await freePort() };
      const here = (part: string): string =>
        Object.entries(ports).reduce((replaced, [port, real]) => replaced.replaceAll(port, String(real)), part);
      for (const block of blocks('yaml')) {
        const name = /^# (\S+)$/m.exec(block)?.[1];
        assert.ok(name, block);
        writeFileSync(join(directory, name), here(block));
      }
      // Job control, as in the shell of a person; each job is a process group, and ends with the script.
      const start = ['set -euo pipefail -m', "trap 'for job in $(jobs -p); do kill -- -$job; done' EXIT"];
      const script = [...start, ...blocks('sh').map(here)].join('\n');
      const env = { HOME: directory, TZ: 'UTC' };
      const { status, stdout, stderr } = await runProgram('bash', ['-c', script], { cwd: directory, env });
      const logs = ['gateway.log', 'connector.log'].map((name) => readFileSync(join(directory, name), 'utf8'));
      const output = [stdout, stderr, ...logs].join('\n');
      assert.equal(status, 0, output);
      assert.match(stdout, /billing_app/, output);
      assert.match(stdout, /db-eu .*connected since/, output);
      assert.ok(!output.includes('onrc_'), 'the token is nowhere but in its file');
    } finally {
      await postgres.stop();
      removeDirectory(directory);
    }
  });
});
