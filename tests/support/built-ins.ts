import { Admin } from './admin.ts';
import type { Target } from './target.ts';

/** Where what comes with Postgres is kept for `onrecord policy` without a database. */
export const builtInsFile = 'packages/gateway/src/cli/policy/built-ins.ts';

const width = 118;

/** The content of that file, as a server of version 18 says it. */
export async function builtInsSource(postgres: Target): Promise<string> {
  const admin = await Admin.login(postgres);
  try {
    const functions = await admin.query(`SELECT CASE prokind WHEN 'a' THEN 'aggregate' WHEN 'w' THEN 'window' ELSE
        CASE provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END END AS sort,
        string_agg(DISTINCT proname, ' ' ORDER BY proname)
      FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND oid < 16384
        AND proname ~ '^[a-z0-9_]+$' GROUP BY 1 ORDER BY 1`);
    const relations = await admin.query(`SELECT n.nspname || '.' || c.relname || ':',
        string_agg(a.attname, ' ' ORDER BY a.attnum)
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
      WHERE n.nspname IN ('pg_catalog', 'information_schema') AND c.relkind IN ('r', 'v') AND a.attnum > 0
      GROUP BY 1 ORDER BY 1`);
    return [
      '// Generated from Postgres 18: node scripts/run.mjs run scripts/generate-built-ins.ts',
      '',
      '/** Functions of pg_catalog by what they are, their names with a space between. */',
      'export const builtInFunctions: { readonly [sort: string]: string } = {',
      ...functions.flatMap(([sort, names]) => [`  ${sort}: \``, ...folded(`${names}`), '`,']),
      '};',
      '',
      '/** Relations of the system catalogs, each with a colon behind it, and then its columns. */',
      'export const builtInRelations: string = `',
      ...folded(relations.flat().join(' ')),
      '`;',
      '',
    ].join('\n');
  } finally {
    admin.close();
  }
}

function folded(words: string): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of words.split(' ')) {
    if (line.length + word.length > width) {
      lines.push(line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return [...lines, line];
}
