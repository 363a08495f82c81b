import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { BlindSession, BlindSessionEnded, BlindSessionsUnseen, Entry } from '@onrecord/record';
import type { Names } from './names.ts';

/** Writes the rows of `blind_sessions` and `blind_unseen`. There are few of them: each is written at once. */
export class BlindRows {
  readonly #connections: Names;
  readonly #see: StatementSync;
  readonly #end: StatementSync;
  readonly #count: StatementSync;

  constructor(database: DatabaseSync, connections: Names) {
    this.#connections = connections;
    this.#see = database.prepare(
      `INSERT INTO blind_sessions VALUES (?, ?, ?, ?, ?, NULL, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (connection, pid, started_at)
       DO UPDATE SET reported = excluded.reported, seen_at = min(seen_at, excluded.seen_at), last_seen_at = NULL`,
    );
    this.#end = database.prepare(
      'UPDATE blind_sessions SET last_seen_at = ? WHERE connection = ? AND pid = ? AND started_at = ?',
    );
    this.#count = database.prepare('INSERT INTO blind_unseen VALUES (?, ?, ?, ?, ?, ?)');
  }

  /** A session that is reported again stays one row, and is there again. */
  seen({ index }: Entry, body: BlindSession): void {
    const { connection, backendPid, startedAt, seenAt, user, database, address, application, kind, connector } = body;
    const where = this.#connections.id(connection);
    const who = [user, database, address, application, kind, connector ?? null];
    this.#see.run(index, where, backendPid, startedAt, seenAt, index, ...who);
  }

  /** Of a session whose beginning is not in the journal any more, nothing is known. */
  ended({ connection, backendPid, startedAt, lastSeenAt }: BlindSessionEnded): void {
    this.#end.run(lastSeenAt, this.#connections.id(connection), backendPid, startedAt);
  }

  unseen({ index }: Entry, { connection, database, count, fromAt, untilAt }: BlindSessionsUnseen): void {
    this.#count.run(index, this.#connections.id(connection), database, count, fromAt, untilAt);
  }
}
