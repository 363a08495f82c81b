import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { startPostgres } from '../tests/support/postgres.ts';

/**
 * Writes packages/record/src/values/built-in-types.ts from the catalog of the embedded Postgres 18. Types with an OID
 * under 10,000 were assigned by hand (include/access/transam.h) and mean the same in every version; those above are
 * numbered by initdb.
 */
const query = `
  select t.oid::int, t.typname, case when e.oid is null then t.typtype else 'a' end as kind,
         coalesce(e.oid, r.rngsubtype, m.rngtypid, 0)::int as of
  from pg_type t
  left join pg_type e on e.typarray = t.oid
  left join pg_range r on r.rngtypid = t.oid
  left join pg_range m on m.rngmultitypid = t.oid
  where t.oid < 10000
  order by t.oid`;

const target = join(import.meta.dirname, '..', 'packages', 'record', 'src', 'values', 'built-in-types.ts');

const postgres = await startPostgres();
const client = new pg.Client({ ...postgres, database: 'postgres' });
await client.connect();
const { rows } = await client.query(query);
await client.end();
await postgres.stop();

const lines = rows.map(({ oid, typname, kind, of }) =>
  JSON.stringify([oid, typname, kind, of]).replaceAll('"', "'").replaceAll(',', ', '),
);
writeFileSync(
  target,
  `/**
 * The types that every Postgres has, from pg_type of Postgres 18: OID, name, kind (pg_type.typtype, with \`a\` for arrays),
 * and what it is made of: the element of an array, the subtype of a range, the range of a multirange; or 0.
 * Written by \`node scripts/run.mjs run scripts/generate-built-in-types.ts\`.
 */
export const builtInTypes: readonly (readonly [oid: number, name: string, kind: string, of: number])[] = [
${lines.map((line) => `  ${line},`).join('\n')}
];
`,
);
spawnSync('biome', ['format', '--write', target], { stdio: 'inherit' });
