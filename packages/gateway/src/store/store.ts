import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry, Viewed } from '@onrecord/record';
import type { Kysely } from 'kysely';
import { gatewayIdentity } from '../identity/gateway-identity.ts';
import { JournalCorruption } from '../journal/journal-corruption.ts';
import { JournalReader, type Place } from '../journal/reader.ts';
import { ApprovalReader } from './approval-view.ts';
import { type BlindFilter, blindSessionViews, unseenViews, watchViews, watchWithin } from './blind-view.ts';
import { type CatchUpOptions, catchUp, nextEntry } from './catch-up.ts';
import { eventSummary } from './event-summary.ts';
import { type EventFilter, eventPlaces, eventViews } from './event-view.ts';
import {
  emptyIndex,
  type IndexDatabase,
  isDamage,
  isUnwritable,
  openIndex,
  replaceIndex,
  temporaryIndex,
} from './index-database.ts';
import { kyselyOver } from './kysely-over.ts';
import { countStatements, type Reservations, reservations } from './reservations.ts';
import type { IndexSchema } from './schema.ts';
import type { SessionFilter } from './session-filter.ts';
import { countSessions, type SessionSources, sessionViewOf, sessionViews } from './session-view.ts';
import { StatementEntriesReader } from './statement-entries.ts';
import type { StatementFilter } from './statement-filter.ts';
import { indexedStatement, indexedStatements, portalOf } from './statement-rows-query.ts';
import { statementView } from './statement-view.ts';
import { defaultEncoding, textDecoder } from './text-decoder.ts';
import { tablesReader } from './text-tables.ts';
import type { BlindSessionView, RecordedEvent, SessionView, StatementView, TimelineItem, UnseenView } from './views.ts';
import type { WatchView } from './watch-history.ts';

/** There is no journal in a data directory. */
export class NoJournal extends Error {
  readonly hint = 'A gateway makes it when it starts. --config or --data says where to look.';

  constructor(directory: string) {
    super(`there is no journal in ${directory}`);
    this.name = 'NoJournal';
  }
}

/** What is on the record of sessions that did not come through the gateway. */
export interface BlindAnswer {
  readonly sessions: readonly BlindSessionView[];
  readonly unseen: readonly UnseenView[];
  /** Of each connection that was ever watched, or was to be. */
  readonly watches: readonly WatchView[];
}

/**
 * Answers about what a data directory's journal holds. Works while a gateway writes there, from a copy and read-only;
 * it answers as of the last `catchUp`.
 */
export class Store {
  readonly #data: string;
  readonly #journal: JournalReader;
  #index: IndexDatabase;
  #kysely: Kysely<IndexSchema>;
  #entries: StatementEntriesReader;
  #damage: string | undefined;
  #sources: SessionSources;
  /** Where `follow` has come to, so that it need not search for it again. */
  #followed: { readonly index: number; readonly place: Place } | undefined;

  /** Throws NoJournal. */
  constructor(dataDirectory: string) {
    const directory = join(dataDirectory, 'journal');
    if (!existsSync(directory)) throw new NoJournal(directory);
    this.#data = dataDirectory;
    this.#journal = new JournalReader(directory);
    this.#index = indexOrTemporary(dataDirectory);
    this.#kysely = kyselyOver(this.#index.database);
    this.#entries = new StatementEntriesReader(this.#index.database, this.#journal);
    this.#sources = { journal: this.#journal, approvals: new ApprovalReader(this.#index.database, this.#journal) };
  }

  /** Index of the next entry: how much of the journal its answers are about. */
  get next(): number {
    return nextEntry(this.#index.database);
  }

  /** False when it is built anew for each Store, because the directory cannot be written. */
  get keepsIndex(): boolean {
    return this.#index.file !== undefined;
  }

  /** What the journal could not be read for, as far as the last `catchUp` found out. */
  get damage(): string | undefined {
    return this.#damage;
  }

  /**
   * Reads what the journal has gained. What cannot be read of a damaged journal is a reservation, not an error: what
   * stands before the damage can still be asked for.
   */
  async catchUp(options: Omit<CatchUpOptions, 'tablesOf'> = {}): Promise<void> {
    try {
      await this.#project(options);
    } catch (error) {
      if (isDamage(error)) this.#use(replaceIndex(this.#data, this.#index));
      // On a full disk there may still be room elsewhere; questions must be answered then, too.
      else if (isUnwritable(error)) this.#use(temporaryIndex());
      else throw error;
      await this.#project(options);
    }
    this.#entries.forget();
  }

  /** Drops the index and projects the whole journal again. */
  async reindex(options: Omit<CatchUpOptions, 'tablesOf'> = {}): Promise<void> {
    try {
      emptyIndex(this.#index);
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#use(replaceIndex(this.#data, this.#index));
    }
    await this.catchUp(options);
  }

  /**
   * In journal order, which is the order in which things happened. Views read on while they are looked at: they are good
   * for as long as the store is open.
   */
  async *statements(filter: StatementFilter): AsyncGenerator<StatementView> {
    for await (const row of indexedStatements(this.#kysely, filter)) yield statementView(this.#entries.read(row));
  }

  async statement(session: string, n: number): Promise<StatementView | undefined> {
    const row = await indexedStatement(this.#kysely, session, n);
    return row === undefined ? undefined : statementView(this.#entries.read(row));
  }

  /** How many there are; `maxUnknown` (reservations.ts) stands for that many or more. */
  countStatements(filter: StatementFilter): Promise<number> {
    return countStatements(this.#kysely, filter);
  }

  countSessions(filter: SessionFilter): Promise<number> {
    return countSessions(this.#kysely, filter);
  }

  sessions(filter: SessionFilter): AsyncGenerator<SessionView> {
    return sessionViews(this.#kysely, this.#sources, filter);
  }

  session(session: string): Promise<SessionView | undefined> {
    return sessionViewOf(this.#kysely, this.#sources, session);
  }

  events(filter: EventFilter): AsyncGenerator<RecordedEvent> {
    return eventViews(this.#kysely, this.#journal, filter);
  }

  /** Sessions that did not come through the gateway, and what is known of when nobody looked. */
  async blind(filter: BlindFilter): Promise<BlindAnswer> {
    const watches = await watchViews(this.#kysely, this.#journal);
    const { connection } = filter;
    return {
      sessions: await blindSessionViews(this.#kysely, filter, watches),
      unseen: await unseenViews(this.#kysely, filter),
      watches: watches
        .filter((watch) => connection === undefined || watch.connection === connection)
        .map((watch) => watchWithin(watch, filter)),
    };
  }

  /** Ids of the sessions that begin or end with some characters, the latest first; at most `limit`. */
  async sessionsLike(part: string, limit: number): Promise<readonly string[]> {
    const escaped = part.replaceAll(/[\\%_]/g, '\\$&');
    const rows = await this.#kysely
      .selectFrom('sessions')
      .select('session')
      .where((is) => is.or([is('session', 'like', `${escaped}%`), is('session', 'like', `%${escaped}`)]))
      .orderBy('id', 'desc')
      .limit(limit)
      .execute();
    return rows.map(({ session }) => session);
  }

  /** The session that somebody opened last. The gateway's own are behind those of agents, and not what one looks for. */
  async latestSession(): Promise<string | undefined> {
    const row = await this.#kysely
      .selectFrom('sessions')
      .innerJoin('identities', 'identities.id', 'sessions.identity')
      .select('session')
      .where('identities.name', '<>', gatewayIdentity)
      .orderBy('sessions.id', 'desc')
      .executeTakeFirst();
    return row?.session;
  }

  /** Every identity or connection that has an entry, or every rule that matched a statement. */
  async names(of: 'identities' | 'connections' | 'rules'): Promise<readonly string[]> {
    const rows = await this.#kysely.selectFrom(of).select('name').where('name', '<>', '').orderBy('name').execute();
    return rows.map(({ name }) => name);
  }

  /**
   * What has ended and what has happened from entry `from` up to, not including, `until`, for who follows the journal
   * live: each statement of the filter at its outcome (again, when later fetches of its portal end) and when people are
   * asked for it, events in between.
   * `until` is what `next` was: others move it on at any time.
   */
  async *follow(from: number, until: number, filter: StatementFilter): AsyncGenerator<TimelineItem> {
    if (from >= until) return;
    const hint = this.#followed !== undefined && this.#followed.index <= from ? this.#followed.place : undefined;
    for (const { entry, place } of this.#journal.entries(from, hint)) {
      if (entry.index >= until) return;
      this.#followed = { index: entry.index, place };
      const { body } = entry;
      if (body.type === 'outcome' && body.more === true) continue;
      const n = await this.#shownBy(entry);
      if (n !== undefined && (filter.session ?? entry.session) === entry.session) {
        for await (const view of this.statements({ ...filter, session: entry.session, n }))
          yield { type: 'statement', view };
      }
      const summary = eventSummary(body, textDecoder(defaultEncoding));
      if (summary === undefined) continue;
      const { index, at, session, identity } = entry;
      yield { type: 'event', view: { index, at, session, identity, type: body.type, summary } };
    }
  }

  /** The statement that an entry gives reason to look at, for who follows. */
  async #shownBy({ session, body }: Entry): Promise<number | undefined> {
    if (body.type === 'approval_requested') return body.of;
    if (body.type !== 'outcome') return undefined;
    return (await portalOf(this.#kysely, session, body.of)) ?? body.of;
  }

  /** Looks at recordings that are on the record since a time. */
  async viewedSince(fromUs: number): Promise<readonly Viewed[]> {
    const views: Viewed[] = [];
    for await (const place of eventPlaces(this.#kysely, { types: ['viewed'], fromUs })) {
      const { body } = this.#journal.read(place);
      if (body.type === 'viewed') views.push(body);
    }
    return views;
  }

  /** What may be missing from the answer to a filter. */
  async reservations(filter: StatementFilter, nowUs: number): Promise<Reservations> {
    const found = await reservations(this.#kysely, this.#journal, await this.#within(filter), nowUs);
    return { ...found, damage: this.#damage };
  }

  close(): void {
    this.#journal.close();
    this.#index.database.close();
  }

  /** What concerns a session has happened while it was open. */
  async #within(filter: StatementFilter): Promise<StatementFilter> {
    const session = filter.session === undefined ? undefined : await this.session(filter.session);
    if (session === undefined) return filter;
    const ended = session.closedAt === undefined ? {} : { untilUs: session.closedAt + 1 };
    return { fromUs: session.openedAt, ...ended, ...filter };
  }

  async #project(options: Omit<CatchUpOptions, 'tablesOf'>): Promise<void> {
    this.#damage = undefined;
    try {
      await catchUp(this.#index, this.#journal, { ...options, tablesOf: await tablesReader() });
    } catch (error) {
      if (!(error instanceof JournalCorruption)) throw error;
      this.#damage = error.message;
    }
  }

  #use(index: IndexDatabase): void {
    if (this.#index.database.isOpen) this.#index.database.close();
    this.#index = index;
    this.#kysely = kyselyOver(index.database);
    this.#entries = new StatementEntriesReader(index.database, this.#journal);
    this.#sources = { journal: this.#journal, approvals: new ApprovalReader(index.database, this.#journal) };
  }
}

/** On a full disk an index that is not there yet cannot be made; questions must be answered then, too. */
function indexOrTemporary(dataDirectory: string): IndexDatabase {
  try {
    return openIndex(dataDirectory);
  } catch (error) {
    if (!isUnwritable(error)) throw error;
    return temporaryIndex();
  }
}
