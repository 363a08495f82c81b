import type { Catalog, CatalogFunction, CatalogOperator, Relation } from './catalog.ts';

/** Where an unqualified name is looked up: schemas in order, or anywhere when the session's path is not known. */
export type SearchPath = readonly string[] | undefined;

export interface QualifiedName {
  /** '' where the text names none. */
  readonly schema: string;
  readonly name: string;
}

/**
 * The relations that a name may stand for: one, none, or several where it cannot be told. `pg_temp` is any schema of
 * temporary tables: whose it is cannot be told. A temporary table may be gone since the catalog was read, so that it
 * hides nothing: what stands behind it on the path comes with it. So does what stands behind a relation of a schema that
 * the current role may not be allowed to look into.
 */
export function resolveRelation(
  catalog: Catalog,
  path: SearchPath,
  { schema, name }: QualifiedName,
): readonly Relation[] {
  if (schema === 'pg_temp') return catalog.named(name).filter(isTemporary);
  if (schema !== '') return present(catalog.find(schema, name));
  if (path === undefined) return catalog.named(name);
  const found: Relation[] = [];
  for (const searched of path) {
    const candidates =
      searched === 'pg_temp' ? catalog.named(name).filter(isTemporary) : present(catalog.find(searched, name));
    found.push(...candidates.filter((candidate) => !found.includes(candidate)));
    if (candidates.some((candidate) => !isTemporary(candidate)) && catalog.isOpen(searched)) break;
  }
  return found;
}

/** The functions that a call may mean, whatever its arguments: of a name on the path, those of every schema on it. */
export function resolveFunctions(
  catalog: Catalog,
  path: SearchPath,
  { schema, name }: QualifiedName,
): readonly CatalogFunction[] {
  return inSchemas(catalog.functions(name), path, schema);
}

/** The operators of users that a name may mean, whatever its operands. */
export function resolveOperators(
  catalog: Catalog,
  path: SearchPath,
  { schema, name }: QualifiedName,
): readonly CatalogOperator[] {
  return inSchemas(catalog.operators(name), path, schema);
}

function inSchemas<Candidate extends { readonly schema: string }>(
  candidates: readonly Candidate[],
  path: SearchPath,
  schema: string,
): readonly Candidate[] {
  if (schema !== '')
    return candidates.filter((candidate) => candidate.schema === schema || isTemporaryName(candidate, schema));
  if (path === undefined) return candidates;
  return candidates.filter((candidate) => path.includes(candidate.schema));
}

/** Functions and operators of `pg_temp` are found by that name only. */
function isTemporaryName(candidate: { readonly schema: string }, schema: string): boolean {
  return schema === 'pg_temp' && isTemporary(candidate);
}

function isTemporary({ schema }: { readonly schema: string }): boolean {
  return schema.startsWith('pg_temp_');
}

function present(relation: Relation | undefined): readonly Relation[] {
  return relation === undefined ? [] : [relation];
}
