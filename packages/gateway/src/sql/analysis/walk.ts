import type { QualifiedName } from '../resolve.ts';
import { ColumnTouch, mayMean } from './column-touch.ts';
import { fromEntries, namesOf } from './from.ts';
import { type Entry, type Level, levelWithin, type WithQuery } from './level.ts';
import { readStatement } from './statement.ts';
import { fieldsOf, isNode, list, type Node, qualifiedName, text, words } from './tree.ts';

/** Where names are looked up for each node that waits. */
interface Visit {
  readonly node: unknown;
  readonly level: Level | undefined;
}

/**
 * Collects the facts of one command from its tree: relations, columns, functions. What runs beside it (a WITH query
 * that writes) becomes a draft of its own. A stack of our own: a long expression's tree is as deep as it is long.
 */
export class Walk extends ColumnTouch {
  readonly #visits: Visit[] = [];

  protected override readAside(node: Node, via: string): void {
    readStatement(node, this.around, this.findings, { via });
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
    if (isRecursive) for (const node of expressions) queries.set(text(node['ctename']), { node, level });
    // What those in front of a query are called, each in a level of its own: there can be thousands.
    let before: Level = levelWithin(outer);
    for (const node of expressions) {
      const at = isRecursive ? level : before;
      const name = text(node['ctename']);
      queries.set(name, { node, level: at });
      before = { entries: [], queries: new Map([[name, { node, level: at }]]), outer: at };
      const query = fieldsOf(node['ctequery'], 'SelectStmt');
      if (query !== undefined) this.#visits.push({ node: { ctequery: node['ctequery'] }, level: at });
      else if (isNode(node['ctequery'])) this.#readWriter(node['ctequery'], name, at);
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
    if (merged.length > 0) this.#readMerged(merged, entries);
    return entries;
  }

  /** Columns that joins compare by name: those that are listed, or all that are there more than once. */
  #readMerged(merged: readonly (readonly string[] | undefined)[], entries: readonly Entry[]): void {
    this.operator({ schema: '', name: '=' });
    const names = new Set(merged.flatMap((columns) => columns ?? []));
    const sides = entries.filter(({ isJoin, isRenamed }) => isJoin !== true || isRenamed === true);
    if (merged.includes(undefined)) for (const name of shared(sides)) names.add(name);
    for (const name of names) for (const entry of sides) this.readColumns(entry, mayMean(entry, name));
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
        this.columnReference(fields, level);
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
        this.type(fields);
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

  #indirection(fields: Node, level: Level | undefined): boolean {
    const rest = this.field(fields, level);
    for (const node of rest ?? []) this.#visits.push({ node, level });
    return rest !== undefined;
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
}

/** Names of columns that more than one entry has, or may have. */
function shared(entries: readonly Entry[]): Iterable<string> {
  const seen = new Set<string>();
  const twice = new Set<string>();
  const known = entries.map((entry) => namesOf([entry]));
  for (const name of known.flatMap((names) => [...(names ?? [])])) (seen.has(name) ? twice : seen).add(name);
  return known.includes(undefined) ? seen : twice;
}

/** Fields of a SELECT that are no expressions in its level. */
const notExpressions = new Set(['withClause', 'fromClause', 'targetList', 'lockingClause', 'intoClause']);

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
