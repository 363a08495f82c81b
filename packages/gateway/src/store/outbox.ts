import { isDeepStrictEqual } from 'node:util';
import type {
  Body,
  ConnectorEnrolled,
  ConnectorEnrollmentCreated,
  ConnectorRenewed,
  ConnectorRevoked,
  TokenCreated,
  TokenRevoked,
  Viewed,
} from '@onrecord/record';
import type { State } from './state.ts';

/**
 * Entries about what is in the state. Whoever changes it inserts one in the transaction of what it describes, so there is
 * never one without the other; the gateway takes it to the journal, which commands do not hold.
 */
export type OutboxBody =
  | TokenCreated
  | TokenRevoked
  | Viewed
  | ConnectorEnrollmentCreated
  | ConnectorEnrolled
  | ConnectorRenewed
  | ConnectorRevoked;

/** The journal, as far as the outbox needs it. */
export interface OutboxJournal {
  /** Index of an entry that the journal already holds, -1 for none: the latest that is known. */
  lastIndex(): number;
  /** Resolves when the entries are on disk, in this order. */
  append(bodies: readonly OutboxBody[]): Promise<unknown>;
}

const outboxTypes: { readonly [Type in OutboxBody['type']]: true } = {
  token_created: true,
  token_revoked: true,
  viewed: true,
  connector_enrollment_created: true,
  connector_enrolled: true,
  connector_renewed: true,
  connector_revoked: true,
};

/** Rows taken at once: one append, one sync. */
const batch = 100;

/** Adds an entry. Call it within `state.transaction`. */
export function insertOutbox(state: State, body: OutboxBody): void {
  state.database.prepare('INSERT INTO outbox (body) VALUES (?)').run(JSON.stringify(body));
}

const underWay = new WeakMap<State, Promise<void>>();

/**
 * Appends everything that was inserted before the call, in order, and deletes it once it is on disk. Calls that
 * overlap share one run. Rejects when an append does; what was not appended stays for the next call. If the process
 * dies between an append and its deletion, `forgetAppended` finds that out on the next start.
 */
export function drainOutbox(state: State, journal: OutboxJournal): Promise<void> {
  const running = underWay.get(state);
  if (running !== undefined) return running;
  const run = drain(state, journal);
  underWay.set(state, run);
  return run;
}

async function drain(state: State, journal: OutboxJournal): Promise<void> {
  // Everything below happens after the run is registered, so that its end can take it away again.
  await null;
  try {
    const next = state.database.prepare('SELECT id, body FROM outbox ORDER BY id LIMIT ?');
    const mark = state.database.prepare('UPDATE outbox SET handed_over_after = ? WHERE id <= ?');
    const remove = state.database.prepare('DELETE FROM outbox WHERE id <= ?');
    for (;;) {
      const rows = next.all(batch);
      const last = rows.at(-1);
      if (last === undefined) return;
      mark.run(journal.lastIndex(), last['id'] as number);
      await journal.append(rows.map(bodyOf));
      remove.run(last['id'] as number);
    }
  } finally {
    // Nothing runs between finding the table empty and this, so who joined the run has missed nothing.
    underWay.delete(state);
  }
}

/**
 * Deletes what an earlier run appended but did not live to delete. Call it once on start, when the journal is recovered
 * and before the first `drainOutbox`. `entriesFrom` reads the journal from an index; it is only called after such a
 * death, with the index that `lastIndex` gave then.
 */
export function forgetAppended(state: State, entriesFrom: (index: number) => Iterable<{ readonly body: Body }>): void {
  const rows = state.database
    .prepare('SELECT id, body, handed_over_after FROM outbox WHERE handed_over_after IS NOT NULL ORDER BY id')
    .all();
  const first = rows[0];
  if (first === undefined) return;
  const from = Math.max(0, Math.min(...rows.map((row) => row['handed_over_after'] as number)));
  const waiting = new Map(rows.map((row) => [row['id'] as number, bodyOf(row)]));
  const appended: number[] = [];
  for (const { body } of entriesFrom(from)) {
    if (waiting.size === 0) break;
    if (!isOutboxBody(body)) continue;
    for (const [id, expected] of waiting) {
      // An id, or who and the microsecond, make a body unlike every other.
      if (!isDeepStrictEqual({ ...body }, { ...expected })) continue;
      waiting.delete(id);
      appended.push(id);
      break;
    }
  }
  state.transaction(() => {
    const remove = state.database.prepare('DELETE FROM outbox WHERE id = ?');
    for (const id of appended) remove.run(id);
    state.database.exec('UPDATE outbox SET handed_over_after = NULL');
  });
}

function bodyOf(row: { readonly [column: string]: unknown }): OutboxBody {
  const body: unknown = JSON.parse(String(row['body']));
  if (isOutboxBody(body as Body)) return body as OutboxBody;
  throw new Error(
    `row ${String(row['id'])} of the outbox in state.sqlite is of a type that this version does not know`,
  );
}

function isOutboxBody(body: Body): body is OutboxBody {
  return Object.hasOwn(outboxTypes, body.type);
}
