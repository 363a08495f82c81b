import { resolveRelation } from '../resolve.ts';
import { calleeOf, resultShape } from './call.ts';
import { derived, type Flow, nothing, type Shape, unknown } from './flow.ts';
import { fieldCall, referenceFlow } from './reference.ts';
import { indirectionFlow, populatedShape, rowFlow } from './rows.ts';
import type { Scope } from './scope.ts';
import { runsCode, sourcesOf, subqueryShape } from './sources.ts';
import { compute, type Trace } from './trace.ts';
import { type Body, bodyOf, qualifiedOf, tagged, wordsOf } from './tree.ts';
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

function soleColumn({ columns, open }: Shape): Flow {
  return open ?? columns[0]?.flow ?? nothing;
}

function castFlow(trace: Trace, scope: Scope, { arg, typeName }: Body): Flow {
  const flow = flowOf(trace, scope, arg);
  const target = bodyOf(typeName);
  if (runsCode(trace, target)) {
    trace.touches.add('unknown');
    trace.given.add(flow.sources);
    return unknown;
  }
  const type = flow.plain ? keepsWhole(flow.type, target) : undefined;
  if (type !== undefined) return { sources: flow.sources, plain: true, type };
  compute(trace, flow.sources);
  return { ...derived(flow.sources), type: rowTypeOf(trace, target) };
}

/** The row type that a cast names. */
function rowTypeOf({ catalog, path }: Trace, { names, arrayBounds }: Body): number | undefined {
  const relations = resolveRelation(catalog, path, qualifiedOf(wordsOf(names)));
  return relations.length === 1 && arrayBounds === undefined ? relations[0]?.rowType : undefined;
}

function callFlow(trace: Trace, scope: Scope, call: Body): Flow {
  const found = fieldCall(trace, scope, call);
  if (found !== undefined) return found;
  const flow = derived(sourcesOf(trace, scope, { FuncCall: call }));
  const row = populatedShape(trace, scope, call, flow) ?? resultShape(trace, calleeOf(trace, call), flow);
  // A single OUT parameter is no row.
  return row === undefined || (row.open === undefined && row.columns.length === 1) ? flow : { ...flow, row };
}
