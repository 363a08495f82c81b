import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** The numbers of names in one of the name tables, given out in order of first appearance. */
export class Names {
  readonly #known = new Map<string, number>();
  readonly #insert: StatementSync;

  constructor(database: DatabaseSync, table: 'identities' | 'connections' | 'rules') {
    this.#insert = database.prepare(`INSERT INTO ${table} VALUES (?, ?)`);
    for (const row of database.prepare(`SELECT id, name FROM ${table}`).all()) {
      this.#known.set(String(row['name']), Number(row['id']));
    }
  }

  id(name: string): number {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const id = this.#known.size + 1;
    this.#insert.run(id, name);
    this.#known.set(name, id);
    return id;
  }
}
