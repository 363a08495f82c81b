import type { Kysely } from 'kysely';
import type { JournalReader } from '../journal/reader.ts';
import { eventViews } from './event-view.ts';
import type { IndexSchema } from './schema.ts';
import type { BlindSessionView, UnseenView } from './views.ts';
import { isRunning, WatchHistory, type WatchView, watchEventTypes } from './watch-history.ts';

/** Which blind sessions to look at: those that were there at some time of the range. */
export interface BlindFilter {
  readonly connection?: string;
  readonly fromUs?: number;
  readonly untilUs?: number;
}

/** In the order in which they were first seen. `watches` says which of them are known to be there still. */
export async function blindSessionViews(
  index: Kysely<IndexSchema>,
  filter: BlindFilter,
  watches: readonly WatchView[],
): Promise<readonly BlindSessionView[]> {
  let query = index
    .selectFrom('blind_sessions')
    .innerJoin('connections', 'connections.id', 'blind_sessions.connection')
    .selectAll('blind_sessions')
    .select('connections.name')
    .orderBy('seen_at')
    .orderBy('entry');
  const { connection, fromUs, untilUs } = filter;
  if (connection !== undefined) query = query.where('connections.name', '=', connection);
  // The two are different clocks, and either may be late.
  if (untilUs !== undefined)
    query = query.where((is) => is.or([is('started_at', '<', untilUs), is('seen_at', '<', untilUs)]));
  if (fromUs !== undefined)
    query = query.where((is) => is.or([is('last_seen_at', 'is', null), is('last_seen_at', '>=', fromUs)]));
  const byName = new Map(watches.map((watch) => [watch.connection, watch]));
  const views = (await query.execute()).map((row) => ({
    index: row.entry,
    connection: row.name,
    backendPid: row.pid,
    startedAt: row.started_at,
    firstSeenAt: row.seen_at,
    user: row.user,
    database: row.database,
    address: row.address,
    application: row.application,
    kind: row.kind,
    connector: row.connector ?? undefined,
    end: endOf(row, byName.get(row.name)),
  }));
  // A watch that found nothing of it when it began: by then it had ended.
  return views.filter(
    ({ end }) => end.type !== 'not known' || fromUs === undefined || (end.untilAt ?? fromUs) >= fromUs,
  );
}

/** Sessions that nobody saw, counted by database, from times that touch the range. */
export async function unseenViews(index: Kysely<IndexSchema>, filter: BlindFilter): Promise<readonly UnseenView[]> {
  let query = index
    .selectFrom('blind_unseen')
    .innerJoin('connections', 'connections.id', 'blind_unseen.connection')
    .groupBy(['connections.name', 'database'])
    .select((of) => [
      'connections.name',
      'database',
      of.fn.sum<number>('count').as('count'),
      of.fn.min('from_at').as('from_at'),
      of.fn.max('until_at').as('until_at'),
    ])
    .orderBy('connections.name')
    .orderBy('database');
  const { connection, fromUs, untilUs } = filter;
  if (connection !== undefined) query = query.where('connections.name', '=', connection);
  if (untilUs !== undefined) query = query.where('from_at', '<', untilUs);
  if (fromUs !== undefined) query = query.where('until_at', '>=', fromUs);
  return (await query.execute()).map((row) => ({
    connection: row.name,
    database: row.database,
    count: row.count,
    fromAt: row.from_at,
    untilAt: row.until_at,
  }));
}

/** How each connection was watched, since the beginning of the journal. */
export async function watchViews(index: Kysely<IndexSchema>, journal: JournalReader): Promise<readonly WatchView[]> {
  const history = new WatchHistory();
  for await (const event of eventViews(index, journal, { session: '', types: watchEventTypes })) {
    const died = event.body.type === 'recovered';
    history.apply({ ...event, at: died ? await lastAtBefore(index, event.index, event.at) : event.at });
  }
  return history.views();
}

/** The part of a history that concerns a range: its holes there. */
export function watchWithin(watch: WatchView, { fromUs, untilUs }: BlindFilter): WatchView {
  const holes = watch.holes.filter(
    ({ fromAt, untilAt }) =>
      (untilUs === undefined || fromAt === undefined || fromAt < untilUs) &&
      (fromUs === undefined || untilAt === undefined || untilAt > fromUs),
  );
  return { ...watch, holes };
}

function endOf(
  row: Pick<IndexSchema['blind_sessions'], 'reported' | 'last_seen_at'>,
  watch: WatchView | undefined,
): BlindSessionView['end'] {
  if (row.last_seen_at !== null) return { type: 'ended', lastSeenAt: row.last_seen_at };
  const handover = watch?.handovers.find(({ from }) => from > row.reported);
  if (handover !== undefined)
    return { type: 'not known', sinceAt: handover.hole.fromAt, untilAt: handover.hole.untilAt };
  if (watch !== undefined && isRunning(watch)) return { type: 'there' };
  return { type: 'not known', sinceAt: watch?.holes.at(-1)?.fromAt, untilAt: undefined };
}

/** A time that is not later than the death that an entry tells of: of the last event or statement before it. */
async function lastAtBefore(index: Kysely<IndexSchema>, entry: number, at: number): Promise<number> {
  const [event, statement] = await Promise.all([
    index
      .selectFrom('events')
      .select(['entry', 'at'])
      .where('entry', '<', entry)
      .orderBy('entry', 'desc')
      .executeTakeFirst(),
    index
      .selectFrom('statements')
      .select(['entry', 'at'])
      .where('entry', '<', entry)
      .orderBy('entry', 'desc')
      .executeTakeFirst(),
  ]);
  return Math.min(at, Math.max(event?.at ?? 0, statement?.at ?? 0) || at);
}
