import { continuation, type Lexer, tokenKind } from './lexer.ts';

/** What a literal says, character by character, and where each of them came from. */
export interface Literal {
  readonly text: string;
  /** Offset, in the text the literal stands in, of character `index`; for `text.length`, of where its content ends. */
  origin(index: number): number;
}

/** Where the content of the literal or quoted identifier at the lexer's place begins and ends, delimiters excluded. */
export function contentRange(token: Lexer): { readonly start: number; readonly end: number } {
  const { text } = token;
  if (token.kind === tokenKind.dollarString) {
    const start = text.indexOf('$', token.start + 1) + 1;
    const end = token.terminated ? token.end - (start - token.start) : token.end;
    return { start, end };
  }
  const mark = token.kind === tokenKind.quotedIdentifier ? '"' : "'";
  return { start: text.indexOf(mark, token.start) + 1, end: token.terminated ? token.end - 1 : token.end };
}

/**
 * The content of the literal or quoted identifier at the lexer's place, with its quotes, escapes and pieces resolved:
 * bytes again, one character each, as which escaped code points are UTF-8.
 * BUG: U&'…' and U&"…" are read with the backslash as their escape, whatever UESCAPE says.
 */
export function readLiteral(token: Lexer): Literal {
  const { start, end } = contentRange(token);
  const raw = token.text.slice(start, end);
  const { kind } = token;
  const plain = kind === tokenKind.dollarString || !/['"\\]/.test(raw);
  if (plain) return { text: raw, origin: (index) => start + index };
  if (kind === tokenKind.quotedIdentifier)
    return resolve(token.text, start, end, { quote: '"', unicode: isUnicode(token) });
  return resolve(token.text, start, end, {
    quote: "'",
    escapes: kind === tokenKind.escapeString,
    unicode: kind === tokenKind.unicodeString,
  });
}

function isUnicode(token: Lexer): boolean {
  return token.text[token.start] !== '"';
}

interface Style {
  readonly quote: string;
  readonly escapes?: boolean;
  readonly unicode?: boolean;
}

function resolve(source: string, start: number, end: number, style: Style): Literal {
  const pieces: string[] = [];
  const origins: number[] = [];
  let at = start;
  while (at < end) {
    const character = source[at] as string;
    let length = 1;
    let means = character;
    if (character === style.quote) {
      if (source[at + 1] === style.quote) length = 2;
      else {
        // The end of one piece: nothing is said until the next one begins.
        const next = continuation(source, at + 1, end);
        at = next === -1 ? end : next;
        continue;
      }
    } else if (character === '\\' && style.escapes === true) {
      [means, length] = backslashEscape(source, at);
    } else if (character === '\\' && style.unicode === true) {
      [means, length] = unicodeEscape(source, at);
    }
    for (const unit of means.split('')) {
      pieces.push(unit);
      origins.push(at);
    }
    at += length;
  }
  return { text: pieces.join(''), origin: (index) => origins[index] ?? end };
}

const utf8 = new TextEncoder();
const simpleEscapes: { readonly [letter: string]: string } = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
const escapeForm = /\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))/y;
const unicodeForm = /\\(?:([0-9A-Fa-f]{4})|\+([0-9A-Fa-f]{6})|(\\))/y;

/** What an escape of E'…' means, and how many characters it takes. */
function backslashEscape(source: string, at: number): [string, number] {
  escapeForm.lastIndex = at;
  const match = escapeForm.exec(source);
  if (match === null) {
    const next = source[at + 1] ?? '';
    return [simpleEscapes[next] ?? next, 2];
  }
  const [whole, octal, hex, short, long] = match;
  if (octal !== undefined) return [String.fromCharCode(Number.parseInt(octal, 8) & 0xff), whole.length];
  return [codePoint(hex ?? short ?? long ?? ''), whole.length];
}

function unicodeEscape(source: string, at: number): [string, number] {
  unicodeForm.lastIndex = at;
  const match = unicodeForm.exec(source);
  if (match === null) return ['\\', 1];
  const [whole, short, long, itself] = match;
  return [itself ?? codePoint(short ?? long ?? ''), whole.length];
}

/** The UTF-8 bytes of a code point; those of U+FFFD for half of a surrogate pair and for what is none. */
function codePoint(hex: string): string {
  const value = Number.parseInt(hex, 16);
  const text = String.fromCodePoint(value <= 0x10ffff ? value : 0xfffd);
  return String.fromCharCode(...utf8.encode(text));
}
