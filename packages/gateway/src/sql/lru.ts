interface Kept<Value> {
  readonly value: Value;
  /** Since the last time that room was needed. */
  isUsed: boolean;
}

/**
 * The values last used, as many as fit: one that was used since room was needed last is not the next to go (the clock
 * algorithm), which costs a look-up nothing. A key longer than a tenth of all the room is not kept.
 */
export class Lru<Value> {
  readonly #kept = new Map<string, Kept<Value>>();
  readonly #maxEntries: number;
  readonly #maxCharacters: number;
  #characters = 0;

  /** `maxCharacters` bounds the keys together: they are SQL texts, and the values are of their order. */
  constructor({ maxEntries, maxCharacters }: { readonly maxEntries: number; readonly maxCharacters: number }) {
    this.#maxEntries = maxEntries;
    this.#maxCharacters = maxCharacters;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** The value for `key`, computed when it is not there. */
  get(key: string, compute: (key: string) => Value): Value {
    const known = this.#use(key);
    if (known !== undefined) return known.value;
    const value = compute(key);
    this.keep(key, value);
    return value;
  }

  /** The value that is kept for `key`, if one is. */
  find(key: string): Value | undefined {
    return this.#use(key)?.value;
  }

  /** Keeps a value, in the place of one that there is. */
  keep(key: string, value: Value): void {
    if (key.length * 10 > this.#maxCharacters) return;
    const kept = this.#kept;
    if (!kept.has(key)) this.#characters += key.length;
    kept.set(key, { value, isUsed: true });
    // Goes on with what it has put at the end: the second time around nothing is used any more.
    for (const [oldest, entry] of kept) {
      if (kept.size <= this.#maxEntries && this.#characters <= this.#maxCharacters) return;
      kept.delete(oldest);
      if (entry.isUsed) {
        entry.isUsed = false;
        kept.set(oldest, entry);
      } else {
        this.#characters -= oldest.length;
      }
    }
  }

  #use(key: string): Kept<Value> | undefined {
    const known = this.#kept.get(key);
    if (known !== undefined) known.isUsed = true;
    return known;
  }
}
