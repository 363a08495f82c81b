import type { SharedDefinitions } from '../../session/definitions.ts';
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

/** How long a catalog is kept up when nobody uses it: an agent that connects for each statement is not to wait each time. */
const lingerMs = 60_000;

/**
 * The catalogs of the databases that sessions under a policy or mask use: one for each connection and database, whoever's
 * session it is, read and followed in one session of the gateway's own that stays open meanwhile.
 */
export class Catalogs {
  readonly #options: CatalogsOptions;
  readonly #followed = new Map<string, FollowedCatalog>();
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
        if (followed.holders === 0) setTimeout(() => this.#endUnused(key, followed), lingerMs).unref();
      },
    };
  }

  /** Ends every reading, and resolves when their sessions are closed. */
  async close(): Promise<void> {
    for (const [key, followed] of this.#followed) this.#end(key, followed);
    await Promise.all(this.#ending);
  }

  #endUnused(key: string, followed: FollowedCatalog): void {
    if (followed.holders === 0 && this.#followed.get(key) === followed) this.#end(key, followed);
  }

  #end(key: string, followed: FollowedCatalog): void {
    this.#followed.delete(key);
    const ended = followed.close().finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }
}
