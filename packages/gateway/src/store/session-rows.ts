import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Entry } from '@onrecord/record';
import type { Names } from './names.ts';
import { defaultEncoding } from './text-decoder.ts';

/** A row of `sessions` while it is being projected, and the client_encoding in force. */
export interface ProjectedSession {
  readonly id: number;
  readonly session: string;
  readonly identity: number;
  connection: number;
  readonly firstEntry: number;
  openedAt: number;
  openedSegment: number | null;
  openedOffset: number | null;
  lastAt: number;
  closedAt: number | null;
  closedSegment: number | null;
  closedOffset: number | null;
  statements: number;
  failed: number;
  encoding: string;
}

/** Sessions kept in memory between batches; more are read again when they speak. */
const maxKept = 10_000;

const columns = `id, session, identity, connection, first_entry, opened_at, opened_segment, opened_offset, last_at,
  closed_at, closed_segment, closed_offset, statements, failed`;

/** The rows of `sessions` that are being projected: looked up once, written at `flush`. */
export class SessionRows {
  readonly #known = new Map<string, ProjectedSession>();
  readonly #touched = new Set<ProjectedSession>();
  readonly #select: StatementSync;
  readonly #selectEncoding: StatementSync;
  readonly #write: StatementSync;
  #next: number;

  constructor(database: DatabaseSync) {
    this.#select = database.prepare(`SELECT ${columns} FROM sessions WHERE session = ?`);
    this.#selectEncoding = database.prepare(
      'SELECT encoding FROM session_encodings WHERE session = ? ORDER BY entry DESC LIMIT 1',
    );
    this.#write = database.prepare(
      `INSERT INTO sessions (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
       connection = excluded.connection, opened_at = excluded.opened_at, opened_segment = excluded.opened_segment,
       opened_offset = excluded.opened_offset, last_at = excluded.last_at, closed_at = excluded.closed_at,
       closed_segment = excluded.closed_segment, closed_offset = excluded.closed_offset,
       statements = excluded.statements, failed = excluded.failed`,
    );
    this.#next = Number(database.prepare('SELECT coalesce(max(id), 0) + 1 AS next FROM sessions').get()?.['next']);
  }

  /**
   * The session of an entry. Its first entry makes it, which is `session_opened` unless the journal's older segments
   * are gone.
   */
  of(entry: Entry, identities: Names): ProjectedSession {
    const session = this.#known.get(entry.session) ?? this.#load(entry.session) ?? this.#begin(entry, identities);
    this.#touched.add(session);
    return session;
  }

  flush(): void {
    for (const row of this.#touched) {
      this.#write.run(
        row.id,
        row.session,
        row.identity,
        row.connection,
        row.firstEntry,
        row.openedAt,
        row.openedSegment,
        row.openedOffset,
        row.lastAt,
        row.closedAt,
        row.closedSegment,
        row.closedOffset,
        row.statements,
        row.failed,
      );
      if (row.closedAt !== null) this.#known.delete(row.session);
    }
    this.#touched.clear();
    if (this.#known.size > maxKept) this.#known.clear();
  }

  #begin(entry: Entry, identities: Names): ProjectedSession {
    const session: ProjectedSession = {
      id: this.#next,
      session: entry.session,
      identity: identities.id(entry.identity),
      connection: 0,
      firstEntry: entry.index,
      openedAt: entry.at,
      openedSegment: null,
      openedOffset: null,
      lastAt: entry.at,
      closedAt: null,
      closedSegment: null,
      closedOffset: null,
      statements: 0,
      failed: 0,
      encoding: defaultEncoding,
    };
    this.#next += 1;
    this.#known.set(entry.session, session);
    return session;
  }

  #load(name: string): ProjectedSession | undefined {
    const row = this.#select.get(name);
    if (row === undefined) return undefined;
    const id = Number(row['id']);
    const encoding = this.#selectEncoding.get(id)?.['encoding'];
    const session: ProjectedSession = {
      id,
      session: name,
      identity: Number(row['identity']),
      connection: Number(row['connection']),
      firstEntry: Number(row['first_entry']),
      openedAt: Number(row['opened_at']),
      openedSegment: row['opened_segment'] as number | null,
      openedOffset: row['opened_offset'] as number | null,
      lastAt: Number(row['last_at']),
      closedAt: row['closed_at'] as number | null,
      closedSegment: row['closed_segment'] as number | null,
      closedOffset: row['closed_offset'] as number | null,
      statements: Number(row['statements']),
      failed: Number(row['failed']),
      encoding: encoding === undefined ? defaultEncoding : String(encoding),
    };
    this.#known.set(name, session);
    return session;
  }
}
