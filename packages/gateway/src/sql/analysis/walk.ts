import type { CatalogFunction, Relation } from '../catalog.ts';
import { type QualifiedName, resolveFunctions, resolveOperators } from '../resolve.ts';
import { recordCall } from './calls.ts';
import type { Draft, Findings, RuleEvent } from './draft.ts';
import { addAll } from './draft.ts';
import { fromEntries } from './from.ts';
import {
  allColumnsOf,
  columnsOf,
  type Entry,
  type FoundColumn,
  type Level,
  levelWithin,
  type WithQuery,
} from './level.ts';
import { readStatement } from './statement.ts';
import { fullName, listedName, named, type Surroundings } from './surroundings.ts';
import { fieldsOf, isNode, list, type Node, qualifiedName, text, words } from './tree.ts';

/** Columns that every table has and that hold nothing of anybody's. */
const systemColumns = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid', 'oid']);

/** Where names are looked up for each node that waits. */
interface Visit {
  readonly node: unknown;
  readonly level: Level | undefined;
}

/**
 * Collects the facts of one command from its tree: relations, columns, functions. What runs beside it (a WITH query
 * that writes) becomes a draft of its own. A stack of our own: a long expression's tree is as deep as it is long.
 */
export class Walk {
  readonly around: Surroundings;
  readonly draft: Draft;
  readonly findings: Findings;
  /** Calls that surely run, once: those that a SELECT without tables and conditions lists. */
  readonly certainCalls: Set<Node> = new Set();
  readonly #visits: Visit[] = [];

  constructor(around: Surroundings, draft: Draft, findings: Findings) {
    this.around = around;
    this.draft = draft;
    this.findings = findings;
  }

  /** Reads expressions and queries, wherever they stand. */
  read(node: unknown, level: Level | undefined): void {
    this.#visits.push({ node, level });
    for (let visit = this.#visits.pop(); visit !== undefined; visit = this.#visits.pop()) {
      this.#visit(visit.node, visit.level);
    }
  }

  /** The level that a WITH clause makes; its queries are read. */
  with(clause: unknown, outer: Level | undefined): Level {
    const queries = new Map<string, WithQuery>();
    const level: Level = { ...levelWithin(outer), queries };
    if (!isNode(clause)) return level;
    const expressions = list(clause['ctes']).map((item) => fieldsOf(item, 'CommonTableExpr') ?? {});
    const isRecursive = clause['recursive'] === true;
    const define = (node: Node, at: Level): void => {
      queries.set(text(node['ctename']), { node, level: at });
    };
    if (isRecursive) for (const node of expressions) define(node, level);
    for (const node of expressions) {
      const at: Level = isRecursive ? level : { ...level, queries: new Map(queries) };
      define(node, at);
      const query = fieldsOf(node['ctequery'], 'SelectStmt');
      if (query !== undefined) this.#visits.push({ node: { ctequery: node['ctequery'] }, level: at });
      else if (isNode(node['ctequery'])) this.#readWriter(node['ctequery'], text(node['ctename']), at);
    }
    return level;
  }

  #readWriter(node: Node, name: string, level: Level): void {
    if (this.around.isPlanOnly) this.read(Object.values(node)[0], level);
    else readStatement(node, this.around, this.findings, { via: `WITH ${name}`, level });
  }

  /** All of a SELECT but its list; returns the level that its list is read in. `fields` has no set operation. */
  openSelect(fields: Node, outer: Level | undefined): Level {
    const within = this.with(fields['withClause'], outer);
    const level: Level = { entries: [], queries: within.queries, outer: within.outer };
    level.entries.push(...this.from(fields['fromClause'], level));
    for (const field in fields) {
      if (notExpressions.has(field)) continue;
      this.#visits.push({ node: fields[field], level });
    }
    return level;
  }

  /** Reads a FROM clause and returns what it makes visible; its expressions are read in `level`, which it will fill. */
  from(clause: unknown, level: Level): Entry[] {
    const merged: (readonly string[] | undefined)[] = [];
    const entries = fromEntries(clause, level, this.around, {
      table: (range) => {
        this.readRange(range);
      },
      expression: (node) => {
        this.#visits.push({ node, level });
      },
      merged: (columns) => {
        merged.push(columns);
      },
    });
    for (const columns of merged) this.#readMerged(columns, entries);
    return entries;
  }

  #readMerged(columns: readonly string[] | undefined, entries: readonly Entry[]): void {
    this.operator({ schema: '', name: '=' });
    const names =
      columns ??
      entries
        .flatMap((entry) => allColumnsOf(entry).map(({ column }) => column.name))
        .filter((name, index, all) => all.indexOf(name) !== index);
    for (const name of new Set(names)) for (const entry of entries) this.#readColumns(entry, columnsOf(entry, name));
  }

  /** A table that is read, as FROM names it. */
  readRange(range: Node): void {
    const { relations } = this.#named(range);
    for (const relation of relations) this.readRelation(relation, range['inh'] === true);
    if (relations.length === 0) this.draft.reads.add(listedName(this.around, rangeName(range)));
  }

  /** A table that is changed, as the statement names it. */
  writeRange(range: Node, event?: RuleEvent | 'CMD_TRUNCATE'): void {
    const { relations } = this.#named(range);
    for (const relation of relations) this.writeRelation(relation, { event, inherits: range['inh'] === true });
    if (relations.length === 0) this.draft.writes.add(listedName(this.around, rangeName(range)));
  }

  /** The relations that a table of the text may be. */
  resolved(range: Node): readonly Relation[] {
    return named(this.around, rangeName(range)).relations;
  }

  #named(range: Node): { readonly relations: readonly Relation[] } {
    const name = rangeName(range);
    const { relations } = named(this.around, name);
    if (relations.length === 0) this.findings.unresolved.add(name.schema === '' ? name.name : fullName(name));
    return { relations };
  }

  readRelation(relation: Relation, inherits: boolean): void {
    const { draft, around } = this;
    for (const one of around.knowledge?.family(relation, inherits) ?? []) {
      draft.reads.add(fullName(one));
      if (one.kind === 'foreign table') draft.isOutside = true;
      this.#attached(one);
      if (one.definition === undefined) continue;
      const view = around.knowledge?.view(one);
      if (view === undefined) continue;
      if (one.kind === 'materialized view' || around.isPlanOnly) addAll(draft.reads, view.whole.reads);
      else draft.include(view.whole);
      addAll(draft.readsColumns, view.common);
    }
  }

  writeRelation(
    relation: Relation,
    { event, inherits }: { readonly event?: RuleEvent | 'CMD_TRUNCATE' | undefined; readonly inherits: boolean },
  ): void {
    const { draft, around } = this;
    for (const one of around.knowledge?.changed(relation, inherits) ?? []) {
      draft.writes.add(fullName(one));
      if (one.kind === 'foreign table') draft.isOutside = true;
      if (event === undefined || around.isPlanOnly) continue;
      this.#attached(one);
      if (event !== 'CMD_TRUNCATE' && one.rules.length > 0) draft.runs({ type: 'rule', oid: one.oid, event });
      for (const oid of one.triggers) this.trigger(oid);
    }
    const view =
      relation.definition === undefined || event === undefined ? undefined : around.knowledge?.view(relation);
    if (view === undefined) return;
    draft.include(view.whole);
    addAll(draft.readsColumns, view.common);
  }

  /** What policies, constraints and indexes of a table call: which of them, and when, is not told apart. */
  #attached({ attached = [] }: Relation): void {
    for (const oid of attached) {
      const called = this.around.catalog?.function(oid);
      if (called === undefined) this.draft.isUnreadable();
      else recordCall(this, called, undefined);
    }
  }

  trigger(oid: number): void {
    const called = this.around.catalog?.function(oid);
    if (called === undefined) {
      this.draft.isUnreadable();
      return;
    }
    // What keeps foreign keys; one is set off by every row of most tables.
    if (called.builtIn && called.name.startsWith('RI_FKey_')) return;
    this.draft.functions.add(fullName(called));
    if (called.volatility === 'volatile') this.draft.volatileFunctions.add(fullName(called));
    if (!called.builtIn) this.draft.runs({ type: 'trigger', oid });
  }

  #visit(node: unknown, level: Level | undefined): void {
    if (!isNode(node)) return;
    if (Array.isArray(node)) {
      for (const item of node) if (isNode(item)) this.#visits.push({ node: item, level });
      return;
    }
    for (const field in node) {
      const child = node[field];
      if (!isNode(child)) continue;
      if (!this.#special(field, child, level)) this.#visits.push({ node: child, level });
    }
  }

  /** What means more than its parts; true when its parts are taken care of. */
  #special(type: string, fields: Node, level: Level | undefined): boolean {
    switch (type) {
      case 'SelectStmt':
      case 'larg':
      case 'rarg':
        return this.#select(type, fields, level);
      case 'InsertStmt':
      case 'UpdateStmt':
      case 'DeleteStmt':
      case 'MergeStmt':
        readStatement({ [type]: fields }, this.around, this.findings, { via: 'WITH', level });
        return true;
      case 'ColumnRef':
        this.#columnReference(fields, level);
        return true;
      case 'A_Indirection':
        return this.#indirection(fields, level);
      case 'FuncCall':
        this.call(qualifiedName(words(fields['funcname'])), fields);
        return false;
      case 'A_Expr':
        for (const name of operatorNames(fields)) this.operator(name);
        return false;
      case 'SubLink':
        this.operator(
          fields['operName'] === undefined ? { schema: '', name: '=' } : qualifiedName(words(fields['operName'])),
        );
        return false;
      case 'SortBy':
        if (fields['useOp'] !== undefined) this.operator(qualifiedName(words(fields['useOp'])));
        return false;
      case 'CaseExpr':
        if (fields['arg'] !== undefined) this.operator({ schema: '', name: '=' });
        return false;
      case 'typeName':
      case 'TypeName':
        this.#type(fields);
        return false;
      case 'RangeVar':
        this.readRange(fields);
        return true;
      case 'lockingClause':
      case 'intoClause':
        return true;
      default:
        return false;
    }
  }

  #select(type: string, fields: Node, outer: Level | undefined): boolean {
    // The sides of a join have these names too.
    if (type !== 'SelectStmt' && fields['op'] === undefined) return false;
    if (fields['larg'] !== undefined) {
      const level = this.with(fields['withClause'], outer);
      const { larg, rarg, withClause: _, lockingClause: __, ...rest } = fields;
      this.#visits.push({ node: rest, level }, { node: { larg }, level }, { node: { rarg }, level });
    } else {
      const level = this.openSelect(fields, outer);
      this.#visits.push({ node: fields['targetList'], level });
    }
    return true;
  }

  #columnReference(fields: Node, level: Level | undefined): void {
    const parts = words(fields['fields']);
    const last = parts.at(-1) ?? '';
    if (parts.length === 1) {
      if (last === '') this.#readStar(level);
      else this.#readName(last, level);
      return;
    }
    const entry = findEntry(level, parts.at(-2) ?? '', parts.at(-3) ?? '');
    if (last === '') this.#readColumns(entry, entry === undefined ? [] : allColumnsOf(entry));
    else this.#readAttribute(entry, last);
  }

  #readStar(level: Level | undefined): void {
    for (let at = level; at !== undefined; at = at.outer) {
      if (at.entries.length === 0) continue;
      for (const entry of at.entries) this.#readColumns(entry, allColumnsOf(entry));
      return;
    }
  }

  /** A column of the innermost level that has one of that name; or a whole row. */
  #readName(name: string, level: Level | undefined): void {
    for (let at = level; at !== undefined; at = at.outer) {
      let isFound = false;
      for (const entry of at.entries) {
        const found = columnsOf(entry, name);
        if (found.length > 0) isFound = true;
        if (found.length > 0 || (entry.isOpen && entry.isTarget)) this.#readColumns(entry, found);
      }
      if (isFound) return;
      const row = at.entries.find(({ alias }) => alias === name);
      if (row !== undefined) {
        this.#readColumns(row, allColumnsOf(row));
        return;
      }
    }
  }

  /** `alias.name`: a column, or a function that is given the row. */
  #readAttribute(entry: Entry | undefined, name: string): void {
    if (entry === undefined) return;
    const found = columnsOf(entry, name);
    if (found.length > 0) {
      this.#readColumns(entry, found);
      return;
    }
    if (systemColumns.has(name)) return;
    if (entry.isOpen && entry.sources.length === 0 && entry.columnNames()?.has(name) === true) return;
    this.#readColumns(entry, allColumnsOf(entry));
    this.#attributeCall(name);
  }

  /** `(x).f`: a field of a composite value, or a function that is given it. */
  #indirection(fields: Node, level: Level | undefined): boolean {
    const [first, ...more] = list(fields['indirection']);
    const base = words(fieldsOf(fields['arg'], 'ColumnRef')?.['fields']);
    const name = text(fieldsOf(first, 'String')?.['sval']);
    const entry = base.length === 1 && name !== '' ? findEntry(level, base[0] ?? '', '') : undefined;
    const found = entry === undefined ? [] : columnsOf(entry, name);
    const rest = found.length > 0 ? more : list(fields['indirection']);
    for (const item of rest) {
      const field = text(fieldsOf(item, 'String')?.['sval']);
      if (field !== '') this.#attributeCall(field);
    }
    if (found.length === 0 || entry === undefined) return false;
    this.#readColumns(entry, found);
    for (const item of rest) this.#visits.push({ node: item, level });
    return true;
  }

  #readColumns(entry: Entry | undefined, found: readonly FoundColumn[]): void {
    if (entry === undefined) return;
    if (entry.isTarget) {
      for (const { relation } of entry.sources) this.readRelation(relation, true);
      if (entry.isOpen) this.draft.reads.add(listedName(this.around, { schema: entry.schema, name: entry.alias }));
    }
    for (const { relation, column } of found) {
      addAll(this.draft.readsColumns, this.around.knowledge?.columnNames(relation, column.name) ?? []);
    }
  }

  /** A function may be called by the name of an attribute. Postgres's own are so numerous, and called like fields, that only those count that do something. */
  #attributeCall(name: string): void {
    const { catalog, path } = this.around;
    if (catalog === undefined) return;
    for (const candidate of resolveFunctions(catalog, path, { schema: '', name })) {
      if (!candidate.builtIn || candidate.volatility === 'volatile') recordCall(this, candidate, undefined);
    }
  }

  /** A call by name; `fields` of the FuncCall, where there is one. */
  call(name: QualifiedName, fields: Node | undefined): void {
    const { catalog, path } = this.around;
    const candidates: readonly (CatalogFunction | QualifiedName)[] =
      catalog === undefined ? [] : resolveFunctions(catalog, path, name);
    if (candidates.length === 0) recordCall(this, name, fields);
    for (const candidate of candidates) recordCall(this, candidate, fields);
  }

  operator(name: QualifiedName): void {
    const { catalog, path } = this.around;
    if (catalog === undefined) return;
    for (const operator of resolveOperators(catalog, path, name)) {
      const called = catalog.function(operator.function);
      if (called === undefined) this.draft.isUnreadable();
      // Extensions bring operators in C by the dozen, for every type a `=`.
      else if (called.language !== 'c' || called.volatility === 'volatile') recordCall(this, called, undefined);
    }
  }

  #type(fields: Node): void {
    const { schema, name } = qualifiedName(words(fields['names']));
    if (schema === 'pg_catalog' || this.around.catalog?.typeRunsCode(name) !== true) return;
    this.draft.functions.add(schema === '' ? name : `${schema}.${name}`);
    this.draft.isUnreadable();
  }
}

/** Fields of a SELECT that are no expressions in its level. */
const notExpressions = new Set(['withClause', 'fromClause', 'targetList', 'lockingClause', 'intoClause']);

/** The name of a table in the text. */
export function rangeName(range: Node): QualifiedName {
  return { schema: text(range['schemaname']), name: text(range['relname']) };
}

/** The entry that an alias means, innermost first. */
function findEntry(level: Level | undefined, alias: string, schema: string): Entry | undefined {
  for (let at = level; at !== undefined; at = at.outer) {
    for (const entry of at.entries) {
      if (entry.alias !== alias) continue;
      const resolved = entry.sources.some(({ relation }) => relation.schema === schema);
      if (schema === '' || entry.schema === schema || resolved) return entry;
    }
  }
  return undefined;
}

const betweens = [
  { schema: '', name: '>=' },
  { schema: '', name: '<=' },
  { schema: '', name: '>' },
  { schema: '', name: '<' },
];

/** The operators that an expression applies. */
function operatorNames({ kind, name }: Node): readonly QualifiedName[] {
  if (text(kind).includes('BETWEEN')) return betweens;
  const parts = words(name);
  return parts.length === 0 ? [] : [qualifiedName(parts)];
}
