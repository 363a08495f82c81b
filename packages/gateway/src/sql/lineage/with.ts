import { derived, type Flow, type Named, nothing, type Shape, unionOf, unknownShape } from './flow.ts';
import { aliased } from './from.ts';
import { eitherShape, isSetOperation, queryShape, sideShape } from './query.ts';
import { innerScope, type Scope, withoutItems } from './scope.ts';
import type { Trace } from './trace.ts';
import { type Body, bodyOf, listOf, textOf, untag, wordsOf } from './tree.ts';

/**
 * Puts the queries of a WITH clause into a scope. Each is followed, whether it is referred to or not; with RECURSIVE each
 * sees all of them, otherwise those in front of it.
 */
export function openWith(trace: Trace, scope: Scope, clause: unknown): void {
  const { ctes, recursive } = bodyOf(clause);
  const queries = listOf(ctes).map((query) => untag(query, 'CommonTableExpr') ?? {});
  if (recursive !== true) {
    for (const query of queries) {
      const shape = named(queryShape(trace, withoutItems(scope), query['ctequery']), query);
      scope.queries.set(textOf(query['ctename']), { shape: () => shape });
    }
    return;
  }
  const all = queries.map((query) => new RecursiveQuery(trace, withoutItems(scope), query));
  for (const [index, query] of queries.entries()) {
    const made = all[index];
    if (made !== undefined) scope.queries.set(textOf(query['ctename']), made);
  }
  for (const query of all) query.shape();
}

function named(shape: Shape, query: Body): Shape {
  return aliased(shape, wordsOf(query['aliascolnames']));
}

/** A query that may refer to itself, or to one behind it: followed when it is first asked for, until it does not grow any more. */
class RecursiveQuery {
  readonly #trace: Trace;
  readonly #scope: Scope;
  readonly #query: Body;
  #state: 'new' | 'running' | 'done' = 'new';
  #shape: Shape = unknownShape;

  constructor(trace: Trace, scope: Scope, query: Body) {
    this.#trace = trace;
    this.#scope = scope;
    this.#query = query;
  }

  /** While it is being followed: what is known of it so far. */
  shape(): Shape {
    if (this.#state !== 'new') return this.#shape;
    this.#state = 'running';
    const first = this.#first();
    if (first === undefined) this.#shape = this.#next();
    else this.#grow(named(first, this.#query));
    this.#shape = withSearchAndCycle(this.#shape, this.#query);
    this.#state = 'done';
    return this.#shape;
  }

  #next(): Shape {
    return named(queryShape(this.#trace, this.#scope, this.#query['ctequery']), this.#query);
  }

  #grow(first: Shape): void {
    this.#shape = first;
    for (;;) {
      const next = this.#next();
      const grown = eitherShape(this.#shape, next);
      if (isSame(grown, this.#shape)) return;
      this.#shape = grown;
    }
  }

  /** The side of the union that begins; what has none cannot refer to itself. */
  #first(): Shape | undefined {
    const select = untag(this.#query['ctequery'], 'SelectStmt');
    if (select === undefined || !isSetOperation(select)) return undefined;
    const scope = innerScope(this.#scope);
    openWith(this.#trace, scope, select['withClause']);
    return sideShape(this.#trace, scope, select['larg']);
  }
}

function isSame(one: Shape, other: Shape): boolean {
  if (one.columns.length !== other.columns.length) return false;
  if (!isSameFlow(one.open ?? nothing, other.open ?? nothing)) return false;
  return one.columns.every(({ flow }, index) => isSameFlow(flow, other.columns[index]?.flow ?? nothing));
}

/** Of two flows of which one has grown from the other. */
function isSameFlow(one: Flow, other: Flow): boolean {
  if (one.plain !== other.plain) return false;
  if (one.sources === 'unknown' || other.sources === 'unknown') return one.sources === other.sources;
  return one.sources.size === other.sources.size;
}

/** SEARCH adds a column, CYCLE two. */
function withSearchAndCycle(shape: Shape, query: Body): Shape {
  const search = bodyOf(query['search_clause']);
  const cycle = bodyOf(query['cycle_clause']);
  const columns: Named[] = [...shape.columns];
  const add = (name: unknown, keys: readonly string[]): void => {
    if (typeof name === 'string' && name !== '') columns.push({ name, flow: ofKeys(shape, keys) });
  };
  add(search['search_seq_column'], wordsOf(search['search_col_list']));
  add(cycle['cycle_mark_column'], wordsOf(cycle['cycle_col_list']));
  add(cycle['cycle_path_column'], wordsOf(cycle['cycle_col_list']));
  return { columns, open: shape.open };
}

function ofKeys({ columns, open }: Shape, keys: readonly string[]): Flow {
  const flows = columns.filter(({ name }) => keys.includes(name)).map(({ flow }) => flow);
  return derived(unionOf(open === undefined ? flows : [...flows, open]));
}
