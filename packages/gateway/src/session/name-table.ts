/** One meaning that a name was given by a message. */
export interface Named<T> {
  readonly name: string;
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
 * (`discard`), and then what the name meant before holds again.
 */
export class NameTable<T> {
  readonly #names = new Map<string, Named<T>>();

  get(name: string): T | undefined {
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
  isCertain(name: string, syncs: number): boolean {
    this.get(name);
    const top = this.#names.get(name);
    return top === undefined || top.confirmed || top.syncs === syncs;
  }

  put(name: string, value: T | undefined, syncs: number): Named<T> {
    const named = { name, value, previous: this.#names.get(name), syncs, confirmed: false, dead: false };
    this.#names.set(name, named);
    return named;
  }

  confirm(named: Named<T>): void {
    named.confirmed = true;
    named.previous = undefined;
    if (named.value === undefined && this.#names.get(named.name) === named) this.#names.delete(named.name);
  }

  discard(named: Named<T>): void {
    named.dead = true;
  }

  /** Forgets what the server has confirmed of one name. */
  forget(name: string): void {
    const top = this.#names.get(name);
    if (top?.confirmed) this.#names.delete(name);
  }

  /** Forgets every meaning that the server has confirmed: portals at the end of their transaction, DISCARD ALL. */
  forgetConfirmed(): void {
    for (const [name, top] of this.#names) {
      if (top.confirmed || top.dead) {
        this.#names.delete(name);
        continue;
      }
      for (let named: Named<T> | undefined = top; named !== undefined; named = named.previous) {
        if (named.previous?.confirmed) named.previous = undefined;
      }
    }
  }

  get size(): number {
    return this.#names.size;
  }
}
