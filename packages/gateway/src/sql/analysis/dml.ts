import type { StatementKind } from '../kind.ts';
import { isCondition } from './conditions.ts';
import type { Draft, Findings, RuleEvent } from './draft.ts';
import { derived, tableEntry } from './from.ts';
import type { Entry, Level } from './level.ts';
import { fullName, named, type Surroundings } from './surroundings.ts';
import { rangeName } from './touch.ts';
import { fieldsOf, holds, isNode, list, type Node, text, words } from './tree.ts';
import { Walk } from './walk.ts';

/** Where a command stands: what runs it, and which names are in force there. */
export interface Place {
  readonly via?: string | undefined;
  readonly level?: Level | undefined;
}

/** A query that is read into its own command, or, with `into`, into that of the statement it is part of. */
export function readSelect(
  fields: Node,
  around: Surroundings,
  findings: Findings,
  place: Place & { readonly into?: Draft },
): void {
  const draft = place.into ?? findings.draft('select', place.via);
  const walk = new Walk(around, draft, findings);
  if (draft.kind === 'select') draft.hasWhere = selectHasWhere(fields);
  const isSimple = ['fromClause', 'whereClause', 'larg', 'limitCount', 'withClause'].every(
    (field) => fields[field] === undefined,
  );
  if (isSimple) {
    for (const target of list(fields['targetList'])) {
      const call = fieldsOf(fieldsOf(target, 'ResTarget')?.['val'], 'FuncCall');
      if (call !== undefined) walk.certainCalls.add(call);
    }
  }
  walk.read({ SelectStmt: fields }, place.level);
}

/** Of a set operation, every side has to have one. */
function selectHasWhere(fields: Node): boolean {
  const stack: unknown[] = [fields];
  for (let select = stack.pop(); select !== undefined; select = stack.pop()) {
    if (!isNode(select)) continue;
    if (isNode(select['larg'])) stack.push(select['larg'], select['rarg']);
    else if (!isCondition(select['whereClause'])) return false;
  }
  return true;
}

export function readInsert(fields: Node, around: Surroundings, findings: Findings, place: Place): void {
  const draft = findings.draft('insert', place.via);
  draft.isWrite = true;
  const walk = new Walk(around, draft, findings);
  const level = walk.with(fields['withClause'], place.level);
  const range = isNode(fields['relation']) ? fields['relation'] : {};
  walk.writeRange(range, 'CMD_INSERT');
  const columns = list(fields['cols']).map((column) => text(fieldsOf(column, 'ResTarget')?.['name']));
  writeColumns(walk, range, fields['cols'] === undefined ? undefined : columns);
  const select = fieldsOf(fields['selectStmt'], 'SelectStmt');
  const isNamed = fields['cols'] !== undefined && !holds(select?.['valuesLists'], 'SetToDefault');
  defaults(walk, range, isNamed ? columns : undefined);
  walk.read({ selectStmt: fields['selectStmt'], indirections: fields['cols'] }, level);
  const target = tableEntry(range, around);
  const conflict = isNode(fields['onConflictClause']) ? fields['onConflictClause'] : undefined;
  if (conflict?.['action'] === 'ONCONFLICT_UPDATE') readConflict(conflict, walk, { target, level, range });
  walk.read({ inferred: conflict?.['infer'] }, within(level, [{ ...target, isTarget: false }]));
  readReturning(fields, walk, within(level, [target]));
}

/** ON CONFLICT DO UPDATE: an update of the rows that are in the way, so that it has a condition always. */
function readConflict(
  conflict: Node,
  insert: Walk,
  { target, level, range }: { readonly target: Entry; readonly level: Level; readonly range: Node },
): void {
  const draft = insert.findings.draft('update', 'ON CONFLICT DO UPDATE');
  draft.isWrite = true;
  const walk = new Walk(insert.around, draft, insert.findings);
  walk.writeRange(range, 'CMD_UPDATE');
  const names = new Set(target.sources.flatMap(({ relation }) => relation.columns.map((column) => column.name)));
  const excluded = derived({ aliasname: 'excluded' }, () => (target.isOpen ? undefined : names));
  const inside = within(level, [target, excluded]);
  readAssignments(conflict['targetList'], walk, { level: inside, range });
  walk.read({ whereClause: conflict['whereClause'] }, inside);
}

export function readUpdate(fields: Node, around: Surroundings, findings: Findings, place: Place): void {
  const draft = findings.draft('update', place.via);
  const { walk, level, range } = openChange(fields, around, { draft, findings, place, event: 'CMD_UPDATE' });
  readAssignments(fields['targetList'], walk, { level, range });
  generated(walk, range);
  readReturning(fields, walk, level);
}

export function readDelete(fields: Node, around: Surroundings, findings: Findings, place: Place): void {
  const draft = findings.draft('delete', place.via);
  const { walk, level } = openChange(fields, around, { draft, findings, place, event: 'CMD_DELETE' });
  readReturning(fields, walk, level);
}

interface Change {
  readonly draft: Draft;
  readonly findings: Findings;
  readonly place: Place;
  readonly event: RuleEvent;
}

/** What UPDATE and DELETE have in common. */
function openChange(
  fields: Node,
  around: Surroundings,
  { draft, findings, place, event }: Change,
): { readonly walk: Walk; readonly level: Level; readonly range: Node } {
  draft.isWrite = true;
  draft.hasWhere = isCondition(fields['whereClause']);
  const walk = new Walk(around, draft, findings);
  const range = isNode(fields['relation']) ? fields['relation'] : {};
  walk.writeRange(range, event);
  const level = within(walk.with(fields['withClause'], place.level), [tableEntry(range, around)]);
  level.entries.push(...walk.from(fields['fromClause'] ?? fields['usingClause'], level));
  walk.read({ whereClause: fields['whereClause'] }, level);
  return { walk, level, range };
}

const mergeActions: { readonly [type: string]: { readonly kind: StatementKind; readonly event: RuleEvent } } = {
  CMD_INSERT: { kind: 'insert', event: 'CMD_INSERT' },
  CMD_UPDATE: { kind: 'update', event: 'CMD_UPDATE' },
  CMD_DELETE: { kind: 'delete', event: 'CMD_DELETE' },
};

/** MERGE: itself, and each of its actions as the command that it is. */
export function readMerge(fields: Node, around: Surroundings, findings: Findings, place: Place): void {
  const draft = findings.draft('merge', place.via);
  draft.isWrite = true;
  draft.hasWhere = isCondition(fields['joinCondition']);
  const walk = new Walk(around, draft, findings);
  const range = isNode(fields['relation']) ? fields['relation'] : {};
  const level = within(walk.with(fields['withClause'], place.level), [tableEntry(range, around)]);
  level.entries.push(...walk.from([fields['sourceRelation']], level));
  walk.read({ joinCondition: fields['joinCondition'] }, level);
  walk.writeRange(range);
  for (const item of list(fields['mergeWhenClauses'])) {
    const clause = fieldsOf(item, 'MergeWhenClause') ?? {};
    const action = mergeActions[text(clause['commandType'])];
    if (action === undefined) continue;
    const inner = findings.draft(action.kind, 'MERGE');
    inner.isWrite = true;
    // Rows that the source does not have are not those that the join has found.
    const isJoined = clause['matchKind'] !== 'MERGE_WHEN_NOT_MATCHED_BY_SOURCE' && draft.hasWhere;
    inner.hasWhere = action.kind === 'insert' || isJoined || isCondition(clause['condition']);
    readMergeAction(clause, new Walk(around, inner, findings), { level, range, event: action.event });
    for (const column of inner.writesColumns) draft.writesColumns.add(column);
  }
  readReturning(fields, walk, level);
}

function readMergeAction(
  clause: Node,
  walk: Walk,
  { level, range, event }: { readonly level: Level; readonly range: Node; readonly event: RuleEvent },
): void {
  walk.writeRange(range, event);
  walk.read({ condition: clause['condition'], values: clause['values'] }, level);
  if (event === 'CMD_DELETE') return;
  const targets = clause['targetList'];
  if (event === 'CMD_UPDATE') {
    readAssignments(targets, walk, { level, range });
    generated(walk, range);
    return;
  }
  const columns =
    targets === undefined ? undefined : list(targets).map((target) => text(fieldsOf(target, 'ResTarget')?.['name']));
  writeColumns(walk, range, columns);
  defaults(walk, range, holds(clause['values'], 'SetToDefault') ? undefined : columns);
}

function within(level: Level, entries: Entry[]): Level {
  return { entries, queries: level.queries, outer: level.outer };
}

function readAssignments(
  targets: unknown,
  walk: Walk,
  { level, range }: { readonly level: Level; readonly range: Node },
): void {
  const columns = list(targets).map((target) => text(fieldsOf(target, 'ResTarget')?.['name']));
  writeColumns(walk, range, columns);
  walk.updates(range);
  if (holds(targets, 'SetToDefault')) defaults(walk, range, undefined);
  walk.read({ targets }, level);
}

function readReturning(fields: Node, walk: Walk, level: Level): void {
  const clause = isNode(fields['returningClause']) ? fields['returningClause'] : undefined;
  const target = level.entries[0];
  if (clause === undefined || target === undefined) return;
  const names = list(clause['options']).map((option) => text(fieldsOf(option, 'ReturningOption')?.['value']));
  const aliases = ['old', 'new', ...names];
  // The row once more: what a star or a bare name means does not change.
  const rows = aliases.map((alias) => ({ ...target, alias, schema: '' }));
  walk.read({ exprs: clause['exprs'] }, within(level, [...level.entries, ...rows]));
}

/** Columns that are given a value; undefined: all. */
export function writeColumns(walk: Walk, range: Node, columns: readonly string[] | undefined): void {
  const { around, draft } = walk;
  for (const relation of named(around, rangeName(range)).relations) {
    for (const name of columns ?? relation.columns.map((column) => column.name)) {
      for (const full of around.knowledge?.columnNames(relation, name) ?? []) draft.writesColumns.add(full);
    }
  }
}

/** Defaults of columns that are left out run; `columns` undefined: of all. Those of a view's columns, and of what is under it. */
export function defaults(walk: Walk, range: Node, columns: readonly string[] | undefined): void {
  const { around } = walk;
  for (const relation of named(around, rangeName(range)).relations) {
    const given = columns?.flatMap((name) => Array.from(around.knowledge?.columnNames(relation, name) ?? []));
    for (const one of around.knowledge?.written(relation) ?? []) {
      walk.expressions(one, (name) => given?.includes(`${fullName(one)}.${name}`) !== true);
    }
  }
}

/** Generated columns are computed again; what is volatile is a default, which is not. */
function generated(walk: Walk, range: Node): void {
  const { around } = walk;
  for (const relation of named(around, rangeName(range)).relations) {
    for (const one of around.knowledge?.written(relation) ?? []) {
      walk.expressions(one, (_, { volatileFunctions }) => volatileFunctions.size === 0);
    }
  }
}

/** The columns that a list of words names. */
export function columnWords(value: unknown): readonly string[] | undefined {
  return value === undefined ? undefined : words(value);
}
