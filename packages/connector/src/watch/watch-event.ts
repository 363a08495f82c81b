/**
 * What a watch reports of one connection. Times are microseconds since 1970: `startedAt` by the server's clock, the
 * others by the connector's.
 */
export type WatchEvent = WatchStarted | WatchStopped | SessionSeen | SessionEnded | SessionsUnseen | CounterReset;

/** From here on nothing is missed; after each time that the watch could log in. */
export interface WatchStarted {
  readonly type: 'watch started';
  readonly connection: string;
  readonly role: string;
  readonly backendPid: number;
  readonly everyMs: number;
  readonly at: number;
}

/** A hole begins. */
export interface WatchStopped {
  readonly type: 'watch stopped';
  readonly connection: string;
  /** In words. */
  readonly reason: string;
  readonly at: number;
}

/** A backend that serves none of the sessions that this process opened. */
export interface SessionSeen {
  readonly type: 'session seen';
  readonly connection: string;
  readonly backendPid: number;
  readonly startedAt: number;
  readonly seenAt: number;
  readonly user: string;
  readonly database: string;
  /** `address:port`, or `local` for a Unix socket. */
  readonly address: string;
  readonly application: string;
  /** backend_type: `client backend`, `walsender`. */
  readonly kind: string;
}

/** It is not there any more. */
export interface SessionEnded {
  readonly type: 'session ended';
  readonly connection: string;
  readonly backendPid: number;
  readonly startedAt: number;
  readonly lastSeenAt: number;
}

/** Sessions that pg_stat_database counted and no poll has seen. */
export interface SessionsUnseen {
  readonly type: 'sessions unseen';
  readonly connection: string;
  readonly database: string;
  readonly count: number;
  readonly fromAt: number;
  readonly untilAt: number;
}

/** Somebody reset the counters, or the server came up after a crash: what they counted until then is not known. */
export interface CounterReset {
  readonly type: 'counter reset';
  readonly connection: string;
  readonly database: string;
  readonly at: number;
}
