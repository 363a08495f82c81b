import { type Catalog, type ColumnKey, columnKey, type Relation } from '../sql/catalog.ts';
import type { ActiveMasks } from './active-masks.ts';
import type { ColumnMask, MaskAction } from './mask.ts';
import { storedElsewhere, toastColumn } from './stored-elsewhere.ts';
import { derivedMask, stricterMask } from './stricter.ts';

/** Masks on the columns that a catalog has. */
export interface ResolvedMasks {
  readonly active: ActiveMasks;
  /** Undefined: nothing is known of the database; whatever comes from a table is masked then. */
  readonly catalog: Catalog | undefined;
  readonly columns: ReadonlyMap<ColumnKey, ColumnMask>;
  /** `schema.table.column` of the same. */
  readonly names: ReadonlySet<string>;
  /** `schema.name` of relations that have a masked column; those of stored-elsewhere.ts are not among them. */
  readonly relations: ReadonlySet<string>;
  /** `schema.table.column` of the rules that the catalog does not have; perhaps misspelled. */
  readonly missing: readonly string[];
}

const resolved = new WeakMap<ActiveMasks, WeakMap<object, ResolvedMasks>>();
const noCatalog = {};

/**
 * Finds the columns of the rules, and all others that show their values: those of partitions, children and parents,
 * generated columns over them, and what Postgres keeps of them elsewhere. Once for each catalog.
 */
export function resolveMasks(active: ActiveMasks, catalog: Catalog | undefined): ResolvedMasks {
  const byCatalog = resolved.get(active) ?? new WeakMap<object, ResolvedMasks>();
  resolved.set(active, byCatalog);
  const key = catalog ?? noCatalog;
  const masks = byCatalog.get(key) ?? resolve(active, catalog);
  byCatalog.set(key, masks);
  return masks;
}

function resolve(active: ActiveMasks, catalog: Catalog | undefined): ResolvedMasks {
  if (catalog === undefined || active.columns.size === 0) {
    return { active, catalog, columns: new Map(), names: new Set(), relations: new Set(), missing: [] };
  }
  const spread = new Spread(catalog);
  const missing: string[] = [];
  for (const [rule, action] of active.columns) {
    const named = findColumns(catalog, rule);
    if (named.length === 0) missing.push(rule);
    const found = named.length === 0 ? findMoved(catalog, active, rule) : named;
    remember(active, rule, found);
    for (const { relation, column } of found) spread.down(relation, column, { rule, action });
  }
  spread.up();
  const relations = new Set(spread.relations);
  markStoredElsewhere(catalog, spread, active);
  return { active, catalog, columns: spread.columns, names: spread.names, relations, missing };
}

interface Place {
  readonly relation: Relation;
  readonly column: string;
}

/** Names may hold dots, so that a rule can mean several columns. */
function findColumns(catalog: Catalog, rule: string): Place[] {
  const found: Place[] = [];
  for (let first = rule.indexOf('.'); first !== -1; first = rule.indexOf('.', first + 1)) {
    for (let second = rule.indexOf('.', first + 1); second !== -1; second = rule.indexOf('.', second + 1)) {
      const relation = catalog.find(rule.slice(0, first), rule.slice(first + 1, second));
      const column = rule.slice(second + 1);
      if (relation?.columns.some(({ name }) => name === column)) found.push({ relation, column });
    }
  }
  return found;
}

interface Remembered {
  readonly relation: number;
  readonly relationName: string;
  readonly column: number;
  readonly columnName: string;
}

const remembered = new WeakMap<ActiveMasks, Map<string, readonly Remembered[]>>();

function remember(active: ActiveMasks, rule: string, places: readonly Place[]): void {
  if (places.length === 0) return;
  const rules = remembered.get(active) ?? new Map<string, readonly Remembered[]>();
  remembered.set(active, rules);
  rules.set(
    rule,
    places.map(({ relation, column }) => ({
      relation: relation.oid,
      relationName: relation.name,
      column: relation.columns.find(({ name }) => name === column)?.number ?? 0,
      columnName: column,
    })),
  );
}

/**
 * Columns that a rule named in the catalog before, where its name is gone: renaming a column, a table or a schema does not
 * take the mask off while the gateway runs. One of the names must have stayed; otherwise it is another database's.
 */
function findMoved(catalog: Catalog, active: ActiveMasks, rule: string): Place[] {
  const places = remembered.get(active)?.get(rule) ?? [];
  return places.flatMap((place) => {
    const relation = catalog.relation(place.relation);
    const column = relation?.columns.find(({ number }) => number === place.column);
    if (relation === undefined || column === undefined) return [];
    const isSame = relation.name === place.relationName || column.name === place.columnName;
    return isSame ? [{ relation, column: column.name }] : [];
  });
}

/** Masks as they spread. Columns of parents and children have one name (ALTER TABLE … RENAME sees to it). */
class Spread {
  readonly columns = new Map<ColumnKey, ColumnMask>();
  readonly names = new Set<string>();
  readonly relations = new Set<string>();
  readonly #catalog: Catalog;
  /** Those whose own rows hold the value, for `up`. */
  readonly #holders: (Place & { readonly mask: ColumnMask })[] = [];

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  /** On the column, on those of its children, and on what is generated from it. */
  down(relation: Relation, column: string, mask: ColumnMask): void {
    if (!this.mark(relation, column, mask)) return;
    this.#holders.push({ relation, column, mask });
    for (const child of this.#relations(relation.children)) this.down(child, column, mask);
    for (const { name, generated } of relation.columns) {
      if (generated !== undefined && name !== column && mentions(generated, column)) {
        this.down(relation, name, derivedMask(mask));
      }
    }
  }

  /** On parents: a query of them shows their children's rows; what else is under the parent does not become masked by that. */
  up(): void {
    const visits: (Place & { readonly mask: ColumnMask })[] = [...this.#holders];
    for (let visit = visits.pop(); visit !== undefined; visit = visits.pop()) {
      const { relation, column, mask } = visit;
      for (const parent of this.#relations(relation.parents)) {
        if (this.mark(parent, column, mask)) visits.push({ relation: parent, column, mask });
      }
    }
  }

  /** False when nothing changes by it. */
  mark(relation: Relation, column: string, mask: ColumnMask): boolean {
    const number = relation.columns.find(({ name }) => name === column)?.number;
    if (number === undefined) return false;
    const key = columnKey(relation.oid, number);
    const before = this.columns.get(key);
    const after = stricterMask(before, mask);
    if (before === after) return false;
    this.columns.set(key, after);
    this.names.add(`${relation.schema}.${relation.name}.${column}`);
    this.relations.add(`${relation.schema}.${relation.name}`);
    return true;
  }

  #relations(oids: readonly number[]): Relation[] {
    return oids.flatMap((oid) => this.#catalog.relation(oid) ?? []);
  }
}

const identifier = /"(?:[^"]|"")*"|[a-z_\u0080-\uffff][\w$\u0080-\uffff]*/g;

/** Whether an expression of the catalog names the column; words within its string constants count as well. */
function mentions(expression: string, column: string): boolean {
  for (const [word] of expression.matchAll(identifier)) {
    const name = word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word;
    if (name === column) return true;
  }
  return false;
}

const redact: MaskAction = 'redact';

function markStoredElsewhere(catalog: Catalog, spread: Spread, { probe }: ActiveMasks): void {
  if (spread.columns.size === 0) return;
  for (const { schema, name, columns, compared = [], reason } of storedElsewhere) {
    const hidden = probe === 'deny' ? [...columns, ...compared] : columns;
    const found = schema === undefined ? catalog.named(name) : [catalog.find(schema, name)];
    for (const relation of found) {
      for (const column of hidden) if (relation) spread.mark(relation, column, { rule: reason, action: redact });
    }
  }
  for (const relation of catalog.relations) {
    if (relation.kind !== 'toast table') continue;
    spread.mark(relation, toastColumn.name, { rule: toastColumn.reason, action: redact });
  }
}
