/**
 * What the watch for blind sessions says. Times are microseconds since 1970: those of the server's clock where a session
 * started, those of the process that watches everywhere else.
 *
 * A session is named by `pid` and `startedAt` together. A watch that comes back to the same life of the server goes on
 * where it was, unless it begins `afresh`: sessions that it knows are not seen a second time, and what was counted
 * meanwhile is reported.
 */
export type WatchEvent = WatchStarted | WatchStopped | SessionSeen | SessionEnded | SessionsUnseen | CounterReset;

/** The first look after each (re)connect has succeeded. From here on no session is missed, but for the `limits`. */
export interface WatchStarted {
  readonly type: 'watch started';
  readonly connection: string;
  readonly role: string;
  /** Of the backend that looks. */
  readonly pid: number;
  readonly everyMs: number;
  readonly at: number;
  /** It remembers no session that was seen before: those that are there are seen again, the others have ended. */
  readonly afresh: boolean;
  /** What this watch cannot see, and what would change it: a sentence each. */
  readonly limits: readonly string[];
}

/** A hole begins, or goes on for another reason. */
export interface WatchStopped {
  readonly type: 'watch stopped';
  readonly connection: string;
  readonly reason: string;
  readonly at: number;
}

/** A session that none of our processes' dials opened. */
export interface SessionSeen {
  readonly type: 'session seen';
  readonly connection: string;
  readonly pid: number;
  /** When the server does not say when it started: when it was first seen, by the server's clock. */
  readonly startedAt: number;
  readonly seenAt: number;
  readonly user: string;
  /** Empty for a walsender without one. */
  readonly database: string;
  /** `local` for a Unix socket; empty when the server does not say. */
  readonly address: string;
  readonly application: string;
  readonly kind: SessionKind;
}

/** `unknown` when the server does not say: it may be a background worker. */
export type SessionKind = 'client backend' | 'walsender' | 'unknown';

/** A session that was seen is no longer there. */
export interface SessionEnded {
  readonly type: 'session ended';
  readonly connection: string;
  readonly pid: number;
  readonly startedAt: number;
  readonly lastSeenAt: number;
}

/** Sessions that the server has counted and no look has met: each was there for less than the time between two looks. */
export interface SessionsUnseen {
  readonly type: 'sessions unseen';
  readonly connection: string;
  readonly database: string;
  readonly count: number;
  readonly fromAt: number;
  readonly untilAt: number;
}

/** The statistics of a database were reset, or are gone with it: what was counted since the last look is not known. */
export interface CounterReset {
  readonly type: 'counter reset';
  readonly connection: string;
  readonly database: string;
  readonly at: number;
}
