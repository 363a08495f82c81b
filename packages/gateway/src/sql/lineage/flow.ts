import type { Sources } from '../analysis.ts';
import type { ColumnKey } from '../catalog.ts';

/** Where a value comes from while a statement is followed. */
export interface Flow {
  readonly sources: Sources;
  /** See Output. */
  readonly plain: boolean;
  /** OID of its type; only known of columns, and of casts that keep them whole. */
  readonly type?: number | undefined;
  /** Its fields, when it is a row. */
  readonly row?: Shape | undefined;
}

export interface Named {
  readonly name: string;
  readonly flow: Flow;
}

/** The columns of a relation, a subquery, a row. */
export interface Shape {
  readonly columns: readonly Named[];
  /** Set when there may be others, at unknown places: what they come from. */
  readonly open: Flow | undefined;
}

const none: ReadonlySet<ColumnKey> = new Set();

/** A constant, a parameter, the clock. */
export const nothing: Flow = { sources: none, plain: false };

export const unknown: Flow = { sources: 'unknown', plain: false };

/** What is not known at all: any number of columns. */
export const unknownShape: Shape = { columns: [], open: unknown };

export const emptyShape: Shape = { columns: [], open: undefined };

/** The value of an expression over those sources. */
export function derived(sources: Sources): Flow {
  return sources === 'unknown' ? unknown : sources.size === 0 ? nothing : { sources, plain: false };
}

/** A value that is one of several, unchanged. */
export function oneOf(flows: readonly Flow[]): Flow {
  const [first = nothing, ...others] = flows;
  if (others.every((other) => other === first)) return first;
  const type = others.every((other) => other.type === first.type) ? first.type : undefined;
  return { sources: unionOf(flows), plain: flows.every(({ plain }) => plain), type };
}

export function unionOf(flows: Iterable<Flow>): Sources {
  const set = new SourceSet();
  for (const { sources } of flows) set.add(sources);
  return set.sources;
}

/** Everything that a shape may show. */
export function wholeOf({ columns, open }: Shape): Sources {
  const set = new SourceSet();
  for (const { flow } of columns) set.add(flow.sources);
  if (open !== undefined) set.add(open.sources);
  return set.sources;
}

export function closed(columns: readonly Named[]): Shape {
  return { columns, open: undefined };
}

/** Sources that grow. What is taken from it is not changed by what is added later. */
export class SourceSet {
  #sources: Sources = none;
  #own = false;

  add(more: Sources): void {
    if (this.#sources === 'unknown' || more === this.#sources) return;
    if (more === 'unknown') this.#sources = 'unknown';
    else if (this.#sources.size === 0) {
      this.#sources = more;
      this.#own = false;
    } else this.#merge(this.#sources, more);
  }

  #merge(to: ReadonlySet<ColumnKey>, more: ReadonlySet<ColumnKey>): void {
    if (more.size === 0) return;
    const set = (this.#own ? to : new Set(to)) as Set<ColumnKey>;
    for (const key of more) set.add(key);
    this.#sources = set;
    this.#own = true;
  }

  get sources(): Sources {
    this.#own = false;
    return this.#sources;
  }
}
