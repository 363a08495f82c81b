import type { Body } from '@onrecord/record';
import type { Kysely } from 'kysely';
import type { JournalReader } from '../journal/reader.ts';
import { eventViews } from './event-view.ts';
import type { IndexSchema } from './schema.ts';
import type { StatementFilter } from './statement-filter.ts';
import { indexedStatements } from './statement-rows-query.ts';
import type { EventView } from './views.ts';

/** Everything that may be missing from an answer. Nothing of all this: the answer is complete. */
export interface Reservations {
  /** Sessions that have not ended and may add to the answer. */
  readonly openSessions: readonly OpenSession[];
  /** Gaps, and recoveries after which something was not known. */
  readonly holes: readonly EventView[];
  /** Statements of the answer whose outcome nobody knows; `maxUnknown` stands for that many or more. */
  readonly unknownOutcomes: number;
  /** Completed statements whose tables are not known, when a table was asked for; counted up to `maxUnknown`. */
  readonly unknownTables: number;
  /** What the journal could not be read for, from there on. */
  readonly damage: string | undefined;
}

export interface OpenSession {
  readonly session: string;
  readonly identity: string;
  readonly connection: string;
}

/** Counted no further than this. */
export const maxUnknown = 1_000;

/** What the index can say of an answer; `nowUs` tells whether the range is over. */
export async function reservations(
  index: Kysely<IndexSchema>,
  journal: JournalReader,
  filter: StatementFilter,
  nowUs: number,
): Promise<Pick<Reservations, 'openSessions' | 'holes' | 'unknownOutcomes' | 'unknownTables'>> {
  return {
    openSessions: await openSessions(index, filter, nowUs),
    holes: await holes(index, journal, filter),
    unknownOutcomes: await unknownOutcomes(index, filter),
    unknownTables: await unknownTables(index, filter),
  };
}

/** In a range that is over, an open session can only add how a statement ended that is still running. */
async function openSessions(
  index: Kysely<IndexSchema>,
  filter: StatementFilter,
  nowUs: number,
): Promise<readonly OpenSession[]> {
  let query = index
    .selectFrom('sessions')
    .innerJoin('identities', 'identities.id', 'sessions.identity')
    .leftJoin('connections', 'connections.id', 'sessions.connection')
    .select(['session', 'identities.name as identity', 'connections.name as connection'])
    .where('closed_at', 'is', null)
    .orderBy('sessions.id');
  if (filter.session !== undefined) query = query.where('session', '=', filter.session);
  if (filter.identity !== undefined) query = query.where('identities.name', '=', filter.identity);
  if (filter.exceptIdentity !== undefined) query = query.where('identities.name', '<>', filter.exceptIdentity);
  if (filter.connection !== undefined) query = query.where('connections.name', '=', filter.connection);
  const rows = await query.execute();
  const sessions = rows.map(({ session, identity, connection }) => ({
    session,
    identity,
    connection: connection ?? '',
  }));
  if (sessions.length === 0 || filter.untilUs === undefined || filter.untilUs > nowUs) return sessions;
  const running = new Set<string>();
  for await (const row of indexedStatements(index, { ...filter, outcome: 'running' })) running.add(row.session);
  return sessions.filter(({ session }) => running.has(session));
}

/**
 * A gap may be written down long after the time that it is about, so every one since the beginning of the range is
 * looked at. A recovery that gave up nothing and found nothing open left no hole.
 */
async function holes(
  index: Kysely<IndexSchema>,
  journal: JournalReader,
  { fromUs, untilUs }: StatementFilter,
): Promise<readonly EventView[]> {
  const found: EventView[] = [];
  const since = fromUs === undefined ? {} : { fromUs };
  for await (const event of eventViews(index, journal, { ...since, types: ['gap', 'recovered'] })) {
    if (leftHole(event.body, event.at, untilUs ?? Number.POSITIVE_INFINITY)) found.push(event);
  }
  return found;
}

function leftHole(body: Body, at: number, untilUs: number): boolean {
  // Where nobody watched, what came through the gateway was recorded all the same.
  if (body.type === 'gap') return body.connection === undefined && (body.fromAt ?? at) < untilUs;
  return body.type === 'recovered' && at < untilUs && (body.discardedBytes > 0 || body.openStatements > 0);
}

async function unknownOutcomes(index: Kysely<IndexSchema>, filter: StatementFilter): Promise<number> {
  if (filter.outcome !== undefined && filter.outcome !== 'unknown') return 0;
  return countStatements(index, { ...filter, outcome: 'unknown' });
}

/** One that failed has named its tables in vain, mostly because it was no SQL. */
async function unknownTables(index: Kysely<IndexSchema>, filter: StatementFilter): Promise<number> {
  if (filter.table === undefined) return 0;
  const { table: _, ...others } = filter;
  if (filter.outcome !== undefined && filter.outcome !== 'completed') return 0;
  return countStatements(index, { ...others, tablesUnknown: true, outcome: 'completed' });
}

/** How many statements there are, counted up to `maxUnknown`. */
export async function countStatements(index: Kysely<IndexSchema>, filter: StatementFilter): Promise<number> {
  let count = 0;
  for await (const _ of indexedStatements(index, { ...filter, limit: maxUnknown })) count += 1;
  return count;
}
