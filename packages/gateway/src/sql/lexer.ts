/**
 * The tokens of Postgres SQL, as scan.l of Postgres 18 tells them apart. Pure; reads "latin1" strings (one character a
 * byte, see session/latin1.ts), so offsets are bytes and every byte over 0x7F is a letter, as it is to Postgres.
 *
 * It never fails: a literal or comment that does not end runs to the end of the text, with `terminated` false. Where
 * older servers read more than newer ones (`123abc`), it reads as the older ones do.
 */
export const tokenKind = {
  end: 0,
  identifier: 1,
  /** `"…"`, and `U&"…"` */
  quotedIdentifier: 2,
  /** `'…'` where a backslash means nothing. */
  string: 3,
  /** `E'…'`, and `'…'` while standard_conforming_strings is off. */
  escapeString: 4,
  /** `U&'…'` */
  unicodeString: 5,
  /** `B'…'` and `X'…'` */
  bitString: 6,
  /** `$$…$$`, `$tag$…$tag$` */
  dollarString: 7,
  number: 8,
  /** `$1` */
  parameter: 9,
  operator: 10,
  /** One of `( ) [ ] , ; : .` and what is no token at all. */
  punctuation: 11,
  /** `--…` up to the end of the line, and C comments. */
  comment: 12,
} as const;

export type TokenKind = (typeof tokenKind)[keyof typeof tokenKind];

const letter = 1;
const digit = 2;
const operator = 4;
const blank = 8;
const newline = 16;

/** What each byte may be part of. */
const classes: Uint8Array = classify();

function classify(): Uint8Array {
  const table = new Uint8Array(256);
  for (let code = 0x80; code < 0x100; code += 1) table[code] = letter;
  for (const code of codes('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_')) table[code] = letter;
  for (const code of codes('0123456789')) table[code] = digit;
  for (const code of codes('~!@#^&|`?+-*/%<>=')) table[code] = operator;
  for (const code of codes(' \t\f\v')) table[code] = blank;
  for (const code of codes('\n\r')) table[code] = blank | newline;
  return table;
}

function codes(characters: string): number[] {
  return Array.from(characters, (character) => character.charCodeAt(0));
}

/** Operators of several characters may end in + or - only when they hold one of these. */
const loose = '~!@#^&|`?%';

const quote = 0x27;
const doubleQuote = 0x22;
const backslash = 0x5c;
const dollar = 0x24;
const dash = 0x2d;
const slash = 0x2f;
const star = 0x2a;
const plus = 0x2b;
const dot = 0x2e;
const colon = 0x3a;
const equals = 0x3d;
const ampersand = 0x26;

/**
 * Walks the tokens of one text. `next()` moves to the next one and returns its kind; whitespace is skipped, comments
 * are tokens. Nothing is allocated for a token.
 */
export class Lexer {
  readonly text: string;
  readonly #standardConformingStrings: boolean;
  readonly #end: number;
  kind: TokenKind = tokenKind.end;
  start = 0;
  end = 0;
  /** False when a literal, quoted identifier or comment runs into the end of the text. */
  terminated = true;

  constructor(text: string, standardConformingStrings = true, start = 0, end: number = text.length) {
    this.text = text;
    this.#standardConformingStrings = standardConformingStrings;
    this.#end = end;
    this.end = start;
  }

  next(): TokenKind {
    const { text } = this;
    let at = this.end;
    while (at < this.#end && ((classes[text.charCodeAt(at)] ?? 0) & blank) !== 0) at += 1;
    this.start = at;
    this.terminated = true;
    this.kind = at < this.#end ? this.#token(at) : this.#take(tokenKind.end, at);
    return this.kind;
  }

  /** The next token that is not a comment. */
  nextSignificant(): TokenKind {
    while (this.next() === tokenKind.comment);
    return this.kind;
  }

  /** True when the token is an unquoted identifier or keyword that reads `word` (given in lower case). */
  is(word: string): boolean {
    return this.kind === tokenKind.identifier && sameWord(this.text, this.start, this.end, word);
  }

  /** True when the token is the one character `character`. */
  isPunctuation(character: string): boolean {
    return this.kind === tokenKind.punctuation && this.text[this.start] === character;
  }

  get isString(): boolean {
    return this.kind >= tokenKind.string && this.kind <= tokenKind.dollarString;
  }

  #take(kind: TokenKind, end: number): TokenKind {
    this.end = end;
    return kind;
  }

  #token(at: number): TokenKind {
    const code = this.text.charCodeAt(at);
    const is = classes[code] ?? letter;
    if ((is & letter) !== 0) return this.#word(at, code);
    if ((is & operator) !== 0) return this.#operatorOrComment(at, code);
    if ((is & digit) !== 0) return this.#number(at);
    const next = this.#code(at + 1);
    switch (code) {
      case quote:
        return this.#standardConformingStrings ? this.#quoted(tokenKind.string, at + 1) : this.#escaped(at + 1);
      case doubleQuote:
        return this.#quotedIdentifier(at + 1);
      case dollar:
        return ((classes[next] ?? 0) & digit) !== 0 ? this.#parameter(at) : this.#dollar(at);
      case dot:
        if (next === dot) return this.#take(tokenKind.operator, at + 2);
        if (((classes[next] ?? 0) & digit) !== 0) return this.#number(at);
        break;
      case colon:
        if (next === colon || next === equals) return this.#take(tokenKind.operator, at + 2);
        break;
    }
    return this.#take(tokenKind.punctuation, at + 1);
  }

  /** The character at `at`, or -1 behind the end. */
  #code(at: number): number {
    return at < this.#end ? this.text.charCodeAt(at) : -1;
  }

  #word(at: number, code: number): TokenKind {
    const next = this.#code(at + 1);
    if (next === quote) {
      const prefix = code | 0x20;
      if (prefix === 0x65) return this.#escaped(at + 2); // E'…'
      if (prefix === 0x62 || prefix === 0x78) return this.#quoted(tokenKind.bitString, at + 2); // B'…', X'…'
    } else if (next === ampersand && (code | 0x20) === 0x75) {
      const opens = this.#code(at + 2); // U&'…', U&"…"
      if (opens === quote) return this.#quoted(tokenKind.unicodeString, at + 3);
      if (opens === doubleQuote) return this.#quotedIdentifier(at + 3);
    }
    return this.#take(tokenKind.identifier, this.#wordEnd(at + 1));
  }

  #wordEnd(from: number): number {
    let at = from;
    while (at < this.#end) {
      const code = this.text.charCodeAt(at);
      if (((classes[code] ?? letter) & (letter | digit)) === 0 && code !== dollar) break;
      at += 1;
    }
    return at;
  }

  #operatorOrComment(at: number, code: number): TokenKind {
    const next = this.#code(at + 1);
    if (code === dash && next === dash) return this.#take(tokenKind.comment, this.#lineEnd(at));
    if (code === slash && next === star) return this.#blockComment(at + 2);
    let end = at + 1;
    while (end < this.#end) {
      const here = this.text.charCodeAt(end);
      if (((classes[here] ?? 0) & operator) === 0) break;
      const then = this.#code(end + 1);
      if ((here === dash && then === dash) || (here === slash && then === star)) break;
      end += 1;
    }
    return this.#take(tokenKind.operator, this.#withoutSign(at, end));
  }

  /** `a*-1` is two operators, `a@-1` is one. */
  #withoutSign(start: number, from: number): number {
    let end = from;
    const signed = (): boolean => {
      const last = this.text.charCodeAt(end - 1);
      return last === plus || last === dash;
    };
    if (end - start < 2 || !signed()) return end;
    for (let at = start; at < end; at += 1) if (loose.includes(this.text[at] as string)) return end;
    while (end - start > 1 && signed()) end -= 1;
    return end;
  }

  #lineEnd(from: number): number {
    let at = from;
    while (at < this.#end && ((classes[this.text.charCodeAt(at)] ?? 0) & newline) === 0) at += 1;
    return at;
  }

  #blockComment(from: number): TokenKind {
    let depth = 1;
    let at = from;
    while (at < this.#end) {
      const code = this.text.charCodeAt(at);
      at += 1;
      if (code === slash && this.#code(at) === star) {
        depth += 1;
        at += 1;
      } else if (code === star && this.#code(at) === slash) {
        depth -= 1;
        at += 1;
        if (depth === 0) return this.#take(tokenKind.comment, at);
      }
    }
    return this.#unterminated(tokenKind.comment);
  }

  #unterminated(kind: TokenKind): TokenKind {
    this.terminated = false;
    return this.#take(kind, this.#end);
  }

  #number(from: number): TokenKind {
    const { text } = this;
    const radix = this.#code(from + 1) | 0x20;
    if (text.charCodeAt(from) === 0x30 && (radix === 0x78 || radix === 0x6f || radix === 0x62)) {
      const end = this.#digits(from + 2, radix === 0x78);
      if (end > from + 2) return this.#take(tokenKind.number, end);
    }
    let at = this.#digits(from, false);
    // `1..10` is a range of integers, not `1.` and `.10`.
    if (this.#code(at) === dot && this.#code(at + 1) !== dot) at = this.#digits(at + 1, false);
    if ((this.#code(at) | 0x20) === 0x65) {
      const sign = this.#code(at + 1);
      const begins = sign === plus || sign === dash ? at + 2 : at + 1;
      const end = this.#digits(begins, false);
      if (end > begins) at = end;
    }
    return this.#take(tokenKind.number, at);
  }

  /** Digits, with an underscore allowed between two of them. */
  #digits(from: number, hex: boolean): number {
    let at = from;
    for (;;) {
      const code = this.#code(at);
      if (isDigit(code, hex)) at += 1;
      else if (code === 0x5f && isDigit(this.#code(at + 1), hex)) at += 2;
      else return at;
    }
  }

  #parameter(at: number): TokenKind {
    let end = at + 2;
    while (((classes[this.#code(end)] ?? 0) & digit) !== 0) end += 1;
    return this.#take(tokenKind.parameter, end);
  }

  #dollar(at: number): TokenKind {
    const tag = this.#dollarTagEnd(at + 1);
    if (tag === -1) return this.#take(tokenKind.punctuation, at + 1);
    const delimiter = this.text.slice(at, tag);
    const closes = this.text.indexOf(delimiter, tag);
    if (closes === -1 || closes + delimiter.length > this.#end) return this.#unterminated(tokenKind.dollarString);
    return this.#take(tokenKind.dollarString, closes + delimiter.length);
  }

  /** Behind the second `$` of a delimiter whose first one stands before `from`; -1 when it is none. */
  #dollarTagEnd(from: number): number {
    let at = from;
    for (; at < this.#end; at += 1) {
      const code = this.text.charCodeAt(at);
      if (code === dollar) return at + 1;
      const allowed = at === from ? letter : letter | digit;
      if (((classes[code] ?? letter) & allowed) === 0) return -1;
    }
    return -1;
  }

  #quotedIdentifier(from: number): TokenKind {
    let at = from;
    for (;;) {
      const closes = this.text.indexOf('"', at);
      if (closes === -1 || closes >= this.#end) return this.#unterminated(tokenKind.quotedIdentifier);
      if (this.#code(closes + 1) !== doubleQuote) return this.#take(tokenKind.quotedIdentifier, closes + 1);
      at = closes + 2;
    }
  }

  #quoted(kind: TokenKind, from: number): TokenKind {
    let at = from;
    for (;;) {
      const closes = this.text.indexOf("'", at);
      if (closes === -1 || closes >= this.#end) return this.#unterminated(kind);
      // A quote within B'…' is not doubled: it ends the literal.
      at = kind === tokenKind.bitString ? continuation(this.text, closes + 1, this.#end) : this.#goesOn(closes);
      if (at === -1) return this.#take(kind, closes + 1);
    }
  }

  #escaped(from: number): TokenKind {
    let at = from;
    while (at < this.#end) {
      const code = this.text.charCodeAt(at);
      if (code === backslash) {
        at += 2;
      } else if (code === quote) {
        const closes = at;
        at = this.#goesOn(closes);
        if (at === -1) return this.#take(tokenKind.escapeString, closes + 1);
      } else {
        at += 1;
      }
    }
    return this.#unterminated(tokenKind.escapeString);
  }

  /** Where a literal goes on behind the quote at `closes`: a doubled quote, or another piece on a later line; or -1. */
  #goesOn(closes: number): number {
    if (this.#code(closes + 1) === quote) return closes + 2;
    return continuation(this.text, closes + 1, this.#end);
  }
}

/**
 * Behind the opening quote of the next piece of a literal whose last piece ended before `from`, or -1: only whitespace
 * and `--` comments with at least one line end may stand between (quotecontinue in scan.l).
 */
export function continuation(text: string, from: number, end: number): number {
  let lines = 0;
  for (let at = from; at < end; at += 1) {
    const code = text.charCodeAt(at);
    const is = classes[code] ?? letter;
    if ((is & newline) !== 0) lines += 1;
    else if (code === quote) return lines > 0 ? at + 1 : -1;
    else if (code === dash && text.charCodeAt(at + 1) === dash) {
      while (at < end && ((classes[text.charCodeAt(at)] ?? 0) & newline) === 0) at += 1;
      at -= 1;
    } else if ((is & blank) === 0) return -1;
  }
  return -1;
}

/** Compares without regard to ASCII case; `word` is in lower case. */
export function sameWord(text: string, start: number, end: number, word: string): boolean {
  if (end - start !== word.length) return false;
  for (let at = 0; at < word.length; at += 1) {
    const code = text.charCodeAt(start + at);
    const lower = code >= 0x41 && code <= 0x5a ? code | 0x20 : code;
    if (lower !== word.charCodeAt(at)) return false;
  }
  return true;
}

function isDigit(code: number, hex: boolean): boolean {
  if (code >= 0x30 && code <= 0x39) return true;
  const lower = code | 0x20;
  return hex && lower >= 0x61 && lower <= 0x66;
}
