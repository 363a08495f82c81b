import type { Analysis } from '../analysis.ts';
import type { StatementKind } from '../kind.ts';
import { readCopy } from './copy.ts';
import { type Place, readDelete, readInsert, readMerge, readSelect, readUpdate } from './dml.ts';
import type { Draft, Findings } from './draft.ts';
import { codeDefined, readBlock } from './function-body.ts';
import { readDefinition, runEventTriggers } from './read-definition.ts';
import { settingEffects, transactionEffectsOf } from './settings.ts';
import { fullName, named, type Surroundings } from './surroundings.ts';
import { readTableAs } from './table-as.ts';
import { rangeName } from './touch.ts';
import { constantText, fieldsOf, isNode, list, type Node, text, unwrap } from './tree.ts';
import { Walk } from './walk.ts';

export type { Place } from './dml.ts';

/** What reads one type of statement. */
type Reading = (fields: Node, around: Surroundings, findings: Findings, place: Place) => void;

/** Reads one statement of a tree: its commands and effects are added to the findings. */
export function readStatement(node: Node, around: Surroundings, findings: Findings, place: Place = {}): void {
  const [type, fields] = unwrap(node);
  const into = type === 'SelectStmt' ? intoOf(fields) : undefined;
  if (into !== undefined) {
    readTableAs({ query: node, into }, around, findings, place);
    return;
  }
  const reading = readings[type];
  if (reading !== undefined) {
    reading(fields, around, findings, place);
    return;
  }
  const at = findings.drafts.length;
  readDefinition(node, around, findings, place);
  const draft = findings.drafts[at];
  if (draft === undefined) return;
  const walk = new Walk(around, draft, findings);
  // A literal is one of its type as soon as the text is parsed, and the bounds of a partition are computed once.
  walk.parsed(node);
  for (const body of sqlBodies(type, fields, around)) walk.parsed(body);
  walk.read({ partbound: fields['partbound'] }, undefined);
}

/** CREATE FUNCTION parses a body in SQL to see whether it is one; one of BEGIN ATOMIC stands in the tree. */
function sqlBodies(type: string, fields: Node, around: Surroundings): readonly Node[] {
  if (type !== 'CreateFunctionStmt') return [];
  const { language, body } = codeDefined(fields);
  const statements = language === 'sql' && body !== undefined ? around.parse(body) : undefined;
  return statements?.map(({ node }) => node) ?? [];
}

/** INTO stands in the first SELECT of a UNION. */
function intoOf(select: Node): unknown {
  let first = select;
  while (isNode(first['larg'])) first = first['larg'];
  return first['intoClause'];
}

const readings: { readonly [type: string]: Reading } = {
  SelectStmt: readSelect,
  InsertStmt: readInsert,
  UpdateStmt: readUpdate,
  DeleteStmt: readDelete,
  MergeStmt: readMerge,
  CopyStmt: readCopy,
  CreateTableAsStmt: readTableAs,
  ExplainStmt: readExplain,
  PrepareStmt: (fields, around, findings, place) => {
    const walk = new Walk(around, plain('prepare', findings, place), findings);
    // Literals are read as what they are while it is parsed, and parameters when it is executed.
    walk.parsed(fields);
    name('prepare', text(fields['name']), fields, findings);
  },
  DeclareCursorStmt: (fields, around, findings, place) => {
    const cursor = text(fields['portalname']);
    plain('declare', findings, place);
    name('declare', cursor, fields, findings);
    if (isNode(fields['query'])) readStatement(fields['query'], around, findings, { via: `DECLARE ${cursor}` });
  },
  ExecuteStmt: (fields, around, findings, place) => {
    const prepared = text(fields['name']);
    const draft = plain('execute', findings, place);
    readArguments(fields, around, draft, findings);
    runKnown(around.prepared(prepared), `EXECUTE ${prepared}`, draft, findings);
  },
  FetchStmt: (fields, around, findings, place) => {
    const cursor = text(fields['portalname']);
    const draft = plain('fetch', findings, place);
    runKnown(around.cursor(cursor), `FETCH ${cursor}`, draft, findings);
  },
  VariableSetStmt: (fields, _, findings, place) => {
    plain('set', findings, place);
    findings.effects.push(...settingEffects(fields));
  },
  DiscardStmt: readDiscard,
  TransactionStmt: (fields, _, findings, place) => {
    const draft = plain('transaction', findings, place);
    draft.isTransactionControl = true;
    // What another session has written comes to be there, or never does.
    draft.isWrite = /_PREPARED$/.test(text(fields['kind']));
    findings.effects.push(...transactionEffectsOf(fields));
    // What it defined takes effect now.
    if (fields['kind'] === 'TRANS_STMT_COMMIT_PREPARED') findings.effects.push({ type: 'define', names: undefined });
  },
  LockStmt: (fields, around, findings, place) => {
    const draft = plain('lock', findings, place);
    // Above ROW EXCLUSIVE, as in LockTableCommand: a read-only transaction may not.
    draft.isWrite = Number(fields['mode'] ?? 0) > rowExclusive;
    writeRanges(fields['relations'], new Walk(around, draft, findings));
  },
  TruncateStmt: (fields, around, findings, place) => {
    const draft = plain('truncate', findings, place);
    draft.isWrite = true;
    const walk = new Walk(around, draft, findings);
    writeRanges(fields['relations'], walk, 'CMD_TRUNCATE');
    if (fields['behavior'] === 'DROP_CASCADE') emptyReferring(fields['relations'], walk);
  },
  NotifyStmt: (_, __, findings, place) => {
    plain('notify', findings, place).isWrite = true;
  },
  DoStmt: readDo,
  CallStmt: (fields, around, findings, place) => {
    const draft = plain('call', findings, place);
    new Walk(around, draft, findings).read({ FuncCall: fields['funccall'] }, undefined);
  },
  RefreshMatViewStmt: (fields, around, findings, place) => {
    const draft = maintenance(findings, place);
    const walk = new Walk(around, draft, findings);
    runEventTriggers(walk);
    const range = isNode(fields['relation']) ? fields['relation'] : {};
    walk.writeRange(range);
    for (const relation of walk.resolved(range)) {
      const view = around.knowledge?.view(relation);
      if (view === undefined) continue;
      draft.include(view.whole);
      for (const columns of [view.common, ...view.columns.values()])
        for (const one of columns) draft.readsColumns.add(one);
    }
  },
  ConstraintsSetStmt: silent('set'),
  VariableShowStmt: silent('show'),
  DeallocateStmt: silent('deallocate'),
  ClosePortalStmt: silent('close'),
  ListenStmt: silent('listen'),
  UnlistenStmt: silent('listen'),
  CheckPointStmt: silent('maintenance'),
  VacuumStmt: readMaintenance,
  ClusterStmt: readCluster,
  ReindexStmt: readMaintenance,
  LoadStmt: (_, __, findings, place) => {
    const draft = maintenance(findings, place);
    draft.isOutside = true;
    draft.isUnreadable();
  },
};

/** Statements of which there is nothing to say but their kind. */
function silent(kind: StatementKind): Reading {
  return (_, __, findings, place) => {
    plain(kind, findings, place);
  };
}

/** ROW EXCLUSIVE in lockdefs.h. */
const rowExclusive = 3;

/** Statements that do nothing but what their kind says. */
function plain(kind: StatementKind, findings: Findings, { via }: Place): Draft {
  return findings.draft(kind, via);
}

function maintenance(findings: Findings, place: Place): Draft {
  const draft = plain('maintenance', findings, place);
  draft.isWrite = true;
  return draft;
}

/** VACUUM, ANALYZE, CLUSTER, REINDEX: of the tables that they name, or all. */
function readMaintenance(fields: Node, around: Surroundings, findings: Findings, place: Place): void {
  const draft = maintenance(findings, place);
  const relations = list(fields['rels']).map((item) => ({ RangeVar: fieldsOf(item, 'VacuumRelation')?.['relation'] }));
  if (isNode(fields['relation'])) relations.push({ RangeVar: fields['relation'] });
  const walk = new Walk(around, draft, findings);
  writeRanges(relations, walk);
  // Without a table it is those of the role, or of a schema.
  if (relations.length === 0) walk.recompute(around.catalog?.relations ?? []);
  for (const { RangeVar: range } of relations) {
    if (!isNode(range)) continue;
    for (const relation of walk.resolved(range)) walk.recompute(around.knowledge?.family(relation, true) ?? [relation]);
  }
}

/** CLUSTER puts the rows in the order of an index: it reads all of them. Without a table it is every one that was put so before. */
function readCluster(fields: Node, around: Surroundings, findings: Findings, place: Place): void {
  const at = findings.drafts.length;
  readMaintenance(fields, around, findings, place);
  const draft = findings.drafts[at];
  if (draft === undefined) return;
  const { relation } = fields;
  const arranged = isNode(relation)
    ? named(around, rangeName(relation)).relations
    : Array.from(around.catalog?.relations ?? []).filter(
        ({ kind, schema }) => kind === 'table' && schema !== 'pg_catalog',
      );
  for (const one of arranged) {
    for (const member of around.knowledge?.family(one, true) ?? []) draft.writes.add(fullName(member));
    for (const { name: column } of one.columns)
      for (const full of around.knowledge?.columnNames(one, column) ?? []) draft.readsColumns.add(full);
  }
}

function writeRanges(ranges: unknown, walk: Walk, event?: 'CMD_TRUNCATE'): void {
  for (const item of list(ranges)) {
    const range = fieldsOf(item, 'RangeVar');
    if (range !== undefined && rangeName(range).name !== '') walk.writeRange(range, event);
  }
}

/** TRUNCATE … CASCADE goes on to all that refers to the tables; what refers to one that the catalog does not have is not known. */
function emptyReferring(ranges: unknown, walk: Walk): void {
  for (const item of list(ranges)) {
    const range = fieldsOf(item, 'RangeVar') ?? {};
    const relations = walk.resolved(range);
    if (relations.length === 0) walk.draft.isOpaque = true;
    for (const relation of relations) walk.empties(relation, range['inh'] === true);
  }
}

function name(type: 'prepare' | 'declare', given: string, fields: Node, findings: Findings): void {
  const { query, argtypes } = fields;
  if (isNode(query)) findings.named = { type, name: given, node: query, types: argtypes };
}

/** The arguments of EXECUTE are computed even where it is only explained (EvaluateParams, prepare.c), and the plan shows them. */
function readArguments({ params }: Node, around: Surroundings, draft: Draft, findings: Findings): void {
  new Walk({ ...around, isPlanOnly: false }, draft, findings).read({ params }, undefined);
}

/** What is known of a prepared statement or cursor runs; of one that is not known, nothing is. */
function runKnown(analysis: Analysis | undefined, via: string, draft: Draft, findings: Findings): void {
  if (analysis === undefined) {
    draft.isUnreadable();
    findings.effects.push({ type: 'anything' });
    return;
  }
  for (const command of analysis.commands)
    findings.known.push(command.via === undefined ? { ...command, via } : command);
  findings.effects.push(...analysis.effects);
  for (const unresolved of analysis.unresolved) findings.unresolved.add(unresolved);
}

/** EXPLAIN plans, and so may call functions; with ANALYZE it runs. */
function readExplain(fields: Node, around: Surroundings, findings: Findings, place: Place): void {
  const draft = plain('explain', findings, place);
  const query = fields['query'];
  if (!isNode(query)) return;
  const { copy, named } = findings;
  if (list(fields['options']).some(isAnalyze)) {
    readStatement(query, around, findings, { via: 'EXPLAIN ANALYZE' });
    // DECLARE runs its query here and declares nothing.
    Object.assign(findings, { copy, named });
    return;
  }
  const planned = { ...around, isPlanOnly: true };
  const [type, inner] = unwrap(query);
  if (type === 'ExecuteStmt') {
    readArguments(inner, around, draft, findings);
    explainKnown(around.prepared(text(inner['name'])), new Walk(planned, draft, findings));
    return;
  }
  const before = findings.drafts.length;
  const effects = findings.effects.length;
  readStatement(query, planned, findings, {});
  // What would be written is looked at only.
  for (const one of findings.drafts.splice(before)) {
    draft.include(one);
    for (const written of one.writes) draft.reads.add(written);
  }
  findings.effects.length = effects;
  Object.assign(findings, { copy, named });
  draft.isWrite = draft.isOpaque;
}

function isAnalyze(option: Node): boolean {
  const { defname, arg } = fieldsOf(option, 'DefElem') ?? {};
  if (defname !== 'analyze') return false;
  const integer = fieldsOf(arg, 'Integer');
  const value = integer === undefined ? text(fieldsOf(arg, 'String')?.['sval']) : String(integer['ival'] ?? 0);
  return !/^(false|off|0)$/i.test(value);
}

/** What says that it does not change is computed with a plan. */
function explainKnown(analysis: Analysis | undefined, walk: Walk): void {
  const { draft } = walk;
  if (analysis === undefined) draft.isUnreadable();
  for (const { reads, writes, readsColumns, functions, volatileFunctions } of analysis?.commands ?? []) {
    for (const relation of [...reads, ...writes]) draft.reads.add(relation);
    for (const column of readsColumns) draft.readsColumns.add(column);
    for (const name of functions) if (!volatileFunctions.includes(name)) walk.callListed(name);
  }
}

/** DISCARD ALL resets the session, and drops its temporary tables as DISCARD TEMP does. */
function readDiscard(fields: Node, around: Surroundings, findings: Findings, place: Place): void {
  plain('discard', findings, place);
  const target = fields['target'];
  if (target === 'DISCARD_ALL') findings.effects.push({ type: 'reset all' });
  if (target !== 'DISCARD_ALL' && target !== 'DISCARD_TEMP') return;
  const names = around.knowledge?.temporary() ?? [];
  if (names.length > 0) findings.effects.push({ type: 'define', names });
}

/** DO: its language is PL/pgSQL unless it says otherwise. */
function readDo(fields: Node, around: Surroundings, findings: Findings, place: Place): void {
  const draft = plain('do', findings, place);
  let language = 'plpgsql';
  let body = '';
  for (const item of list(fields['args'])) {
    const { defname, arg } = fieldsOf(item, 'DefElem') ?? {};
    const value = text(fieldsOf(arg, 'String')?.['sval']) || (constantText(arg) ?? '');
    if (defname === 'language') language = value.toLowerCase();
    else if (defname === 'as') body = value;
  }
  const before = findings.drafts.length;
  readBlock({ language, body }, around, findings, 'DO');
  for (const inner of findings.drafts.slice(before)) {
    draft.includeFlags(inner);
    for (const reference of inner.code.values()) draft.runs(reference);
  }
}
