import { Lexer, tokenKind } from './lexer.ts';

/** Where one statement stands in a text: offsets of a latin1 string, which are bytes. */
export interface StatementRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Statement boundaries by tokens alone; undefined when a token or parenthesis does not end. Within a statement, the
 * grammar has a `;` in two places only: in the parentheses of a rule's actions, and between BEGIN ATOMIC and its END.
 * So it is exact for every text that Postgres accepts, but for one:
 * BUG: `end` as the label of a column without AS, within BEGIN ATOMIC.
 */
export function splitTokens(sql: string, standardConformingStrings: boolean): readonly StatementRange[] | undefined {
  const ranges: StatementRange[] = [];
  const lexer = new Lexer(sql, standardConformingStrings);
  let nesting = new Nesting();
  let start = 0;
  let end = 0;
  const separate = (at: number): void => {
    if (!nesting.isEmpty) ranges.push({ start: trimStart(sql, start, at), end: trimEnd(sql, start, at) });
    nesting = new Nesting();
  };
  while (lexer.next() !== tokenKind.end) {
    if (!lexer.terminated) return undefined;
    end = lexer.end;
    if (lexer.kind === tokenKind.comment) continue;
    if (nesting.isClosed && lexer.isPunctuation(';')) {
      separate(lexer.start);
      start = end;
    } else if (!nesting.read(lexer)) {
      return undefined;
    }
  }
  if (!nesting.isClosed) return undefined;
  separate(end);
  return ranges;
}

/** How deep one statement is in parentheses and SQL function bodies. */
class Nesting {
  #parentheses = 0;
  /** BEGIN ATOMIC, and CASE within it, that wait for their END. */
  #blocks = 0;
  #afterBegin = false;
  /** What comes next is a name even if it reads like a keyword: behind AS and behind a dot. */
  #beforeLabel = false;
  isEmpty = true;

  get isClosed(): boolean {
    return this.#parentheses === 0 && this.#blocks === 0;
  }

  /** False when a parenthesis closes that was not open. */
  read(lexer: Lexer): boolean {
    const afterBegin = this.#afterBegin;
    const isLabel = this.#beforeLabel;
    this.#afterBegin = false;
    this.#beforeLabel = false;
    if (lexer.kind === tokenKind.punctuation) {
      if (lexer.isPunctuation('(')) this.#parentheses += 1;
      else if (lexer.isPunctuation(')')) this.#parentheses -= 1;
      else this.#beforeLabel = lexer.isPunctuation('.');
    } else if (lexer.kind === tokenKind.identifier && !isLabel) {
      if (afterBegin && lexer.is('atomic')) this.#blocks += 1;
      else if (this.#blocks > 0 && lexer.is('case')) this.#blocks += 1;
      else if (this.#blocks > 0 && lexer.is('end')) this.#blocks -= 1;
      this.#afterBegin = !this.isEmpty && this.#parentheses === 0 && lexer.is('begin');
      this.#beforeLabel = lexer.is('as');
    }
    this.isEmpty = false;
    return this.#parentheses >= 0;
  }
}

/** Where what is between `from` and `to` begins, whitespace aside. */
export function trimStart(sql: string, from: number, to: number): number {
  let at = from;
  while (at < to && isBlank(sql.charCodeAt(at))) at += 1;
  return at;
}

/** Where what is between `from` and `to` ends, whitespace aside. */
export function trimEnd(sql: string, from: number, to: number): number {
  let at = to;
  while (at > from && isBlank(sql.charCodeAt(at - 1))) at -= 1;
  return at;
}

/** `space` of scan.l: blank, tab, line feed, vertical tab, form feed, carriage return. */
function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}
