import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type DecodeText, type LearnedType, type SessionOpened, TypeCatalog } from '@onrecord/record';
import type { JournalReader } from '../journal/reader.ts';
import { onBehalfOf } from './on-behalf-of.ts';
import { defaultEncoding, textDecoder } from './text-decoder.ts';
import type { OnBehalfOf } from './views.ts';

/** What reading a session's statements takes besides their own entries. */
export interface SessionFacts {
  /** The reader of texts in force when an entry was recorded. */
  decodeText(entry: number): DecodeText;
  /** Types built in, and those that its database is known to have. */
  readonly catalog: TypeCatalog;
  readonly onBehalfOf: OnBehalfOf;
}

/** Sessions whose facts are kept. */
const maxKept = 256;

/** Facts of sessions, from the index and the journal. What it keeps is dropped with `forget`, when the index moves on. */
export class SessionFactsReader {
  readonly #journal: JournalReader;
  readonly #kept = new Map<number, SessionFacts>();
  readonly #catalogs = new Map<string, TypeCatalog>();
  readonly #selectSession: StatementSync;
  readonly #selectEncodings: StatementSync;
  readonly #selectTypes: StatementSync;

  constructor(database: DatabaseSync, journal: JournalReader) {
    this.#journal = journal;
    this.#selectSession = database.prepare('SELECT opened_segment, opened_offset FROM sessions WHERE id = ?');
    this.#selectEncodings = database.prepare(
      'SELECT entry, encoding FROM session_encodings WHERE session = ? ORDER BY entry DESC',
    );
    this.#selectTypes = database.prepare(
      'SELECT segment, offset FROM types_learned WHERE connection = ? AND database = ? ORDER BY entry',
    );
  }

  /** `session` is its number in the index. */
  of(session: number): SessionFacts {
    let facts = this.#kept.get(session);
    if (facts === undefined) {
      facts = this.#read(session);
      if (this.#kept.size >= maxKept) this.#kept.clear();
      this.#kept.set(session, facts);
    }
    return facts;
  }

  forget(): void {
    this.#kept.clear();
    this.#catalogs.clear();
  }

  #read(session: number): SessionFacts {
    const encodings = this.#selectEncodings
      .all(session)
      .map((row) => ({ entry: Number(row['entry']), decode: textDecoder(String(row['encoding'])) }));
    const opened = this.#opened(session);
    return {
      decodeText: (entry) => encodings.find((change) => change.entry <= entry)?.decode ?? textDecoder(defaultEncoding),
      catalog: opened === undefined ? new TypeCatalog() : this.#learned(opened.connection, opened.database),
      onBehalfOf: opened === undefined ? {} : onBehalfOf(opened),
    };
  }

  #opened(session: number): SessionOpened | undefined {
    const row = this.#selectSession.get(session);
    if (row === undefined || row['opened_segment'] === null) return undefined;
    const place = { segment: Number(row['opened_segment']), offset: Number(row['opened_offset']) };
    const { body } = this.#journal.read(place);
    return body.type === 'session_opened' ? body : undefined;
  }

  /** Later entries add to earlier ones. */
  #learned(connection: string, database: string): TypeCatalog {
    const key = JSON.stringify([connection, database]);
    const known = this.#catalogs.get(key);
    if (known !== undefined) return known;
    const types: LearnedType[] = [];
    for (const row of this.#selectTypes.all(connection, database)) {
      const { body } = this.#journal.read({ segment: Number(row['segment']), offset: Number(row['offset']) });
      if (body.type === 'types_learned') types.push(...body.types);
    }
    const catalog = new TypeCatalog(types);
    this.#catalogs.set(key, catalog);
    return catalog;
  }
}
