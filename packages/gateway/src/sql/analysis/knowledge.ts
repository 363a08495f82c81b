import type { Catalog, Relation } from '../catalog.ts';
import { type CodeReference, Draft, Findings, keyOf, type RuleEvent } from './draft.ts';
import { readCode } from './function-body.ts';
import { type Entry, levelWithin } from './level.ts';
import { ownPath } from './own-path.ts';
import { PureFunctions } from './pure-functions.ts';
import { mayChangeColumn } from './row-changes.ts';
import { readStatement } from './statement.ts';
import { fullName, type Surroundings } from './surroundings.ts';
import { fieldsOf, holds, list, text } from './tree.ts';
import { Walk } from './walk.ts';

/** What a view reads. */
export interface ViewFacts {
  /** All that reading it does, but for columns. */
  readonly whole: Draft;
  /** Columns that it reads whichever of its own are asked for: those of its conditions. */
  readonly common: ReadonlySet<string>;
  /** Columns that its own come from. */
  readonly columns: ReadonlyMap<string, ReadonlySet<string>>;
  /** What is changed when it is. */
  readonly bases: readonly Relation[];
}

const none: ReadonlySet<string> = new Set();

/** What follows from one catalog, found out when it is asked for and kept as long as the catalog is. */
export class Knowledge {
  readonly pure: PureFunctions;
  readonly #catalog: Catalog;
  readonly #around: Surroundings;
  readonly #isEscaping: boolean;
  readonly #families = new Map<number, { readonly up: readonly Relation[]; readonly down: readonly Relation[] }>();
  readonly #views = new Map<number, ViewFacts | undefined>();
  readonly #plannedViews = new Map<number, ViewFacts | undefined>();
  readonly #columns = new Map<string, ReadonlySet<string>>();
  readonly #changing = new Map<string, boolean>();
  readonly #code = new Map<string, Findings>();
  readonly #expressions = new Map<string, Draft>();
  readonly #conditions = new Map<string, ReadonlySet<string> | 'unknown'>();
  #temporary: readonly string[] | undefined;

  /** `isEscaping`: of sessions whose `standard_conforming_strings` is off, by which bodies are read, but not what the catalog shows. */
  constructor(
    catalog: Catalog,
    { parse, isEscaping }: { readonly parse: Surroundings['parse']; readonly isEscaping: boolean },
  ) {
    this.pure = new PureFunctions(catalog, this);
    this.#catalog = catalog;
    this.#isEscaping = isEscaping;
    const unknown = (): undefined => undefined;
    const path = ['pg_catalog'];
    this.#around = {
      catalog,
      path,
      knowledge: this,
      prepared: unknown,
      cursor: unknown,
      parse,
      isPlanOnly: false,
      isCondensed: false,
      isEscaping: false,
    };
  }

  /**
   * A relation, those that it is a partition or child of, and its own when `inherits`: a rule on any of them is about
   * its rows. Of a TOAST table, the table that it belongs to.
   */
  family(relation: Relation, inherits: boolean): readonly Relation[] {
    const { up, down } = this.#family(relation);
    return inherits ? [...up, ...down] : up;
  }

  #family(relation: Relation): { readonly up: readonly Relation[]; readonly down: readonly Relation[] } {
    const kept = this.#families.get(relation.oid);
    if (kept !== undefined) return kept;
    const owner = relation.kind === 'toast table' ? /^pg_toast_(\d+)$/.exec(relation.name)?.[1] : undefined;
    const table = owner === undefined ? undefined : this.#catalog.relation(Number(owner));
    const up = new Set([relation, ...(table === undefined ? [] : [table])]);
    for (const one of up) for (const parent of this.#present(one.parents)) up.add(parent);
    const down = new Set(this.#present(relation.children));
    for (const one of down) for (const child of this.#present(one.children)) down.add(child);
    const family = { up: Array.from(up), down: Array.from(down).filter((one) => !up.has(one)) };
    this.#families.set(relation.oid, family);
    return family;
  }

  #present(oids: readonly number[]): readonly Relation[] {
    return oids.flatMap((oid) => this.#catalog.relation(oid) ?? []);
  }

  /** What changes with a relation: its family, and of a view, what is under it. */
  changed(relation: Relation, inherits: boolean): readonly Relation[] {
    const all = new Set(this.family(relation, inherits));
    for (const one of all) {
      if (one.kind !== 'view') continue;
      for (const base of this.view(one)?.bases ?? []) for (const member of this.family(base, true)) all.add(member);
    }
    return Array.from(all);
  }

  /**
   * Relations whose rows go with TRUNCATE … CASCADE of one, and those by which it finds what else does: of a partition, what
   * refers to the whole table refers to it as well.
   */
  emptied(relation: Relation, inherits: boolean): readonly Relation[] {
    const { up, down } = this.#family(relation);
    const whole = up.filter((one) => one === relation || one.kind === 'partitioned table');
    return inherits ? [...whole, ...down] : whole;
  }

  /**
   * An update may give the column another value without naming it: by a trigger, or because the column is generated. Not by
   * a default, which names no column.
   */
  changesByItself({ oid, columns, beforeUpdate = [] }: Relation, name: string): boolean {
    const key = `${oid} ${name}`;
    const kept = this.#changing.get(key);
    if (kept !== undefined) return kept;
    const generated = columns.find((column) => column.name === name)?.generated;
    const changes =
      beforeUpdate.some((trigger) => mayChangeColumn(this.#catalog.function(trigger), name)) ||
      (generated !== undefined && namesColumn(this.#around.parse(`SELECT ${generated}`)));
    this.#changing.set(key, changes);
    return changes;
  }

  /** The relation, and of a view all that is under it: whose rows are written, as what they are. */
  written(relation: Relation): readonly Relation[] {
    const all = new Set([relation]);
    for (const one of all) if (one.kind === 'view') for (const base of this.view(one)?.bases ?? []) all.add(base);
    return Array.from(all);
  }

  /** `schema.table.column` of a column, of the same in its family, and of what a view's comes from. */
  columnNames(relation: Relation, name: string): ReadonlySet<string> {
    const key = `${relation.oid} ${name}`;
    const kept = this.#columns.get(key);
    if (kept !== undefined) return kept;
    const names = new Set<string>();
    for (const one of this.family(relation, true)) {
      if (!one.columns.some((column) => column.name === name)) continue;
      names.add(`${fullName(one)}.${name}`);
      if (one.definition === undefined) continue;
      for (const under of this.view(one)?.columns.get(name) ?? none) names.add(under);
    }
    this.#columns.set(key, names);
    return names;
  }

  /** Undefined when its definition cannot be read. */
  view(relation: Relation): ViewFacts | undefined {
    return this.#viewIn(this.#views, relation, this.#around);
  }

  /** What a view does where it is planned and not run: what says that it does not change is computed all the same. */
  plannedView(relation: Relation): ViewFacts | undefined {
    return this.#viewIn(this.#plannedViews, relation, this.#planned);
  }

  get #planned(): Surroundings {
    return { ...this.#around, isPlanOnly: true };
  }

  #viewIn(kept: Map<number, ViewFacts | undefined>, relation: Relation, around: Surroundings): ViewFacts | undefined {
    if (kept.has(relation.oid)) return kept.get(relation.oid);
    // A definition that leads back to itself ends here.
    kept.set(relation.oid, undefined);
    let facts: ViewFacts | undefined;
    try {
      facts = readView(relation, around);
    } finally {
      // Nothing is kept of what was not read to its end.
      kept.delete(relation.oid);
    }
    kept.set(relation.oid, facts);
    return facts;
  }

  /** Temporary tables, of any session: `schema.name`. */
  temporary(): readonly string[] {
    this.#temporary ??= Array.from(this.#catalog.relations)
      .filter(({ schema }) => schema.startsWith('pg_temp_'))
      .map(fullName);
    return this.#temporary;
  }

  /** What an expression of the catalog does: of a default, of a generated column. */
  expression(sql: string): Draft {
    const kept = this.#expressions.get(sql);
    if (kept !== undefined) return kept;
    const { findings, draft, isKnown } = this.#readExpression(sql);
    if (!isKnown) draft.isUnreadable();
    if (findings.effects.length > 0) draft.changesSession = true;
    this.#expressions.set(sql, draft);
    return draft;
  }

  /** What a condition of row security reads, by its subqueries: columns, or relations where those cannot be told. */
  condition(sql: string): ReadonlySet<string> | 'unknown' {
    const kept = this.#conditions.get(sql);
    if (kept !== undefined) return kept;
    // One that leads back to its own table ends here.
    this.#conditions.set(sql, none);
    let read: { readonly findings: Findings; readonly isKnown: boolean };
    try {
      read = this.#readExpression(sql);
    } finally {
      this.#conditions.delete(sql);
    }
    const { drafts } = read.findings;
    const isUnknown = !read.isKnown || drafts.some(({ hasUnknownConditions }) => hasUnknownConditions);
    const columns = drafts.flatMap((each) => [...each.readsColumns, ...each.conditionsRead]);
    const relations = drafts.flatMap(({ readsColumns, reads }) => (readsColumns.size === 0 ? [...reads] : []));
    const facts = isUnknown ? 'unknown' : new Set([...columns, ...relations]);
    this.#conditions.set(sql, facts);
    return facts;
  }

  /** `isKnown`: an empty one cannot be told at the moment, and some cannot be parsed. */
  #readExpression(sql: string): { readonly findings: Findings; readonly draft: Draft; readonly isKnown: boolean } {
    const findings = new Findings();
    const draft = findings.draft('select');
    const statements = this.#around.parse(`SELECT ${sql}`);
    for (const { node } of statements ?? []) new Walk(this.#around, draft, findings).read(node, levelWithin(undefined));
    return { findings, draft, isKnown: statements !== undefined && sql !== '' };
  }

  /** What the code of a function, a trigger's function, or a relation's rules does: its own commands, not yet what those run. */
  code(reference: CodeReference): Findings {
    const sort = reference.type === 'trigger' ? 'function' : reference.type;
    const key = `${sort} ${keyOf(reference)}`;
    const kept = this.#code.get(key);
    if (kept !== undefined) return kept;
    const findings =
      reference.type === 'rule'
        ? this.#readRules(reference, this.#around)
        : reference.type === 'foreign key'
          ? this.#readForeignKey(reference)
          : this.#readFunction(reference.oid);
    this.#code.set(key, findings);
    return findings;
  }

  /** How a command of that code came to run: `function s.f`, `trigger s.f`, `rule on s.t`, `foreign key of s.t`. */
  label({ type, oid }: CodeReference): string {
    if (type === 'rule' || type === 'foreign key') {
      const relation = this.#catalog.relation(oid);
      const where = type === 'rule' ? 'rule on' : 'foreign key of';
      return relation === undefined ? type : `${where} ${fullName(relation)}`;
    }
    const called = this.#catalog.function(oid);
    return called === undefined ? type : `${type} ${fullName(called)}`;
  }

  #readFunction(oid: number): Findings {
    const findings = new Findings();
    const called = this.#catalog.function(oid);
    // Where it sets none itself, its search path is that of whoever comes to call it.
    const around = { ...this.#around, path: ownPath(called?.settings ?? []), isEscaping: this.#isEscaping };
    readCode({ language: called?.language ?? '', body: called?.body }, around, findings);
    return findings;
  }

  /** Rows that refer to one that is deleted or changed go with it, or are changed: never all of them, but for TRUNCATE. */
  #readForeignKey({ oid, event, columns = [] }: CodeReference): Findings {
    const findings = new Findings();
    const draft = findings.draft(event === 'CMD_DELETE' ? 'delete' : event === 'CMD_TRUNCATE' ? 'truncate' : 'update');
    draft.isWrite = true;
    const relation = this.#catalog.relation(oid);
    if (relation === undefined) {
      draft.isUnreadable();
      return findings;
    }
    const walk = new Walk(this.#around, draft, findings);
    // TRUNCATE goes on to partitions, but not to children that do not refer themselves.
    const inherits = event !== 'CMD_TRUNCATE' || relation.kind === 'partitioned table';
    walk.writeRelation(relation, { event, inherits });
    if (event === 'CMD_TRUNCATE') walk.empties(relation, inherits);
    for (const name of columns) for (const full of this.columnNames(relation, name)) draft.writesColumns.add(full);
    if (event === 'CMD_UPDATE') walk.updatesColumns(relation, true);
    return findings;
  }

  /** The same of a relation's rules where they are planned and not run. */
  plannedRules(oid: number, event: RuleEvent): Findings {
    return this.#readRules({ type: 'rule', oid, event }, this.#planned);
  }

  #readRules({ oid, event }: CodeReference, around: Surroundings): Findings {
    const findings = new Findings();
    const relation = this.#catalog.relation(oid);
    for (const rule of relation?.rules ?? []) {
      const statements = around.parse(rule);
      // Text that is no rule: it cannot be told at the moment.
      if (statements === undefined || statements.length === 0) findings.draft('select').isUnreadable();
      const fields = fieldsOf(statements?.[0]?.node, 'RuleStmt');
      if (fields === undefined || text(fields['event']) !== event) continue;
      const level = levelWithin(undefined, relation === undefined ? [] : ruleEntries(relation));
      for (const action of list(fields['actions'])) readStatement(action, around, findings, { level });
      const condition = fields['whereClause'];
      if (condition !== undefined) new Walk(around, findings.draft('select'), findings).read({ condition }, level);
    }
    return findings;
  }
}

/** Whether an expression looks at a column; one that cannot be parsed may. */
function namesColumn(parsed: unknown): boolean {
  return parsed === undefined || holds(parsed, 'ColumnRef');
}

/** OLD and NEW of a rule's actions: rows that are there already. */
function ruleEntries({ columns }: Relation): Entry[] {
  const names = new Set(columns.map(({ name }) => name));
  const columnNames = (): ReadonlySet<string> => names;
  return ['old', 'new'].map((alias) => ({
    alias,
    schema: '',
    sources: [],
    isOpen: true,
    isTarget: false,
    columnNames,
  }));
}

function readView(relation: Relation, around: Surroundings): ViewFacts {
  const findings = new Findings();
  const whole = findings.draft('select');
  const walk = new Walk(around, whole, findings);
  const columns = new Map<string, ReadonlySet<string>>();
  const bases: Relation[] = [];
  const statements = around.parse(relation.definition ?? '');
  const select = fieldsOf(statements?.[0]?.node, 'SelectStmt');
  if (select === undefined) {
    whole.isUnreadable();
  } else if (select['larg'] !== undefined || select['valuesLists'] !== undefined) {
    walk.read({ SelectStmt: select }, undefined);
    for (const { name } of relation.columns) columns.set(name, whole.readsColumns);
  } else {
    const level = walk.openSelect(select, undefined);
    for (const entry of level.entries) for (const source of entry.sources) bases.push(source.relation);
    walk.read([], level);
    const targets = list(select['targetList']);
    const stars = targets.length !== relation.columns.length;
    targets.forEach((target, index) => {
      const draft = new Draft('select');
      new Walk(around, draft, findings).read(target, level);
      const column = relation.columns[index]?.name ?? '';
      if (stars) for (const name of draft.readsColumns) whole.readsColumns.add(name);
      else columns.set(column, new Set(draft.readsColumns));
      draft.readsColumns.clear();
      whole.include(draft);
    });
  }
  // What a query in a view writes, by whatever it calls, is written when it is read.
  for (const draft of findings.drafts) if (draft !== whole) whole.include(draft);
  if (findings.effects.length > 0) whole.changesSession = true;
  const common = new Set(whole.readsColumns);
  whole.readsColumns.clear();
  return { whole, common, columns, bases };
}
