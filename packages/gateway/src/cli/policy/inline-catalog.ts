import type { CatalogFunction, Relation } from '../../sql/catalog.ts';
import type { CatalogRows } from '../../sql/catalog-index.ts';
import { builtInFunctions, builtInRelations } from './built-ins.ts';

/** A small catalog as a file of examples gives it; names are `schema.name`. */
export interface InlineCatalog {
  /** Columns of each table. */
  readonly tables: { readonly [name: string]: readonly string[] };
  /** Queries of views. */
  readonly views: { readonly [name: string]: string };
  /** Functions in SQL, or without a body in a language that nobody can read. */
  readonly functions: { readonly [name: string]: InlineFunction };
}

export interface InlineFunction {
  readonly body?: string | undefined;
  readonly volatility: CatalogFunction['volatility'];
}

/** `text`: what the type of a column is, since a file of examples does not say. */
const text = 25;

const sorts: { readonly [sort: string]: Pick<CatalogFunction, 'kind' | 'volatility'> } = {
  immutable: { kind: 'function', volatility: 'immutable' },
  stable: { kind: 'function', volatility: 'stable' },
  volatile: { kind: 'function', volatility: 'volatile' },
  aggregate: { kind: 'aggregate', volatility: 'immutable' },
  window: { kind: 'window', volatility: 'immutable' },
};

/** The catalog of a database that has these relations and functions, and what comes with Postgres 18. */
export function inlineCatalog({ tables, views, functions }: InlineCatalog): CatalogRows {
  const relations: Relation[] = [];
  const add = (name: string, columns: readonly string[], more: Pick<Relation, 'kind' | 'definition'>): void => {
    relations.push({
      oid: 100_000 + relations.length,
      ...parts(name),
      columns: columns.map((column, index) => ({ number: index + 1, name: column, type: text })),
      rules: [],
      triggers: [],
      parents: [],
      children: [],
      ...more,
    });
  };
  for (const [name, columns] of systemRelations()) add(name, columns, { kind: 'table' });
  for (const [name, columns] of Object.entries(tables)) add(name, columns, { kind: 'table' });
  for (const [name, definition] of Object.entries(views)) add(name, [], { kind: 'view', definition });
  const schemas = new Set(['pg_catalog', 'information_schema', 'public', ...relations.map(({ schema }) => schema)]);
  const made = Object.entries(functions).map(([name, given], index) => functionOf(name, given, 200_000 + index));
  for (const { schema } of made) schemas.add(schema);
  return {
    version: 'inline',
    openSchemas: [...schemas],
    relations,
    functions: [...systemFunctions(), ...made],
    operators: [],
    codeTypes: [],
  };
}

function systemFunctions(): readonly CatalogFunction[] {
  return Object.entries(builtInFunctions)
    .flatMap(([sort, names]) => words(names).map((name) => ({ name, ...(sorts[sort] as (typeof sorts)[string]) })))
    .map((given, index) => ({
      oid: 1 + index,
      schema: 'pg_catalog',
      language: 'internal',
      securityDefiner: false,
      builtIn: true,
      returns: text,
      ...given,
    }));
}

function systemRelations(): ReadonlyMap<string, readonly string[]> {
  const relations = new Map<string, string[]>();
  let columns: string[] = [];
  for (const word of words(builtInRelations)) {
    if (word.endsWith(':')) {
      columns = [];
      relations.set(word.slice(0, -1), columns);
    } else columns.push(word);
  }
  return relations;
}

function functionOf(name: string, { body, volatility }: InlineFunction, oid: number): CatalogFunction {
  return {
    oid,
    ...parts(name),
    kind: 'function',
    volatility,
    language: body === undefined ? 'c' : 'sql',
    securityDefiner: false,
    ...(body === undefined ? {} : { body }),
    builtIn: false,
    returns: text,
  };
}

function parts(name: string): { readonly schema: string; readonly name: string } {
  const dot = name.indexOf('.');
  return { schema: name.slice(0, dot), name: name.slice(dot + 1) };
}

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
