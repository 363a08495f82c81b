/** What is known of a session before it is dialled. */
export interface OurDial {
  /** As `addressOf` has it: what tells servers apart until a watch knows them better. */
  readonly address: string;
  /** The database that the server is asked for. */
  readonly database: string;
  readonly user: string;
}

/** A session that this process dials or has dialled. Times are of the process's monotonic clock, in microseconds. */
export interface OurSession extends OurDial {
  /** Rises with each dial. */
  readonly id: number;
  readonly startedAt: number;
  /** `unclear`: the dial failed, and the server may have had a session all the same; `refused`: it cannot have. */
  readonly state: 'opening' | 'open' | 'closed' | 'refused' | 'unclear';
  /** Of its backend, once it is open. */
  readonly pid: number | undefined;
  /** When the server was heard to be ready. */
  readonly readyAt: number | undefined;
  /** When our side ended it, or gave the dial up. */
  readonly endedAt: number | undefined;
  /** It was made sure that the server's counter holds it. */
  readonly isCounted: boolean;
}

/** Accompanies one dial: `opened`, `refused` or `lost`, and after `opened` some time `closed`. */
export interface Opening {
  opened(pid: number): void;
  /** The server was made to count it, if it is one that counts. */
  counted(): void;
  /** The dial came to nothing, and the server has no session for it. */
  refused(): void;
  /** The dial came to nothing, and the server may have a session that we never heard of. */
  lost(): void;
  /** Our socket is closed. The backend may still be there. */
  closed(): void;
}

/** How a session stands to a server that a watch looks at. */
export type Place = 'here' | 'elsewhere' | 'unknown';

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

/** An ended session is remembered this long: its backend may still be there, and was perhaps not counted yet. */
const rememberedUs = 120_000_000;
/** And no more of them than this: 10 MB. */
const rememberedSessions = 65_536;

/**
 * The sessions that this process has opened on any server, its watches' own included. Whoever dials Postgres says so
 * before, and how it went: what no watch finds here is a blind session.
 */
export class Ours {
  readonly #nowUs: () => number;
  readonly #sessions = new Map<number, Mutable<OurSession>>();
  readonly #byPid = new Map<number, OurSession[]>();
  /** In the order in which they ended. */
  readonly #ended = new Set<OurSession>();
  /** Dials that are under way or whose end is not clear. */
  readonly #unsettled = new Set<OurSession>();
  readonly #lives = new Map<string, string>();
  #lastId = 0;
  #forgottenId = 0;

  constructor(clock: { monotonicUs(): number }) {
    this.#nowUs = () => clock.monotonicUs();
  }

  /** A session is about to be dialled. */
  opening(dial: OurDial): Opening {
    this.#forget();
    this.#lastId += 1;
    const session: Mutable<OurSession> = {
      ...dial,
      id: this.#lastId,
      startedAt: this.#nowUs(),
      state: 'opening',
      pid: undefined,
      readyAt: undefined,
      endedAt: undefined,
      isCounted: false,
    };
    this.#sessions.set(session.id, session);
    this.#unsettled.add(session);
    return {
      opened: (pid) => {
        if (session.state !== 'opening') return;
        Object.assign(session, { state: 'open', pid, readyAt: this.#nowUs() });
        this.#unsettled.delete(session);
        this.#byPid.set(pid, [...this.withPid(pid), session]);
      },
      counted: () => {
        session.isCounted = true;
      },
      refused: () => {
        if (session.state === 'opening') this.#end(session, 'refused');
      },
      lost: () => {
        if (session.state === 'opening') this.#end(session, 'unclear');
      },
      closed: () => {
        if (session.state === 'open') this.#end(session, 'closed');
      },
    };
  }

  /** The latest dial; 0 before the first. */
  get lastId(): number {
    return this.#lastId;
  }

  /** Of the sessions that are no longer remembered, the latest dial; 0 when there is none. */
  get forgottenId(): number {
    return this.#forgottenId;
  }

  get(id: number): OurSession | undefined {
    return this.#sessions.get(id);
  }

  /** Sessions whose dial began after that of `id`, those that are forgotten left out. */
  after(id: number): readonly OurSession[] {
    const later: OurSession[] = [];
    for (let next = id + 1; next <= this.#lastId; next += 1) {
      const session = this.#sessions.get(next);
      if (session !== undefined) later.push(session);
    }
    return later;
  }

  /** Sessions whose backend has or had this process id. */
  withPid(pid: number): readonly OurSession[] {
    return this.#byPid.get(pid) ?? [];
  }

  /** Dials that are `opening` or `unclear`. */
  unsettled(): readonly OurSession[] {
    return [...this.#unsettled];
  }

  /** What is behind an address: `life` names one server from its start to its end. */
  learn(address: string, life: string): void {
    this.#lives.set(address, life);
  }

  /** Whether a session is one of the server that `life` names. The same server may go by several addresses. */
  place(session: OurDial, life: string): Place {
    const known = this.#lives.get(session.address);
    if (known === undefined) return 'unknown';
    return known === life ? 'here' : 'elsewhere';
  }

  #end(session: Mutable<OurSession>, state: OurSession['state']): void {
    Object.assign(session, { state, endedAt: this.#nowUs() });
    this.#ended.add(session);
    if (state !== 'unclear') this.#unsettled.delete(session);
  }

  #forget(): void {
    const until = this.#nowUs() - rememberedUs;
    for (const session of this.#ended) {
      if (this.#ended.size <= rememberedSessions && (session.endedAt ?? 0) >= until) return;
      this.#ended.delete(session);
      this.#sessions.delete(session.id);
      this.#forgottenId = Math.max(this.#forgottenId, session.id);
      this.#unsettled.delete(session);
      if (session.pid === undefined) continue;
      const others = this.withPid(session.pid).filter((other) => other !== session);
      if (others.length === 0) this.#byPid.delete(session.pid);
      else this.#byPid.set(session.pid, others);
    }
  }
}
