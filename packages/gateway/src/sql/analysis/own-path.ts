import type { SearchPath } from '../resolve.ts';

const item = /\s*(?:"((?:[^"]|"")*)"|([^\s",]+))\s*(?:,|$)/y;

/**
 * The search path that the settings of a function put in force while it runs, with what Postgres adds to it; undefined
 * where they say nothing of it, or what they say depends on who runs it.
 */
export function ownPath(settings: readonly string[]): SearchPath {
  const setting = settings.find((one) => one.toLowerCase().startsWith('search_path='));
  if (setting === undefined) return undefined;
  const value = setting.slice(setting.indexOf('=') + 1);
  const path: string[] = [];
  for (item.lastIndex = 0; item.lastIndex < value.length; ) {
    const match = item.exec(value);
    if (match === null) return undefined;
    path.push(match[1]?.replaceAll('""', '"') ?? (match[2] ?? '').toLowerCase());
  }
  if (path.includes('$user')) return undefined;
  // Both are looked into first where they are not named (recomputeNamespacePath).
  if (!path.includes('pg_catalog')) path.unshift('pg_catalog');
  if (!path.includes('pg_temp')) path.unshift('pg_temp');
  return path.filter((name) => name !== '');
}
