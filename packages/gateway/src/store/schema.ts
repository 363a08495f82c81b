import type { Generated } from 'kysely';

/**
 * The index: what the journal says, arranged for search. It holds no parameter, row or message: those are read from the
 * journal, at the places that it remembers. Everything in it follows from the journal alone, so that it can be dropped
 * and rebuilt to the same answers.
 *
 * `entry` is always a journal index, which is the true order of everything. `segment` and `offset` are a Place.
 */
export interface IndexSchema {
  readonly cursor: CursorTable;
  readonly identities: NameTable;
  readonly connections: NameTable;
  readonly sessions: SessionTable;
  readonly session_encodings: SessionEncodingTable;
  readonly statements: StatementTable;
  readonly pieces: PieceTable;
  readonly rules: NameTable;
  readonly controlled: ControlledTable;
  readonly approval_statements: { readonly approval: string; readonly entry: number };
  readonly approval_steps: ApprovalStepTable;
  readonly access: AccessTable;
  readonly texts: TextTable;
  readonly texts_fts: { readonly rowid: number; readonly texts_fts: string };
  readonly tables: TableTable;
  readonly text_tables: { readonly table_id: number; readonly text: number };
  readonly time_marks: TimeMarkTable;
  readonly events: EventTable;
  readonly types_learned: TypesLearnedTable;
  readonly blind_sessions: BlindSessionTable;
  readonly blind_unseen: BlindUnseenTable;
}

/** How far the projection has come; one row. `segment`, `offset` and `hash` are of the last entry that it holds. */
interface CursorTable {
  readonly one: number;
  readonly next: number;
  readonly segment: number;
  readonly offset: number;
  readonly hash: Uint8Array;
  readonly at: number;
}

interface NameTable {
  readonly id: number;
  readonly name: string;
}

interface SessionTable {
  readonly id: number;
  readonly session: string;
  readonly identity: number;
  readonly connection: number;
  readonly first_entry: number;
  readonly opened_at: number;
  readonly opened_segment: number | null;
  readonly opened_offset: number | null;
  readonly last_at: number;
  readonly closed_at: number | null;
  readonly closed_segment: number | null;
  readonly closed_offset: number | null;
  readonly statements: number;
  readonly failed: number;
}

/** The client_encoding in force behind an entry. */
interface SessionEncodingTable {
  readonly session: number;
  readonly entry: number;
  readonly encoding: string;
}

/** One row for each statement entry. A `fetch` is merged into the `execute` that it continues when it is read. */
interface StatementTable {
  readonly entry: number;
  readonly session: number;
  readonly n: number;
  readonly identity: number;
  readonly connection: number;
  readonly at: number;
  readonly kind: number;
  /** Whether it stands in a timeline: not a `fetch`, and not a `prepare` or `bind` that went well. */
  readonly shown: number;
  readonly text: number | null;
  readonly portal_of: number | null;
  readonly outcome: number;
  readonly transaction_before: string;
  readonly segment: number;
  readonly offset: number;
  /** Where its own final outcome stands. */
  readonly ended_segment: number | null;
  readonly ended_offset: number | null;
  /** Whether there are rows in `pieces` for it. */
  readonly has_pieces: number;
}

/** Entries of a statement besides its first and its final outcome. */
interface PieceTable {
  readonly session: number;
  readonly n: number;
  readonly entry: number;
  readonly role: number;
  readonly segment: number;
  readonly offset: number;
}

/** Statements by what the policy said of them and whether something was hidden: `controlled` in codes.ts says what the numbers are. */
interface ControlledTable {
  readonly what: number;
  readonly name: number;
  /** Of the statement. */
  readonly entry: number;
}

/** Where each entry of an approval stands. */
interface ApprovalStepTable {
  readonly approval: string;
  readonly entry: number;
  readonly segment: number;
  readonly offset: number;
}

/** Access to a connection that was asked for; `from_at` and `until_at` once it was approved. */
interface AccessTable {
  readonly approval: string;
  readonly identity: string;
  readonly connection: string;
  readonly from_at: number | null;
  readonly until_at: number | null;
}

/** Each distinct SQL text, once. `hash`: the first 48 bits of its SHA-256, to find it by. */
interface TextTable {
  readonly id: Generated<number>;
  readonly hash: number;
  readonly sql: string;
}

/** A table as a text names it: `schema` is '' where the text has none. */
interface TableTable {
  readonly id: number;
  readonly schema: string;
  readonly name: string;
}

/** The earliest and the latest wall-clock time among `entriesPerMark` neighbours: turns a time range into an entry range. */
interface TimeMarkTable {
  readonly mark: number;
  readonly min_at: number;
  readonly max_at: number;
}

interface EventTable {
  readonly entry: number;
  readonly at: number;
  readonly type: number;
  readonly session: string;
  readonly identity: string;
  readonly segment: number;
  readonly offset: number;
}

interface TypesLearnedTable {
  readonly entry: number;
  readonly connection: string;
  readonly database: string;
  readonly segment: number;
  readonly offset: number;
}

/** A session that did not come through the gateway, once, however often it is reported. */
interface BlindSessionTable {
  /** Of the first report. */
  readonly entry: number;
  readonly connection: number;
  readonly pid: number;
  readonly started_at: number;
  readonly seen_at: number;
  /** Entry of the latest report. */
  readonly reported: number;
  /** Once its end was noticed. */
  readonly last_seen_at: number | null;
  readonly user: string;
  readonly database: string;
  readonly address: string;
  readonly application: string;
  readonly kind: string;
  readonly connector: string | null;
}

interface BlindUnseenTable {
  readonly entry: number;
  readonly connection: number;
  readonly database: string;
  readonly count: number;
  readonly from_at: number;
  readonly until_at: number;
}

/** An index of another version is dropped and rebuilt. */
export const schemaVersion = 3;

export const entriesPerMark = 4096;

/**
 * Every index of `statements` ends in `entry` (as its rowid), so that each way in yields the true order without a sort,
 * and a page continues behind its cursor. Statements that completed are left out of the index by outcome.
 */
export const createSchema = `
CREATE TABLE cursor (
  one INTEGER PRIMARY KEY CHECK (one = 1), next INTEGER NOT NULL, segment INTEGER NOT NULL, offset INTEGER NOT NULL,
  hash BLOB NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE TABLE identities (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE connections (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE sessions (
  id INTEGER PRIMARY KEY, session TEXT NOT NULL UNIQUE, identity INTEGER NOT NULL, connection INTEGER NOT NULL,
  first_entry INTEGER NOT NULL, opened_at INTEGER NOT NULL, opened_segment INTEGER, opened_offset INTEGER,
  last_at INTEGER NOT NULL, closed_at INTEGER, closed_segment INTEGER, closed_offset INTEGER,
  statements INTEGER NOT NULL, failed INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_open ON sessions (id) WHERE closed_at IS NULL;
CREATE TABLE session_encodings (
  session INTEGER NOT NULL, entry INTEGER NOT NULL, encoding TEXT NOT NULL, PRIMARY KEY (session, entry)
) STRICT, WITHOUT ROWID;
CREATE TABLE statements (
  entry INTEGER PRIMARY KEY, session INTEGER NOT NULL, n INTEGER NOT NULL, identity INTEGER NOT NULL,
  connection INTEGER NOT NULL, at INTEGER NOT NULL, kind INTEGER NOT NULL, shown INTEGER NOT NULL, text INTEGER,
  portal_of INTEGER, outcome INTEGER NOT NULL, transaction_before TEXT NOT NULL, segment INTEGER NOT NULL,
  offset INTEGER NOT NULL, ended_segment INTEGER, ended_offset INTEGER,
  has_pieces INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX statements_session ON statements (session, n);
CREATE INDEX statements_identity ON statements (identity);
CREATE INDEX statements_connection ON statements (connection);
CREATE INDEX statements_text ON statements (text) WHERE text IS NOT NULL;
CREATE INDEX statements_outcome ON statements (outcome) WHERE outcome <> 0;
CREATE TABLE pieces (
  session INTEGER NOT NULL, n INTEGER NOT NULL, entry INTEGER NOT NULL, role INTEGER NOT NULL,
  segment INTEGER NOT NULL, offset INTEGER NOT NULL, PRIMARY KEY (session, n, entry)
) STRICT, WITHOUT ROWID;
CREATE TABLE rules (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE controlled (
  what INTEGER NOT NULL, name INTEGER NOT NULL, entry INTEGER NOT NULL, PRIMARY KEY (what, name, entry)
) STRICT, WITHOUT ROWID;
CREATE TABLE approval_statements (
  approval TEXT NOT NULL, entry INTEGER NOT NULL, PRIMARY KEY (approval, entry)
) STRICT, WITHOUT ROWID;
CREATE TABLE approval_steps (
  approval TEXT NOT NULL, entry INTEGER NOT NULL, segment INTEGER NOT NULL, offset INTEGER NOT NULL,
  PRIMARY KEY (approval, entry)
) STRICT, WITHOUT ROWID;
CREATE TABLE access (
  approval TEXT PRIMARY KEY, identity TEXT NOT NULL, connection TEXT NOT NULL, from_at INTEGER, until_at INTEGER
) STRICT;
CREATE INDEX access_identity ON access (identity, connection);
CREATE TABLE texts (id INTEGER PRIMARY KEY, hash INTEGER NOT NULL, sql TEXT NOT NULL) STRICT;
CREATE INDEX texts_hash ON texts (hash);
CREATE VIRTUAL TABLE texts_fts USING fts5(sql, content = 'texts', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2');
CREATE TABLE tables (id INTEGER PRIMARY KEY, schema TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (name, schema)) STRICT;
CREATE TABLE text_tables (
  table_id INTEGER NOT NULL, text INTEGER NOT NULL, PRIMARY KEY (table_id, text)
) STRICT, WITHOUT ROWID;
CREATE TABLE time_marks (mark INTEGER PRIMARY KEY, min_at INTEGER NOT NULL, max_at INTEGER NOT NULL) STRICT;
CREATE TABLE events (
  entry INTEGER PRIMARY KEY, at INTEGER NOT NULL, type INTEGER NOT NULL, session TEXT NOT NULL, identity TEXT NOT NULL,
  segment INTEGER NOT NULL, offset INTEGER NOT NULL
) STRICT;
CREATE INDEX events_session ON events (session);
CREATE INDEX events_type ON events (type);
CREATE TABLE types_learned (
  entry INTEGER PRIMARY KEY, connection TEXT NOT NULL, database TEXT NOT NULL, segment INTEGER NOT NULL,
  offset INTEGER NOT NULL
) STRICT;
CREATE TABLE blind_sessions (
  entry INTEGER PRIMARY KEY, connection INTEGER NOT NULL, pid INTEGER NOT NULL, started_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL, last_seen_at INTEGER, reported INTEGER NOT NULL, user TEXT NOT NULL, database TEXT NOT NULL,
  address TEXT NOT NULL, application TEXT NOT NULL, kind TEXT NOT NULL, connector TEXT,
  UNIQUE (connection, pid, started_at)
) STRICT;
CREATE INDEX blind_sessions_seen ON blind_sessions (seen_at);
CREATE TABLE blind_unseen (
  entry INTEGER PRIMARY KEY, connection INTEGER NOT NULL, database TEXT NOT NULL, count INTEGER NOT NULL,
  from_at INTEGER NOT NULL, until_at INTEGER NOT NULL
) STRICT;
`;

/** Everything that `createSchema` made, in an order in which it can be dropped. */
export const dropSchema = `
DROP TABLE IF EXISTS texts_fts;
DROP TABLE IF EXISTS cursor;
DROP TABLE IF EXISTS identities;
DROP TABLE IF EXISTS connections;
DROP TABLE IF EXISTS sessions;
DROP TABLE IF EXISTS session_encodings;
DROP TABLE IF EXISTS statements;
DROP TABLE IF EXISTS pieces;
DROP TABLE IF EXISTS rules;
DROP TABLE IF EXISTS controlled;
DROP TABLE IF EXISTS approval_statements;
DROP TABLE IF EXISTS approval_steps;
DROP TABLE IF EXISTS access;
DROP TABLE IF EXISTS texts;
DROP TABLE IF EXISTS tables;
DROP TABLE IF EXISTS text_tables;
DROP TABLE IF EXISTS time_marks;
DROP TABLE IF EXISTS events;
DROP TABLE IF EXISTS types_learned;
DROP TABLE IF EXISTS blind_sessions;
DROP TABLE IF EXISTS blind_unseen;
`;
