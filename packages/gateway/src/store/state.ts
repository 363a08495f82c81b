import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** PBKDF2 iterations of SCRAM, as Postgres has them. A token is random, so more would only slow logins down. */
const scramIterations = 4096;

/** How long a command or the gateway waits for the other's transaction, which takes milliseconds. */
const busyTimeoutMs = 5_000;

/** Each brings the database from the version of its place to the next; they are never changed once released. */
const migrations: readonly string[] = [
  `CREATE TABLE installation (
     one INTEGER PRIMARY KEY CHECK (one = 1),
     -- Salts of SCRAM exchanges are derived from it.
     secret BLOB NOT NULL,
     iterations INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE tokens (
     id TEXT PRIMARY KEY,
     identity TEXT NOT NULL,
     -- The SCRAM verifier; erased when the token is revoked.
     stored_key BLOB,
     server_key BLOB,
     -- Microseconds since 1970, as in entries.
     created_at INTEGER NOT NULL,
     created_by TEXT NOT NULL,
     expires_at INTEGER,
     revoked_at INTEGER,
     revoked_by TEXT
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX tokens_of_identity ON tokens (identity) WHERE revoked_at IS NULL;
   CREATE TABLE outbox (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     body TEXT NOT NULL,
     -- Index of an entry before those of the hand-over to the journal that is under way.
     handed_over_after INTEGER
   ) STRICT;`,
  `CREATE TABLE connector_enrollments (
     id TEXT PRIMARY KEY,
     connector TEXT NOT NULL,
     -- SHA-256. It stays when the enrolment is used, so that a second use is told from a guess.
     secret BLOB NOT NULL,
     created_at INTEGER NOT NULL,
     created_by TEXT NOT NULL,
     expires_at INTEGER NOT NULL,
     used_at INTEGER,
     revoked_at INTEGER
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE connector_certificates (
     -- SHA-256 of the DER, hex.
     fingerprint TEXT PRIMARY KEY,
     connector TEXT NOT NULL,
     issued_at INTEGER NOT NULL,
     not_after INTEGER NOT NULL,
     revoked_at INTEGER
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX certificates_of_connector ON connector_certificates (connector);`,
  `CREATE TABLE approvals (
     id TEXT PRIMARY KEY,
     requested_at INTEGER NOT NULL,
     -- Index of an entry before those of the approval: from there on the journal says what became of it.
     after_index INTEGER NOT NULL,
     -- It waits, or can be used.
     is_live INTEGER NOT NULL,
     -- An Approval of approvals/approval.ts, as JSON.
     body TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX live_approvals ON approvals (is_live, requested_at);`,
];

/**
 * `state.sqlite`: what is not a record and cannot be rebuilt from one. Several processes have it open: the gateway and
 * commands. A transaction is on disk when it returns (WAL, synchronous = FULL). Only its owner can read the file.
 */
export class State {
  readonly database: DatabaseSync;

  /** Opens it in a data directory, and makes both when they are not there. Throws when they cannot be written. */
  constructor(dataDirectory: string) {
    mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
    const file = join(dataDirectory, 'state.sqlite');
    // SQLite gives its -wal and -shm files the mode of the database.
    closeSync(openSync(file, 'a', 0o600));
    chmodSync(file, 0o600);
    this.database = new DatabaseSync(file, { timeout: busyTimeoutMs });
    try {
      this.database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
      this.#migrate(file);
    } catch (error) {
      this.database.close();
      throw error;
    }
  }

  /** Runs `work` in a transaction that no other process writes in; rolls it back and rethrows when it throws. */
  transaction<Result>(work: () => Result): Result {
    this.database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.database.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.database.isTransaction) this.database.exec('ROLLBACK');
      throw error;
    }
  }

  close(): void {
    if (this.database.isOpen) this.database.close();
  }

  #migrate(file: string): void {
    if (this.#version() === migrations.length) return;
    this.transaction(() => {
      const version = this.#version();
      if (version > migrations.length) {
        throw new Error(
          `${file} was written by a newer version of Onrecord (layout ${version}; this one knows ${migrations.length})`,
        );
      }
      for (const migration of migrations.slice(version)) this.database.exec(migration);
      this.database.exec(`PRAGMA user_version = ${migrations.length}`);
      this.database
        .prepare('INSERT INTO installation (one, secret, iterations) VALUES (1, ?, ?) ON CONFLICT DO NOTHING')
        .run(randomBytes(32), scramIterations);
    });
  }

  #version(): number {
    return Number(this.database.prepare('PRAGMA user_version').get()?.['user_version']);
  }
}
