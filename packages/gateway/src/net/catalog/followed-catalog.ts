import { Termination } from '../../errors.ts';
import { SharedDefinitions } from '../../session/shared-definitions.ts';
import type { Catalog } from '../../sql/catalog.ts';
import { withOwnSession } from '../own-session.ts';
import type { UpstreamTarget } from '../upstream.ts';
import { CatalogReader } from './catalog-reader.ts';
import type { CatalogsOptions } from './catalogs.ts';
import { prepareCatalogSession } from './read-catalog.ts';

/** From the end of one check to the next. What is changed past the gateway is not known for so long. */
const checkEveryMs = 10_000;
/** A check is given at most a twentieth of the time; but no longer pause than lets a failed one be made good. */
const restPerWork = 20;
const maxRestMs = 25_000;
/** A catalog that was not looked at for so long is not known any more. */
const staleUs = 60_000_000;
/** A check, and the reading that it may lead to. */
const checkLimitMs = 30_000;
/** Between attempts, doubled each time, when the catalog cannot be read. */
const retryMs = 1_000;
const maxRetryMs = 15_000;

interface Waiter {
  /** Served by the first check that begins with this number or a later one. */
  readonly ticket: number;
  readonly settle: (failure: Error | undefined) => void;
}

/**
 * One database's catalog, kept fresh while somebody holds it. A session of the gateway's own asks for its fingerprint from
 * time to time, and at once when somebody wants to know; when that has changed, the catalog is read again.
 */
export class FollowedCatalog {
  readonly definitions: SharedDefinitions = new SharedDefinitions();
  readonly #options: CatalogsOptions;
  /** Who holds it: in the newest one's role the next session is opened. */
  readonly #targets: UpstreamTarget[] = [];
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  #rests = false;
  #reader: CatalogReader | undefined;
  #catalog: Catalog | undefined;
  /** When the last check that went well began. */
  #checkedUs = Number.NEGATIVE_INFINITY;
  #asked = 0;
  #waiting: Waiter[] = [];
  /** Ends a pause between two checks. */
  #wake: () => void = () => {};
  #failures = 0;
  #attempts = 0;

  constructor(options: CatalogsOptions) {
    this.#options = options;
  }

  get holders(): number {
    return this.#targets.length;
  }

  get current(): Catalog | undefined {
    return this.#options.clock.monotonicUs() - this.#checkedUs > staleUs ? undefined : this.#catalog;
  }

  /** Somebody uses it. Reading begins with the first. */
  hold(target: UpstreamTarget): void {
    this.#targets.push(target);
    this.#rests = false;
    this.#running ??= this.#run(target);
  }

  letGo(target: UpstreamTarget): void {
    const at = this.#targets.indexOf(target);
    if (at >= 0) this.#targets.splice(at, 1);
  }

  /** Ends its session until somebody holds it again: a database that is in use cannot be dropped, renamed or copied. Only while nobody does. */
  rest(): void {
    this.#rests = true;
    this.#checkedUs = Number.NEGATIVE_INFINITY;
    this.#wake();
    this.#serve(Number.POSITIVE_INFINITY, new Error('nobody uses the catalog any more'));
  }

  async ready(): Promise<void> {
    if (this.current !== undefined) return;
    const failure = await this.#check();
    if (failure === undefined && this.current !== undefined) return;
    const { name } = this.#targets.at(-1)?.connection ?? { name: '' };
    throw new Termination('57P03', `the gateway cannot read the catalog of the connection "${name}"`, {
      detail: 'Rules or masks apply to the session, and without the catalog it cannot be told what a statement does.',
      hint: "The gateway's log says why. Try again.",
      cause: failure,
    });
  }

  async refresh(): Promise<void> {
    const failure = await this.#check();
    // What has changed is not known, but that something has.
    if (failure !== undefined) this.#checkedUs = Number.NEGATIVE_INFINITY;
  }

  /** Resolves when the session is closed. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake();
    this.#serve(Number.POSITIVE_INFINITY, new Error('the gateway has stopped reading the catalog'));
    await this.#running;
  }

  /** Asks for a check that begins from now on; resolves with why it failed. */
  #check(): Promise<Error | undefined> {
    if (this.#closing.signal.aborted) return Promise.resolve(new Error('the gateway has stopped reading the catalog'));
    this.#asked += 1;
    const ticket = this.#asked;
    return new Promise((settle) => {
      this.#waiting.push({ ticket, settle });
      this.#wake();
    });
  }

  #serve(ticket: number, failure: Error | undefined): void {
    const served = this.#waiting.filter((waiter) => waiter.ticket <= ticket);
    this.#waiting = this.#waiting.filter((waiter) => waiter.ticket > ticket);
    for (const { settle } of served) settle(failure);
  }

  async #run(first: UpstreamTarget): Promise<void> {
    let target = first;
    while (this.#isFollowing) {
      // Each in turn: one role may not be let in while another is.
      const { length } = this.#targets;
      if (length > 0) target = this.#targets[length - 1 - (this.#attempts % length)] ?? target;
      const followed = await this.#session(target);
      // A session that has worked may end for any reason; whoever waits is served by the next one.
      if (!followed) await this.#pause(Math.min(retryMs * 2 ** Math.min(this.#failures, 10), maxRetryMs));
    }
    this.#running = undefined;
  }

  get #isFollowing(): boolean {
    return !this.#rests && !this.#closing.signal.aborted;
  }

  /** One session, for as long as it lasts. Resolves with whether it was of any use. */
  async #session(target: UpstreamTarget): Promise<boolean> {
    const limit = new AbortController();
    const signal = AbortSignal.any([limit.signal, this.#closing.signal]);
    let useful = false;
    try {
      const rows = { max: 0, bytes: 0 };
      await withOwnSession(target, { ...this.#options, signal, rows }, async (own) => {
        const session = await within(limit, () => prepareCatalogSession(own));
        const reader = new CatalogReader(session, this.#reader);
        this.#reader = reader;
        while (this.#isFollowing) {
          const workMs = await within(limit, () => this.#look(reader));
          useful = true;
          this.#failures = 0;
          await this.#pause(Math.min(Math.max(checkEveryMs, workMs * restPerWork), maxRestMs));
        }
      });
    } catch (error) {
      if (this.#closing.signal.aborted) return false;
      this.#attempts += 1;
      const { name } = target.connection;
      this.#options.log(`the catalog of the connection "${name}" cannot be read: ${(error as Error).message}`);
      if (!useful) {
        this.#failures += 1;
        this.#serve(this.#asked, error as Error);
      }
    }
    return useful;
  }

  /** One check; resolves with how long it took, in milliseconds. */
  async #look(reader: CatalogReader): Promise<number> {
    const { clock } = this.#options;
    const ticket = this.#asked;
    const startedUs = clock.monotonicUs();
    this.#catalog = await reader.read();
    this.#checkedUs = startedUs;
    this.#serve(ticket, undefined);
    return (clock.monotonicUs() - startedUs) / 1000;
  }

  /** Until the time is over, or somebody wants a check. */
  #pause(ms: number): Promise<void> {
    if (this.#waiting.length > 0 || this.#closing.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#wake = () => {};
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#wake = done;
    });
  }
}

/** Cuts the connection when it takes too long. */
async function within<Result>(limit: AbortController, work: () => Promise<Result>): Promise<Result> {
  const timer = setTimeout(() => limit.abort(), checkLimitMs);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
  }
}
