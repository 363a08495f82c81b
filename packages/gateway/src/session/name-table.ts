import { isAscii } from './latin1.ts';

/** A name as it is looked up; undefined when it cannot be known what the server makes of its bytes. */
export type NameKey = string | undefined;

/** One meaning that a name was given by a message. */
export interface Named<T> {
  readonly name: NameKey;
  /** Undefined when the message took the meaning away (Close). */
  readonly value: T | undefined;
  previous: Named<T> | undefined;
  /** How many Syncs had been sent before the message. */
  readonly syncs: number;
  confirmed: boolean;
  dead: boolean;
}

/**
 * Names of prepared statements or portals as they will be when Postgres has worked through everything that was sent.
 * A message gives a name its meaning at once (`put`); the server's answer confirms it, an error takes it back
 * (`dead`), and then what the name meant before holds again.
 *
 * BUG: code inside the server can give a name another text without a word on the wire (`EXECUTE 'DEALLOCATE …; PREPARE …'`
 * in a DO block or a function). An execution by that name is then recorded with the text that the client had given.
 */
export class NameTable<T> {
  readonly #names = new Map<string, Named<T>>();

  get(name: NameKey): T | undefined {
    if (name === undefined) return undefined;
    let top = this.#names.get(name);
    if (top === undefined || !top.dead) return top?.value;
    while (top?.dead) top = top.previous;
    if (top === undefined) this.#names.delete(name);
    else this.#names.set(name, top);
    return top?.value;
  }

  /**
   * False when the name may yet turn out to mean something else for a message that comes now: a message gave it its
   * meaning that has no answer yet, and a Sync stands in between. Without one, an error there discards this message too.
   */
  isCertain(name: NameKey, syncs: number): boolean {
    if (name === undefined) return true;
    this.get(name);
    const top = this.#names.get(name);
    return top === undefined || top.confirmed || top.syncs === syncs;
  }

  put(name: NameKey, value: T | undefined, syncs: number): Named<T> {
    const previous = name === undefined ? undefined : this.#names.get(name);
    const named = { name, value, previous, syncs, confirmed: false, dead: false };
    if (name !== undefined) this.#names.set(name, named);
    return named;
  }

  confirm(named: Named<T>): void {
    named.confirmed = true;
    named.previous = undefined;
    const { name } = named;
    if (name !== undefined && named.value === undefined && this.#names.get(name) === named) this.#names.delete(name);
  }

  /** Forgets what the server has confirmed of one name. */
  forget(name: NameKey): void {
    if (name === undefined) return;
    const top = this.#names.get(name);
    if (top?.confirmed) this.#names.delete(name);
  }

  /** Forgets names that are not ASCII: what the server makes of their bytes has changed. */
  forgetNonAscii(): void {
    for (const name of this.#names.keys()) if (!isAscii(name)) this.#names.delete(name);
  }

  /**
   * Forgets every meaning that the server has confirmed: portals at the end of their transaction, DISCARD ALL. The
   * unnamed statement outlives DEALLOCATE ALL and DISCARD ALL (DropAllPreparedStatements), and what `but` is true of
   * outlives all of it.
   */
  forgetConfirmed({
    butUnnamed = false,
    but = never,
  }: {
    readonly butUnnamed?: boolean;
    readonly but?: (value: T) => boolean;
  } = {}): void {
    const goes = ({ confirmed, value }: Named<T>): boolean => confirmed && (value === undefined || !but(value));
    for (const [name, top] of this.#names) {
      if (butUnnamed && name === '') continue;
      let alive: Named<T> | undefined = top;
      while (alive?.dead) alive = alive.previous;
      if (alive === undefined || goes(alive)) {
        this.#names.delete(name);
        continue;
      }
      for (let named: Named<T> | undefined = alive; named !== undefined; named = named.previous) {
        if (named.previous !== undefined && goes(named.previous)) named.previous = undefined;
      }
    }
  }
}

function never(): boolean {
  return false;
}
