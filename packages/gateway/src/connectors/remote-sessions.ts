import type { WatchEvent } from './connector-gate.ts';

type SessionSeen = WatchEvent & { readonly type: 'session seen' };
type SessionsUnseen = WatchEvent & { readonly type: 'sessions unseen' };

/** A session that a process of a connector opened for this gateway. Times are microseconds of the gateway's clock. */
interface RemoteSession {
  readonly instance: string;
  readonly database: string;
  readonly pid: number;
  readonly askedAt: number;
  readonly openedAt: number;
  closedAt: number | undefined;
  /** Instances whose watch has counted it, as seen or as unseen. */
  readonly counted: Set<string>;
}

/** A session that is being opened. */
export interface Opening {
  /** There is a backend for it. Returns what to call when it has closed. */
  opened(backend: { readonly pid: number; readonly database: string }): () => void;
  /** There will be none. */
  failed(): void;
}

/** The clocks of gateway, connector and server may differ by this much. */
const skewUs = 30_000_000;
/** Of one connection; those that opened first and have closed are forgotten. */
const maximumRemembered = 10_000;
/** How long an opening session can keep what a watch says from being recorded. */
const settledMs = 10_000;

/**
 * The sessions that connectors opened, for the case that several processes of one connector watch the same server: each
 * knows its own sessions only, and the gateway knows those of all.
 *
 * BUG: sessions that another process of the connector opened for another gateway are taken for blind ones.
 */
export class RemoteSessions {
  readonly #nowUs: () => number;
  readonly #byConnection = new Map<string, RemoteSession[]>();
  /** Sessions that are being opened, and by which process. */
  readonly #opening = new Map<Promise<void>, string>();

  constructor(nowUs: () => number) {
    this.#nowUs = nowUs;
  }

  opening(connection: string, instance: string): Opening {
    const askedAt = this.#nowUs();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#opening.set(promise, instance);
    const settle = (): void => {
      this.#opening.delete(promise);
      resolve();
    };
    return {
      failed: settle,
      opened: (backend) => {
        const times = { askedAt, openedAt: this.#nowUs(), closedAt: undefined };
        const session: RemoteSession = { instance, ...backend, ...times, counted: new Set() };
        this.#remember(connection, session);
        settle();
        return () => {
          session.closedAt ??= this.#nowUs();
        };
      },
    };
  }

  /**
   * Resolves when the sessions that other processes are opening now are open, or have had their time: one of them may be
   * what a watch saw, and its process id is not known before.
   */
  async settled(instance: string): Promise<void> {
    const others = [...this.#opening].filter(([, by]) => by !== instance).map(([opening]) => opening);
    if (others.length === 0) return;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, settledMs);
    await Promise.race([late, Promise.all(others)]);
    clearTimeout(timer);
  }

  /** Whether what the watch of one process saw was opened by another one for this gateway. */
  knows(seen: SessionSeen, instance: string): boolean {
    const session = this.#of(seen.connection).find(
      (candidate) =>
        candidate.instance !== instance &&
        candidate.pid === seen.pid &&
        candidate.askedAt - skewUs <= seen.startedAt &&
        seen.startedAt <= candidate.openedAt + skewUs,
    );
    session?.counted.add(instance);
    return session !== undefined;
  }

  /** How many of the sessions that one process counted and did not see were opened by others for this gateway. */
  explains({ connection, database, count, fromAt, untilAt }: SessionsUnseen, instance: string): number {
    const explaining = this.#of(connection).filter(
      (candidate) =>
        candidate.instance !== instance &&
        candidate.database === database &&
        !candidate.counted.has(instance) &&
        candidate.askedAt <= untilAt + skewUs &&
        (candidate.closedAt ?? Number.POSITIVE_INFINITY) >= fromAt - skewUs,
    );
    const explained = explaining.slice(0, count);
    for (const session of explained) session.counted.add(instance);
    return explained.length;
  }

  #of(connection: string): readonly RemoteSession[] {
    return this.#byConnection.get(connection) ?? [];
  }

  #remember(connection: string, session: RemoteSession): void {
    const sessions = this.#byConnection.get(connection) ?? [];
    this.#byConnection.set(connection, sessions);
    sessions.push(session);
    if (sessions.length <= maximumRemembered) return;
    const over = sessions.findIndex(({ closedAt }) => closedAt !== undefined);
    if (over !== -1) sessions.splice(over, 1);
  }
}
