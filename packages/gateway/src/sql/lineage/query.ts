import { columnName } from './column-name.ts';
import { flowOf } from './expression.ts';
import {
  closed,
  derived,
  type Flow,
  type Named,
  nothing,
  oneOf,
  type Shape,
  unionOf,
  unknownShape,
  wholeOf,
} from './flow.ts';
import { fromClause } from './from.ts';
import { expansionOf, expressionList } from './rows.ts';
import { findColumn, innerScope, type Scope, withItems } from './scope.ts';
import { probeAll } from './sources.ts';
import { probe, spend, type Trace } from './trace.ts';
import { type Body, bodyOf, itemsOf, listOf, ordinalOf, tagged, textOf, untag, wordsOf } from './tree.ts';
import { openWith } from './with.ts';
import { deleteShape, insertShape, mergeShape, updateShape } from './write.ts';

/** A query costs what some ten nodes of an expression do, even an empty one. */
const visitsOfQuery = 10;

/** The columns that a query returns: of SELECT and VALUES, and of what RETURNING has. `outer` is what it stands in. */
export function queryShape(trace: Trace, outer: Scope | undefined, node: unknown): Shape {
  spend(trace, visitsOfQuery);
  const { tag, body } = tagged(node) ?? { tag: '', body: {} };
  switch (tag) {
    case 'SelectStmt':
      return selectShape(trace, outer, body);
    case 'InsertStmt':
      return insertShape(trace, outer, body);
    case 'UpdateStmt':
      return updateShape(trace, outer, body);
    case 'DeleteStmt':
      return deleteShape(trace, outer, body);
    case 'MergeStmt':
      return mergeShape(trace, outer, body);
    default:
      trace.touches.add('unknown');
      return unknownShape;
  }
}

function selectShape(trace: Trace, outer: Scope | undefined, select: Body): Shape {
  const scope = innerScope(outer);
  openWith(trace, scope, select['withClause']);
  if (isSetOperation(select)) return setOperation(trace, scope, select);
  if (select['valuesLists'] !== undefined) return valuesShape(trace, scope, select);
  const filled = withItems(scope, fromClause(trace, scope, listOf(select['fromClause'])));
  const shape = targetsShape(trace, filled, listOf(select['targetList']));
  const { whereClause, havingClause, windowClause, limitOffset, limitCount } = select;
  probeAll(trace, filled, [whereClause, havingClause, windowClause, limitOffset, limitCount]);
  for (const group of listOf(select['groupClause'])) probeGroup(trace, filled, shape, group);
  for (const sort of listOf(select['sortClause'])) probeSort(trace, filled, shape, sort);
  probeDistinct(trace, filled, shape, select['distinctClause']);
  return shape;
}

export function isSetOperation({ op }: Body): boolean {
  return op !== undefined && op !== 'SETOP_NONE';
}

/** The left or right side of a set operation, which stands in the scope of the whole. */
export function sideShape(trace: Trace, scope: Scope, side: unknown): Shape {
  spend(trace, visitsOfQuery);
  return selectShape(trace, scope, bodyOf(side));
}

function setOperation(trace: Trace, scope: Scope, select: Body): Shape {
  const left = sideShape(trace, scope, select['larg']);
  const right = sideShape(trace, scope, select['rarg']);
  if (select['all'] !== true || select['op'] !== 'SETOP_UNION') {
    probe(trace, wholeOf(left));
    probe(trace, wholeOf(right));
  }
  // EXCEPT shows rows of its left side only; which, the right side decides.
  const shape = select['op'] === 'SETOP_EXCEPT' ? left : eitherShape(left, right);
  const named = withItems(scope, [{ name: '', relations: [], shape, visible: true }]);
  probeAll(trace, named, [select['limitOffset'], select['limitCount']]);
  for (const sort of listOf(select['sortClause'])) probeSort(trace, named, shape, sort);
  return shape;
}

/** Rows of either, under the names of the first. */
export function eitherShape(left: Shape, right: Shape): Shape {
  if (left.open === undefined && right.open === undefined && left.columns.length === right.columns.length) {
    return closed(
      left.columns.map(({ name, flow }, index) => ({
        name,
        flow: oneOf([flow, right.columns[index]?.flow ?? nothing]),
      })),
    );
  }
  const any = derived(unionOf([derived(wholeOf(left)), derived(wholeOf(right))]));
  return { columns: left.columns.map(({ name }) => ({ name, flow: any })), open: any };
}

function valuesShape(trace: Trace, scope: Scope, select: Body): Shape {
  let shape: Shape | undefined;
  for (const row of listOf(select['valuesLists'])) {
    const items = itemsOf(row);
    spend(trace, items.length);
    const { columns, open } = expressionList(trace, scope, items);
    const next = { columns: columns.map(({ flow }, index): Named => ({ name: `column${index + 1}`, flow })), open };
    shape = shape === undefined ? next : eitherShape(shape, next);
  }
  const made = shape ?? closed([]);
  for (const sort of listOf(select['sortClause'])) probeSort(trace, scope, made, sort);
  probeAll(trace, scope, [select['limitOffset'], select['limitCount']]);
  return made;
}

/** The columns of a target list or of RETURNING. */
export function targetsShape(trace: Trace, scope: Scope, targets: readonly unknown[]): Shape {
  const columns: Named[] = [];
  const open: Flow[] = [];
  for (const target of targets) {
    const { name, val } = untag(target, 'ResTarget') ?? {};
    const expanded = expansionOf(trace, scope, val);
    if (expanded === undefined) {
      const flow = flowOf(trace, scope, val);
      columns.push({
        name: textOf(name) || columnName(val, (select) => trace.subqueryNames.get(bodyOf(select))),
        flow,
      });
      continue;
    }
    for (const column of expanded.columns) columns.push(column);
    if (expanded.open !== undefined) open.push(expanded.open);
  }
  spend(trace, columns.length);
  return { columns, open: open.length === 0 ? undefined : derived(unionOf(open)) };
}

function probeSort(trace: Trace, scope: Scope, shape: Shape, sort: unknown): void {
  const { node } = untag(sort, 'SortBy') ?? {};
  const output = outputMeant(shape, node);
  if (output === undefined) probeAll(trace, scope, [node]);
  else probe(trace, output.sources);
}

/** ORDER BY 1, and ORDER BY a name that a column of the result has. */
function outputMeant({ columns, open }: Shape, node: unknown): Flow | undefined {
  const ordinal = ordinalOf(node);
  if (ordinal !== undefined) return open ?? columns[ordinal - 1]?.flow ?? nothing;
  const words = wordsOf(untag(node, 'ColumnRef')?.['fields']);
  const named = words.length === 1 ? columns.filter(({ name }) => name === words[0]) : [];
  return named.length === 0 ? undefined : oneOf(named.map(({ flow }) => flow));
}

/** Where a name may be a column of FROM and of the result, it is the former, if it is one; here both count. */
function probeGroup(trace: Trace, scope: Scope, shape: Shape, group: unknown): void {
  const sets = untag(group, 'GroupingSet');
  if (sets !== undefined) {
    for (const set of listOf(sets['content'])) probeGroup(trace, scope, shape, set);
    return;
  }
  const output = outputMeant(shape, group);
  if (output !== undefined) probe(trace, output.sources);
  const words = wordsOf(untag(group, 'ColumnRef')?.['fields']);
  const isOutput = output !== undefined && (words.length !== 1 || findColumn(scope, words[0] ?? '') === undefined);
  if (!isOutput) probeAll(trace, scope, [group]);
}

/** Plain DISTINCT has an empty node in its list. */
function probeDistinct(trace: Trace, scope: Scope, shape: Shape, distinct: unknown): void {
  if (distinct === undefined) return;
  const keys = listOf(distinct).filter((key) => tagged(key) !== undefined);
  if (keys.length === 0) probe(trace, wholeOf(shape));
  for (const key of keys) {
    const output = outputMeant(shape, key);
    if (output === undefined) probeAll(trace, scope, [key]);
    else probe(trace, output.sources);
  }
}
