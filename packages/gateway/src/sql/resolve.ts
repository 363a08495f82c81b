import type { Catalog, CatalogFunction, Relation } from './catalog.ts';

/** Where an unqualified name is looked up: schemas in order, or anywhere when the session's path is not known. */
export type SearchPath = readonly string[] | undefined;

export interface QualifiedName {
  /** '' where the text names none. */
  readonly schema: string;
  readonly name: string;
}

/**
 * The relations that a name may stand for: one, none, or several where the search path is not known. `pg_temp` is any
 * schema of temporary tables: whose it is cannot be told.
 */
export function resolveRelation(
  catalog: Catalog,
  path: SearchPath,
  { schema, name }: QualifiedName,
): readonly Relation[] {
  if (schema === 'pg_temp') return catalog.named(name).filter((relation) => relation.schema.startsWith('pg_temp_'));
  if (schema !== '') return one(catalog.find(schema, name));
  if (path === undefined) return catalog.named(name);
  for (const searched of path) {
    const found = catalog.find(searched, name);
    if (found !== undefined) return [found];
  }
  return [];
}

/** The functions that a call may mean, whatever its arguments: of a name on the path, those of every schema on it. */
export function resolveFunctions(
  catalog: Catalog,
  path: SearchPath,
  { schema, name }: QualifiedName,
): readonly CatalogFunction[] {
  const candidates = catalog.functions(name);
  if (schema !== '') return candidates.filter((candidate) => candidate.schema === schema);
  if (path === undefined) return candidates;
  return candidates.filter((candidate) => path.includes(candidate.schema));
}

function one(relation: Relation | undefined): readonly Relation[] {
  return relation === undefined ? [] : [relation];
}
