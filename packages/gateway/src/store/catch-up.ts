import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as turn } from 'node:timers/promises';
import type { JournalReader, Place, Placed } from '../journal/reader.ts';
import type { TablesOf } from '../sql/tables.ts';
import { emptyIndex, type IndexDatabase } from './index-database.ts';
import { Projector } from './projector.ts';

/** Entries in one transaction: large enough that most statements begin and end in it, small enough that others wait little. */
const batchEntries = 8192;

export interface CatchUpOptions {
  readonly tablesOf: TablesOf;
  /** Stops behind this journal index; without it, at what is the journal's end when it gets there. */
  readonly until?: number;
  /** Called behind each batch with the number of the next entry. */
  readonly onProgress?: (next: number) => void;
  readonly signal?: AbortSignal;
  /** Called behind each batch with the time of its last entry, in microseconds; the next one begins when it resolves. */
  readonly breathe?: (lastAtUs: number) => Promise<unknown>;
}

interface Cursor {
  readonly next: number;
  readonly place: Place;
  readonly hash: Uint8Array;
}

/**
 * Projects what the journal has and the index has not. Each batch is one transaction together with its cursor: the
 * process may be killed at any moment, and several may catch the same index up at once. Answers with the index of the
 * next entry, which is how far the index has come.
 */
export async function catchUp(index: IndexDatabase, journal: JournalReader, options: CatchUpOptions): Promise<number> {
  const { database } = index;
  const until = options.until ?? Number.POSITIVE_INFINITY;
  const isCurrent = () => continues(journal, readCursor(database));
  if (!isCurrent()) emptyIndex(index, isCurrent);
  let projector: Projector | undefined;
  let expected = -1;
  let lastAt = 0;
  for (;;) {
    const start = readCursor(database);
    const next = start?.next ?? 0;
    if (next >= until || options.signal?.aborted === true) return next;
    const entries = journal.entries(next, start?.place);
    const first = skipTo(entries, next);
    if (first === undefined) return next;

    database.exec('BEGIN IMMEDIATE');
    try {
      // Somebody else may have projected these entries since.
      if ((readCursor(database)?.next ?? 0) !== next) {
        database.exec('ROLLBACK');
        continue;
      }
      if (projector === undefined || expected !== next) projector = new Projector(database, options.tablesOf);
      const batch = applyBatch(projector, first, entries, until);
      database.exec('COMMIT');
      expected = batch.next;
      lastAt = batch.lastAt;
      if (batch.damage !== undefined) throw batch.damage;
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    } finally {
      entries.return(undefined);
    }
    options.onProgress?.(expected);
    await (options.breathe?.(lastAt) ?? turn());
  }
}

/** How far the index has come; 0 when it is empty. */
export function nextEntry(database: DatabaseSync): number {
  return readCursor(database)?.next ?? 0;
}

interface Batch {
  readonly next: number;
  readonly lastAt: number;
  /** What the journal could not be read for behind `next`; what stands before it is projected all the same. */
  readonly damage: unknown;
}

function applyBatch(projector: Projector, first: Placed, entries: Iterator<Placed>, until: number): Batch {
  let count = 0;
  let next = first.entry.index;
  let lastAt = 0;
  let damage: unknown;
  for (let placed: Placed | undefined = first; placed !== undefined; ) {
    projector.apply(placed);
    count += 1;
    next = placed.entry.index + 1;
    lastAt = placed.entry.at;
    if (count >= batchEntries || next >= until) break;
    try {
      placed = entries.next().value;
    } catch (error) {
      damage = error;
      break;
    }
  }
  projector.flush();
  return { next, lastAt, damage };
}

function skipTo(entries: Iterator<Placed>, next: number): Placed | undefined {
  for (;;) {
    const placed: Placed | undefined = entries.next().value;
    if (placed === undefined || placed.entry.index >= next) return placed;
  }
}

/**
 * Whether the last entry that the index holds is still the journal's. It is not when the directory holds another
 * journal, or when a power cut took entries that were never synced and others now stand in their place.
 */
function continues(journal: JournalReader, cursor: Cursor | undefined): boolean {
  if (cursor === undefined) return true;
  try {
    const entry = journal.read(cursor.place);
    return entry.index === cursor.next - 1 && Buffer.compare(entry.hash, cursor.hash) === 0;
  } catch {
    return false;
  }
}

function readCursor(database: DatabaseSync): Cursor | undefined {
  const row = database.prepare('SELECT next, segment, offset, hash FROM cursor').get();
  if (row === undefined) return undefined;
  return {
    next: Number(row['next']),
    place: { segment: Number(row['segment']), offset: Number(row['offset']) },
    hash: row['hash'] as Uint8Array,
  };
}
