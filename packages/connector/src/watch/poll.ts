import type { SessionKind } from './watch-event.ts';

/**
 * One look at a server. `databases` was read before `backends`: a session that is counted and still there is in both.
 * Times of the server are microseconds since 1970 by its own clock.
 */
export interface Poll {
  /** When it was asked for and when it was there, by our monotonic clock. */
  readonly sentAt: number;
  readonly receivedAt: number;
  /** When it was there, by our wall clock. */
  readonly at: number;
  /** Some time in between, by the server's clock. */
  readonly serverAt: number;
  readonly databases: readonly DatabaseCount[];
  readonly backends: readonly Backend[];
}

/** A row of pg_stat_database. */
export interface DatabaseCount {
  readonly oid: number;
  readonly name: string;
  /** Sessions of client backends since the counter began; undefined before Postgres 14. */
  readonly sessions: number | undefined;
  readonly resetAt: number | undefined;
}

/** A row of pg_stat_activity that is, or may be, a session. */
export interface Backend {
  readonly pid: number;
  /** The rest of what only pg_read_all_stats shows is missing together with it. */
  readonly startedAt: number | undefined;
  readonly user: string;
  readonly databaseOid: number | undefined;
  readonly database: string;
  readonly address: string;
  readonly application: string;
  readonly kind: SessionKind;
  /** Since when it has been idle outside of a transaction. */
  readonly idleSince: number | undefined;
  /** When its transaction began. */
  readonly transactionAt: number | undefined;
}

/** Rows of text columns, as the simple protocol has them. */
export type Rows = readonly (readonly (string | null)[])[];

const countsSessions = 140_000;

/**
 * What a look asks for; three results. The counters come first, for the reason that `Poll` gives. Backends that are
 * still authenticating (Postgres 18 shows them, without a user) are no sessions yet. Without pg_read_all_stats nothing
 * tells a session from a background worker, but that a worker mostly has no database.
 * Source: Postgres manual, "The Cumulative Statistics System".
 */
export function pollSql(serverVersion: number): string {
  const sessions = serverVersion >= countsSessions ? 'sessions' : 'null';
  return `select datid, datname, ${sessions}, ${us('stats_reset')} from pg_catalog.pg_stat_database where datname is not null;
select pid, ${us('backend_start')}, usename, datid, datname,
  case when client_port = -1 then 'local' else pg_catalog.host(client_addr) end, application_name, backend_type,
  case when state = 'idle' then ${us('state_change')} end, ${us('xact_start')}
from pg_catalog.pg_stat_activity
where usesysid is not null
  and (backend_type in ('client backend', 'walsender') or backend_type is null and datid is not null);
select ${us('pg_catalog.clock_timestamp()')}`;
}

function us(time: string): string {
  return `(extract(epoch from ${time}) * 1000000)::pg_catalog.int8`;
}

/** Reads the answer to `pollSql`. Throws when it is something else. */
export function readPoll(results: readonly Rows[], times: Pick<Poll, 'sentAt' | 'receivedAt' | 'at'>): Poll {
  const [databases, backends, clock] = results;
  const serverAt = number(clock?.[0]?.[0]);
  if (databases === undefined || backends === undefined || serverAt === undefined) {
    throw new Error('the server did not answer what the watch asked for');
  }
  return { ...times, serverAt, databases: databases.map(databaseCount), backends: backends.map(backend) };
}

function databaseCount(row: readonly (string | null)[]): DatabaseCount {
  const [oid, name, sessions, resetAt] = row;
  return { oid: number(oid) ?? 0, name: name ?? '', sessions: number(sessions), resetAt: number(resetAt) };
}

function backend(row: readonly (string | null)[]): Backend {
  const [pid, startedAt, user, oid, database, address, application, kind, idleSince, transactionAt] = row;
  return {
    pid: number(pid) ?? 0,
    startedAt: number(startedAt),
    user: user ?? '',
    databaseOid: number(oid),
    database: database ?? '',
    address: address ?? '',
    application: application ?? '',
    kind: kind === 'client backend' || kind === 'walsender' ? kind : 'unknown',
    idleSince: number(idleSince),
    transactionAt: number(transactionAt),
  };
}

function number(text: string | null | undefined): number | undefined {
  return text === null || text === undefined ? undefined : Number(text);
}
