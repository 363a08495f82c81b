import type { Catalog, CatalogFunction, CatalogOperator, CodeType, Relation } from './catalog.ts';

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
  /** Those that run somebody's code. */
  readonly codeTypes: readonly CodeType[];
  /** Functions of event triggers; absent: there are none. */
  readonly eventTriggers?: readonly number[];
}

/** Makes rows ready for look-ups. The rows belong to the catalog from then on: they are frozen. */
export function indexCatalog(rows: CatalogRows): Catalog {
  const { version, relations, functions, codeTypes, eventTriggers = [] } = rows;
  const open = new Set(rows.openSchemas);
  for (const relation of relations) freezeRelation(relation);
  for (const entry of [...functions, ...rows.operators, ...codeTypes]) Object.freeze(entry);
  const relationsByOid = new Map(relations.map((relation) => [relation.oid, relation]));
  const relationsByName = Map.groupBy(relations, nameOf);
  const functionsByOid = new Map(functions.map((entry) => [entry.oid, entry]));
  const functionsByName = Map.groupBy(functions, nameOf);
  const operatorsByName = Map.groupBy(rows.operators, nameOf);
  const codeTypesByName = Map.groupBy(codeTypes, nameOf);
  const codeTypesByOid = new Map(codeTypes.map((entry) => [entry.oid, entry]));
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
    typeRunsCode: (name) => codeTypesByName.has(name),
    codeTypes: (name) => codeTypesByName.get(name) ?? [],
    codeType: (oid) => codeTypesByOid.get(oid),
    eventTriggers,
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
