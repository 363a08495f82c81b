/** One meaning that a name was given by a message. */
export interface Named<T> {
  readonly name: string;
  /** Undefined when the message took the meaning away (Close). */
  readonly value: T | undefined;
  previous: Named<T> | undefined;
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

  put(name: string, value: T | undefined): Named<T> {
    const named = { name, value, previous: this.#names.get(name), confirmed: false, dead: false };
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
