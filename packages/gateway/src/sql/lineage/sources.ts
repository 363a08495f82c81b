import type { CatalogFunction } from '../catalog.ts';
import { calleeOf, isHarmlessOperator } from './call.ts';
import { type Shape, SourceSet, wholeOf } from './flow.ts';
import { queryShape } from './query.ts';
import { fieldCall, referenceFlow } from './reference.ts';
import { expandRow, indirectionFlow } from './rows.ts';
import type { Scope } from './scope.ts';
import { compute, probe, spend, store, type Trace } from './trace.ts';
import { type Body, bodyOf, itemsOf, listOf, tagged, textOf, untag, wordsOf } from './tree.ts';

/**
 * Everything that the value of those nodes depends on. On a stack of its own: the tree of a long expression is as deep
 * as it is long.
 */
export function sourcesOf(trace: Trace, scope: Scope, node: unknown): SourceSet['sources'] {
  const found = new SourceSet();
  const nodes: unknown[] = [node];
  while (nodes.length > 0) {
    const next = nodes.pop();
    if (typeof next !== 'object' || next === null) continue;
    spend(trace, 1);
    if (Array.isArray(next)) {
      for (const item of next) nodes.push(item);
      continue;
    }
    const { tag, body } = tagged(next) ?? { tag: '', body: next as Body };
    // TypeName, of RETURNING and the like.
    if (body['names'] !== undefined && body['typemod'] !== undefined && runsCode(trace, body)) admit(trace, found);
    const special = specials[tag];
    const inside = special === undefined ? Object.values(body) : special({ trace, scope, body, found });
    for (const item of inside) nodes.push(item);
  }
  compute(trace, found.sources);
  return found.sources;
}

interface Visit {
  readonly trace: Trace;
  readonly scope: Scope;
  readonly body: Body;
  readonly found: SourceSet;
}

const leaf: readonly unknown[] = [];

/** Nodes that are more than the sum of their fields; each returns what of it flows into the value. */
const specials: { readonly [tag: string]: (visit: Visit) => readonly unknown[] } = {
  A_Const: () => leaf,
  ParamRef: () => leaf,
  ColumnRef: ({ trace, scope, body, found }) => {
    found.add(referenceFlow(trace, scope, body).sources);
    return leaf;
  },
  A_Indirection: ({ trace, scope, body, found }) => {
    found.add(
      untag(listOf(body['indirection']).at(-1), 'A_Star') === undefined
        ? indirectionFlow(trace, scope, body).sources
        : wholeOf(expandRow(trace, scope, body)),
    );
    return leaf;
  },
  TypeCast: (visit) => {
    const { trace, body, found } = visit;
    if (runsCode(trace, bodyOf(body['typeName']))) {
      admit(trace, found);
      return give(visit, body['arg']);
    }
    return [body['arg']];
  },
  A_Expr: (visit) => {
    const { trace, body, found } = visit;
    const words = wordsOf(body['name']);
    const operators = textOf(body['kind']).includes('BETWEEN') ? [['<='], ['>=']] : [words];
    if (!operators.every((operator) => isHarmlessOperator(trace, operator))) {
      admit(trace, found);
      return give(visit, [body['lexpr'], body['rexpr']]);
    }
    return [body['lexpr'], body['rexpr']];
  },
  SubLink: ({ trace, scope, body, found }) => {
    const shape = subqueryShape(trace, scope, body['subselect']);
    const operator = body['operName'] === undefined ? ['='] : wordsOf(body['operName']);
    if (body['testexpr'] !== undefined && !isHarmlessOperator(trace, operator)) {
      admit(trace, found);
      trace.given.add(wholeOf(shape));
      trace.given.add(sourcesOf(trace, scope, body['testexpr']));
    }
    // Whether there are rows says what conditions say, and those have been noted.
    if (body['subLinkType'] !== 'EXISTS_SUBLINK') found.add(wholeOf(shape));
    return [body['testexpr']];
  },
  CaseExpr: (visit) => {
    const { trace, body, found } = visit;
    if (body['arg'] === undefined || isHarmlessOperator(trace, ['='])) return Object.values(body);
    admit(trace, found);
    const compared = listOf(body['args']).map((when) => untag(when, 'CaseWhen')?.['expr']);
    return [...give(visit, [body['arg'], compared]), body['args'], body['defresult']];
  },
  SelectStmt: ({ trace, scope, body, found }) => {
    found.add(wholeOf(queryShape(trace, scope, { SelectStmt: body })));
    return leaf;
  },
  GroupingFunc: ({ trace, scope, body }) => {
    probe(trace, sourcesOf(trace, scope, body['args']));
    return leaf;
  },
  JsonArrayAgg: aggregateOfJson,
  JsonObjectAgg: aggregateOfJson,
  FuncCall: (visit) => callArguments(visit),
};

/** Code that cannot be followed. */
function admit(trace: Trace, found: SourceSet): void {
  found.add('unknown');
  trace.touches.add('unknown');
}

/** Those nodes are given to code of somebody's; and they flow into the value. */
function give({ trace, scope, found }: Visit, nodes: unknown): readonly unknown[] {
  const given = sourcesOf(trace, scope, nodes);
  trace.given.add(given);
  found.add(given);
  return leaf;
}

function aggregateOfJson({ trace, scope, body }: Visit): readonly unknown[] {
  const { constructor: options, ...values } = body;
  const { agg_filter, agg_order, over } = bodyOf(options);
  probe(trace, sourcesOf(trace, scope, [agg_filter, agg_order, over]));
  return Object.values(values);
}

/** In the views of information_schema: they are given whole rows of pg_attribute, and look at the OID of a type in them. */
function asksForType({ builtIn, schema, name }: CatalogFunction): boolean {
  return builtIn && schema === 'information_schema' && (name === '_pg_truetypid' || name === '_pg_truetypmod');
}

function callArguments(visit: Visit): readonly unknown[] {
  const { trace, scope, body, found } = visit;
  const { args, agg_filter, agg_order, over, agg_within_group } = body;
  const arguments_ = agg_within_group === true ? [args, agg_order] : [args];
  const conditions = agg_within_group === true ? [agg_filter, over] : [agg_filter, over, agg_order];
  if (conditions.some((condition) => condition !== undefined)) probe(trace, sourcesOf(trace, scope, conditions));
  const callee = calleeOf(trace, body);
  if (callee.candidates.length === 0) {
    const field = fieldCall(trace, scope, body);
    if (field !== undefined) {
      found.add(field.sources);
      return leaf;
    }
  }
  if (callee.candidates.length > 0 && callee.candidates.every(asksForType)) return leaf;
  if (callee.shows === 'anything') admit(trace, found);
  if (callee.isForeign) {
    if (callee.shows === 'arguments' && callee.multiplies) probe(trace, sourcesOf(trace, scope, arguments_));
    if (callee.keeps) store(trace, sourcesOf(trace, scope, arguments_));
    return give(visit, arguments_);
  }
  if (!callee.keeps && !callee.multiplies && callee.shows !== 'nothing') return arguments_;
  const given = sourcesOf(trace, scope, arguments_);
  if (callee.keeps) store(trace, given);
  if (callee.multiplies || callee.shows === 'nothing') probe(trace, given);
  if (callee.shows !== 'nothing') found.add(given);
  return leaf;
}

/** Notes that rows, their number or their order depend on those nodes. */
export function probeAll(trace: Trace, scope: Scope, nodes: readonly unknown[]): void {
  for (const node of nodes) if (node !== undefined) probe(trace, sourcesOf(trace, scope, itemsOf(node)));
}

/** The same of the elements of an index, which keep rows apart. */
export function probeKeys(trace: Trace, scope: Scope, elements: readonly unknown[]): void {
  for (const element of elements) {
    const { name, expr } = untag(element, 'IndexElem') ?? {};
    probeAll(trace, scope, [name === undefined ? expr : { ColumnRef: { fields: [{ String: { sval: name } }] } }]);
  }
}

/** The columns of a subquery in an expression; its first one names the expression. */
export function subqueryShape(trace: Trace, scope: Scope, select: unknown): Shape {
  const shape = queryShape(trace, scope, select);
  const name = shape.columns[0]?.name;
  if (name !== undefined) trace.subqueryNames.set(bodyOf(select), name);
  return shape;
}

/** Whether a cast to that type, or reading a value of it, runs code of somebody's. */
export function runsCode({ catalog }: Trace, { names }: Body): boolean {
  const name = wordsOf(names).at(-1);
  return name !== undefined && catalog.typeRunsCode(name);
}
