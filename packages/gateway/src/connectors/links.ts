import { NoLink } from './connector-gate.ts';
import type { Link } from './link.ts';
import type { MessageStream } from './message-stream.ts';
import { givenUp } from './open-on-spare.ts';

/** A spare for a session, and the link that it belongs to. */
export interface TakenSpare {
  readonly link: Link;
  readonly spare: MessageStream;
}

export interface WaitOptions {
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

interface Waiter {
  readonly connection: string;
  readonly take: (taken: TakenSpare) => void;
}

/** The links that are up, by connector, and the sessions that wait for one. */
export class Links {
  readonly #byConnector = new Map<string, Link[]>();
  readonly #waiting = new Map<string, Set<Waiter>>();
  readonly #awaySince = new Map<string, number>();

  *[Symbol.iterator](): Generator<Link> {
    for (const links of this.#byConnector.values()) yield* links;
  }

  of(connector: string): readonly Link[] {
    return this.#byConnector.get(connector) ?? [];
  }

  /** The link of one process of a connector. */
  find(connector: string, instance: string): Link | undefined {
    return this.of(connector).find(({ about }) => about.instance === instance);
  }

  /** The links over which a connection can be opened. Throws a NoLink when there is none. */
  serving(connector: string, connection: string): readonly [Link, ...Link[]] {
    const links = this.of(connector);
    if (links.length === 0) throw new NoLink(connector, { type: 'away', since: this.#awaySince.get(connector) });
    const [first, ...others] = links.filter(({ serves }) => serves.has(connection));
    if (first === undefined) throw new NoLink(connector, { type: 'not offered' });
    return [first, ...others];
  }

  add(link: Link): void {
    const { connector } = link.about;
    const links = this.#byConnector.get(connector);
    if (links === undefined) this.#byConnector.set(connector, [link]);
    else links.push(link);
    this.#awaySince.delete(connector);
  }

  /** It ended, `nowUs` microseconds since 1970. */
  remove(link: Link, nowUs: number): void {
    const { connector } = link.about;
    const links = this.of(connector).filter((other) => other !== link);
    if (links.length > 0) {
      this.#byConnector.set(connector, links);
    } else if (this.#byConnector.delete(connector)) {
      this.#awaySince.set(connector, nowUs);
    }
  }

  /**
   * A spare of a link over which the connection can be opened; several processes of a connector take turns. Waits for a
   * link, or for a spare of one. Rejects with a NoLink, or a DialError when the session was given up.
   */
  async take(connector: string, connection: string, { waitMs, signal }: WaitOptions): Promise<TakenSpare> {
    if (signal.aborted) throw givenUp(signal);
    const taken = this.#takeNow(connector, connection);
    if (taken !== undefined) return taken;
    const taking = Promise.withResolvers<TakenSpare>();
    const waiter: Waiter = { connection, take: taking.resolve };
    const waiting = this.#waitingFor(connector);
    const giveUp = (error: Error): void => {
      waiting.delete(waiter);
      taking.reject(error);
    };
    const timer = setTimeout(() => giveUp(this.#whyNone(connector, connection)), waitMs);
    const onAbort = (): void => giveUp(givenUp(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    waiting.add(waiter);
    try {
      return await taking.promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      if (waiting.size === 0 && this.#waiting.get(connector) === waiting) this.#waiting.delete(connector);
    }
  }

  /** A link has a spare, or serves something else than before: those that wait come first. */
  serveWaiting(link: Link): void {
    const waiting = this.#waiting.get(link.about.connector);
    for (const waiter of waiting ?? []) {
      if (!link.serves.has(waiter.connection)) continue;
      const spare = link.takeSpare();
      if (spare === undefined) return;
      waiting?.delete(waiter);
      waiter.take({ link, spare });
    }
  }

  #waitingFor(connector: string): Set<Waiter> {
    const waiting = this.#waiting.get(connector) ?? new Set<Waiter>();
    this.#waiting.set(connector, waiting);
    return waiting;
  }

  /** Undefined when it is worth waiting. Throws a NoLink when a connector that is connected does not serve it. */
  #takeNow(connector: string, connection: string): TakenSpare | undefined {
    const links = this.of(connector);
    if (links.length === 0) return undefined;
    const link = this.serving(connector, connection).find(({ spares }) => spares > 0);
    const spare = link?.takeSpare();
    if (link === undefined || spare === undefined) return undefined;
    // The next session has the next process.
    this.#byConnector.set(connector, [...links.filter((other) => other !== link), link]);
    return { link, spare };
  }

  #whyNone(connector: string, connection: string): NoLink {
    try {
      this.serving(connector, connection);
      return new NoLink(connector, { type: 'busy' });
    } catch (error) {
      return error as NoLink;
    }
  }
}
