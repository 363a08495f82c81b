import type { Analysis, Command } from '../sql/analysis.ts';
import { type Denial, denial } from './denial.ts';

/** A list of `tables`, compiled. */
export interface AllowedTables {
  denials(analysis: Analysis, what: string): readonly Denial[];
}

/** Catalogs that hold values of tables; they need to be named like any table. */
const telling: ReadonlySet<string> = new Set([
  'pg_catalog.pg_largeobject',
  'pg_catalog.pg_statistic',
  'pg_catalog.pg_statistic_ext_data',
  'pg_catalog.pg_stats',
  'pg_catalog.pg_stats_ext',
  'pg_catalog.pg_stats_ext_exprs',
]);

/** Compiles patterns `schema.name`, where `*` stands for any characters of one part. */
export function allowedTables(patterns: readonly string[]): AllowedTables {
  const allowed = patterns.map(matcher);
  const isListed = (name: string): boolean => isTemporary(name) || allowed.some((matches) => matches.test(name));
  const problem = (command: Command, unresolved: readonly string[]): string | undefined => {
    const { reads, writes, partOf } = command;
    const isAllowed = (name: string): boolean => isListed(name) || ancestors(name, partOf).some(isListed);
    const names = [...reads.filter((name) => !isHarmlessToRead(name)), ...writes].filter((name) => !isAllowed(name));
    if (names.length > 0) {
      const listed = [...new Set(names)];
      return `${listed.join(', ')} ${listed.length === 1 ? 'is' : 'are'} not among them.`;
    }
    if (unresolved.length > 0) return `The catalog does not have ${unresolved.join(', ')}.`;
    if (command.isOutside) return 'It reaches out of the database.';
    return command.isOpaque ? 'It runs code that the gateway cannot read.' : undefined;
  };
  return {
    denials: ({ commands, unresolved }, what) =>
      commands.flatMap((command) => {
        const detail = problem(command, unresolved);
        if (detail === undefined) return [];
        const via = command.via === undefined ? {} : { via: command.via };
        return [denial({ rule: 'tables', then: 'deny', ...via }, what, { detail })];
      }),
  };
}

/** Rows of a partition are rows of its parents, however far up; not the other way round. */
function ancestors(name: string, partOf: Command['partOf']): readonly string[] {
  const found = new Set(partOf?.get(name));
  for (const one of found) for (const parent of partOf?.get(one) ?? []) found.add(parent);
  return Array.from(found);
}

function matcher(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^.]*')}$`, 'u');
}

/** Temporary tables are the session's own: Postgres lets nobody read those of others. */
function isTemporary(name: string): boolean {
  return name.startsWith('pg_temp.') || name.startsWith('pg_temp_');
}

function isHarmlessToRead(name: string): boolean {
  if (telling.has(name)) return false;
  return name.startsWith('pg_catalog.') || name.startsWith('information_schema.');
}
