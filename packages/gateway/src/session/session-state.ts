import type { TransactionStatus } from '@onrecord/record';
import { limits } from '@onrecord/wire';
import { firstNormalObjectId } from '../sql/catalog.ts';
import type { SessionEffect } from '../sql/sql-session-effects.ts';
import type { Digest } from './digest.ts';
import { ExpectedReplies } from './expected-replies.ts';
import type { Guard } from './guard.ts';
import { isAscii, latin1 } from './latin1.ts';
import { type NameKey, NameTable } from './name-table.ts';
import type { OpenStatement, Portal, Prepared } from './open-statement.ts';
import type { StreamFlow } from './stream-flow.ts';

export interface SessionOptions {
  /** How much of a result is kept; `max: 0` keeps the digest only. */
  readonly rows: { readonly max: number; readonly bytes: number };
  /** The largest message that is held whole, in bytes. */
  readonly messageBytes: number;
  readonly createDigest: () => Digest;
  readonly sql: SqlReader;
  /** The client asked for walsender mode and the connection allows it. */
  readonly replication: boolean;
  /** ParameterStatus that the server sent at the start. */
  readonly parameters: ReadonlyMap<string, string>;
  /** A text as it is recorded; undefined where texts are recorded as they are, but for passwords. The same bytes when nothing was found. */
  readonly redact?: ((text: Uint8Array) => Uint8Array) | undefined;
  /** Rules, limits and masks of the session; undefined when none applies. */
  readonly guard?: Guard | undefined;
  /** Stands for the definitions that are known of the database: another one when they are others. Only where there is a guard. */
  readonly catalog?: (() => object | undefined) | undefined;
}

/** Settings of the session that change how a text reads; the server reports both. */
export interface TextSettings {
  readonly standardConformingStrings: boolean;
  readonly clientEncoding: string;
}

/** What the session asks about a text. Texts are latin1 strings of their bytes (see `latin1`), so offsets are bytes. */
export interface SqlReader {
  /** Where each statement of a Query stands; undefined when that cannot be told. */
  split(sql: string, settings: TextSettings): readonly { readonly start: number; readonly end: number }[] | undefined;
  /** The text without its password literals; undefined when it holds none. */
  redact(sql: string, settings: TextSettings): string | undefined;
  effect(sql: string, settings: TextSettings): SessionEffect | undefined;
  traceparent(sql: string): string | undefined;
}

/** What both directions of a session share. No methods that decide anything: those are in Arrivals and Replies. */
export class SessionState {
  readonly options: SessionOptions;
  readonly expected: ExpectedReplies = new ExpectedReplies();
  readonly prepared: NameTable<Prepared> = new NameTable();
  readonly portals: NameTable<Portal> = new NameTable();
  /** Statements that SQL-level PREPARE named, which a Bind may use as well. */
  readonly preparedInSql: Map<string, OpenStatement> = new Map();

  transaction: TransactionStatus = 'I';
  /** Statements numbered so far. */
  count = 0;
  /** Syncs sent so far. */
  syncs = 0;
  /** Statements under way that change what names mean (PREPARE, DEALLOCATE, DECLARE …). */
  effects = 0;
  /** How often statements that change definitions or settings, or run code that may, have gone out so far. */
  definitions = 0;
  /** How often names of prepared statements and cursors have been given or taken so far. */
  namings = 0;
  /** A message of the client waits until it is certain what the names in it mean. */
  held = false;
  /** What the held message waits for, when that is not the server: the catalog to be read again, or people. */
  waitsFor: 'catalog' | 'approval' | undefined;
  /** The server discards what it reads up to a Sync, and the next one is doubtful. */
  discarding = false;
  /** The server discards what arrives until the next Sync, and none is on its way. */
  skipping = false;
  /** The gateway discards what arrives until the next Sync: it refused something. */
  refusing = false;
  /** What the server answers is not for the client until the next ReadyForQuery: an error of ours took its place. */
  muted = false;
  /** Texts of statements up to this one are not trusted to be what their names mean: code in the server may have changed that. */
  distrustedUpTo = 0;
  /** The statement whose COPY FROM STDIN the server is reading. */
  copyIn: OpenStatement | undefined;
  /** A replication stream is running. */
  stream: StreamFlow | undefined;
  /** SQLSTATE of the FATAL error that the server sent last. */
  fatal: string | undefined;
  /** The last statement that was recorded, for what belongs to none. */
  last: OpenStatement | undefined;
  #settings: TextSettings;
  /** Types that are not built in and that a message of this session named, and those among them that nobody heard of yet. */
  readonly #sighted = new Set<number>();
  #news: number[] = [];

  constructor(options: SessionOptions) {
    this.options = options;
    this.#settings = {
      standardConformingStrings: options.parameters.get('standard_conforming_strings') !== 'off',
      clientEncoding: options.parameters.get('client_encoding') ?? 'UTF8',
    };
  }

  get settings(): TextSettings {
    return this.#settings;
  }

  /**
   * A name as the server looks it up: cut to 63 bytes, in its own encoding (dynahash.c, keys of NAMEDATALEN). What it
   * converts a name to that is not ASCII is not known here.
   */
  nameKey(name: Uint8Array): NameKey {
    const key = latin1(name.length > limits.nameBytes ? name.subarray(0, limits.nameBytes) : name);
    return this.#convertsNames && !isAscii(key) ? undefined : key;
  }

  get #convertsNames(): boolean {
    return this.#settings.clientEncoding !== this.options.parameters.get('server_encoding');
  }

  /** The server reports a setting. */
  reported(name: string, value: string): void {
    if (name === 'standard_conforming_strings') {
      this.#settings = { ...this.#settings, standardConformingStrings: value !== 'off' };
    } else if (name === 'client_encoding') {
      this.#settings = { ...this.#settings, clientEncoding: value };
      this.prepared.forgetNonAscii();
      this.portals.forgetNonAscii();
      for (const name of this.preparedInSql.keys()) if (!isAscii(name)) this.preparedInSql.delete(name);
    }
  }

  /** A message named the type with this OID. */
  sight(type: number): void {
    if (type < firstNormalObjectId || this.#sighted.has(type) || this.#sighted.size >= maxSightedTypes) return;
    this.#sighted.add(type);
    this.#news.push(type);
  }

  /** Types that were sighted since the last call. */
  takeSightings(): readonly number[] {
    if (this.#news.length === 0) return none;
    const news = this.#news;
    this.#news = [];
    return news;
  }
}

const none: readonly number[] = [];
/** A session that names more is not told apart from one that makes them up. */
const maxSightedTypes = 10_000;
