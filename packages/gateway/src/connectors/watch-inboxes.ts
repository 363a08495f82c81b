import type { Link } from './link.ts';
import type { Links } from './links.ts';
import { WatchInbox, type WatchInboxOptions } from './watch-inbox.ts';

export interface WatchInboxesOptions extends Pick<WatchInboxOptions, 'sink' | 'sessions' | 'nowUs' | 'log'> {
  readonly links: Links;
}

/** Processes of connectors that have gone and may come back: what they send again is known by then. */
const maximumRemembered = 1_000;

/** The inboxes of all processes of connectors, those that are away for a while included. */
export class WatchInboxes {
  readonly #options: WatchInboxesOptions;
  /** The one that was used last is last. */
  readonly #inboxes = new Map<string, WatchInbox>();

  constructor(options: WatchInboxesOptions) {
    this.#options = options;
  }

  /** The inbox of the process at the other end of a link. */
  of({ about: { connector, instance } }: Link): WatchInbox {
    const key = `${connector}\0${instance}`;
    const inbox = this.#inboxes.get(key) ?? this.#create(connector, instance);
    this.#inboxes.delete(key);
    this.#inboxes.set(key, inbox);
    for (const oldest of this.#inboxes.keys()) {
      if (this.#inboxes.size <= maximumRemembered) break;
      this.#inboxes.delete(oldest);
    }
    return inbox;
  }

  /** Resolves when everything that was heard is recorded, or nothing more can be. */
  async close(): Promise<void> {
    await Promise.all([...this.#inboxes.values()].map((inbox) => inbox.close()));
  }

  #create(connector: string, instance: string): WatchInbox {
    const { links, sink, sessions, nowUs, log } = this.#options;
    const watchedElsewhere = (connection: string): boolean =>
      links.of(connector).some((link) => link.about.instance !== instance && this.of(link).watching.has(connection));
    return new WatchInbox({ connector, instance, sink, sessions, watchedElsewhere, nowUs, log });
  }
}
