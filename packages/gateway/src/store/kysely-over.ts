import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { Kysely, type SqliteDatabase, SqliteDialect, type SqliteStatement } from 'kysely';
import type { IndexSchema } from './schema.ts';

/** Compiled statements that are kept; the queries of the store come in a few dozen shapes. */
const maxStatements = 64;

/**
 * Kysely over an open `node:sqlite` database. The database stays the caller's: it is not closed with the Kysely. Queries
 * are read whole, in pages: a stream would keep SQLite from reusing its log for as long as somebody reads.
 */
export function kyselyOver(database: DatabaseSync): Kysely<IndexSchema> {
  return new Kysely<IndexSchema>({ dialect: new SqliteDialect({ database: adapt(database) }) });
}

/** Kysely's own SQLite dialect asks for the interface of better-sqlite3, of which this is the part it uses. */
function adapt(database: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>();
  return {
    close: () => statements.clear(),
    prepare(sql) {
      let statement = statements.get(sql);
      if (statement === undefined) {
        if (statements.size >= maxStatements) statements.clear();
        statement = adaptStatement(database.prepare(sql));
        statements.set(sql, statement);
      }
      return statement;
    },
  };
}

function adaptStatement(statement: StatementSync): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...(parameters as SQLInputValue[])),
    run: (parameters) => statement.run(...(parameters as SQLInputValue[])),
    iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
  };
}
