import assert from 'node:assert/strict';
import { readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { removeDirectory, temporaryDirectory } from '../support/leftovers.ts';
import { startPostgres } from '../support/postgres.ts';
import { findProgram, runProgram } from '../support/program.ts';

/**
 * Runs docs/getting-started.md as a stranger would: every `sh` block, in order, in one shell. Only where the reader's own
 * Postgres is, and the gateway's port, are replaced.
 */

const root = join(import.meta.dirname, '..', '..');
const text = readFileSync(join(root, 'docs', 'getting-started.md'), 'utf8');
const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block ?? '');

const missing = ['psql', 'openssl', 'bash'].filter((name) => findProgram(name) === undefined);
const skip = missing.length > 0 ? `${missing.join(', ')} not installed` : false;

describe('docs/getting-started.md', { skip }, () => {
  it('leads from a Postgres to a replayed session', async () => {
    const postgres = await startPostgres();
    const directory = temporaryDirectory('getting-started');
    try {
      // A checkout of its own: the same packages, other files.
      symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
      writeFileSync(join(directory, 'package.json'), '{"private":true}');
      const script = scriptFor({ ...postgres, gatewayPort: await freePort() });
      const env = { HOME: directory, TZ: 'UTC' };
      const { status, stdout, stderr } = await runProgram('bash', ['-c', script], { cwd: directory, env });
      const output = `${stdout}\n${stderr}`;
      assert.equal(status, 0, output);
      assert.match(output, /listening on 127\.0\.0\.1:\d+/);
      assert.match(output, /onrecord_agent\s+\|\s+PostgreSQL/, 'psql shows what Postgres answered');
      assert.match(output, /ERROR: {2}relation "nowhere" does not exist/);
      assert.match(output, /3 statements in 1 session, 1 did not complete\. Complete/);
      assert.match(output, /42P01/);
      const page = join(directory, 'session.html');
      assert.ok(statSync(page).size > 0);
      assert.match(readFileSync(page, 'utf8'), /select nothing from nowhere/);
    } finally {
      removeDirectory(directory);
      await postgres.stop();
    }
  });
});

interface Place {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly gatewayPort: number;
}

function scriptFor({ host, port, user, password, database, gatewayPort }: Place): string {
  const values = { PGHOST: host, PGPORT: port, PGUSER: user, PGPASSWORD: `'${password}'`, PGDATABASE: database };
  let first = blocks[0] ?? '';
  for (const [name, value] of Object.entries(values)) {
    assert.match(first, new RegExp(`${name}=\\S+`), 'the first block says where Postgres is');
    first = first.replace(new RegExp(`${name}=\\S+`), `${name}=${value}`);
  }
  // Job control, as in the shell of a person; whatever happens, the gateway ends with the script.
  const start = ['set -euo pipefail -m', "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT"];
  return [...start, first, ...blocks.slice(1)].join('\n').replaceAll(':6432', `:${gatewayPort}`);
}
