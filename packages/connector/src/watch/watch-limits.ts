import type { Rows } from './poll.ts';

/** The server that a watch has reached, and what the watch can see of it. */
export interface WatchedServer {
  readonly version: number;
  /** One server from its start to its end: when it started, in microseconds. */
  readonly life: string;
  /** Within a life, from one crash to the next, after which no session and no count is left; empty when it is not shown. */
  readonly incarnation: string;
  readonly readsAllStats: boolean;
  readonly tracksActivities: boolean;
}

/** Lets no limit of time end the session of the watch, and asks who is there; read by `readServer`. */
export const serverSql: string = `select pg_catalog.set_config(name, '0', false) from pg_catalog.pg_settings
  where name in ('idle_session_timeout', 'transaction_timeout');
select pg_catalog.current_setting('server_version_num'),
  (extract(epoch from pg_catalog.pg_postmaster_start_time()) * 1000000)::pg_catalog.int8,
  pg_catalog.pg_has_role('pg_read_all_stats', 'usage'), pg_catalog.current_setting('track_activities'),
  (select max(backend_start) from pg_catalog.pg_stat_activity where backend_type = 'checkpointer')`;

export function readServer([, rows]: readonly Rows[]): WatchedServer {
  const [version, life, readsAllStats, tracksActivities, incarnation] = rows?.[0] ?? [];
  if (typeof life !== 'string') throw new Error('the server did not say who it is');
  return {
    version: Number(version),
    life,
    incarnation: incarnation ?? '',
    readsAllStats: readsAllStats === 't',
    tracksActivities: tracksActivities === 'on',
  };
}

/** What a watch with this role cannot see of this server, a sentence each. */
export function watchLimits({ version, readsAllStats, tracksActivities }: WatchedServer, role: string): string[] {
  const limits: string[] = [];
  if (!readsAllStats) {
    limits.push(
      `the role "${role}" lacks pg_read_all_stats: of other roles' sessions it sees user and database, and not when they ` +
        `started or from where; a session without a database is not seen (GRANT pg_read_all_stats TO "${role}")`,
    );
  }
  if (version < 140_000) {
    limits.push(
      'this server is older than Postgres 14 and does not count sessions: those between two looks are not seen',
    );
  }
  if (!tracksActivities) {
    limits.push('track_activities is off: sessions of ours that stay open can hide as many short ones until they end');
  }
  return limits;
}
