import type { Column, Relation } from '../catalog.ts';
import type { Node } from './tree.ts';

/** One query level: what its FROM (or its target) makes visible to its expressions, and the names of WITH queries. */
export interface Level {
  readonly entries: Entry[];
  /** WITH queries in force here, by name. */
  readonly queries: ReadonlyMap<string, WithQuery>;
  readonly outer: Level | undefined;
}

export interface WithQuery {
  readonly node: Node;
  readonly level: Level | undefined;
}

/** What stands in FROM by one name. */
export interface Entry {
  readonly alias: string;
  /** As the text has it, where no alias hides it: `schema.table.column` may name it. */
  readonly schema: string;
  /** The relations that it may be, and their columns by the names that they have here. */
  readonly sources: readonly Source[];
  /** Its columns are not all in `sources`: a subquery, a function, a table that the catalog does not have. */
  readonly isOpen: boolean;
  /** What INSERT, UPDATE, DELETE or MERGE changes: it is read when a column of it is looked at. */
  readonly isTarget: boolean;
  /** It stands for a whole join, whose tables have entries of their own. */
  readonly isJoin?: true;
  /** A join whose alias names its columns: which of the tables' each of them is, is not worked out. */
  readonly isRenamed?: true;
  /** The names of its columns where `isOpen`; undefined when that cannot be told. */
  readonly columnNames: () => ReadonlySet<string> | undefined;
}

export interface Source {
  readonly relation: Relation;
  /** Names that an alias gives to its first columns. */
  readonly renamed: readonly string[];
}

/** A column of a relation that a name may mean. */
export interface FoundColumn {
  readonly relation: Relation;
  readonly column: Column;
}

/** A level within another, with its WITH queries in force. */
export function levelWithin(outer: Level | undefined, entries: Entry[] = []): Level {
  return { entries, queries: new Map(), outer };
}

/** The WITH query that a name stands for. */
export function withQuery(level: Level | undefined, name: string): WithQuery | undefined {
  for (let at = level; at !== undefined; at = at.outer) {
    const found = at.queries.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The columns of an entry that have a name. */
export function columnsOf(entry: Entry, name: string): readonly FoundColumn[] {
  const found: FoundColumn[] = [];
  for (const { relation, renamed } of entry.sources) {
    relation.columns.forEach((column, index) => {
      if ((renamed[index] ?? column.name) === name) found.push({ relation, column });
    });
  }
  return found;
}

/** All of its columns that the catalog has. */
export function allColumnsOf(entry: Entry): readonly FoundColumn[] {
  return entry.sources.flatMap(({ relation }) => relation.columns.map((column) => ({ relation, column })));
}
