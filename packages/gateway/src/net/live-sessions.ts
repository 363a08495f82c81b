import { timingSafeEqual } from 'node:crypto';
import type { Chains } from '@onrecord/record';
import type { Identity } from '../config/config.ts';
import type { Proved } from '../identity/proved.ts';
import type { Session } from '../session/session.ts';
import type { Drive } from './drive.ts';
import type { Upstream } from './upstream.ts';

/** A session that is open, and what a cancel request for it needs. */
export interface LiveSession {
  readonly chains: Chains;
  /** Who opened it, with the groups that it was opened with, and by what. */
  readonly identity: Identity;
  readonly proved: Proved;
  readonly session: Session;
  readonly drive: Drive;
  /** What the client was told: the pid of the backend, so that a client knows its own notifications, and a key of ours. */
  readonly pid: number;
  readonly key: Uint8Array;
  /** Name of the connection. */
  readonly connection: string;
  readonly upstream: Upstream;
  /** The approval of people that the session stands on ends then, in wall-clock microseconds; undefined: it needed none. */
  readonly accessUntil: number | undefined;
}

/** The open sessions of this process, by the key that cancels them. Pids are those of several servers and may coincide. */
export class LiveSessions {
  readonly #byPid = new Map<number, Set<LiveSession>>();
  #size = 0;

  add(live: LiveSession): void {
    const same = this.#byPid.get(live.pid);
    if (same === undefined) this.#byPid.set(live.pid, new Set([live]));
    else same.add(live);
    this.#size += 1;
  }

  remove(live: LiveSession): void {
    const same = this.#byPid.get(live.pid);
    if (same?.delete(live)) this.#size -= 1;
    if (same?.size === 0) this.#byPid.delete(live.pid);
  }

  /** The session that a cancel request names; undefined when the key is wrong, which nobody is told. */
  find(pid: number, key: Uint8Array): LiveSession | undefined {
    for (const live of this.#byPid.get(pid) ?? []) {
      if (live.key.length === key.length && timingSafeEqual(live.key, key)) return live;
    }
    return undefined;
  }

  get size(): number {
    return this.#size;
  }

  *[Symbol.iterator](): IterableIterator<LiveSession> {
    for (const same of this.#byPid.values()) yield* same;
  }
}
