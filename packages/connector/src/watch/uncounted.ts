import type { Ours } from './ours.ts';
import type { Backend, Poll } from './poll.ts';

/** A session that we know and that the counter of its database may not hold yet. */
export interface Uncounted {
  /** One of ours by its dial, or a backend by its process id. */
  readonly of: { readonly type: 'ours'; readonly id: number } | { readonly type: 'backend'; readonly pid: number };
  readonly databaseOid: number;
  /** By the server's clock: a look at which it certainly was a session. */
  readonly since: number | undefined;
}

/** When a server adds what its processes have counted. */
export interface Bookkeeping {
  /** Before Postgres 15: a process of its own does, some time after it was told. */
  readonly collector: boolean;
}

/** PGSTAT_IDLE_INTERVAL is 10 s: what could not be added at once is, when a session has been idle for that long. */
const idleUs = 11_000_000;
/** PGSTAT_MAX_INTERVAL is 60 s: from then on a session that becomes idle waits until its counts are added. */
const maxUs = 62_000_000;
/** PGSTAT_STAT_INTERVAL is 0.5 s in Postgres 14; the rest is for a collector that is behind. */
const collectorUs = 5_000_000;
/** authentication_timeout is 60 s: by then a backend is a session or gone. */
const authenticatedUs = 61_000_000;

/** What a look has to say of it. */
export interface Evidence {
  readonly poll: Poll;
  /** The backends of the look by process id. */
  readonly present: ReadonlyMap<number, Backend>;
  readonly ours: Ours;
  readonly bookkeeping: Bookkeeping;
}

/** What is left of an uncounted session after a look; `counted` when the next look's counter certainly holds it. */
export type Settling = Uncounted | 'counted' | 'never counted';

/**
 * Looks for proof that a session is counted: it is gone (it waits for its counts to be added before it leaves
 * pg_stat_activity), or it was idle for long enough. Sessions mostly are counted at once, but a lock that is taken
 * makes it later, so that time alone proves nothing.
 */
export function settle(uncounted: Uncounted, evidence: Evidence): Settling {
  const { of } = uncounted;
  if (of.type === 'backend') return settleBackend(uncounted, of.pid, evidence);
  const { ours, poll } = evidence;
  const session = ours.get(of.id);
  if (session === undefined) return 'counted';
  const { state, readyAt, endedAt = 0, pid } = session;
  if (state === 'refused') return 'never counted';
  if (state === 'unclear') return endedAt + authenticatedUs < poll.receivedAt ? 'counted' : uncounted;
  if (readyAt === undefined || pid === undefined || readyAt >= poll.sentAt) return uncounted;
  return settleBackend(uncounted, pid, evidence);
}

/**
 * The same proof within one look: that its own counter holds a session which its backends still show. Sessions that were
 * there for long are told from one another at the first look, and hide nothing.
 */
export function isCountedAlready(backend: Backend, poll: Poll, { collector }: Bookkeeping): boolean {
  if (collector || backend.startedAt === undefined) return false;
  // The counter was read at the earliest when the look began.
  const countedAt = poll.serverAt - (poll.receivedAt - poll.sentAt);
  return isCounted(backend, backend.startedAt + authenticatedUs, countedAt);
}

function settleBackend(uncounted: Uncounted, pid: number, { poll, present, bookkeeping }: Evidence): Settling {
  const { serverAt } = poll;
  const since = uncounted.since ?? serverAt;
  if (bookkeeping.collector) return serverAt - since >= collectorUs ? 'counted' : { ...uncounted, since };
  const backend = present.get(pid);
  if (backend === undefined || backend.kind === 'walsender') return 'counted';
  const atLatest = backend.startedAt === undefined ? since : Math.min(since, backend.startedAt + authenticatedUs);
  return isCounted(backend, atLatest, serverAt) ? 'counted' : { ...uncounted, since };
}

/** Whether a session that is one at the latest `since` has certainly been made to add its counts before `at`. */
function isCounted({ idleSince, transactionAt }: Backend, since: number, at: number): boolean {
  if (idleSince !== undefined && idleSince <= at) return at - idleSince >= idleUs || idleSince - since >= maxUs;
  // Before its transaction it became idle late enough, or else it was idle for long enough.
  return transactionAt !== undefined && transactionAt <= at && transactionAt - since >= maxUs + idleUs;
}
