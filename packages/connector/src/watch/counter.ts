/**
 * How many sessions of one database nobody has met. Postgres counts a session when its process gets to it: mostly before
 * the client hears that the server is ready, at the latest when the process ends. So the counter is compared with
 * bounds, and what is said of it is true whatever is still to be counted: never too many, and all of them once nothing
 * is under way.
 *
 * Between two looks a and b, at least
 *   sessions(b) - sessions(a) - uncounted(a) - (started(b) - started(a))
 * sessions were counted that are none of those we know. Every look may be the a of a later b; since only a's
 * `reported + started - sessions - uncounted` matters, the best one is kept and nothing else.
 * Source: pgstat_report_stat and pgstat_shutdown_hook (backend/utils/activity/pgstat.c).
 */
export interface Counter {
  readonly name: string;
  /** As the server said at the last look. */
  readonly sessions: number;
  readonly resetAt: number | undefined;
  /** Sessions that we know of, from any time on. */
  readonly started: number;
  /** Unknown sessions that were reported. */
  readonly reported: number;
  /** The best look to compare with, and when it was. */
  readonly best: number;
  readonly bestAt: number;
}

/** What a look has to say of a database. */
export interface Counted {
  readonly name: string;
  readonly sessions: number;
  readonly resetAt: number | undefined;
  /** Sessions that we know of now and did not before; negative when one was taken for two. */
  readonly started: number;
  /** Of all that we know, how many the counter may not hold yet. */
  readonly uncounted: number;
  readonly at: number;
  /** The server tells a time of a reset with the first session as well (Postgres 14). */
  readonly timedFromFirst: boolean;
}

export interface Growth {
  readonly counter: Counter;
  /** Sessions to be reported: counted after `fromAt`, and unknown. */
  readonly unseen: number;
  readonly fromAt: number;
  /** Somebody has reset it: nothing is known of the time since the last look. */
  readonly reset: boolean;
}

/** The counter of a database that did not exist at the last look, which was at this time. */
export function newCounter(name: string, at: number): Counter {
  return { name, sessions: 0, resetAt: undefined, started: 0, reported: 0, best: 0, bestAt: at };
}

/** The counter at the first look, or at the first after a reset. */
function anchored(counted: Counted, { started, reported }: Pick<Counter, 'started' | 'reported'>): Counter {
  const { name, sessions, resetAt, at } = counted;
  return { name, sessions, resetAt, started, reported, best: level(counted, started, reported), bestAt: at };
}

/** Takes a look. `previous` is undefined at the first. */
export function grow(previous: Counter | undefined, counted: Counted): Growth {
  const { name, sessions, resetAt, at } = counted;
  const started = (previous?.started ?? 0) + counted.started;
  if (previous === undefined) {
    return { counter: anchored(counted, { started, reported: 0 }), unseen: 0, fromAt: at, reset: false };
  }
  if (isReset(previous, counted)) {
    const counter = anchored(counted, { started, reported: previous.reported });
    return { counter, unseen: 0, fromAt: previous.bestAt, reset: true };
  }
  const reported = Math.max(previous.reported, previous.best + sessions - started);
  const best = level(counted, started, reported);
  const better = best >= previous.best;
  const counter = {
    name,
    sessions,
    resetAt,
    started,
    reported,
    best: better ? best : previous.best,
    bestAt: better ? at : previous.bestAt,
  };
  return { counter, unseen: reported - previous.reported, fromAt: previous.bestAt, reset: false };
}

/**
 * The statistics of a table, reset alone, move the time as well and leave the counter: that cannot be told from a reset
 * of all. A counter that stands at zero before and after may have been reset behind a session.
 */
function isReset(previous: Counter, { sessions, resetAt, timedFromFirst }: Counted): boolean {
  if (sessions < previous.sessions) return true;
  if (resetAt === undefined || resetAt === previous.resetAt) return false;
  return !timedFromFirst || previous.sessions > 0 || previous.resetAt !== undefined;
}

function level({ sessions, uncounted }: Counted, started: number, reported: number): number {
  return reported + started - sessions - uncounted;
}
