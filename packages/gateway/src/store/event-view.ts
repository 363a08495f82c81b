import type { Kysely } from 'kysely';
import type { JournalReader } from '../journal/reader.ts';
import { type EventType, eventCode, eventTypes } from './codes.ts';
import { eventSummary } from './event-summary.ts';
import { inPages } from './in-pages.ts';
import type { IndexSchema } from './schema.ts';
import { defaultEncoding, textDecoder } from './text-decoder.ts';
import { entriesOf } from './time-range.ts';
import type { RecordedEvent } from './views.ts';

/** Which events to look at. Everything that is given must hold. */
export interface EventFilter {
  readonly session?: string;
  readonly identity?: string;
  readonly types?: readonly EventType[];
  readonly fromUs?: number;
  readonly untilUs?: number;
  readonly after?: number;
}

/** Events in journal order, each with what was recorded. */
export async function* eventViews(
  index: Kysely<IndexSchema>,
  journal: JournalReader,
  filter: EventFilter,
): AsyncGenerator<RecordedEvent> {
  const decode = textDecoder(defaultEncoding);
  for await (const row of eventPlaces(index, filter)) {
    const { body } = journal.read(row);
    yield {
      index: row.entry,
      at: row.at,
      session: row.session,
      identity: row.identity,
      type: eventTypes[row.type] ?? '',
      summary: eventSummary(body, decode) ?? '',
      body,
    };
  }
}

/** Events as the index has them: where to read them. */
export async function* eventPlaces(
  index: Kysely<IndexSchema>,
  filter: EventFilter,
): AsyncGenerator<IndexSchema['events']> {
  const range = await entriesOf(index, filter.fromUs, filter.untilUs);
  let query = index.selectFrom('events').selectAll().where('entry', '<', range.until).orderBy('entry');
  if (filter.session !== undefined) query = query.where('session', '=', filter.session);
  if (filter.identity !== undefined) query = query.where('identity', '=', filter.identity);
  if (filter.types !== undefined) query = query.where('type', 'in', filter.types.map(eventCode));
  if (filter.fromUs !== undefined) query = query.where('at', '>=', filter.fromUs);
  if (filter.untilUs !== undefined) query = query.where('at', '<', filter.untilUs);
  const after = Math.max(range.from - 1, filter.after ?? -1);
  yield* inPages({ after, limit: Number.POSITIVE_INFINITY }, (page) =>
    query.where('entry', '>', page.after).limit(page.limit).execute(),
  );
}
