import type { CatalogFunction, Relation } from '../catalog.ts';
import { type QualifiedName, resolveFunctions, resolveOperators } from '../resolve.ts';
import { recordCall } from './calls.ts';
import { addAll, type Draft, type Findings, type RuleEvent } from './draft.ts';
import { fullName, listedName, named, type Surroundings } from './surroundings.ts';
import { isNode, type Node, qualifiedName, text, words } from './tree.ts';

/** Takes down what a command touches: relations with all that comes with them, functions, operators, types. */
export abstract class Touch {
  readonly around: Surroundings;
  readonly draft: Draft;
  readonly findings: Findings;
  /** Calls that surely run, once: those that a SELECT without tables and conditions lists. */
  readonly certainCalls: Set<Node> = new Set();

  constructor(around: Surroundings, draft: Draft, findings: Findings) {
    this.around = around;
    this.draft = draft;
    this.findings = findings;
  }

  /** Reads a statement that runs beside this command, as one of its own. */
  protected abstract readAside(node: Node, via: string): void;

  /** A query that is given as text: each of its statements runs; of one that cannot be read, it is not known what does. */
  readGiven(sql: string | undefined, via: string): void {
    const statements = sql === undefined ? undefined : this.around.parse(sql);
    for (const { node } of statements ?? []) this.readAside(node, via);
    if (statements !== undefined) return;
    this.draft.isWrite = true;
    this.runsAnything();
  }

  /** It runs code that nothing is known of. */
  runsAnything(): void {
    this.draft.isOpaque = true;
    this.findings.effects.push({ type: 'anything' });
  }

  /** A table that is read, as FROM names it. */
  readRange(range: Node): void {
    const { relations } = this.#named(range);
    for (const relation of relations) this.readRelation(relation, range['inh'] === true);
    if (relations.length === 0) this.draft.reads.add(listedName(this.around, rangeName(range)));
  }

  /** A table that is changed, as the statement names it. */
  writeRange(range: Node, event?: WriteEvent): void {
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
      this.#noteParents(one);
      if (one.kind === 'foreign table') draft.isOutside = true;
      this.#attached(one);
      if (one.definition === undefined) continue;
      const view = around.isPlanOnly ? around.knowledge?.plannedView(one) : around.knowledge?.view(one);
      if (view === undefined) continue;
      if (one.kind === 'materialized view') addAll(draft.reads, view.whole.reads);
      else draft.include(view.whole);
      addAll(draft.readsColumns, view.common);
    }
  }

  writeRelation(
    relation: Relation,
    { event, inherits }: { readonly event?: WriteEvent | undefined; readonly inherits: boolean },
  ): void {
    const { draft, around } = this;
    const { knowledge } = around;
    const changed =
      event === 'definition' ? knowledge?.family(relation, inherits) : knowledge?.changed(relation, inherits);
    for (const one of changed ?? []) {
      draft.writes.add(fullName(one));
      this.#noteParents(one);
      if (one.kind === 'foreign table') draft.isOutside = true;
      if (event === undefined || event === 'definition') continue;
      this.#attached(one);
      if (event !== 'CMD_TRUNCATE' && one.rules.length > 0) this.#rules(one, event);
      if (around.isPlanOnly) continue;
      for (const oid of one.triggers) this.trigger(oid);
      if (event === 'CMD_DELETE') this.#cascade(one, event);
    }
    const isRun = event !== undefined && event !== 'definition';
    if (relation.definition === undefined || !isRun) return;
    const view = around.isPlanOnly ? knowledge?.plannedView(relation) : knowledge?.view(relation);
    if (view === undefined) return;
    draft.include(view.whole);
    addAll(draft.readsColumns, view.common);
  }

  #rules({ oid }: Relation, event: RuleEvent): void {
    const { draft, around } = this;
    if (!around.isPlanOnly) {
      draft.runs({ type: 'rule', oid, event });
      return;
    }
    // A plan has what rules put in a statement's place; it writes nothing of it.
    for (const planned of around.knowledge?.plannedRules(oid, event).drafts ?? []) {
      draft.include(planned);
      addAll(draft.reads, planned.writes);
    }
  }

  /** Defaults of columns, and what they are generated from, are computed. */
  expressions({ columns }: Relation, isComputed: (name: string, facts: Draft) => boolean): void {
    for (const { name, generated } of columns) {
      const facts = generated === undefined ? undefined : this.around.knowledge?.expression(generated);
      if (facts !== undefined && isComputed(name, facts)) this.draft.include(facts);
    }
  }

  #noteParents(relation: Relation): void {
    if (relation.parents.length === 0) return;
    const parents = relation.parents.flatMap((oid) => this.around.catalog?.relation(oid) ?? []);
    this.draft.partOf.set(fullName(relation), parents.map(fullName));
  }

  /** Columns of a table are given a value; foreign keys of others to them can change rows there. */
  updates(range: Node): void {
    if (this.around.isPlanOnly) return;
    for (const relation of this.resolved(range)) this.updatesColumns(relation, range['inh'] === true);
  }

  /** The same of a relation, by the columns that the command writes. */
  updatesColumns(relation: Relation, inherits: boolean): void {
    for (const one of this.around.knowledge?.changed(relation, inherits) ?? []) this.#cascade(one, 'CMD_UPDATE');
  }

  /** TRUNCATE … CASCADE of a table: those that refer to it are emptied, whatever their keys do when a row is deleted. */
  empties(relation: Relation, inherits: boolean): void {
    for (const one of this.around.knowledge?.emptied(relation, inherits) ?? []) {
      for (const { relation: oid } of one.referredBy ?? []) {
        if (oid !== one.oid) this.draft.runs({ type: 'foreign key', oid, event: 'CMD_TRUNCATE' });
      }
    }
  }

  #cascade(referred: Relation, event: 'CMD_DELETE' | 'CMD_UPDATE'): void {
    for (const { relation, onDelete, onUpdate, referring, columns, setsDefault } of referred.referredBy ?? []) {
      const does = event === 'CMD_DELETE' ? onDelete : onUpdate;
      if (does === undefined) continue;
      if (event === 'CMD_UPDATE' && !columns.some((name) => this.#isGiven(referred, name))) continue;
      this.draft.runs({
        type: 'foreign key',
        oid: relation,
        ...(does === 'delete' ? { event: 'CMD_DELETE' } : { event: 'CMD_UPDATE', columns: referring }),
      });
      const changed = setsDefault === true ? this.around.catalog?.relation(relation) : undefined;
      if (changed !== undefined) this.expressions(changed, () => true);
    }
  }

  /** A column has another value than before: the command gives it one, or what comes with every update may. */
  #isGiven(relation: Relation, column: string): boolean {
    if (this.draft.writesColumns.has(`${fullName(relation)}.${column}`)) return true;
    return this.around.knowledge?.changesByItself(relation, column) === true;
  }

  /** What is computed anew of a table's indexes and statistics. */
  recompute(relations: Iterable<Relation>): void {
    for (const relation of relations) this.#attached(relation);
  }

  /** What policies, constraints, indexes and types of a table call: which of them, and when, is not told apart. */
  #attached(relation: Relation): void {
    const { attached = [], policies = [], rowType } = relation;
    for (const oid of attached) this.code(oid);
    for (const condition of policies) this.#condition(condition);
    // Its name stands for a whole row, which may be cast.
    const row = rowType === undefined ? undefined : this.around.catalog?.codeType(rowType);
    for (const oid of row?.from ?? []) this.code(oid);
  }

  /** A condition of row security: what it calls is among what is attached. */
  #condition(sql: string): void {
    const { draft, around } = this;
    const facts = around.knowledge?.condition(sql);
    if (facts === undefined) return;
    if (facts === 'unknown') draft.hasUnknownConditions = true;
    else addAll(draft.conditionsRead, facts);
  }

  /** A function of the catalog runs; 0 stands for one that cannot be told. */
  code(oid: number): void {
    const called = this.around.catalog?.function(oid);
    if (called === undefined) this.draft.isUnreadable();
    else recordCall(this, called, undefined);
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

  /**
   * A function may be called by the name of an attribute. Postgres's own have names that fields have, so that only those
   * count that do something.
   */
  attributeCall(name: string): void {
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

  /** A call of what a command lists among its functions. */
  callListed(name: string): void {
    const simple = name.slice(name.lastIndexOf('.') + 1);
    for (const called of this.around.catalog?.functions(simple) ?? []) {
      if (fullName(called) === name) recordCall(this, called, undefined);
    }
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

  /**
   * What runs while a tree is parsed, without being run: a literal becomes a value of its type then, which a cast, a
   * column or a parameter says, and a type may run code for it.
   */
  parsed(root: unknown): void {
    const stack: unknown[] = [root];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      if (!isNode(node)) continue;
      if (typeof node['relname'] === 'string') this.#columnTypes(node);
      for (const field in node) {
        const child = node[field];
        if (!isNode(child)) continue;
        if (field === 'typeName' || field === 'TypeName') this.type(child);
        else if (field === 'FuncCall') this.#parameterTypes(qualifiedName(words(child['funcname'])));
        stack.push(child);
      }
    }
  }

  #columnTypes(range: Node): void {
    for (const { columns } of named(this.around, rangeName(range)).relations) {
      for (const { type } of columns) for (const oid of this.around.catalog?.codeType(type)?.to ?? []) this.code(oid);
    }
  }

  /** The type of a column, as its whole name says: `t.c`, `s.t.c`. */
  columnType(parts: readonly string[]): void {
    const column = parts.at(-1);
    const { relations } = named(this.around, qualifiedName(parts.slice(0, -1)));
    for (const { name, type } of relations.flatMap(({ columns }) => columns)) {
      const code = name === column ? this.around.catalog?.codeType(type) : undefined;
      for (const oid of new Set([...(code?.from ?? []), ...(code?.to ?? [])])) this.code(oid);
    }
  }

  #parameterTypes(name: QualifiedName): void {
    const { catalog, path } = this.around;
    if (catalog === undefined) return;
    for (const { attached = [] } of resolveFunctions(catalog, path, name)) for (const oid of attached) this.code(oid);
  }

  /** A cast, or a column of a type: it may run somebody's code. */
  type(fields: Node): void {
    const { schema, name } = qualifiedName(words(fields['names']));
    if (schema === 'pg_catalog') return;
    for (const { from, to } of this.around.catalog?.codeTypes(name) ?? []) {
      for (const oid of new Set([...from, ...to])) {
        if (oid === 0) this.draft.functions.add(schema === '' ? name : `${schema}.${name}`);
        this.code(oid);
      }
    }
  }
}

/** What is done to a table: rules, triggers and foreign keys go by it. A definition is no change of rows. */
export type WriteEvent = RuleEvent | 'CMD_TRUNCATE' | 'definition';

/** The name of a table in the text. */
export function rangeName(range: Node): QualifiedName {
  return { schema: text(range['schemaname']), name: text(range['relname']) };
}
