import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { LearnedType, SessionOpened } from '@onrecord/record';
import type { JournalReader } from '../journal/reader.ts';
import { type DecodeText, defaultEncoding, textDecoder } from './client-encoding.ts';

/** What reading a session's statements takes besides their own entries. */
export interface SessionFacts {
  /** The reader of texts in force when an entry was recorded. */
  decodeText(entry: number): DecodeText;
  /** Types that are not built in, by OID. */
  readonly types: ReadonlyMap<number, LearnedType>;
}

/** Sessions whose facts are kept. */
const maxKept = 256;

/** Facts of sessions, from the index and the journal. What it keeps is dropped with `forget`, when the index moves on. */
export class SessionFactsReader {
  readonly #journal: JournalReader;
  readonly #kept = new Map<number, SessionFacts>();
  readonly #types = new Map<string, ReadonlyMap<number, LearnedType>>();
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
    this.#types.clear();
  }

  #read(session: number): SessionFacts {
    const encodings = this.#selectEncodings
      .all(session)
      .map((row) => ({ entry: Number(row['entry']), decode: textDecoder(String(row['encoding'])) }));
    const opened = this.#opened(session);
    return {
      decodeText: (entry) => encodings.find((change) => change.entry <= entry)?.decode ?? textDecoder(defaultEncoding),
      types: opened === undefined ? new Map() : this.#learned(opened.connection, opened.database),
    };
  }

  #opened(session: number): SessionOpened | undefined {
    const row = this.#selectSession.get(session);
    if (row === undefined || row['opened_segment'] === null) return undefined;
    const place = { segment: Number(row['opened_segment']), offset: Number(row['opened_offset']) };
    const { body } = this.#journal.read(place);
    return body.type === 'session_opened' ? body : undefined;
  }

  /** Later entries add to earlier ones, and replace a type whose OID was given out again. */
  #learned(connection: string, database: string): ReadonlyMap<number, LearnedType> {
    const key = JSON.stringify([connection, database]);
    const known = this.#types.get(key);
    if (known !== undefined) return known;
    const types = new Map<number, LearnedType>();
    for (const row of this.#selectTypes.all(connection, database)) {
      const { body } = this.#journal.read({ segment: Number(row['segment']), offset: Number(row['offset']) });
      if (body.type === 'types_learned') for (const type of body.types) types.set(type.oid, type);
    }
    this.#types.set(key, types);
    return types;
  }
}
