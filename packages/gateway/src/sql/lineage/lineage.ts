import type { AnalysisContext, Lineage, Output } from '../analysis.ts';
import type { Catalog } from '../catalog.ts';
import type { RawStatement } from '../parser.ts';
import type { Shape } from './flow.ts';
import { statementShape } from './statement.ts';
import { type Pure, startTrace, TooMuch } from './trace.ts';

/**
 * Where the values that one statement shows, compares and stores come from, by its tree and the catalog. `libpg-query`
 * must be loaded: it reads the definitions of views. What cannot be followed, be it too deep or too large, is unknown; so is
 * what functions of somebody's show, but for those that are `pure`.
 */
export function lineageOf(node: RawStatement['node'], context: AnalysisContext, pure: Pure = none): Lineage {
  const { catalog, searchPath } = context;
  const path = catalog === undefined ? undefined : searchPath;
  const trace = startTrace(context, { catalog: catalog ?? unknownCatalog, path, pure });
  try {
    const outputs = outputsOf(statementShape(trace, node));
    for (const { sources, plain } of outputs === 'unknown' ? [{ sources: outputs, plain: false }] : outputs) {
      trace.touches.add(sources);
      if (!plain) trace.computes.add(sources);
    }
    const { probes, stores, touches, computes, rewrites, given } = trace;
    return {
      outputs,
      probes: probes.sources,
      stores: stores.sources,
      touches: touches.sources,
      computes: computes.sources,
      rewrites: rewrites.sources,
      given: given.sources,
    };
  } catch (error) {
    // The stack of the engine is finite as well.
    if (error instanceof TooMuch || error instanceof RangeError) return unknownLineage;
    throw error;
  }
}

const none: Pure = { has: () => false };

const unknownLineage: Lineage = {
  outputs: 'unknown',
  probes: 'unknown',
  stores: 'unknown',
  touches: 'unknown',
  computes: 'unknown',
  rewrites: 'unknown',
  given: 'unknown',
};

function outputsOf({ columns, open }: Shape): readonly Output[] | 'unknown' {
  if (open !== undefined) return 'unknown';
  return columns.map(({ name, flow: { sources, plain } }) => ({
    name,
    sources,
    plain: plain && sources !== 'unknown' && sources.size > 0,
  }));
}

/** Nothing is known of the database: every name may be anything, and every operator and type somebody's code. */
const unknownCatalog: Catalog = {
  version: '',
  relations: [],
  relation: () => undefined,
  find: () => undefined,
  named: () => [],
  isOpen: () => false,
  hasSchema: () => true,
  functions: () => [],
  function: () => undefined,
  operators: (name) => [{ name, schema: '', function: 0 }],
  typeRunsCode: () => true,
  codeTypes: (name) => [{ oid: 0, name, from: [0], to: [0] }],
  codeType: (oid) => ({ oid, name: '', from: [0], to: [0] }),
  eventTriggers: [0],
};
