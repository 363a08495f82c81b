import type { Catalog, CatalogFunction, CatalogOperator, Relation } from './catalog.ts';

/** A catalog as plain JSON: what reading a database comes to, in no order. */
export interface CatalogRows {
  /** Rows that differ have different ones. */
  readonly version: string;
  /** Those that everybody may look into: USAGE is granted to PUBLIC. */
  readonly openSchemas: readonly string[];
  readonly relations: readonly Relation[];
  readonly functions: readonly CatalogFunction[];
  /** Those that are not Postgres's own. */
  readonly operators: readonly CatalogOperator[];
  /** Names of types that run somebody's code. */
  readonly codeTypes: readonly string[];
}

/** Makes rows ready for look-ups. The rows belong to the catalog from then on: they are frozen. */
export function indexCatalog(rows: CatalogRows): Catalog {
  const { version, relations, functions } = rows;
  const open = new Set(rows.openSchemas);
  const codeTypes = new Set(rows.codeTypes);
  for (const relation of relations) freezeRelation(relation);
  for (const entry of [...functions, ...rows.operators]) Object.freeze(entry);
  const relationsByOid = new Map(relations.map((relation) => [relation.oid, relation]));
  const relationsByName = Map.groupBy(relations, nameOf);
  const functionsByOid = new Map(functions.map((entry) => [entry.oid, entry]));
  const functionsByName = Map.groupBy(functions, nameOf);
  const operatorsByName = Map.groupBy(rows.operators, nameOf);
  const named = (name: string): readonly Relation[] => relationsByName.get(name) ?? [];
  return Object.freeze({
    version,
    relations,
    relation: (oid) => relationsByOid.get(oid),
    find: (schema, name) => named(name).find((relation) => relation.schema === schema),
    named,
    isOpen: (schema) => open.has(schema),
    functions: (name) => functionsByName.get(name) ?? [],
    function: (oid) => functionsByOid.get(oid),
    operators: (name) => operatorsByName.get(name) ?? [],
    typeRunsCode: (name) => codeTypes.has(name),
  } satisfies Catalog);
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
}

function freezeRelation(relation: Relation): void {
  for (const column of relation.columns) Object.freeze(column);
  Object.freeze(relation.columns);
  Object.freeze(relation);
}
