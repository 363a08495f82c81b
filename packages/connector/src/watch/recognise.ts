import type { OurSession, Ours } from './ours.ts';
import type { Backend, Poll } from './poll.ts';

/** A row of pg_stat_activity over the looks that have met it. Times as in `Poll`. */
export interface Sighting {
  readonly backend: Backend;
  /** When its backend started, by our monotonic clock, as far as the first look could tell. */
  readonly earliest: number;
  readonly latest: number;
  /** By our wall clock. */
  readonly seenAt: number;
  readonly lastSeenAt: number;
  /** The same as `lastSeenAt`, by our monotonic clock. */
  readonly metAt: number;
  /** By the server's clock, at the first sight. */
  readonly serverAt: number;
  /** It was not met by the last look. */
  readonly gone: boolean;
}

/** Whose a backend is. `undecided`: one of our dials is under way that may turn out to be it. */
export type Verdict =
  | { readonly type: 'ours' }
  /** What is left of a dial that we gave up. */
  | { readonly type: 'leftover'; readonly id: number }
  | { readonly type: 'undecided' }
  | { readonly type: 'stranger' };

export interface Recognition {
  readonly poll: Poll;
  readonly ours: Ours;
  /** The server, as `Ours.learn` names it. */
  readonly life: string;
  /** Dials that already account for another backend. */
  readonly leftovers: ReadonlySet<number>;
}

/** Clocks may have been set between the start of a backend and the look that meets it first. */
const toleranceUs = 1_000_000;
/** A backend whose client gave up notices within this, or it is no longer taken for one of ours. */
const leftoverUs = 10_000_000;

/** The first sight of a backend. */
export function firstSight(backend: Backend, poll: Poll): Sighting {
  const ageUs = backend.startedAt === undefined ? 0 : poll.serverAt - backend.startedAt;
  return {
    backend,
    // The server read its clock somewhere between our question and its answer.
    earliest: poll.sentAt - ageUs,
    latest: poll.receivedAt - ageUs,
    seenAt: poll.at,
    lastSeenAt: poll.at,
    metAt: poll.receivedAt,
    serverAt: poll.serverAt,
    gone: false,
  };
}

/**
 * Whose a backend is. One whose process id we were given is ours when it started before we heard that it is ready: a
 * later one has the id of a session of ours that is over.
 */
export function recognise(sighting: Sighting, recognition: Recognition): Verdict {
  const { backend } = sighting;
  const { ours, life, leftovers } = recognition;
  if (ours.withPid(backend.pid).some((session) => isBackendOf(session, sighting, recognition))) return { type: 'ours' };
  const dials = ours.unsettled().filter((dial) => ours.place(dial, life) !== 'elsewhere' && fits(dial, sighting));
  if (dials.some(({ state }) => state === 'opening')) return { type: 'undecided' };
  const leftover = dials.find(({ id, endedAt = 0 }) => endedAt + leftoverUs > sighting.metAt && !leftovers.has(id));
  if (leftover === undefined) return { type: 'stranger' };
  return sighting.gone ? { type: 'leftover', id: leftover.id } : { type: 'undecided' };
}

function isBackendOf(session: OurSession, sighting: Sighting, { ours, life, poll }: Recognition): boolean {
  const place = ours.place(session, life);
  if (place === 'elsewhere' || session.readyAt === undefined) return false;
  const { backend, earliest, latest, gone } = sighting;
  // The server does not say when: the process id alone must do.
  if (backend.startedAt === undefined) return session.user === backend.user;
  const startedInTime = earliest <= session.readyAt + toleranceUs;
  if (place === 'unknown') return startedInTime && latest >= session.startedAt - toleranceUs;
  // A process id that we hold cannot be another's, whatever the clocks say.
  return startedInTime || (session.state === 'open' && session.readyAt < poll.sentAt && !gone);
}

/** Whether a dial may be what a backend comes from. */
function fits(dial: OurSession, { backend, earliest, latest }: Sighting): boolean {
  if (dial.user !== backend.user || (backend.database !== '' && dial.database !== backend.database)) return false;
  return latest >= dial.startedAt - toleranceUs && (dial.endedAt === undefined || earliest <= dial.endedAt);
}
