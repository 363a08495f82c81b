import { calleeOf } from './call.ts';
import { flowOf } from './expression.ts';
import { closed, derived, type Flow, type Named, nothing, type Shape, wholeOf } from './flow.ts';
import { fromClause, fromNode } from './from.ts';
import { queryShape, targetsShape } from './query.ts';
import { type Item, innerScope, type Scope, withItems } from './scope.ts';
import { probeAll, probeKeys, sourcesOf } from './sources.ts';
import { Target } from './target.ts';
import { probe, type Trace } from './trace.ts';
import { type Body, bodyOf, listOf, tagged, textOf, untag, wordsOf } from './tree.ts';
import { openWith } from './with.ts';

/** Follows INSERT: what is stored, and what RETURNING shows. */
export function insertShape(trace: Trace, outer: Scope | undefined, insert: Body): Shape {
  const scope = scopeOf(trace, outer, insert);
  const target = new Target(trace, bodyOf(insert['relation']));
  const rows = insert['selectStmt'] === undefined ? closed([]) : queryShape(trace, scope, insert['selectStmt']);
  const names = insertedNames(trace, scope, target, listOf(insert['cols']));
  if (rows.open !== undefined) for (const name of names) target.assign(name, derived(wholeOf(rows)));
  else for (const [index, { flow }] of rows.columns.entries()) target.assign(names[index] ?? '', flow);
  onConflict(trace, scope, target, bodyOf(insert['onConflictClause']));
  return returning(trace, scope, { target, others: [], clause: insert['returningClause'], missing: 'old' });
}

/** The columns that rows are inserted into; a part of one, as its subscripts say, which are stored with it where it is JSON. */
function insertedNames(trace: Trace, scope: Scope, target: Target, columns: readonly unknown[]): readonly string[] {
  if (columns.length === 0) return target.columnNames;
  return columns.map((column) => {
    const { name, indirection } = untag(column, 'ResTarget') ?? {};
    if (indirection !== undefined) target.assign(textOf(name), derived(sourcesOf(trace, scope, indirection)));
    return textOf(name);
  });
}

function onConflict(trace: Trace, scope: Scope, target: Target, { infer, targetList, whereClause }: Body): void {
  const { indexElems, whereClause: condition, conname } = bodyOf(infer);
  const inTarget = withItems(scope, [target.item]);
  if (conname !== undefined) probe(trace, target.keptApartBy(textOf(conname)));
  probeKeys(trace, inTarget, listOf(indexElems));
  probeAll(trace, inTarget, [condition]);
  const excluded: Item = { name: 'excluded', relations: [], shape: target.proposed, visible: false };
  const both = withItems(scope, [target.item, excluded]);
  assignAll(trace, both, target, listOf(targetList));
  probeAll(trace, both, [whereClause]);
}

/** Follows UPDATE. */
export function updateShape(trace: Trace, outer: Scope | undefined, update: Body): Shape {
  const scope = scopeOf(trace, outer, update);
  const target = new Target(trace, bodyOf(update['relation']));
  const items = fromClause(trace, withItems(scope, [target.item]), listOf(update['fromClause']));
  const filled = withItems(scope, items);
  assignAll(trace, filled, target, listOf(update['targetList']));
  probeAll(trace, filled, [update['whereClause']]);
  return returning(trace, scope, { target, others: items.slice(1), clause: update['returningClause'] });
}

/** Follows DELETE. */
export function deleteShape(trace: Trace, outer: Scope | undefined, deletion: Body): Shape {
  const scope = scopeOf(trace, outer, deletion);
  const target = new Target(trace, bodyOf(deletion['relation']));
  const items = fromClause(trace, withItems(scope, [target.item]), listOf(deletion['usingClause']));
  probeAll(trace, withItems(scope, items), [deletion['whereClause']]);
  const clause = deletion['returningClause'];
  return returning(trace, scope, { target, others: items.slice(1), clause, missing: 'new' });
}

/** Follows MERGE. */
export function mergeShape(trace: Trace, outer: Scope | undefined, merge: Body): Shape {
  const scope = scopeOf(trace, outer, merge);
  const target = new Target(trace, bodyOf(merge['relation']));
  const source = fromNode(trace, scope, merge['sourceRelation']).items;
  const both = withItems(scope, [...source, target.item]);
  probeAll(trace, both, [merge['joinCondition']]);
  for (const clause of listOf(merge['mergeWhenClauses'])) {
    const { condition, commandType, targetList, values } = untag(clause, 'MergeWhenClause') ?? {};
    probeAll(trace, both, [condition]);
    if (commandType !== 'CMD_INSERT') assignAll(trace, both, target, listOf(targetList));
    else {
      const names = insertedNames(trace, both, target, listOf(targetList));
      for (const [index, value] of listOf(values).entries())
        target.assign(names[index] ?? '', flowOf(trace, both, value));
    }
  }
  return returning(trace, scope, { target, others: source, clause: merge['returningClause'], sourceFirst: true });
}

function scopeOf(trace: Trace, outer: Scope | undefined, { withClause }: Body): Scope {
  const scope = innerScope(outer);
  openWith(trace, scope, withClause);
  return scope;
}

/** SET: one column at a time, or several of one row. */
function assignAll(trace: Trace, scope: Scope, target: Target, assignments: readonly unknown[]): void {
  for (const assignment of assignments) {
    const { name, val, indirection } = untag(assignment, 'ResTarget') ?? {};
    const several = untag(val, 'MultiAssignRef');
    const flow = several === undefined ? flowOf(trace, scope, val) : fieldFlow(trace, scope, several);
    target.assign(textOf(name), flow);
    if (!flow.plain && !staysInPlace(trace, scope, val)) target.rewrite(textOf(name), flow);
    if (indirection !== undefined) target.rewrite(textOf(name), derived('unknown'));
    if (indirection !== undefined) target.assign(textOf(name), derived(sourcesOf(trace, scope, indirection)));
  }
}

/** They leave each character where it is, but for blanks at the ends. */
const inPlace: ReadonlySet<string> = new Set(['lower', 'upper', 'initcap', 'btrim', 'ltrim', 'rtrim']);

/** Whether a value, if it comes from the column itself, shows under a mask what it showed before. */
function staysInPlace(trace: Trace, scope: Scope, node: unknown): boolean {
  const { tag, body } = tagged(node) ?? { tag: '', body: {} };
  const all = (nodes: readonly unknown[]): boolean => nodes.every((each) => staysInPlace(trace, scope, each));
  switch (tag) {
    case 'CoalesceExpr':
      return all(listOf(body['args']));
    case 'CaseExpr':
      return all([
        ...listOf(body['args']).map((when) => untag(when, 'CaseWhen')?.['result']),
        ...(body['defresult'] === undefined ? [] : [body['defresult']]),
      ]);
    case 'A_Expr':
      if (body['kind'] === 'AEXPR_NULLIF') return all([body['lexpr']]);
      break;
    case 'FuncCall': {
      const args = listOf(body['args']);
      const isOwn = args.length === 1 && inPlace.has(wordsOf(body['funcname']).at(-1) ?? '');
      if (isOwn && calleeOf(trace, body).candidates.every(({ builtIn }) => builtIn)) return all(args);
      break;
    }
  }
  const { sources, plain } = flowOf(trace, scope, node);
  return plain || (sources !== 'unknown' && sources.size === 0);
}

/** The value that `(a, b) = (SELECT …)` gives one of its columns. */
function fieldFlow(trace: Trace, scope: Scope, { source, colno }: Body): Flow {
  const index = (typeof colno === 'number' ? colno : 1) - 1;
  const select = untag(source, 'SubLink')?.['subselect'];
  const shape = select === undefined ? flowOf(trace, scope, source).row : queryShape(trace, scope, select);
  if (shape === undefined) return derived(sourcesOf(trace, scope, source));
  return shape.open ?? shape.columns[index]?.flow ?? nothing;
}

interface Returning {
  readonly target: Target;
  readonly others: readonly Item[];
  readonly clause: unknown;
  /** The row of RETURNING that is all NULL. */
  readonly missing?: 'old' | 'new';
  /** `*` shows the source of a MERGE in front of its target. */
  readonly sourceFirst?: boolean;
}

function returning(trace: Trace, scope: Scope, { target, others, clause, missing, sourceFirst }: Returning): Shape {
  const { exprs, options } = bodyOf(clause);
  if (exprs === undefined) return closed([]);
  const written = target.written;
  const main: Item = { ...target.item, shape: missing === 'new' ? target.item.shape : written };
  const named: Item[] = [
    { name: 'old', relations: [], shape: target.item.shape, visible: false },
    { name: 'new', relations: [], shape: written, visible: false },
  ];
  const aliases = listOf(options).map((option): Item => {
    const { option: which, value } = untag(option, 'ReturningOption') ?? {};
    const shape = which === 'RETURNING_OPTION_OLD' ? target.item.shape : written;
    return { name: textOf(value), relations: [], shape, visible: false };
  });
  const items = sourceFirst === true ? [...others, main] : [main, ...others];
  const shape = targetsShape(trace, withItems(scope, [...items, ...aliases, ...named]), listOf(exprs));
  return target.hasRules ? { columns: shape.columns.map(anything), open: shape.open } : shape;
}

/** A rule may put another statement's RETURNING in the place of this one's. */
function anything({ name }: Named): Named {
  return { name, flow: { sources: 'unknown', plain: false } };
}
