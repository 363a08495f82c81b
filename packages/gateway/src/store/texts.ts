import { hash } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { TableName, TablesOf } from '../sql/tables.ts';

/** Stands for the tables of a text that could not be parsed: they are not known. */
export const unknownTable: TableName = { schema: '', name: '' };

/** Texts looked up lately. Agents and drivers repeat themselves: most texts are found here. */
const maxRecent = 4096;
/** Longer texts are looked up in the database each time, so that the memory stays bounded. */
const maxRecentLength = 8192;

/** The table `texts`: each distinct SQL text once, with its words and its tables. */
export class Texts {
  readonly #tablesOf: TablesOf;
  readonly #recent = new Map<string, number>();
  readonly #select: StatementSync;
  readonly #insert: StatementSync;
  readonly #insertWords: StatementSync;
  readonly #insertTextTable: StatementSync;
  readonly #selectTable: StatementSync;
  readonly #insertTable: StatementSync;
  readonly #tables = new Map<string, number>();
  #next: number;
  #nextTable: number;

  constructor(database: DatabaseSync, tablesOf: TablesOf) {
    this.#tablesOf = tablesOf;
    this.#select = database.prepare('SELECT id, sql FROM texts WHERE hash = ? ORDER BY id');
    this.#insert = database.prepare('INSERT INTO texts VALUES (?, ?, ?)');
    this.#insertWords = database.prepare('INSERT INTO texts_fts (rowid, sql) VALUES (?, ?)');
    this.#insertTextTable = database.prepare('INSERT OR IGNORE INTO text_tables VALUES (?, ?)');
    this.#selectTable = database.prepare('SELECT id FROM tables WHERE name = ? AND schema = ?');
    this.#insertTable = database.prepare('INSERT INTO tables VALUES (?, ?, ?)');
    this.#next = nextId(database, 'texts');
    this.#nextTable = nextId(database, 'tables');
  }

  /** The number of a text; a new text is stored. */
  id(sql: string): number {
    const recent = this.#recent.get(sql);
    if (recent !== undefined) return recent;
    const id = this.#find(sql);
    if (sql.length <= maxRecentLength) {
      if (this.#recent.size >= maxRecent) this.#recent.clear();
      this.#recent.set(sql, id);
    }
    return id;
  }

  #find(sql: string): number {
    // 48 bits, so that it is a safe integer. Equal hashes are told apart by the text itself.
    const digest = hash('sha256', sql, 'buffer').readUIntBE(0, 6);
    for (const row of this.#select.iterate(digest)) if (row['sql'] === sql) return Number(row['id']);
    return this.#store(sql, digest);
  }

  #store(sql: string, digest: number): number {
    const id = this.#next;
    this.#next += 1;
    this.#insert.run(id, digest, sql);
    this.#insertWords.run(id, sql);
    for (const table of this.#tablesOf(sql) ?? [unknownTable]) this.#insertTextTable.run(this.#table(table), id);
    return id;
  }

  #table({ schema, name }: TableName): number {
    const key = JSON.stringify([schema, name]);
    const known = this.#tables.get(key);
    if (known !== undefined) return known;
    let id = this.#selectTable.get(name, schema)?.['id'] as number | undefined;
    if (id === undefined) {
      id = this.#nextTable;
      this.#nextTable += 1;
      this.#insertTable.run(id, schema, name);
    }
    if (this.#tables.size >= maxRecent) this.#tables.clear();
    this.#tables.set(key, id);
    return id;
  }
}

function nextId(database: DatabaseSync, table: 'texts' | 'tables'): number {
  return Number(database.prepare(`SELECT coalesce(max(id), 0) + 1 AS next FROM ${table}`).get()?.['next']);
}
