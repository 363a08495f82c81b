import { type Kysely, type SelectQueryBuilder, sql } from 'kysely';
import { outcomeCode, pending } from './codes.ts';
import { type ControlCriterion, controlCriteria } from './control-query.ts';
import { inPages } from './in-pages.ts';
import type { IndexSchema } from './schema.ts';
import { searchExpression } from './search-words.ts';
import type { StatementFilter } from './statement-filter.ts';
import { type TextCriteria, textsWith } from './texts-query.ts';
import { type EntryRange, entriesOf } from './time-range.ts';

/** What the index knows of a statement: where to read the rest. */
export interface IndexedStatement {
  readonly entry: number;
  readonly sessionId: number;
  readonly session: string;
  readonly n: number;
  readonly identity: string;
  readonly connection: string | null;
  readonly sql: string | null;
  readonly outcome: number;
  readonly segment: number;
  readonly offset: number;
  readonly endedSegment: number | null;
  readonly endedOffset: number | null;
  readonly hasPieces: number;
  readonly sessionClosedAt: number | null;
}

type Query = SelectQueryBuilder<
  IndexSchema & { s: IndexSchema['statements'] },
  's',
  { [Key in keyof IndexedStatement]: IndexedStatement[Key] }
>;

/**
 * Up to this many executions are found by their texts and then sorted; where there are more, they are so many that
 * walking the timeline meets one soon.
 */
const fewExecutions = 20_000;
const entriesAtATime = 500;

/**
 * Statements in journal order, up to what the index holds at the call. Nothing is counted or skipped, so that the first
 * page of ten million costs what the first page of ten does. One index of `statements` leads; the unary plus keeps
 * SQLite from preferring another.
 */
export async function* indexedStatements(
  index: Kysely<IndexSchema>,
  filter: StatementFilter,
): AsyncGenerator<IndexedStatement> {
  const range = await entriesOf(index, filter.fromUs, filter.untilUs);
  const after = Math.max(range.from - 1, filter.after ?? -1);
  const found = await filtered(index, filter, { from: after + 1, until: range.until });
  if (found === undefined) return;
  const { query, candidates } = found;
  const limit = filter.limit ?? Number.POSITIVE_INFINITY;
  if (candidates !== undefined) yield* among(query, candidates, limit);
  else {
    yield* inPages({ after, limit }, (page) => query.where('s.entry', '>', page.after).limit(page.limit).execute());
  }
}

interface Filtered {
  readonly query: Query;
  /** The only entries that can be meant, ascending, some at a time; undefined when those are not known, or too many. */
  readonly candidates: AsyncIterable<readonly number[]> | Iterable<readonly number[]> | undefined;
}

async function filtered(
  index: Kysely<IndexSchema>,
  filter: StatementFilter,
  range: EntryRange,
): Promise<Filtered | undefined> {
  const identity = await numberOf(index, 'identities', filter.identity);
  const exceptIdentity = await numberOf(index, 'identities', filter.exceptIdentity);
  const connection = await numberOf(index, 'connections', filter.connection);
  const session = await sessionNumber(index, filter.session);
  const controls = await controlCriteria(index, filter);
  if (identity === null || connection === null || session === null || controls === null) return undefined;

  let query = base(index).where('s.entry', '<', range.until).orderBy('s.entry');
  if (filter.n !== undefined) query = query.where('s.n', '=', filter.n);
  if (filter.fromUs !== undefined) query = query.where(sql<boolean>`+s.at >= ${filter.fromUs}`);
  if (filter.untilUs !== undefined) query = query.where(sql<boolean>`+s.at < ${filter.untilUs}`);
  if (filter.all !== true) query = query.where(sql<boolean>`+s.shown = 1`);
  else query = query.where(sql<boolean>`s.portal_of IS NULL`);

  const asksForTexts = filter.search !== undefined || filter.table !== undefined || filter.tablesUnknown === true;
  const texts = asksForTexts ? textsWith(index, textCriteria(filter)) : undefined;
  const entries = await texts?.executions(range, fewExecutions);
  // A session has few statements: the others are asked whether they hold of each.
  const lead = entries === undefined && session === undefined ? controls[0] : undefined;
  const candidates = entries === undefined ? lead && pagesOf(lead, range) : slices(entries);
  const leads = candidates === undefined ? leadingIndex(filter) : 'entry';
  const plus = (column: string) => sql.raw(leads === column ? `s.${column}` : `+s.${column}`);
  if (session !== undefined) query = query.where(sql<boolean>`${plus('session')} = ${session}`);
  if (identity !== undefined) query = query.where(sql<boolean>`${plus('identity')} = ${identity}`);
  if (typeof exceptIdentity === 'number') query = query.where(sql<boolean>`+s.identity <> ${exceptIdentity}`);
  if (connection !== undefined) query = query.where(sql<boolean>`${plus('connection')} = ${connection}`);
  if (filter.outcome !== undefined) {
    const code = filter.outcome === 'running' ? pending : outcomeCode(filter.outcome);
    query = query.where(sql<boolean>`${plus('outcome')} = ${code}`);
    // Says what the partial index says, or it would not be used.
    if (leads === 'outcome') query = query.where(sql<boolean>`s.outcome <> 0`);
  }
  if (texts !== undefined && entries === undefined) query = query.where(sql<boolean>`+s.text IN (${texts.query})`);
  for (const criterion of controls) if (criterion !== lead) query = query.where(criterion.holds);
  return { query, candidates };
}

function textCriteria({ search, table, tablesUnknown }: StatementFilter): TextCriteria {
  return {
    expression: search === undefined ? undefined : searchExpression(search),
    table: tablesUnknown === true ? '' : table,
  };
}

async function* among(
  query: Query,
  candidates: NonNullable<Filtered['candidates']>,
  limit: number,
): AsyncGenerator<IndexedStatement> {
  let left = limit;
  for await (const entries of candidates) {
    const rows = await query.where('s.entry', 'in', entries).execute();
    yield* rows.slice(0, left);
    left -= rows.length;
    if (left <= 0) return;
  }
}

function* slices(entries: readonly number[]): Generator<readonly number[]> {
  for (let at = 0; at < entries.length; at += entriesAtATime) yield entries.slice(at, at + entriesAtATime);
}

async function* pagesOf(criterion: ControlCriterion, range: EntryRange): AsyncGenerator<readonly number[]> {
  for (let from = range.from; ; ) {
    const entries = await criterion.entries({ from, until: range.until }, entriesAtATime);
    const last = entries.at(-1);
    if (last === undefined) return;
    yield entries;
    from = last + 1;
  }
}

/** Which index of `statements` leads the query; undefined: the entries themselves. */
function leadingIndex(filter: StatementFilter): string | undefined {
  if (filter.session !== undefined) return 'session';
  if (filter.outcome !== undefined && filter.outcome !== 'completed') return 'outcome';
  if (filter.identity !== undefined) return 'identity';
  if (filter.connection !== undefined) return 'connection';
  return undefined;
}

function base(index: Kysely<IndexSchema>): Query {
  return index
    .selectFrom('statements as s')
    .leftJoin('sessions', 'sessions.id', 's.session')
    .leftJoin('identities', 'identities.id', 's.identity')
    .leftJoin('connections', 'connections.id', 's.connection')
    .leftJoin('texts', 'texts.id', 's.text')
    .select([
      's.entry',
      's.session as sessionId',
      'sessions.session as session',
      's.n',
      'identities.name as identity',
      'connections.name as connection',
      'texts.sql as sql',
      's.outcome',
      's.segment',
      's.offset',
      's.ended_segment as endedSegment',
      's.ended_offset as endedOffset',
      's.has_pieces as hasPieces',
      'sessions.closed_at as sessionClosedAt',
    ]) as unknown as Query;
}

/** Undefined when nothing was asked for, null when there is no such name. */
async function numberOf(
  index: Kysely<IndexSchema>,
  table: 'identities' | 'connections',
  name: string | undefined,
): Promise<number | null | undefined> {
  if (name === undefined) return undefined;
  const row = await index.selectFrom(table).select('id').where('name', '=', name).executeTakeFirst();
  return row?.id ?? null;
}

async function sessionNumber(
  index: Kysely<IndexSchema>,
  session: string | undefined,
): Promise<number | null | undefined> {
  if (session === undefined) return undefined;
  const row = await index.selectFrom('sessions').select('id').where('session', '=', session).executeTakeFirst();
  return row?.id ?? null;
}

/** One statement by its number. */
export async function indexedStatement(
  index: Kysely<IndexSchema>,
  session: string,
  n: number,
): Promise<IndexedStatement | undefined> {
  return base(index)
    .where('s.n', '=', n)
    .where('s.session', '=', sql<number>`(SELECT id FROM sessions WHERE session = ${session})`)
    .executeTakeFirst();
}

/** The statement whose portal a `fetch` continues. */
export async function portalOf(index: Kysely<IndexSchema>, session: string, n: number): Promise<number | undefined> {
  const row = await index
    .selectFrom('statements')
    .select('portal_of')
    .where('n', '=', n)
    .where('session', '=', sql<number>`(SELECT id FROM sessions WHERE session = ${session})`)
    .executeTakeFirst();
  return row?.portal_of ?? undefined;
}
