const maxTexts = 20;
const maxCharacters = 2_000;

/** The texts that a session ran last, for people who are asked about the next one: the beginnings of long ones. */
export class RecentTexts {
  /** A ring: the next one takes the place of the oldest. */
  readonly #texts: string[] = [];
  #count = 0;

  add(text: string): void {
    this.#texts[this.#count % maxTexts] = text.slice(0, maxCharacters);
    this.#count += 1;
  }

  /** Those in front of the newest `behind` ones, the newest last. */
  before(behind: number): readonly string[] {
    const oldest = this.#count % maxTexts;
    const texts = [...this.#texts.slice(oldest), ...this.#texts.slice(0, oldest)];
    return texts.slice(0, Math.max(0, texts.length - behind));
  }
}
