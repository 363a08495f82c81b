import type { SharedDefinitions } from '../../session/shared-definitions.ts';
import type { Catalog } from '../../sql/catalog.ts';
import type { OwnSessionOptions } from '../own-session.ts';
import type { UpstreamTarget } from '../upstream.ts';
import { FollowedCatalog } from './followed-catalog.ts';

/** The catalog of one database, for a session. */
export interface CatalogView {
  /** Undefined: it is not known, or not any more. Everything is unknown then. */
  readonly current: Catalog | undefined;
  /** Resolves when there is one. Rejects with a Termination (57P03) when it cannot be read. */
  ready(): Promise<void>;
  /**
   * Resolves when the catalog was looked at by a check that began after the call: what was committed before is in
   * `current` then, or `current` is undefined.
   */
  refresh(): Promise<void>;
  /** What sessions on the database define, until the catalog has it. */
  readonly definitions: SharedDefinitions;
  /** The session ends, or has no use for it any more. */
  release(): void;
}

export interface CatalogsOptions extends OwnSessionOptions {
  readonly log: (message: string) => void;
}

/** How long a catalog is followed when nobody uses it any more: Postgres waits 5 s for sessions to end before it refuses to drop their database. */
const lingerMs = 2_000;
/** How long it is kept then: an agent that connects for each statement is not to wait for all of it each time. */
const keptMs = 600_000;

/**
 * The catalogs of the databases that sessions under a policy or mask use: one for each connection and database, whoever's
 * session it is, read and followed in one session of the gateway's own that stays open as long as somebody uses it.
 */
export class Catalogs {
  readonly #options: CatalogsOptions;
  readonly #followed = new Map<string, FollowedCatalog>();
  /** What is to become of those that nobody uses. */
  readonly #unused = new Map<string, NodeJS.Timeout>();
  readonly #ending = new Set<Promise<void>>();

  constructor(options: CatalogsOptions) {
    this.#options = options;
  }

  /** The catalog of the target's database; to be released. */
  of(target: UpstreamTarget): CatalogView {
    const key = JSON.stringify([target.connection.name, target.connection.reach, target.database ?? null]);
    const known = this.#followed.get(key);
    const followed = known ?? new FollowedCatalog(this.#options);
    this.#followed.set(key, followed);
    clearTimeout(this.#unused.get(key));
    followed.hold(target);
    let held = true;
    return {
      get current() {
        return followed.current;
      },
      ready: () => followed.ready(),
      refresh: () => followed.refresh(),
      definitions: followed.definitions,
      release: () => {
        if (!held) return;
        held = false;
        followed.letGo(target);
        if (followed.holders === 0) this.#rest(key, followed);
      },
    };
  }

  /** Lets its session end soon, and forgets it later, unless somebody comes to use it. */
  #rest(key: string, followed: FollowedCatalog): void {
    const later = (ms: number, act: () => void): void => {
      this.#unused.set(key, setTimeout(act, ms).unref());
    };
    later(lingerMs, () => {
      followed.rest();
      later(keptMs, () => this.#end(key, followed));
    });
  }

  /** Ends every reading, and resolves when their sessions are closed. */
  async close(): Promise<void> {
    for (const [key, followed] of this.#followed) this.#end(key, followed);
    await Promise.all(this.#ending);
  }

  #end(key: string, followed: FollowedCatalog): void {
    this.#followed.delete(key);
    clearTimeout(this.#unused.get(key));
    this.#unused.delete(key);
    const ended = followed.close().finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }
}
