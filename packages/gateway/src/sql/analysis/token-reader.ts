import { depthOf, type Token, tokensOf } from './plpgsql-tokens.ts';

/** A place in the tokens of a PL/pgSQL body, and ways to move it. */
export class TokenReader {
  readonly body: string;
  readonly tokens: readonly Token[];
  at = 0;

  constructor(body: string) {
    this.body = body;
    this.tokens = tokensOf(body);
  }

  get isAtEnd(): boolean {
    return this.at >= this.tokens.length;
  }

  /** The word at the place, or so many tokens behind it; '' for what is no word. */
  word(offset = 0): string {
    return this.tokens[this.at + offset]?.word ?? '';
  }

  /** The tokens up to one of the words outside of parentheses, as read_sql_construct does, CASE or not; the place is then at that word. */
  upTo(words: readonly string[]): readonly Token[] {
    const from = this.at;
    let depth = 0;
    for (; this.at < this.tokens.length; this.at += 1) {
      const word = this.word();
      depth += depthOf(word);
      if (depth === 0 && (words.includes(word) || word === ';')) break;
    }
    return this.tokens.slice(from, this.at);
  }

  /** Moves behind the word, or to the end of the statement. */
  skipPast(word: string): void {
    this.upTo([word]);
    if (this.word() === word) this.at += 1;
  }

  /** Behind `name.name[…].name`, which begins at `from`. */
  targetEnd(from: number): number {
    let at = from + 1;
    for (;;) {
      const word = this.tokens[at]?.word;
      if (word === '.' && this.tokens[at + 1]?.isName === true) at += 2;
      else if (word === '[') at = this.#closing(at) + 1;
      else return at;
    }
  }

  /** The parenthesis or bracket that closes the one at `from`. */
  #closing(from: number): number {
    let depth = 0;
    let at = from;
    for (; at < this.tokens.length; at += 1) {
      depth += depthOf(this.tokens[at]?.word ?? '');
      if (depth === 0) break;
    }
    return at;
  }
}
