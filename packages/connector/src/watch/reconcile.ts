import { type Counter, grow, newCounter } from './counter.ts';
import type { Ours } from './ours.ts';
import type { Backend, Poll } from './poll.ts';
import { firstSight, recognise, type Sighting } from './recognise.ts';
import { type Bookkeeping, isCountedAlready, settle, type Uncounted } from './uncounted.ts';
import type { SessionEnded, SessionSeen, WatchEvent } from './watch-event.ts';

/** What a watch remembers from one look to the next. */
export interface WatchState {
  /** By our wall clock. */
  readonly at: number;
  /** The last of our dials that was taken into account. */
  readonly lastDial: number;
  /** By what names a backend. */
  readonly sightings: ReadonlyMap<string, Judged>;
  readonly leftovers: ReadonlySet<number>;
  readonly uncounted: ReadonlyMap<string, Uncounted>;
  /** By the oid of the database. */
  readonly counters: ReadonlyMap<number, Counter>;
}

/** A backend that was met, and whose it is. */
type Judged = Sighting & { readonly verdict: 'ours' | 'undecided' | 'stranger' };

export interface Surroundings {
  readonly connection: string;
  readonly ours: Ours;
  /** The server, as `Ours.learn` names it. */
  readonly life: string;
  readonly bookkeeping: Bookkeeping;
  /** Dials up to this one cannot be known to the server: it has crashed or was started since. */
  readonly lostDial?: number;
}

/**
 * Compares a look with the last one and with the sessions that are ours. No clock, no I/O. `ours` is as it was when the
 * answer was there, so that it holds every session of ours that the server may have known of.
 */
export function reconcile(
  previous: WatchState | undefined,
  poll: Poll,
  surroundings: Surroundings,
): { readonly state: WatchState; readonly events: readonly WatchEvent[] } {
  const step = new Step(previous, poll, surroundings);
  step.meet();
  step.judge();
  step.count();
  return step.result();
}

/** What is to be said when the server that a state was of is no more: its sessions have ended with it. */
export function abandon(state: WatchState, connection: string): readonly SessionEnded[] {
  return [...state.sightings.values()]
    .filter(({ verdict }) => verdict === 'stranger')
    .map((sighting) => ended(sighting, connection));
}

/** The making of one state from another. */
class Step {
  readonly #previous: WatchState | undefined;
  readonly #poll: Poll;
  readonly #around: Surroundings;
  readonly #events: WatchEvent[] = [];
  readonly #sightings = new Map<string, Judged>();
  readonly #leftovers: Set<number>;
  readonly #uncounted: Map<string, Uncounted>;
  readonly #counters = new Map<number, Counter>();
  /** Sessions that have become known, or were known twice, by database. */
  readonly #started = new Map<number, number>();
  #lastDial: number;

  constructor(previous: WatchState | undefined, poll: Poll, around: Surroundings) {
    this.#previous = previous;
    this.#poll = poll;
    this.#around = around;
    this.#leftovers = new Set(previous?.leftovers);
    this.#uncounted = new Map(previous?.uncounted);
    this.#lastDial = previous?.lastDial ?? around.lostDial ?? 0;
  }

  /** Puts this look's backends beside those of the last ones; those that are gone stay until they are judged. */
  meet(): void {
    const { at, receivedAt } = this.#poll;
    for (const backend of this.#poll.backends) {
      const name = nameOf(backend);
      const known = this.#previous?.sightings.get(name);
      this.#sightings.set(
        name,
        known === undefined
          ? { ...firstSight(backend, this.#poll), verdict: 'undecided' }
          : { ...known, backend, lastSeenAt: at, metAt: receivedAt },
      );
    }
    for (const [name, known] of this.#previous?.sightings ?? []) {
      if (!this.#sightings.has(name)) this.#sightings.set(name, { ...known, gone: true });
    }
  }

  /** Says what is new, and whose it is. */
  judge(): void {
    const recognition = { ...this.#around, poll: this.#poll, leftovers: this.#leftovers };
    for (const [name, sighting] of this.#sightings) {
      let { verdict } = sighting;
      if (verdict === 'undecided') {
        const found = recognise(sighting, recognition);
        if (found.type === 'leftover') this.#leftovers.add(found.id);
        verdict = found.type === 'leftover' ? 'ours' : found.type;
        this.#sightings.set(name, { ...sighting, verdict });
        if (verdict === 'stranger') this.#events.push(this.#seen(sighting));
        this.#know(name, sighting, verdict);
      }
      if (!sighting.gone || verdict === 'undecided') continue;
      if (verdict === 'stranger') this.#events.push(ended(sighting, this.#around.connection));
      this.#sightings.delete(name);
    }
  }

  /** Compares what the server has counted with what is known. */
  count(): void {
    this.#knowOurs();
    const uncounted = new Map<number, number>();
    for (const { databaseOid } of this.#uncounted.values()) add(uncounted, databaseOid, 1);
    for (const { oid, name, sessions, resetAt } of this.#poll.databases) {
      if (sessions === undefined) continue;
      const before = this.#counterBefore(oid, name);
      const started = this.#started.get(oid) ?? 0;
      const counted = {
        ...{ name, sessions, resetAt, started, uncounted: uncounted.get(oid) ?? 0, at: this.#poll.at },
        timedFromFirst: this.#around.bookkeeping.collector,
      };
      const { counter, unseen, fromAt, reset } = grow(before, counted);
      this.#counters.set(oid, counter);
      const about = { connection: this.#around.connection, database: name };
      if (reset) this.#events.push({ type: 'counter reset', ...about, at: this.#poll.at });
      if (unseen > 0) {
        this.#events.push({ type: 'sessions unseen', ...about, count: unseen, fromAt, untilAt: this.#poll.at });
      }
    }
    this.#missDropped();
  }

  /** A database that was dropped has taken its counter with it. */
  #missDropped(): void {
    const present = new Set(this.#poll.databases.map(({ oid }) => oid));
    const { connection } = this.#around;
    for (const [oid, { name: database }] of this.#previous?.counters ?? []) {
      if (!present.has(oid)) this.#events.push({ type: 'counter reset', connection, database, at: this.#poll.at });
    }
  }

  result(): { readonly state: WatchState; readonly events: readonly WatchEvent[] } {
    const counters = this.#settled();
    for (const id of this.#leftovers) if (this.#around.ours.get(id) === undefined) this.#leftovers.delete(id);
    const state = {
      at: this.#poll.at,
      lastDial: this.#lastDial,
      sightings: this.#sightings,
      leftovers: this.#leftovers,
      uncounted: this.#uncounted,
      counters,
    };
    return { state, events: this.#events };
  }

  /** A backend that is not known to be ours is a session of its own, until it turns out to be. */
  #know(name: string, { backend }: Sighting, verdict: Judged['verdict']): void {
    const { databaseOid, kind, pid } = backend;
    const key = `backend ${name}`;
    const isNew = this.#previous?.sightings.has(name) !== true;
    if (databaseOid === undefined || kind === 'walsender') return;
    if (isNew && verdict !== 'ours') {
      add(this.#started, databaseOid, 1);
      if (isCountedAlready(backend, this.#poll, this.#around.bookkeeping)) return;
      this.#uncounted.set(key, { of: { type: 'backend', pid }, databaseOid, since: this.#poll.serverAt });
    }
    if (!isNew && verdict === 'ours') {
      this.#uncounted.delete(key);
      add(this.#started, databaseOid, -1);
    }
  }

  /** Takes our new dials into account, each as a session that the server may count. */
  #knowOurs(): void {
    const { ours, life } = this.#around;
    for (const session of ours.after(this.#lastDial)) {
      this.#lastDial = session.id;
      if (session.state === 'refused' || ours.place(session, life) === 'elsewhere') continue;
      const databaseOid = this.#oidOf(session.database);
      if (databaseOid === undefined) continue;
      add(this.#started, databaseOid, 1);
      if (session.isCounted) continue;
      const of = { type: 'ours', id: session.id } as const;
      this.#uncounted.set(`ours ${session.id}`, { of, databaseOid, since: undefined });
    }
  }

  #oidOf(name: string): number | undefined {
    const now = this.#poll.databases.find((database) => database.name === name);
    if (now !== undefined) return now.oid;
    for (const [oid, counter] of this.#previous?.counters ?? []) if (counter.name === name) return oid;
    return undefined;
  }

  /** A database that was not there at the last look has counted nothing then. */
  #counterBefore(oid: number, name: string): Counter | undefined {
    // After a long time without a look, sessions of ours may be forgotten that were never taken into account.
    if (this.#previous === undefined || this.#around.ours.forgottenId > this.#previous.lastDial) return undefined;
    return this.#previous.counters.get(oid) ?? newCounter(name, this.#previous.at);
  }

  /** The counters as the next look finds them: less is uncounted, and some dials came to nothing. */
  #settled(): ReadonlyMap<number, Counter> {
    const { ours, bookkeeping } = this.#around;
    const present = new Map(this.#poll.backends.map((backend) => [backend.pid, backend]));
    const evidence = { poll: this.#poll, present, ours, bookkeeping };
    for (const [key, uncounted] of this.#uncounted) {
      const settling = settle(uncounted, evidence);
      if (typeof settling === 'object') {
        this.#uncounted.set(key, settling);
        continue;
      }
      this.#uncounted.delete(key);
      const counter = this.#counters.get(uncounted.databaseOid);
      if (settling === 'never counted' && counter !== undefined) {
        this.#counters.set(uncounted.databaseOid, { ...counter, started: counter.started - 1 });
      }
    }
    return this.#counters;
  }

  #seen({ backend, seenAt, serverAt }: Sighting): SessionSeen {
    const { pid, startedAt = serverAt, user, database, address, application, kind } = backend;
    const { connection } = this.#around;
    return { type: 'session seen', connection, pid, startedAt, seenAt, user, database, address, application, kind };
  }
}

function ended({ backend, lastSeenAt, serverAt }: Sighting, connection: string): SessionEnded {
  const { pid, startedAt = serverAt } = backend;
  return { type: 'session ended', connection, pid, startedAt, lastSeenAt };
}

/** What tells one backend from every other of the same server. */
function nameOf({ pid, startedAt, user, databaseOid }: Backend): string {
  return `${pid} ${startedAt ?? `${user} ${databaseOid}`}`;
}

function add(counts: Map<number, number>, key: number, more: number): void {
  counts.set(key, (counts.get(key) ?? 0) + more);
}
