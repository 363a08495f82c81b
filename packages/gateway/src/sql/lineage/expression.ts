import { resolveRelation } from '../resolve.ts';
import { calleeNamed, calleeOf, isHarmlessOperator, resultShape } from './call.ts';
import {
  closed,
  derived,
  type Flow,
  type Named,
  nothing,
  type Shape,
  SourceSet,
  unionOf,
  unknown,
  wholeOf,
} from './flow.ts';
import { queryShape } from './query.ts';
import { rowTypeShape } from './row-type.ts';
import { columnOf, findColumn, findItem, rowOf, type Scope, starOf } from './scope.ts';
import { probe, spend, store, type Trace } from './trace.ts';
import { type Body, bodyOf, itemsOf, listOf, qualifiedOf, tagged, textOf, untag, wordsOf } from './tree.ts';
import { keepsWhole } from './whole-cast.ts';

/** Where the value of an expression comes from, as a column of a result would show it. */
export function flowOf(trace: Trace, scope: Scope, node: unknown): Flow {
  const { tag, body } = tagged(node) ?? { tag: '', body: {} };
  switch (tag) {
    case 'A_Const':
    case 'ParamRef':
    case 'SetToDefault':
      return nothing;
    case 'ColumnRef':
      return referenceFlow(trace, scope, body);
    case 'CollateClause':
      return flowOf(trace, scope, body['arg']);
    case 'TypeCast':
      return castFlow(trace, scope, body);
    case 'A_Indirection':
      return indirectionFlow(trace, scope, body);
    case 'RowExpr':
      return rowFlow(trace, scope, body);
    case 'FuncCall':
      return callFlow(trace, scope, body);
    case 'SubLink':
      if (body['subLinkType'] !== 'EXPR_SUBLINK') break;
      return soleColumn(subqueryShape(trace, scope, body['subselect']));
  }
  return derived(sourcesOf(trace, scope, node));
}

/** The columns of a subquery in an expression; its first one names the expression. */
function subqueryShape(trace: Trace, scope: Scope, select: unknown): Shape {
  const shape = queryShape(trace, scope, select);
  const name = shape.columns[0]?.name;
  if (name !== undefined) trace.subqueryNames.set(bodyOf(select), name);
  return shape;
}

function soleColumn({ columns, open }: Shape): Flow {
  return open ?? columns[0]?.flow ?? nothing;
}

/**
 * What a column reference, in an expression, may mean: a column, or a whole row, or a function of a row (`t.f` is
 * `f(t)`). What nothing in scope answers to is unknown.
 */
export function referenceFlow(trace: Trace, scope: Scope, { fields }: Body): Flow {
  const words = wordsOf(fields);
  const last = words.at(-1) ?? '';
  if (last === '') return starFlow(scope, words);
  if (words.length === 1) return nameFlow(scope, last);
  const item = findItem(scope, words.at(-3) ?? '', words.at(-2) ?? '');
  if (item === undefined) return unknown;
  return columnOf(item.shape, last) ?? attributeFlow(trace, rowOf(item), last);
}

function starFlow(scope: Scope, words: readonly string[]): Flow {
  if (words.length === 1) return { sources: wholeOf(starOf(scope)), plain: false };
  const item = findItem(scope, words.at(-3) ?? '', words.at(-2) ?? '');
  return item === undefined ? unknown : rowOf(item);
}

function nameFlow(scope: Scope, name: string): Flow {
  const column = findColumn(scope, name);
  if (column?.sure === true) return column.flow;
  const item = findItem(scope, '', name);
  if (item === undefined) return column?.flow ?? unknown;
  const row = rowOf(item);
  return column === undefined ? row : derived(unionOf([row, column.flow]));
}

/** A function that is written as if it were a field. */
function attributeFlow(trace: Trace, row: Flow, name: string): Flow {
  const callee = calleeNamed(trace, [name]);
  if (callee.shows === 'arguments') return derived(row.sources);
  trace.touches.add('unknown');
  return unknown;
}

/** The fields of a value that is a row, as far as they are known. */
function fieldsOf(trace: Trace, flow: Flow): Shape | undefined {
  if (flow.row !== undefined) return flow.row;
  const known = flow.type === undefined ? undefined : rowTypeShape(trace.catalog, flow.type);
  if (known === undefined) return undefined;
  const field = derived(flow.sources);
  return closed(known.columns.map(({ name }) => ({ name, flow: field })));
}

function indirectionFlow(trace: Trace, scope: Scope, { arg, indirection }: Body): Flow {
  let flow = flowOf(trace, scope, arg);
  for (const step of listOf(indirection)) {
    const field = textOf(untag(step, 'String')?.['sval']);
    flow =
      field === ''
        ? derived(unionOf([flow, { sources: sourcesOf(trace, scope, step), plain: false }]))
        : fieldFlow(trace, flow, field);
  }
  return flow;
}

function fieldFlow(trace: Trace, flow: Flow, field: string): Flow {
  const fields = fieldsOf(trace, flow);
  if (fields === undefined) return derived(flow.sources);
  return columnOf(fields, field) ?? attributeFlow(trace, flow, field);
}

/** What `(expression).*` expands to. */
export function expandRow(trace: Trace, scope: Scope, { arg, indirection }: Body): Shape {
  const before = listOf(indirection).slice(0, -1);
  const flow =
    before.length === 0 ? flowOf(trace, scope, arg) : indirectionFlow(trace, scope, { arg, indirection: before });
  return fieldsOf(trace, flow) ?? { columns: [], open: derived(flow.sources) };
}

function rowFlow(trace: Trace, scope: Scope, { args }: Body): Flow {
  const { columns, open } = expressionList(trace, scope, listOf(args));
  const named = columns.map(({ flow }, index): Named => ({ name: `f${index + 1}`, flow }));
  return { sources: wholeOf({ columns, open }), plain: false, row: { columns: named, open } };
}

/** The values of a list in which `t.*` and `(row).*` stand for several: of ROW, of VALUES. */
export function expressionList(trace: Trace, scope: Scope, nodes: readonly unknown[]): Shape {
  const columns: Named[] = [];
  const open: Flow[] = [];
  for (const node of nodes) {
    const expanded = expansionOf(trace, scope, node);
    if (expanded === undefined) columns.push({ name: '', flow: flowOf(trace, scope, node) });
    else {
      columns.push(...expanded.columns);
      if (expanded.open !== undefined) open.push(expanded.open);
    }
  }
  return { columns, open: open.length === 0 ? undefined : derived(unionOf(open)) };
}

/** The columns that `*`, `t.*` or `(row).*` stands for; undefined for what is an expression. */
export function expansionOf(trace: Trace, scope: Scope, node: unknown): Shape | undefined {
  const { tag, body } = tagged(node) ?? { tag: '', body: {} };
  if (tag === 'ColumnRef') {
    if (untag(listOf(body['fields']).at(-1), 'A_Star') === undefined) return undefined;
    const words = wordsOf(body['fields']);
    if (words.length === 1) return starOf(scope);
    return findItem(scope, words.at(-3) ?? '', words.at(-2) ?? '')?.shape ?? { columns: [], open: unknown };
  }
  if (tag !== 'A_Indirection' || untag(listOf(body['indirection']).at(-1), 'A_Star') === undefined) return undefined;
  return expandRow(trace, scope, body);
}

function castFlow(trace: Trace, scope: Scope, { arg, typeName }: Body): Flow {
  const flow = flowOf(trace, scope, arg);
  const target = bodyOf(typeName);
  if (runsCode(trace, target)) {
    trace.touches.add('unknown');
    return unknown;
  }
  const type = flow.plain ? keepsWhole(flow.type, target) : undefined;
  if (type !== undefined) return { sources: flow.sources, plain: true, type };
  trace.touches.add(flow.sources);
  return { ...derived(flow.sources), type: rowTypeOf(trace, target) };
}

/** The row type that a cast names. */
function rowTypeOf({ catalog, path }: Trace, { names, arrayBounds }: Body): number | undefined {
  const relations = resolveRelation(catalog, path, qualifiedOf(wordsOf(names)));
  return relations.length === 1 && arrayBounds === undefined ? relations[0]?.rowType : undefined;
}

function runsCode({ catalog }: Trace, { names }: Body): boolean {
  const name = wordsOf(names).at(-1);
  return name !== undefined && catalog.typeRunsCode(name);
}

function callFlow(trace: Trace, scope: Scope, call: Body): Flow {
  const found = fieldCall(trace, scope, call);
  if (found !== undefined) return found;
  const flow = derived(sourcesOf(trace, scope, { FuncCall: call }));
  const row = populatedShape(trace, scope, call, flow) ?? resultShape(trace, calleeOf(trace, call), flow);
  // A single OUT parameter is no row.
  return row === undefined || (row.open === undefined && row.columns.length === 1) ? flow : { ...flow, row };
}

/**
 * What `jsonb_populate_record(NULL::t, …)` and its like return: a row of their first argument's type. A wider one is not
 * looked into.
 */
export function populatedShape(trace: Trace, scope: Scope, call: Body, flow: Flow): Shape | undefined {
  const base = listOf(call['args'])[0];
  if (!/^jsonb?_populate_record(set)?$/.test(wordsOf(call['funcname']).at(-1) ?? '')) return undefined;
  if (!calleeOf(trace, call).candidates.every(({ builtIn }) => builtIn)) return undefined;
  const cast = untag(base, 'TypeCast');
  if (untag(base, 'ColumnRef') === undefined && untag(cast?.['arg'], 'A_Const') === undefined) return undefined;
  const fields = fieldsOf(trace, flowOf(trace, scope, base));
  if (fields === undefined || fields.open !== undefined) return undefined;
  return closed(fields.columns.map(({ name }) => ({ name, flow: derived(flow.sources) })));
}

/** `email(t)`, where no function has that name, is `t.email`. */
function fieldCall(trace: Trace, scope: Scope, call: Body): Flow | undefined {
  const args = listOf(call['args']);
  const words = wordsOf(call['funcname']);
  const reference = untag(args[0], 'ColumnRef');
  if (args.length !== 1 || words.length !== 1 || reference === undefined) return undefined;
  if (calleeOf(trace, call).candidates.length > 0) return undefined;
  const flow = referenceFlow(trace, scope, reference);
  const fields = fieldsOf(trace, flow);
  return fields === undefined ? undefined : columnOf(fields, words[0] ?? '');
}

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
  trace.touches.add(found.sources);
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
  TypeCast: ({ trace, body, found }) => {
    if (runsCode(trace, bodyOf(body['typeName']))) admit(trace, found);
    return [body['arg']];
  },
  A_Expr: ({ trace, body, found }) => {
    const words = wordsOf(body['name']);
    const operators = textOf(body['kind']).includes('BETWEEN') ? [['<='], ['>=']] : [words];
    if (!operators.every((operator) => isHarmlessOperator(trace, operator))) admit(trace, found);
    return [body['lexpr'], body['rexpr']];
  },
  SubLink: ({ trace, scope, body, found }) => {
    const shape = subqueryShape(trace, scope, body['subselect']);
    const operator = body['operName'] === undefined ? ['='] : wordsOf(body['operName']);
    if (body['testexpr'] !== undefined && !isHarmlessOperator(trace, operator)) admit(trace, found);
    // Whether there are rows says what conditions say, and those have been noted.
    if (body['subLinkType'] !== 'EXISTS_SUBLINK') found.add(wholeOf(shape));
    return [body['testexpr']];
  },
  CaseExpr: ({ trace, body, found }) => {
    if (body['arg'] !== undefined && !isHarmlessOperator(trace, ['='])) admit(trace, found);
    return Object.values(body);
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

function aggregateOfJson({ trace, scope, body }: Visit): readonly unknown[] {
  const { constructor: options, ...values } = body;
  const { agg_filter, agg_order, over } = bodyOf(options);
  probe(trace, sourcesOf(trace, scope, [agg_filter, agg_order, over]));
  return Object.values(values);
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
  if (callee.keeps) store(trace, sourcesOf(trace, scope, arguments_));
  if (callee.multiplies || callee.shows === 'nothing') probe(trace, sourcesOf(trace, scope, arguments_));
  if (callee.shows === 'nothing') return leaf;
  if (callee.shows === 'anything') admit(trace, found);
  return arguments_;
}

/** Notes that rows, their number or their order depend on those nodes. */
export function probeAll(trace: Trace, scope: Scope, nodes: readonly unknown[]): void {
  for (const node of nodes) if (node !== undefined) probe(trace, sourcesOf(trace, scope, itemsOf(node)));
}
