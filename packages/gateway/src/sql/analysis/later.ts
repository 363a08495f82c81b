import type { Relation } from '../catalog.ts';
import { type QualifiedName, resolveFunctions } from '../resolve.ts';
import type { Findings, RuleEvent } from './draft.ts';
import { codeDefined, readBlock } from './function-body.ts';
import { goesAlong } from './goes-along.ts';
import { simpleTable } from './simple-table.ts';
import { readStatement } from './statement.ts';
import { fullName, named, type Surroundings } from './surroundings.ts';
import { rangeName } from './touch.ts';
import { fieldsOf, isNode, list, type Node, qualifiedName, text, words } from './tree.ts';
import { Walk } from './walk.ts';

const events: readonly RuleEvent[] = ['CMD_INSERT', 'CMD_UPDATE', 'CMD_DELETE'];

/** Statements whose functions run by operators, casts, aggregates and types, without a call in any text. */
const callsUnseen =
  /^(Define|CreateCast|CreateDomain|AlterDomain|CreateRange|CreateOpClass|AlterOpFamily|AlterOperator|CreateTransform|CreateConversion)Stmt$/;

/**
 * What can run by what a definition makes, from the moment on that it is there: the catalog does not tell that before it
 * has been read again. Added to `findings.later`; where a relation is given another name, or one is taken away so that its
 * name may mean another, that is all that is behind either.
 */
export function noteLater(type: string, fields: Node, around: Surroundings, findings: Findings): void {
  const later = new Later(around, findings);
  if (type === 'CreateTrigStmt') later.trigger(words(fields['funcname']));
  else if (type === 'RuleStmt') later.writes(list(fields['actions']), 'rule');
  else if (type === 'ViewStmt') later.view(fields['query']);
  else if (type === 'CreateTableAsStmt') later.copy(fields['query']);
  else if (type === 'CreatePolicyStmt' || type === 'AlterPolicyStmt') later.policy(fields);
  else if (type === 'CreateFunctionStmt') later.function(fields);
  else if (type === 'AlterTableStmt') later.alterTable(fields);
  else if (type === 'CreateStmt' && simpleTable(fields, around) === undefined) later.table(fields);
  else if (type === 'RenameStmt' || type === 'AlterObjectSchemaStmt' || type === 'DropStmt') later.otherNames(fields);
  else if (type === 'GrantStmt') later.grant(fields);
  else if (callsUnseen.test(type)) later.calledUnseen(fields);
  for (const relation of goesAlong(type, fields, around)) later.hidden(relation);
}

class Later {
  readonly #around: Surroundings;
  readonly #findings: Findings;
  /** Whatever uses it. */
  readonly #use: Walk;
  /** Statements that write. */
  readonly #write: Walk;
  /** The same of what stands behind a name. */
  readonly #behind: { readonly use: Walk; readonly write: Walk };

  constructor(around: Surroundings, { later }: Findings) {
    this.#around = around;
    this.#findings = later.write;
    this.#use = new Walk(around, later.use.draft('select', via), later.use);
    this.#write = new Walk(around, later.write.draft('select', via), later.write);
    this.#behind = {
      use: new Walk(around, later.use.draft('select', viaName), later.use),
      write: new Walk(around, later.write.draft('select', viaName), later.write),
    };
  }

  trigger(name: readonly string[]): void {
    const { catalog, path } = this.#around;
    const found = catalog === undefined ? [] : resolveFunctions(catalog, path, qualifiedName(name));
    for (const { oid } of found) this.#write.trigger(oid);
  }

  writes(statements: readonly Node[], what: string): void {
    for (const statement of statements) readStatement(statement, this.#around, this.#findings, { via: what });
  }

  /** What is written to the table that is made goes nowhere else. */
  copy(query: unknown): void {
    if (isNode(query)) readStatement(query, this.#around, this.#use.findings, { via });
  }

  view(query: unknown): void {
    this.copy(query);
    for (const { reads } of this.#use.findings.drafts.slice()) for (const name of reads) this.#found(name);
  }

  #found(name: string): void {
    const at = name.indexOf('.');
    const relation = this.#around.catalog?.find(name.slice(0, at), name.slice(at + 1));
    if (relation !== undefined && relation.schema !== 'pg_catalog') this.#changed(relation);
  }

  policy({ qual, with_check }: Node): void {
    this.#use.read({ qual, with_check }, undefined);
  }

  function(fields: Node): void {
    const { language: said, body } = codeDefined(fields);
    const language = said === '' ? 'sql' : said;
    // It may be called under any path.
    const around = { ...this.#around, path: undefined };
    const unresolved = this.#use.findings;
    const statements = statementsOf(fields['sql_body']);
    if (body !== undefined) readBlock({ language, body }, around, unresolved, via);
    for (const statement of statements) readStatement(statement, around, unresolved, { via });
    // One that is replaced can be a trigger's already.
    if (body === undefined || !returnsTrigger(fields)) return;
    const name = fullName(qualifiedName(words(fields['funcname']))).replace(/^\./, '');
    readBlock({ language, body }, around, this.#findings, `trigger ${name}`);
  }

  /** A trigger or a rule that was off is in the catalog no more than one that is new. */
  alterTable({ relation, cmds }: Node): void {
    for (const item of list(cmds)) {
      const { subtype, def } = fieldsOf(item, 'AlterTableCmd') ?? {};
      if (/^AT_Enable(Always|Replica)?(Trig|Rule)/.test(text(subtype))) this.#write.draft.isUnreadable();
      if (subtype === 'AT_AttachPartition') this.#joins(relation, fieldsOf(def, 'PartitionCmd')?.['name']);
      if (constraintsIn(def).some(changesRows)) this.#joins(relation);
      if (subtype === 'AT_AddInherit') this.#joins(relation, fieldsOf(def, 'RangeVar'));
    }
  }

  /** What is written to the one table may be in the other, by the triggers of both. */
  #joins(...ranges: readonly unknown[]): void {
    this.#computes(...ranges);
    for (const relation of ranges.flatMap((range) => this.#named(range)))
      for (const event of events) this.#write.writeRelation(relation, { event, inherits: true });
  }

  /** What is computed of a row of theirs. */
  #computes(...ranges: readonly unknown[]): void {
    for (const relation of ranges.flatMap((range) => this.#named(range))) {
      this.#write.expressions(relation, () => true);
      this.#write.recompute([relation]);
    }
  }

  #named(range: unknown): readonly Relation[] {
    return isNode(range) ? named(this.#around, rangeName(range)).relations : [];
  }

  /** Defaults, checks and types of a new table, those that it has of others, and what a partition does as its parent. */
  table({ tableElts, constraints, inhRelations, ofTypename, partbound }: Node): void {
    this.#write.read({ tableElts, constraints, ofTypename }, undefined);
    const likes = list(tableElts).map((item) => fieldsOf(item, 'TableLikeClause')?.['relation']);
    const parents = list(inhRelations).map((item) => fieldsOf(item, 'RangeVar'));
    if (partbound === undefined) this.#computes(...likes, ...parents);
    else this.#joins(...likes, ...parents);
  }

  otherNames(fields: Node): void {
    const kind = text(fields['removeType'] ?? fields['objectType'] ?? fields['renameType']);
    const range = isNode(fields['relation']) ? fields['relation'] : undefined;
    if (range !== undefined && fields['subname'] === undefined) this.#relations(rangeName(range));
    const objects = fields['objects'] === undefined ? [fields['object']] : list(fields['objects']);
    for (const object of objects) {
      if (kind === 'OBJECT_SCHEMA') this.#schema(words([object])[0] ?? '');
      else if (/^OBJECT_(FUNCTION|PROCEDURE|ROUTINE|AGGREGATE)$/.test(kind))
        this.#functions(words(fieldsOf(object, 'ObjectWithArgs')?.['objname']));
      else if (/^OBJECT_(TABLE|VIEW|MATVIEW|FOREIGN_TABLE)$/.test(kind)) this.#relations(qualifiedName(words(object)));
    }
    // ALTER SCHEMA a RENAME TO b
    if (kind === 'OBJECT_SCHEMA' && fields['subname'] !== undefined) this.#schema(text(fields['subname']));
  }

  /** Without USAGE, names are looked up behind the schema. */
  grant(fields: Node): void {
    if (fields['objtype'] !== 'OBJECT_SCHEMA' || fields['is_grant'] === true) return;
    for (const object of list(fields['objects'])) this.#schema(words([object])[0] ?? '');
  }

  calledUnseen(fields: Node): void {
    const stack: Node[] = [fields];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      const { names, objname, funcname } = node;
      for (const name of [names, objname, funcname]) if (Array.isArray(name)) this.#functions(words(name));
      for (const field in node) if (isNode(node[field])) stack.push(node[field]);
    }
  }

  /** Those that the name means, and those that it may mean without them. */
  #relations(name: QualifiedName): void {
    for (const relation of named(this.#around, name).relations) {
      this.#changed(relation);
      this.hidden(relation);
    }
  }

  /** What a relation hides. */
  hidden({ name, oid }: Relation): void {
    for (const other of this.#around.catalog?.named(name) ?? [])
      if (other.oid !== oid) this.#changed(other, this.#behind);
  }

  #changed(relation: Relation, { use, write } = { use: this.#use, write: this.#write }): void {
    use.readRelation(relation, true);
    for (const event of events) write.writeRelation(relation, { event, inherits: true });
  }

  #functions(name: readonly string[]): void {
    const simple = name.at(-1) ?? '';
    for (const called of this.#around.catalog?.functions(simple) ?? []) {
      if (called.builtIn) continue;
      this.#use.draft.functions.add(fullName(called));
      this.#use.code(called.oid);
    }
  }

  /** Its functions are not listed. */
  #schema(schema: string): void {
    this.#use.draft.isUnreadable();
    for (const relation of this.#around.catalog?.relations ?? []) {
      if (relation.schema !== schema) continue;
      this.#changed(relation);
      this.hidden(relation);
    }
  }
}

const via = 'what was just defined';
/** What a name may mean that was given to something else, or taken away; code that says which schema it means does not see it. */
export const viaName = 'what stands behind a name';

function constraintsIn(definition: unknown): readonly Node[] {
  const { constraints } = fieldsOf(definition, 'ColumnDef') ?? {};
  return [definition, ...list(constraints)].map((item) => fieldsOf(item, 'Constraint') ?? {});
}

/** A foreign key that writes to its table when what it refers to is changed: CASCADE, SET NULL, SET DEFAULT. */
function changesRows({ fk_del_action: onDelete, fk_upd_action: onUpdate }: Node): boolean {
  return [onDelete, onUpdate].some((action) => /^[cnd]$/.test(text(action)));
}

function returnsTrigger({ returnType }: Node): boolean {
  return isNode(returnType) && words(returnType['names']).at(-1) === 'trigger';
}

/** The statements of BEGIN ATOMIC, or the expression behind RETURN. */
function statementsOf(body: unknown): readonly Node[] {
  const returned = fieldsOf(body, 'ReturnStmt')?.['returnval'];
  if (returned !== undefined) return [{ SelectStmt: { targetList: [{ ResTarget: { val: returned } }] } }];
  const items = fieldsOf(body, 'List')?.['items'];
  return list(items).flatMap((item) => {
    const nested = fieldsOf(item, 'List')?.['items'];
    return nested === undefined ? (fieldsOf(item, 'ReturnStmt') ? statementsOf(item) : [item]) : list(nested);
  });
}
