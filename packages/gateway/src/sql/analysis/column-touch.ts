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
    const entry = findEntry(level, parts.at(-2) ?? '', parts.at(-3) ?? '');
    if (last === '') this.readColumns(entry, entry === undefined ? [] : allColumnsOf(entry));
    else this.#readAttribute(entry, last);
  }

  #readStar(level: Level | undefined): void {
    for (let at = level; at !== undefined; at = at.outer) {
      if (at.entries.length === 0) continue;
      for (const entry of at.entries) this.readColumns(entry, allColumnsOf(entry));
      return;
    }
  }

  /** A column of the innermost level that has one of that name; or a whole row. */
  #readName(name: string, level: Level | undefined): void {
    for (let at = level; at !== undefined; at = at.outer) {
      let isFound = false;
      for (const entry of at.entries) {
        const found = mayMean(entry, name);
        if (found.length > 0) isFound = true;
        if (found.length > 0 || (entry.isOpen && entry.isTarget)) this.readColumns(entry, found);
      }
      // Behind such an alias the tables' own names are those of something further out, if of anything.
      if (isFound && !at.entries.some(({ isRenamed }) => isRenamed)) return;
      const row = at.entries.find(({ alias }) => alias === name);
      if (row !== undefined) {
        this.readColumns(row, allColumnsOf(row));
        return;
      }
    }
  }

  /** `alias.name`: a column, or a function that is given the row. */
  #readAttribute(entry: Entry | undefined, name: string): void {
    if (entry === undefined) return;
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
    const entry = base.length === 1 && name !== '' ? findEntry(level, base[0] ?? '', '') : undefined;
    const found = entry === undefined ? [] : mayMean(entry, name);
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
  protected readColumns(entry: Entry | undefined, found: readonly FoundColumn[]): void {
    if (entry === undefined) return;
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
