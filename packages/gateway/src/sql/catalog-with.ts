import type { Catalog, Relation } from './catalog.ts';

/** A table that a catalog does not have. */
export interface AddedTable {
  readonly relation: Relation;
  /** The one that the catalog has under its name is gone; otherwise it is there, and the added one is not. */
  readonly replaces: boolean;
}

/** A catalog with tables that it does not have yet. Their OIDs are not among its own; it has a version of its own. */
export function catalogWith(catalog: Catalog, added: readonly AddedTable[], version: string): Catalog {
  const relations = added
    .filter(({ relation, replaces }) => replaces || catalog.find(relation.schema, relation.name) === undefined)
    .map(({ relation }) => relation);
  if (relations.length === 0) return catalog;
  const byOid = new Map(relations.map((relation) => [relation.oid, relation]));
  const byName = Map.groupBy(relations, ({ name }) => name);
  const find = (schema: string, name: string): Relation | undefined =>
    byName.get(name)?.find((relation) => relation.schema === schema) ?? catalog.find(schema, name);
  const stays = ({ schema, name, oid }: Relation): boolean =>
    byName.get(name)?.every((relation) => relation.schema !== schema || relation.oid === oid) ?? true;
  const { serverVersion } = catalog;
  return Object.freeze({
    version,
    ...(serverVersion === undefined ? {} : { serverVersion }),
    relations: {
      *[Symbol.iterator]() {
        for (const relation of catalog.relations) if (stays(relation)) yield relation;
        yield* relations;
      },
    },
    // What refers to one that is gone still finds it.
    relation: (oid) => byOid.get(oid) ?? catalog.relation(oid),
    find,
    named: (name) => {
      const more = byName.get(name);
      return more === undefined ? catalog.named(name) : [...catalog.named(name).filter(stays), ...more];
    },
    isOpen: (schema) => catalog.isOpen(schema),
    hasSchema: (schema) => catalog.hasSchema(schema),
    functions: (name) => catalog.functions(name),
    function: (oid) => catalog.function(oid),
    operators: (name) => catalog.operators(name),
    typeRunsCode: (name) => catalog.typeRunsCode(name),
    codeTypes: (name) => catalog.codeTypes(name),
    codeType: (oid) => catalog.codeType(oid),
    eventTriggers: catalog.eventTriggers,
  } satisfies Catalog);
}

const withMore: WeakMap<Catalog, Map<string, Catalog>> = new WeakMap();

/**
 * A catalog with schemas that somebody has made, and that may be there: not everybody may look into them. The same one for the
 * same schemas in the same order.
 */
export function withSchemas(catalog: Catalog, schemas: readonly string[]): Catalog {
  if (schemas.length === 0) return catalog;
  const known = withMore.get(catalog) ?? new Map<string, Catalog>();
  withMore.set(catalog, known);
  const key = JSON.stringify(schemas);
  const more = known.get(key) ?? {
    ...catalog,
    version: `${catalog.version} with ${key}`,
    hasSchema: (schema: string) => schemas.includes(schema) || catalog.hasSchema(schema),
  };
  known.set(key, more);
  return more;
}
