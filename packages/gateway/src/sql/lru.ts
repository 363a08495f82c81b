/** The values last used, as many as fit. A key longer than a tenth of all the room is not kept. */
export class Lru<Value> {
  readonly #values = new Map<string, Value>();
  readonly #maxEntries: number;
  readonly #maxCharacters: number;
  #characters = 0;

  /** `maxCharacters` bounds the keys together: they are SQL texts, and the values are of their order. */
  constructor({ maxEntries, maxCharacters }: { readonly maxEntries: number; readonly maxCharacters: number }) {
    this.#maxEntries = maxEntries;
    this.#maxCharacters = maxCharacters;
  }

  get size(): number {
    return this.#values.size;
  }

  /** The value for `key`, computed when it is not there. */
  get(key: string, compute: (key: string) => Value): Value {
    const values = this.#values;
    const kept = values.get(key);
    if (kept !== undefined || values.has(key)) {
      values.delete(key);
      values.set(key, kept as Value);
      return kept as Value;
    }
    const value = compute(key);
    if (key.length * 10 <= this.#maxCharacters) this.#keep(key, value);
    return value;
  }

  #keep(key: string, value: Value): void {
    this.#values.set(key, value);
    this.#characters += key.length;
    for (const oldest of this.#values.keys()) {
      if (this.#values.size <= this.#maxEntries && this.#characters <= this.#maxCharacters) return;
      this.#values.delete(oldest);
      this.#characters -= oldest.length;
    }
  }
}
