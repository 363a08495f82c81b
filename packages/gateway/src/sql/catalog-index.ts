import type { Catalog, CatalogFunction, CatalogOperator, CodeType, Relation } from './catalog.ts';

/** A catalog as plain JSON: what reading a database comes to, in no order. */
export interface CatalogRows {
  /** Rows that differ have different ones. */
  readonly version: string;
  /** `server_version_num`; absent: the parser's. */
  readonly serverVersion?: number;
  /** Those that everybody may look into: USAGE is granted to PUBLIC. */
  readonly openSchemas: readonly string[];
  /** All others; absent: there are none. */
  readonly closedSchemas?: readonly string[];
  readonly relations: readonly Relation[];
  readonly functions: readonly CatalogFunction[];
  /** Those that are not Postgres's own. */
  readonly operators: readonly CatalogOperator[];
  /** Those that run somebody's code. */
  readonly codeTypes: readonly CodeType[];
  /** Functions of event triggers; absent: there are none. */
  readonly eventTriggers?: readonly number[];
}

/** Relations and functions that several catalogs have in common, ready for look-ups. Made by `indexPart`. */
export interface CatalogPart {
  readonly relations: readonly Relation[];
  readonly functions: readonly CatalogFunction[];
  readonly relationsByOid: ReadonlyMap<number, Relation>;
  readonly relationsByName: ReadonlyMap<string, readonly Relation[]>;
  readonly functionsByOid: ReadonlyMap<number, CatalogFunction>;
  readonly functionsByName: ReadonlyMap<string, readonly CatalogFunction[]>;
}

/** Makes relations and functions ready for look-ups, and freezes them. */
export function indexPart({ relations, functions }: Pick<CatalogRows, 'relations' | 'functions'>): CatalogPart {
  for (const relation of relations) freezeRelation(relation);
  for (const entry of functions) Object.freeze(entry);
  return {
    relations,
    functions,
    relationsByOid: new Map(relations.map((relation) => [relation.oid, relation])),
    relationsByName: Map.groupBy(relations, nameOf),
    functionsByOid: new Map(functions.map((entry) => [entry.oid, entry])),
    functionsByName: Map.groupBy(functions, nameOf),
  };
}

const nothing: CatalogPart = indexPart({ relations: [], functions: [] });

/**
 * Makes rows ready for look-ups. The rows belong to the catalog from then on: they are frozen. With `common`, the catalog
 * is of both: `rows` have none of its relations and functions.
 */
export function indexCatalog(rows: CatalogRows, common: CatalogPart = nothing): Catalog {
  const { version, serverVersion, codeTypes, eventTriggers = [] } = rows;
  const own = indexPart(rows);
  const open = new Set(rows.openSchemas);
  const closed = new Set(rows.closedSchemas);
  for (const entry of [...rows.operators, ...codeTypes]) Object.freeze(entry);
  const operatorsByName = Map.groupBy(rows.operators, nameOf);
  const codeTypesByName = Map.groupBy(codeTypes, nameOf);
  const codeTypesByOid = new Map(codeTypes.map((entry) => [entry.oid, entry]));
  const named = (name: string): readonly Relation[] =>
    joined(own.relationsByName.get(name), common.relationsByName.get(name));
  return Object.freeze({
    version,
    ...(serverVersion === undefined ? {} : { serverVersion }),
    relations: joined(own.relations, common.relations),
    relation: (oid) => own.relationsByOid.get(oid) ?? common.relationsByOid.get(oid),
    find: (schema, name) => named(name).find((relation) => relation.schema === schema),
    named,
    isOpen: (schema) => open.has(schema),
    hasSchema: (schema) => open.has(schema) || closed.has(schema),
    functions: (name) => joined(own.functionsByName.get(name), common.functionsByName.get(name)),
    function: (oid) => own.functionsByOid.get(oid) ?? common.functionsByOid.get(oid),
    operators: (name) => operatorsByName.get(name) ?? [],
    typeRunsCode: (name) => codeTypesByName.has(name),
    codeTypes: (name) => codeTypesByName.get(name) ?? [],
    codeType: (oid) => codeTypesByOid.get(oid),
    eventTriggers,
  } satisfies Catalog);
}

function joined<Entry>(own: readonly Entry[] = [], common: readonly Entry[] = []): readonly Entry[] {
  if (common.length === 0) return own;
  return own.length === 0 ? common : [...own, ...common];
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
}

function freezeRelation(relation: Relation): void {
  for (const column of relation.columns) Object.freeze(column);
  Object.freeze(relation.columns);
  Object.freeze(relation);
}
