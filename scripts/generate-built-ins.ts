// Writes what comes with Postgres, for `onrecord policy` without a database, from the Postgres of the tests.
// `tests/policy/built-ins.test.ts` fails while it is not up to date.
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtInsFile, builtInsSource } from '../tests/support/built-ins.ts';
import { startPostgres } from '../tests/support/postgres.ts';

const postgres = await startPostgres();
try {
  writeFileSync(join(dirname(dirname(fileURLToPath(import.meta.url))), builtInsFile), await builtInsSource(postgres));
  console.log(builtInsFile);
} finally {
  await postgres.stop();
}
