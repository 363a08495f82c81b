import { addAll } from './draft.ts';
import { allColumnsOf, columnsOf, type Entry, type FoundColumn, type Level } from './level.ts';
import { listedName } from './surroundings.ts';
import { Touch } from './touch.ts';
import { fieldsOf, list, type Node, text, words } from './tree.ts';

/** Columns that every table has and that hold nothing of anybody's. */
const systemColumns = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid', 'oid']);

/** Takes down the columns that a command reads: what their names mean where they stand. */
export abstract class ColumnTouch extends Touch {
  /** `name`, `alias.name`, `schema.table.name`, or a star in its place. */
  protected columnReference(fields: Node, level: Level | undefined): void {
    const parts = words(fields['fields']);
    const last = parts.at(-1) ?? '';
    if (parts.length === 1) {
      if (last === '') this.#readStar(level);
      else this.#readName(last, level);
      return;
    }
    for (const entry of findEntries(level, parts.at(-2) ?? '', parts.at(-3) ?? '')) {
      if (last === '') this.readColumns(entry, allColumnsOf(entry));
      else this.#readAttribute(entry, last);
    }
  }

  #readStar(level: Level | undefined): void {
    for (let at = level; at !== undefined; at = at.outer) {
      if (at.entries.length === 0) continue;
      for (const entry of at.entries) this.readColumns(entry, allColumnsOf(entry));
      return;
    }
  }

  /** A column of the innermost level that has one of that name; where none does, a whole row. */
  #readName(name: string, level: Level | undefined): void {
    let rows: readonly Entry[] = [];
    for (let at = level; at !== undefined; at = at.outer) {
      let isFound = false;
      for (const entry of at.entries) {
        const found = mayMean(entry, name);
        if (found.length > 0) isFound = true;
        if (found.length > 0 || (entry.isOpen && entry.isTarget)) this.readColumns(entry, found);
      }
      // Behind such an alias the tables' own names are those of something further out, if of anything.
      if (isFound && !at.entries.some(({ isRenamed }) => isRenamed)) return;
      if (rows.length === 0) rows = at.entries.filter(({ alias }) => alias === name);
    }
    for (const row of rows) this.readColumns(row, allColumnsOf(row));
  }

  /** `alias.name`: a column, or a function that is given the row. */
  #readAttribute(entry: Entry, name: string): void {
    const found = columnsOf(entry, name);
    if (found.length > 0 && entry.isRenamed !== true) {
      this.readColumns(entry, found);
      return;
    }
    if (systemColumns.has(name)) return;
    if (entry.isOpen && entry.sources.length === 0 && entry.columnNames()?.has(name) === true) return;
    this.readColumns(entry, allColumnsOf(entry));
    this.attributeCall(name);
  }

  /**
   * `(x).f`: a field of a composite value, or a function that is given it. Where it is a column of a table, the parts that
   * are still to be read; undefined: all of it is.
   */
  protected field(fields: Node, level: Level | undefined): readonly unknown[] | undefined {
    const [first, ...more] = list(fields['indirection']);
    const base = words(fieldsOf(fields['arg'], 'ColumnRef')?.['fields']);
    const name = text(fieldsOf(first, 'String')?.['sval']);
    const isRow = base.length === 1 && name !== '' && !mayBeColumn(level, base[0] ?? '');
    const [entry, ...others] = isRow ? findEntries(level, base[0] ?? '', '') : [];
    const found = entry === undefined || others.length > 0 ? [] : mayMean(entry, name);
    const rest = found.length > 0 ? more : list(fields['indirection']);
    for (const item of rest) {
      const field = text(fieldsOf(item, 'String')?.['sval']);
      if (field !== '') this.attributeCall(field);
    }
    if (found.length === 0 || entry === undefined) return undefined;
    this.readColumns(entry, found);
    return rest;
  }

  /** Columns of one entry are read; of what the command changes, that makes it read as well. */
  protected readColumns(entry: Entry, found: readonly FoundColumn[]): void {
    if (entry.isTarget) {
      for (const { relation } of entry.sources) this.readRelation(relation, true);
      if (entry.isOpen) this.draft.reads.add(listedName(this.around, { schema: entry.schema, name: entry.alias }));
    }
    for (const { relation, column } of found) {
      addAll(this.draft.readsColumns, this.around.knowledge?.columnNames(relation, column.name) ?? []);
    }
  }
}

/** The columns that a name in an entry may mean. */
export function mayMean(entry: Entry, name: string): readonly FoundColumn[] {
  return entry.isRenamed === true ? allColumnsOf(entry) : columnsOf(entry, name);
}

/** The entries that an alias may mean, innermost first. That of a join hides those of its tables. */
function findEntries(level: Level | undefined, alias: string, schema: string): readonly Entry[] {
  const found: Entry[] = [];
  for (let at = level; at !== undefined; at = at.outer) {
    for (const entry of at.entries) if (isCalled(entry, alias, schema)) found.push(entry);
    if (found.length > 0 && !at.entries.some(({ isJoin }) => isJoin)) return found;
  }
  return found;
}

function isCalled(entry: Entry, alias: string, schema: string): boolean {
  if (entry.alias !== alias) return false;
  if (schema === '' || entry.schema === schema) return true;
  return entry.sources.some(({ relation }) => relation.schema === schema && relation.name === alias);
}

/** Whether a name is, or may be, that of a column: then it is no row's, wherever the column is. */
function mayBeColumn(level: Level | undefined, name: string): boolean {
  for (let at = level; at !== undefined; at = at.outer) {
    for (const entry of at.entries) {
      if (columnsOf(entry, name).length > 0) return true;
      if (entry.isOpen && entry.columnNames()?.has(name) !== false) return true;
    }
  }
  return false;
}
