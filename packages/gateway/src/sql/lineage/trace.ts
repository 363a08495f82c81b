import type { AnalysisContext, Sources } from '../analysis.ts';
import type { Catalog } from '../catalog.ts';
import type { SearchPath } from '../resolve.ts';
import { SourceSet } from './flow.ts';

/** Functions of somebody's that show nothing but what they are given, by OID. */
export interface Pure {
  has(oid: number): boolean;
}

/** One statement, or the query of one view, that is being followed: what its names mean, and what has been found so far. */
export interface Trace {
  readonly catalog: Catalog;
  readonly path: SearchPath;
  readonly pure: Pure;
  readonly context: AnalysisContext;
  readonly probes: SourceSet;
  readonly stores: SourceSet;
  readonly touches: SourceSet;
  /** What expressions compute with. */
  readonly computes: SourceSet;
  /** Columns that are computed anew from themselves. */
  readonly rewrites: SourceSet;
  /** What code of somebody's is given. */
  readonly given: SourceSet;
  /** What the first column of a subquery that stands for a value is called, by its node. */
  readonly subqueryNames: WeakMap<object, string>;
  /** Nodes that may still be visited. */
  budget: number;
  /** It calls a function that is volatile: then Postgres computes what nobody asks for as well. */
  callsVolatile: boolean;
}

/**
 * Nodes that are visited for one statement, in half a second at most. A long list of values counts each once; but
 * recursive queries inside of each other are followed again and again, so that a short text can ask for any number.
 */
const maxVisits = 300_000;

export function startTrace(context: AnalysisContext, means: Pick<Trace, 'catalog' | 'path' | 'pure'>): Trace {
  return {
    ...means,
    context,
    probes: new SourceSet(),
    stores: new SourceSet(),
    touches: new SourceSet(),
    computes: new SourceSet(),
    rewrites: new SourceSet(),
    given: new SourceSet(),
    callsVolatile: false,
    subqueryNames: new WeakMap(),
    budget: maxVisits,
  };
}

/** Thrown when a statement asks for more work than it is worth; everything about it is unknown then. */
export class TooMuch extends Error {}

export function spend(trace: Trace, visits: number): void {
  trace.budget -= visits;
  if (trace.budget < 0) throw new TooMuch();
}

/** Whether rows come, which, how many, or in what order depends on those sources. */
export function probe(trace: Trace, sources: Sources): void {
  trace.probes.add(sources);
  trace.touches.add(sources);
}

/** An expression computes with those sources: its errors and the time that it takes may tell of them. */
export function compute(trace: Trace, sources: Sources): void {
  trace.computes.add(sources);
  trace.touches.add(sources);
}

export function store(trace: Trace, sources: Sources): void {
  trace.stores.add(sources);
  trace.touches.add(sources);
}
