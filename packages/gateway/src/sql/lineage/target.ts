import type { Sources } from '../analysis.ts';
import { type Column, type ColumnKey, columnKey, type Relation } from '../catalog.ts';
import { loadedParser } from '../parser.ts';
import { resolveRelation } from '../resolve.ts';
import { derived, type Flow, type Named, nothing, type Shape, SourceSet, unionOf, wholeOf } from './flow.ts';
import { tableItem } from './from.ts';
import { type Item, innerScope } from './scope.ts';
import { store, type Trace } from './trace.ts';
import { type Body, listOf, tagged, textOf, wordsOf } from './tree.ts';
import { relationShape } from './view.ts';

/** The table that a statement writes to, and what it gives its columns. */
export class Target {
  readonly item: Item;
  /** Its rules may run other statements in the place of this one. */
  readonly hasRules: boolean;
  readonly #trace: Trace;
  readonly #relations: readonly Relation[];
  readonly #assigned: Map<string, Flow> = new Map();

  constructor(trace: Trace, table: Body) {
    this.#trace = trace;
    const name = { schema: textOf(table['schemaname']), name: textOf(table['relname']) };
    this.#relations = resolveRelation(trace.catalog, trace.path, name);
    // A query of a WITH clause is no target.
    this.item = tableItem(trace, innerScope(undefined), table);
    this.hasRules = this.#relations.some(({ rules }) => rules.length > 0);
    for (const relation of this.#relations) touchWhole(trace, relation, new Set());
    if (this.hasRules) trace.touches.add('unknown');
  }

  get columnNames(): readonly string[] {
    return this.item.shape.columns.map(({ name }) => name);
  }

  /** Notes that a column is given a value; '': it is not known which. What a column gives itself is no copy. */
  assign(name: string, flow: Flow): void {
    const before = this.#assigned.get(name);
    this.#assigned.set(name, before === undefined ? flow : derived(unionOf([before, flow])));
    store(this.#trace, without(flow.sources, this.#ownKeys(name)));
    this.#trace.touches.add(flow.sources);
  }

  /** Notes that a column is computed anew, where that is from itself: what it shows then may be what it did not show before. */
  rewrite(name: string, { sources }: Flow): void {
    const own = this.#ownKeys(name);
    const used = sources === 'unknown' ? own : new Set(Array.from(sources).filter((key) => own.has(key)));
    this.#trace.rewrites.add(used);
  }

  /** The columns that a constraint goes by; all of them, where it is not known. */
  keptApartBy(constraint: string): Sources {
    const named = this.#relations.map(({ constraints }) => constraints?.find(({ name }) => name === constraint));
    const { shape } = this.item;
    if (named.length === 0 || named.includes(undefined)) return wholeOf(shape);
    const keys = this.#relations.map(({ columns }, at) =>
      columns.filter(({ number }) => named[at]?.columns.includes(number) === true),
    );
    const names = new Set(keys.flat().map(({ name }) => name));
    return unionOf(shape.columns.flatMap(({ name, flow }) => (names.has(name) ? flow : [])));
  }

  #ownKeys(name: string): ReadonlySet<ColumnKey> {
    const keys = new Set<ColumnKey>();
    for (const { oid, columns } of this.#relations) {
      const column = columns.find((candidate) => candidate.name === name);
      if (column !== undefined) keys.add(columnKey(oid, column.number));
    }
    return keys;
  }

  /** The row as it is inserted: what `excluded` shows. */
  get proposed(): Shape {
    const { columns, open } = this.item.shape;
    const flow = (name: string): Flow => derived(this.#given(name));
    return { columns: columns.map(({ name }): Named => ({ name, flow: flow(name) })), open };
  }

  /** The row as RETURNING shows it: each column as it is, and where it has been given something, that as well. */
  get written(): Shape {
    const { columns, open } = this.item.shape;
    return {
      columns: columns.map(({ name, flow }): Named => {
        const given = this.#given(name);
        const sources = unionOf([flow, { sources: given, plain: false }]);
        return isEmpty(without(given, this.#ownKeys(name))) ? { name, flow } : { name, flow: derived(sources) };
      }),
      open: open === undefined ? undefined : derived(unionOf([open, ...this.#assigned.values()])),
    };
  }

  /** What a column is given: by the statement, or by an expression over columns that the statement gives something. */
  #given(name: string): Sources {
    const own = this.#assigned.get(name);
    if (own !== undefined) return own.sources;
    const set = new SourceSet();
    for (const { columns } of this.#relations) {
      for (const column of columns) {
        if (column.name !== name) continue;
        if (column.generated === '') for (const flow of this.#assigned.values()) set.add(flow.sources);
        for (const used of columnsIn(column)) set.add((this.#assigned.get(used) ?? nothing).sources);
      }
    }
    return set.sources;
  }
}

function without(sources: Sources, own: ReadonlySet<ColumnKey>): Sources {
  if (sources === 'unknown' || own.size === 0) return sources;
  return new Set(Array.from(sources).filter((key) => !own.has(key)));
}

function isEmpty(sources: Sources): boolean {
  return sources !== 'unknown' && sources.size === 0;
}

/** What is written to is touched as a whole (errors show rows), and triggers run, those of partitions too. */
function touchWhole(trace: Trace, relation: Relation, seen: Set<number>): void {
  if (seen.has(relation.oid)) return;
  seen.add(relation.oid);
  trace.touches.add(wholeOf(relationShape(trace, relation)));
  const called = [...relation.triggers, ...(relation.attached ?? [])];
  if (called.some((oid) => trace.catalog.function(oid)?.builtIn !== true)) trace.touches.add('unknown');
  for (const oid of relation.children) {
    const child = trace.catalog.relation(oid);
    if (child !== undefined) touchWhole(trace, child, seen);
  }
}

/** Names of columns in the expression of a generated column. A default has none. */
export function columnsIn({ generated }: Column): readonly string[] {
  if (generated === undefined) return [];
  const parsed = loadedParser.parse(`SELECT ${generated}`);
  if (typeof parsed === 'string') return [];
  const names = new Set<string>();
  const nodes: unknown[] = parsed.map(({ node }) => node);
  while (nodes.length > 0) {
    const node = nodes.pop();
    const found = tagged(node);
    if (found?.tag === 'ColumnRef') names.add(wordsOf(found.body['fields']).at(-1) ?? '');
    else if (Array.isArray(node)) nodes.push(...listOf(node));
    else if (typeof node === 'object' && node !== null) nodes.push(...Object.values(node));
  }
  return Array.from(names);
}
