import { Lexer, tokenKind } from './lexer.ts';
import { contentRange } from './literal.ts';

/**
 * A shorter text that names the same objects: without what literals and comments say, and without all but the first row
 * of constants in a VALUES list. Bulk inserts of megabytes come down to a line.
 */
export function condense(sql: string): string {
  const pieces: string[] = [];
  const lexer = new Lexer(sql);
  let rows: Rows | undefined;
  while (lexer.next() !== tokenKind.end) {
    if (lexer.kind === tokenKind.comment) {
      pieces.push(' ');
      continue;
    }
    rows = lexer.is('values') ? new Rows(pieces.length + 1) : rows?.read(lexer);
    pieces.push(lexer.isString ? emptied(lexer) : sql.slice(lexer.start, lexer.end), ' ');
    if (rows !== undefined) rows.drop(pieces);
  }
  return pieces.join('');
}

/** The literal without its content. */
function emptied(lexer: Lexer): string {
  const { start, end } = contentRange(lexer);
  if (lexer.kind === tokenKind.bitString) return "B'0'";
  return lexer.text.slice(lexer.start, start) + lexer.text.slice(end, lexer.end);
}

/** Rows behind VALUES, as long as they hold nothing but constants. */
class Rows {
  /** Pieces up to and with the last row that is kept. */
  #kept: number;
  #count = 0;
  #depth = 0;
  #isComplete = false;

  constructor(kept: number) {
    this.#kept = kept;
  }

  /** Undefined when the list ends, or holds more than constants. */
  read(lexer: Lexer): Rows | undefined {
    this.#isComplete = false;
    if (lexer.isPunctuation('(')) {
      this.#depth += 1;
      return this.#depth === 1 ? this : undefined;
    }
    if (lexer.isPunctuation(')')) {
      this.#depth -= 1;
      this.#isComplete = this.#depth === 0;
      return this.#depth < 0 ? undefined : this;
    }
    if (lexer.isPunctuation(',')) return this;
    const isConstant =
      lexer.isString ||
      lexer.kind === tokenKind.number ||
      lexer.kind === tokenKind.operator ||
      constants.some((word) => lexer.is(word));
    return isConstant && this.#depth === 1 ? this : undefined;
  }

  /** Takes away the row that was just completed, and the comma in front of it, unless it is the first. */
  drop(pieces: string[]): void {
    if (!this.#isComplete) return;
    this.#count += 1;
    if (this.#count > 1) pieces.length = this.#kept;
    else this.#kept = pieces.length;
  }
}

const constants = ['null', 'default', 'true', 'false'];
