import type { Relation } from '../catalog.ts';
import { derived, type Flow, nothing, oneOf, type Shape, unionOf, wholeOf } from './flow.ts';

/** What FROM puts into a scope: a table, a subquery, a function, a join (ParseNamespaceItem of Postgres). */
export interface Item {
  /** '' for what cannot be named. */
  readonly name: string;
  /** What `schema.name` may mean; empty under an alias. */
  readonly relations: readonly Relation[];
  readonly shape: Shape;
  /** Columns may be named without the item, and `*` shows them. */
  readonly visible: boolean;
}

/** The names of one level of a query. */
export interface Scope {
  readonly outer: Scope | undefined;
  readonly items: readonly Item[];
  /** Queries of the WITH clause of this level. */
  readonly queries: Map<string, WithQuery>;
}

export interface WithQuery {
  shape(): Shape;
}

export function innerScope(outer: Scope | undefined): Scope {
  return { outer, items: [], queries: new Map() };
}

/** The scope as a subquery without LATERAL sees it: not what stands beside it. */
export function withoutItems({ outer, queries }: Scope): Scope {
  return { outer, items: [], queries };
}

export function withItems({ outer, queries }: Scope, items: readonly Item[]): Scope {
  return { outer, items, queries };
}

export function findQuery(scope: Scope | undefined, name: string): WithQuery | undefined {
  for (let at = scope; at !== undefined; at = at.outer) {
    const found = at.queries.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** System columns have no data (`ctid`, `xmin` …); they can only be named. */
const systemColumns: ReadonlySet<string> = new Set(['ctid', 'xmin', 'cmin', 'xmax', 'cmax', 'tableoid']);

/** The column of that name of a shape; of several, any of them. */
export function columnOf(shape: Shape, name: string): Flow | undefined {
  const found = shape.columns.filter((column) => column.name === name).map(({ flow }) => flow);
  if (found.length > 0) return oneOf(found);
  return shape.open ?? (systemColumns.has(name) ? nothing : undefined);
}

/** What an unqualified name means as a column, innermost first. `sure` is false when it may mean something else. */
export function findColumn(scope: Scope, name: string): { readonly flow: Flow; readonly sure: boolean } | undefined {
  const open: Flow[] = [];
  for (let at: Scope | undefined = scope; at !== undefined; at = at.outer) {
    const found = at.items.flatMap(({ shape, visible }) =>
      visible ? shape.columns.filter((column) => column.name === name).map(({ flow }) => flow) : [],
    );
    if (found.length > 0) return { flow: merged(found, open), sure: open.length === 0 };
    for (const { shape, visible } of at.items) if (visible && shape.open !== undefined) open.push(shape.open);
  }
  if (open.length > 0) return { flow: merged([], open), sure: false };
  return systemColumns.has(name) ? { flow: nothing, sure: true } : undefined;
}

/** Nothing that only might be meant is shown as it is. */
function merged(found: readonly Flow[], open: readonly Flow[]): Flow {
  return open.length === 0 ? oneOf(found) : derived(unionOf([...found, ...open]));
}

/** What `name.…` or `schema.name.…` refers to; several where the scope cannot tell. */
export function findItem(scope: Scope, schema: string, name: string): Item | undefined {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.outer) {
    const found = at.items.find((item) => item.name === name && (schema === '' || isOf(item, schema)));
    if (found !== undefined) return found;
  }
  return undefined;
}

function isOf({ relations }: Item, schema: string): boolean {
  return relations.some((relation) => relation.schema === schema || schema === 'pg_temp');
}

/** The whole row of an item: `t`, `t.*` in an expression. */
export function rowOf({ shape }: Item): Flow {
  return { sources: wholeOf(shape), plain: false, row: shape };
}

/** What `*` shows. */
export function starOf({ items }: Scope): Shape {
  const visible = items.filter((item) => item.visible);
  const open = visible.flatMap(({ shape }) => (shape.open === undefined ? [] : [shape.open]));
  return {
    columns: visible.flatMap(({ shape }) => shape.columns),
    open: open.length === 0 ? undefined : derived(unionOf(open)),
  };
}
