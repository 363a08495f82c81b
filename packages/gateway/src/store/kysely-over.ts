import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { IndexSchema } from './schema.ts';

/**
 * Kysely over an open `node:sqlite` database, for queries only. The database stays the caller's: it is not closed with
 * the Kysely, and transactions on it are not Kysely's.
 *
 * Kysely's own SQLite dialect lets one query run at a time, so that asking anything while a stream is read would wait for
 * ever. SQLite itself has no trouble with many open cursors on a connection.
 */
export function kyselyOver(database: DatabaseSync): Kysely<IndexSchema> {
  const dialect: Dialect = {
    createDriver: () => new QueryDriver(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new ManyCursors(),
    createIntrospector: (kysely) => new SqliteIntrospector(kysely),
  };
  return new Kysely<IndexSchema>({ dialect });
}

class ManyCursors extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

class QueryDriver implements Driver {
  readonly #connection: DatabaseConnection;

  constructor(database: DatabaseSync) {
    this.#connection = new QueryConnection(database);
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }

  async init(): Promise<void> {}
  async releaseConnection(): Promise<void> {}
  async destroy(): Promise<void> {}

  async beginTransaction(): Promise<void> {
    throw new Error('the index is only read through Kysely');
  }

  async commitTransaction(): Promise<void> {}
  async rollbackTransaction(): Promise<void> {}
}

/** Compiled statements that are kept; the queries of the store come in a few dozen shapes. */
const maxStatements = 64;
/** Rows of a stream that are taken at once: a page, so that reading on costs no promise for each. */
const rowsAtOnce = 64;

class QueryConnection implements DatabaseConnection {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    return { rows: this.#prepared(sql).all(...(parameters as SQLInputValue[])) as Row[] };
  }

  async *streamQuery<Row>({ sql, parameters }: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    // A statement of its own: a kept one could be run again while this is read, which would start it over.
    const statement = this.#database.prepare(sql);
    let rows: Row[] = [];
    for (const row of statement.iterate(...(parameters as SQLInputValue[]))) {
      rows.push(row as Row);
      if (rows.length < rowsAtOnce) continue;
      yield { rows };
      rows = [];
    }
    if (rows.length > 0) yield { rows };
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      if (this.#statements.size >= maxStatements) this.#statements.clear();
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
