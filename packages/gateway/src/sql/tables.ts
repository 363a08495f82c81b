import { condense } from './condense.ts';
import { Lru } from './lru.ts';
import { loadParser, type RawStatement } from './parser.ts';

/** A table as a text names it; `schema` is '' where it names none. A view, a sequence or an index is one as well. */
export interface TableName {
  readonly schema: string;
  readonly name: string;
}

/** The tables that a text reads, writes or changes, each once, as they come; undefined when it cannot be parsed. */
export type TablesOf = (sql: string) => readonly TableName[] | undefined;

/** Beyond this a text is condensed first, and given up when that is not enough: trees take 20 times the text. */
const maxParsedCharacters = 256 * 1024;
const condensedCharacters = 16 * 1024;

const cacheBounds = { maxEntries: 1_000, maxCharacters: 2_000_000 } as const;

/** Loads Postgres's parser; looking up is synchronous from then on. */
export async function createTablesReader(): Promise<TablesOf> {
  const parser = await loadParser();
  const cache = new Lru<readonly TableName[] | undefined>(cacheBounds);
  const read = (sql: string): readonly TableName[] | undefined => {
    const text = sql.length > condensedCharacters ? condense(sql) : sql;
    if (text.length > maxParsedCharacters) return undefined;
    const parsed = parser.parse(text);
    return typeof parsed === 'string' ? undefined : tablesOf(parsed);
  };
  return (sql) => cache.get(sql, read);
}

/** Names that stand for queries of a WITH clause where they are in force. */
interface Scope {
  readonly names: ReadonlySet<string>;
  readonly outer: Scope | undefined;
}

interface Visit {
  readonly node: unknown;
  readonly scope: Scope | undefined;
}

interface Found extends TableName {
  readonly location: number;
}

type Node = { readonly [field: string]: unknown };

/**
 * The tables of parsed statements. Names of WITH queries are no tables where they are in force: behind their definition,
 * or everywhere with RECURSIVE; the target of INSERT, UPDATE, DELETE and MERGE is always a table.
 */
export function tablesOf(statements: readonly RawStatement[]): readonly TableName[] {
  const found: Found[] = [];
  // A stack of our own: the tree of a long expression is as deep as it is long.
  const visits: Visit[] = statements.map(({ node }) => ({ node, scope: undefined }));
  for (let visit = visits.pop(); visit !== undefined; visit = visits.pop()) {
    const { node, scope } = visit;
    if (Array.isArray(node)) for (const item of node) visits.push({ node: item, scope });
    else if (isNode(node)) visitNode(node, scope, visits, found);
  }
  return distinct(found);
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null;
}

function visitNode(node: Node, scope: Scope | undefined, visits: Visit[], found: Found[]): void {
  const table = rangeVariable(node);
  if (table !== undefined) {
    if (table.schema !== '' || !isInScope(table.name, scope)) found.push(table);
    return;
  }
  found.push(...namedObjects(node));
  const inner = isNode(node['withClause']) ? withScope(node['withClause'], scope, visits) : scope;
  for (const [field, child] of Object.entries(node)) {
    // FOR UPDATE OF names what FROM has named before.
    if (!isNode(child) || field === 'withClause' || field === 'lockedRels') continue;
    visits.push({ node: child, scope: field === 'relation' ? undefined : inner });
  }
}

function rangeVariable(node: Node): Found | undefined {
  const { relname, relpersistence, schemaname, location } = node;
  if (typeof relname !== 'string' || relpersistence === undefined) return undefined;
  return { schema: text(schemaname), name: relname, location: typeof location === 'number' ? location : 0 };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isInScope(name: string, scope: Scope | undefined): boolean {
  for (let at = scope; at !== undefined; at = at.outer) if (at.names.has(name)) return true;
  return false;
}

/** Visits the queries of a WITH clause, each in its scope, and returns the scope of the statement that it belongs to. */
function withScope(clause: Node, outer: Scope | undefined, visits: Visit[]): Scope | undefined {
  const queries = (Array.isArray(clause['ctes']) ? clause['ctes'] : []) as readonly Node[];
  const expressions = queries.map((query) => query['CommonTableExpr'] as Node);
  const all: Scope = { names: new Set(expressions.map(({ ctename }) => text(ctename))), outer };
  let scope = outer;
  for (const expression of expressions) {
    visits.push({ node: expression, scope: clause['recursive'] === true ? all : scope });
    scope = { names: new Set([text(expression['ctename'])]), outer: scope };
  }
  return scope;
}

/** How many of the last parts of a dotted name belong to what is not the table, by the kind of object. */
const partsBehindTable: { readonly [kind: string]: number } = {
  OBJECT_TABLE: 0,
  OBJECT_VIEW: 0,
  OBJECT_MATVIEW: 0,
  OBJECT_FOREIGN_TABLE: 0,
  OBJECT_SEQUENCE: 0,
  OBJECT_COLUMN: 1,
  OBJECT_TABCONSTRAINT: 1,
  OBJECT_TRIGGER: 1,
  OBJECT_RULE: 1,
  OBJECT_POLICY: 1,
};

/** DROP, COMMENT and SECURITY LABEL name their objects by lists of words. */
function namedObjects(node: Node): Found[] {
  const kind = node['removeType'] ?? node['objtype'];
  const behind = typeof kind === 'string' ? partsBehindTable[kind] : undefined;
  if (behind === undefined) return [];
  const objects = Array.isArray(node['objects']) ? node['objects'] : [node['object']];
  return objects.flatMap((object) => {
    const parts = words(object);
    const end = parts.length - behind;
    const name = parts[end - 1];
    return name === undefined ? [] : [{ schema: parts[end - 2] ?? '', name, location: 0 }];
  });
}

function words(object: unknown): string[] {
  const items = isNode(object) && isNode(object['List']) ? object['List']['items'] : undefined;
  if (!Array.isArray(items)) return [];
  return items.map((item: Node) => (isNode(item['String']) ? text(item['String']['sval']) : ''));
}

function distinct(found: Found[]): TableName[] {
  found.sort((a, b) => a.location - b.location);
  const byName = new Map<string, TableName>();
  for (const { schema, name } of found) {
    const key = JSON.stringify([schema, name]);
    if (!byName.has(key)) byName.set(key, { schema, name });
  }
  return Array.from(byName.values());
}
