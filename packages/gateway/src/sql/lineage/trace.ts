import type { AnalysisContext, Sources } from '../analysis.ts';
import type { Catalog } from '../catalog.ts';
import type { SearchPath } from '../resolve.ts';
import { SourceSet } from './flow.ts';

/** One statement, or the query of one view, that is being followed: what its names mean, and what has been found so far. */
export interface Trace {
  readonly catalog: Catalog;
  readonly path: SearchPath;
  readonly context: AnalysisContext;
  readonly probes: SourceSet;
  readonly stores: SourceSet;
  readonly touches: SourceSet;
  /** What the first column of a subquery that stands for a value is called, by its node. */
  readonly subqueryNames: WeakMap<object, string>;
  /** Nodes that may still be visited. */
  budget: number;
}

/**
 * Nodes that are visited for one statement, in half a second at most. A long list of values counts each once; but
 * recursive queries inside of each other are followed again and again, so that a short text can ask for any number.
 */
const maxVisits = 300_000;

export function startTrace(context: AnalysisContext, catalog: Catalog, path: SearchPath): Trace {
  return {
    catalog,
    path,
    context,
    probes: new SourceSet(),
    stores: new SourceSet(),
    touches: new SourceSet(),
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

export function store(trace: Trace, sources: Sources): void {
  trace.stores.add(sources);
  trace.touches.add(sources);
}
