import { calleeNamed, calleeOf } from './call.ts';
import { flowOf } from './expression.ts';
import { fieldsOf } from './fields.ts';
import { closed, derived, type Flow, type Named, type Shape, unionOf, unknown, wholeOf } from './flow.ts';
import { attributeFlow } from './reference.ts';
import { columnOf, findItem, type Scope, starOf } from './scope.ts';
import { sourcesOf } from './sources.ts';
import type { Trace } from './trace.ts';
import { type Body, listOf, tagged, textOf, untag, wordsOf } from './tree.ts';

/** The value behind fields and subscripts: `(home).street`, `tags[1]`. */
export function indirectionFlow(trace: Trace, scope: Scope, { arg, indirection }: Body): Flow {
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
  const known = fields === undefined ? undefined : columnOf(fields, field);
  if (known !== undefined) return known;
  if (fields !== undefined) return attributeFlow(trace, flow, field);
  // Of a value whose type cannot be told it is a field, or a function of somebody's, which may be one that nobody knows yet.
  trace.touches.add('unknown');
  const isOwn = calleeNamed(trace, [field]).candidates.some(({ builtIn }) => !builtIn);
  return isOwn ? attributeFlow(trace, flow, field) : derived(flow.sources);
}

/** What `(expression).*` expands to. */
export function expandRow(trace: Trace, scope: Scope, { arg, indirection }: Body): Shape {
  const before = listOf(indirection).slice(0, -1);
  const flow =
    before.length === 0 ? flowOf(trace, scope, arg) : indirectionFlow(trace, scope, { arg, indirection: before });
  return fieldsOf(trace, flow) ?? { columns: [], open: derived(flow.sources) };
}

/** ROW(…), and `(a, b)`. */
export function rowFlow(trace: Trace, scope: Scope, { args }: Body): Flow {
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
