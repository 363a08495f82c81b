import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** A row of `statements` while it is being projected. */
export interface StatementRow {
  readonly entry: number;
  readonly session: number;
  readonly n: number;
  readonly identity: number;
  readonly connection: number;
  readonly at: number;
  readonly kind: number;
  shown: number;
  readonly text: number | null;
  readonly portalOf: number | null;
  outcome: number;
  readonly transactionBefore: string;
  readonly segment: number;
  readonly offset: number;
  endedSegment: number | null;
  endedOffset: number | null;
  hasPieces: number;
  /** Whether the database holds the row already. */
  stored: boolean;
}

const columns = `entry, session, n, identity, connection, at, kind, shown, text, portal_of, outcome, transaction_before,
  segment, offset, ended_segment, ended_offset, has_pieces`;

/**
 * The rows of `statements` that are being projected. Most statements end in the batch in which they began, so rows are
 * kept until `flush` and written once.
 */
export class StatementRows {
  /** By session, then by number. */
  #known = new Map<number, Map<number, StatementRow>>();
  #new: StatementRow[] = [];
  readonly #changed = new Set<StatementRow>();
  readonly #select: StatementSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;

  constructor(database: DatabaseSync) {
    this.#select = database.prepare(`SELECT ${columns} FROM statements WHERE session = ? AND n = ?`);
    this.#insert = database.prepare(
      `INSERT INTO statements (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#update = database.prepare(
      'UPDATE statements SET shown = ?, outcome = ?, ended_segment = ?, ended_offset = ?, has_pieces = ? WHERE entry = ?',
    );
  }

  add(row: StatementRow): void {
    this.#new.push(row);
    this.#keep(row);
  }

  /** Statement `n` of a session; undefined when its entry is not in the journal any more. */
  find(session: number, n: number): StatementRow | undefined {
    return this.#known.get(session)?.get(n) ?? this.#load(session, n);
  }

  /** Says that a row was changed. */
  touch(row: StatementRow): void {
    if (row.stored) this.#changed.add(row);
  }

  flush(): void {
    for (const row of this.#new) {
      this.#insert.run(
        row.entry,
        row.session,
        row.n,
        row.identity,
        row.connection,
        row.at,
        row.kind,
        row.shown,
        row.text,
        row.portalOf,
        row.outcome,
        row.transactionBefore,
        row.segment,
        row.offset,
        row.endedSegment,
        row.endedOffset,
        row.hasPieces,
      );
    }
    for (const row of this.#changed) {
      this.#update.run(row.shown, row.outcome, row.endedSegment, row.endedOffset, row.hasPieces, row.entry);
    }
    this.#new = [];
    this.#changed.clear();
    this.#known = new Map();
  }

  #keep(row: StatementRow): void {
    let rows = this.#known.get(row.session);
    if (rows === undefined) {
      rows = new Map();
      this.#known.set(row.session, rows);
    }
    rows.set(row.n, row);
  }

  #load(session: number, n: number): StatementRow | undefined {
    const row = this.#select.get(session, n);
    if (row === undefined) return undefined;
    const loaded: StatementRow = {
      entry: Number(row['entry']),
      session,
      n,
      identity: Number(row['identity']),
      connection: Number(row['connection']),
      at: Number(row['at']),
      kind: Number(row['kind']),
      shown: Number(row['shown']),
      text: row['text'] as number | null,
      portalOf: row['portal_of'] as number | null,
      outcome: Number(row['outcome']),
      transactionBefore: String(row['transaction_before']),
      segment: Number(row['segment']),
      offset: Number(row['offset']),
      endedSegment: row['ended_segment'] as number | null,
      endedOffset: row['ended_offset'] as number | null,
      hasPieces: Number(row['has_pieces']),
      stored: true,
    };
    this.#keep(loaded);
    return loaded;
  }
}
