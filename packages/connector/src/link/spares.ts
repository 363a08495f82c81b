import { performance } from 'node:perf_hooks';
import type { TLSSocket } from 'node:tls';
import { backOffMs } from './back-off.ts';
import { LinkConnection } from './link-connection.ts';
import { LinkError } from './link-error.ts';
import { linkVersion, type Open } from './messages.ts';
import { SpareDemand } from './spare-demand.ts';

export interface SparesOptions {
  readonly dial: (signal: AbortSignal) => Promise<TLSSocket>;
  readonly instance: string;
  /** A session takes a connection. */
  readonly taken: (connection: LinkConnection, open: Open) => void;
  readonly log: (message: string) => void;
  /** How often those that wait are looked through; for tests. */
  readonly tidyMs?: number;
}

/** Handshakes that are under way at once. */
const maximumDials = 64;
/** A connection that waited this long has shown that others are worth dialling. */
const settledMs = 10_000;
const usualTidyMs = 30_000;

/** Connections to a gateway that wait for sessions, so that none has to wait for a connection. */
export class Spares {
  readonly #options: SparesOptions;
  readonly #demand = new SpareDemand();
  /** Each with when it began to wait, oldest first. */
  readonly #idle = new Map<LinkConnection, number>();
  readonly #stopped = new AbortController();
  readonly #tidying: NodeJS.Timeout;
  /** One that has waited this long is replaced: what is on the way may have lost it on the gateway's side alone. */
  readonly #staleMs: number;
  #dialling = 0;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: SparesOptions) {
    this.#options = options;
    const { tidyMs = usualTidyMs } = options;
    this.#staleMs = 2 * tidyMs;
    this.#tidying = setInterval(() => this.#tidy(), tidyMs).unref();
  }

  /** How many the gateway wants to see waiting. */
  keep(spares: number): void {
    this.#demand.usual = spares;
    this.#refill();
  }

  stop(): void {
    this.#stopped.abort();
    clearInterval(this.#tidying);
    clearTimeout(this.#retry);
    for (const connection of this.#idle.keys()) connection.close();
    this.#idle.clear();
  }

  #refill(): void {
    if (this.#stopped.signal.aborted || this.#retry !== undefined) return;
    const missing = this.#demand.wanted(performance.now()) - this.#idle.size - this.#dialling;
    const free = maximumDials - this.#dialling;
    for (let more = Math.min(missing, free); more > 0; more -= 1) void this.#dial();
  }

  async #dial(): Promise<void> {
    this.#dialling += 1;
    try {
      this.#wait(await this.#options.dial(this.#stopped.signal));
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      this.#failed(error);
    } finally {
      this.#dialling -= 1;
      this.#refill();
    }
  }

  #wait(socket: TLSSocket): void {
    const since = performance.now();
    const connection = new LinkConnection(socket, {
      message: (message) => {
        if (message.type === 'open') return this.#take(connection, message);
        connection.close();
        gone(
          new LinkError(message.type === 'refused' ? message.reason : `the gateway said ${message.type} to a spare`),
        );
      },
      closed: (error) => gone(error),
    });
    const gone = (error: LinkError): void => {
      this.#idle.delete(connection);
      if (performance.now() - since >= settledMs) this.#failures = 0;
      this.#failed(error);
    };
    if (this.#stopped.signal.aborted) return connection.close();
    connection.send({ type: 'spare', link: linkVersion, instance: this.#options.instance });
    this.#idle.set(connection, since);
  }

  #take(connection: LinkConnection, open: Open): void {
    this.#failures = 0;
    this.#idle.delete(connection);
    this.#demand.taken(this.#idle.size, performance.now());
    this.#options.taken(connection, open);
    this.#refill();
  }

  #failed(error: LinkError): void {
    if (this.#stopped.signal.aborted || this.#retry !== undefined) return;
    this.#failures += 1;
    if (this.#failures === 1) this.#options.log(`a connection for sessions was lost: ${error.message}`);
    this.#retry = setTimeout(
      () => {
        this.#retry = undefined;
        this.#refill();
      },
      backOffMs(this.#failures, Math.random()),
    );
  }

  /** Closes those that are too many, and of the rest that are stale half at a time, so that some always wait. */
  #tidy(): void {
    const nowMs = performance.now();
    let surplus = this.#idle.size - this.#demand.wanted(nowMs);
    let stale = Math.ceil(this.#idle.size / 2);
    for (const [connection, since] of this.#idle) {
      if (surplus <= 0 && (stale <= 0 || nowMs - since < this.#staleMs)) break;
      surplus -= 1;
      stale -= 1;
      this.#idle.delete(connection);
      connection.close();
    }
    this.#refill();
  }
}
