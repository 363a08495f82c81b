import { type CatalogFunction, firstNormalObjectId } from '../catalog.ts';
import { resolveFunctions, resolveOperators } from '../resolve.ts';
import { isHarmlessExtension, traitsOfBuiltIn } from './built-ins.ts';
import { closed, derived, type Flow, type Shape } from './flow.ts';
import { rowTypeShape } from './row-type.ts';
import type { Trace } from './trace.ts';
import { type Body, qualifiedOf, wordsOf } from './tree.ts';

/** What a call shows, whatever function of that name it means. */
export interface Callee {
  /** `anything`: code that cannot be followed, or a function that reads. */
  readonly shows: 'nothing' | 'arguments' | 'anything';
  /** How many rows come depends on its arguments. */
  readonly multiplies: boolean;
  /** It leaves its arguments where they can be read later. */
  readonly keeps: boolean;
  /** It is, or may be, somebody's own. */
  readonly isForeign: boolean;
  /** No function of that name is known: it may be a column of a row, or a cast. */
  readonly candidates: readonly CatalogFunction[];
}

/** Whom a FuncCall may call. */
export function calleeOf(trace: Trace, call: Body): Callee {
  return calleeNamed(trace, wordsOf(call['funcname']));
}

export function calleeNamed(trace: Trace, words: readonly string[]): Callee {
  const candidates = resolveFunctions(trace.catalog, trace.path, qualifiedOf(words));
  const isForeign = candidates.length === 0 || candidates.some(({ builtIn }) => !builtIn);
  let callee: Callee = { shows: 'nothing', multiplies: false, keeps: false, isForeign, candidates };
  for (const candidate of candidates) callee = worse(callee, traitsOf(trace, candidate));
  if (candidates.length === 0 || candidates.some(({ volatility }) => volatility === 'volatile'))
    trace.callsVolatile = true;
  return candidates.length === 0 ? { ...callee, shows: 'anything' } : callee;
}

const restraint = { nothing: 0, arguments: 1, anything: 2 } as const;

function worse<Known extends Traits>(known: Known, { shows, multiplies, keeps }: Traits): Known {
  return {
    ...known,
    shows: restraint[shows] > restraint[known.shows] ? shows : known.shows,
    multiplies: known.multiplies || multiplies,
    keeps: known.keeps || keeps,
  };
}

type Traits = Pick<Callee, 'shows' | 'multiplies' | 'keeps'>;

function traitsOf(trace: Trace, candidate: CatalogFunction): Traits {
  const { oid, name, language, volatility, builtIn, kind, madeOf, attached } = candidate;
  const { pure } = trace;
  if (madeOf !== undefined) return attached === undefined ? traitsOfAggregate(trace, madeOf) : unreadable;
  if (builtIn) return traitsOfBuiltIn(name, volatility);
  // It may return a set.
  if (pure.has(oid)) return { shows: 'arguments', multiplies: true, keeps: false };
  // pg_proc calls every aggregate internal and immutable, whatever its parts are.
  const harmless = kind === 'function' && isHarmlessExtension(name, language, volatility);
  return { shows: harmless ? 'arguments' : 'anything', multiplies: false, keeps: false };
}

/** It shows what its functions do, which are given its arguments and what they have made of others. */
function traitsOfAggregate(trace: Trace, madeOf: readonly number[]): Traits {
  let traits: Traits = { shows: 'arguments', multiplies: false, keeps: false };
  for (const oid of madeOf) {
    const called = trace.catalog.function(oid);
    const isAggregate = called === undefined || called.kind === 'aggregate';
    traits = worse(traits, isAggregate ? unreadable : traitsOf(trace, called));
  }
  return traits;
}

const unreadable: Traits = { shows: 'anything', multiplies: false, keeps: false };

/** True when every operator of that name is Postgres's own, or a superuser's that shows nothing but what it is given. */
export function isHarmlessOperator(trace: Trace, words: readonly string[]): boolean {
  return resolveOperators(trace.catalog, trace.path, qualifiedOf(words)).every((operator) => {
    const called = trace.catalog.function(operator.function);
    return called !== undefined && traitsOf(trace, called).shows !== 'anything';
  });
}

/** Pseudo-types that may stand for a row: record, anyelement, anynonarray, anycompatible, anycompatiblenonarray. */
const perhapsRow: ReadonlySet<number> = new Set([2249, 2283, 2776, 5077, 5079]);

/**
 * The columns of what a function returns, when it is a row or has a name of its own: OUT parameters, or the row type.
 * Undefined: a single value. Open: a row of which no more is known.
 */
export function resultShape(trace: Trace, { candidates }: Callee, flow: Flow): Shape | undefined {
  const shapes = candidates.map((candidate) => resultOf(trace, candidate, flow));
  const [first, ...others] = shapes;
  if (candidates.length === 0) return { columns: [], open: derived(flow.sources) };
  if (others.every((other) => sameNames(first, other))) return first;
  return { columns: shapes.flatMap((shape) => shape?.columns ?? []), open: derived(flow.sources) };
}

function resultOf(trace: Trace, { outputs, returns, builtIn }: CatalogFunction, flow: Flow): Shape | undefined {
  const value = derived(flow.sources);
  if (outputs !== undefined && outputs.length > 0) {
    return closed(outputs.map((name, index) => ({ name: name === '' ? `column${index + 1}` : name, flow: value })));
  }
  const row = rowTypeShape(trace.catalog, returns);
  if (row !== undefined) return closed(row.columns.map(({ name }) => ({ name, flow: value })));
  // A domain of somebody's may be one over a row.
  return perhapsRow.has(returns) || (!builtIn && returns >= firstNormalObjectId)
    ? { columns: [], open: value }
    : undefined;
}

function sameNames(one: Shape | undefined, other: Shape | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  if (one.columns.length !== other.columns.length || (one.open === undefined) !== (other.open === undefined))
    return false;
  return one.columns.every(({ name }, index) => other.columns[index]?.name === name);
}
