import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { builtInsFile, builtInsSource } from '../support/built-ins.ts';
import { startPostgres } from '../support/postgres.ts';

const root = join(import.meta.dirname, '..', '..');

test('what comes with Postgres is as it is kept (node scripts/run.mjs run scripts/generate-built-ins.ts)', async () => {
  const postgres = await startPostgres();
  try {
    assert.equal(readFileSync(join(root, builtInsFile), 'utf8'), await builtInsSource(postgres));
  } finally {
    await postgres.stop();
  }
});
