import { Lexer, tokenKind } from '../lexer.ts';

/** A token of a PL/pgSQL body, by its bytes. */
export interface Token {
  readonly start: number;
  readonly end: number;
  readonly isName: boolean;
  /** An unquoted word in lower case, an operator or a punctuation mark; '' for all else. */
  readonly word: string;
}

/** The tokens of a body without its comments. */
export function tokensOf(body: string): readonly Token[] {
  const tokens: Token[] = [];
  const lexer = new Lexer(body);
  while (lexer.nextSignificant() !== tokenKind.end) {
    const { kind, start, end } = lexer;
    const isWord = kind === tokenKind.identifier;
    const says = isWord || kind === tokenKind.operator || kind === tokenKind.punctuation;
    const isName = isWord || kind === tokenKind.quotedIdentifier || kind === tokenKind.parameter;
    tokens.push({ start, end, isName, word: says ? body.slice(start, end).toLowerCase() : '' });
  }
  return tokens;
}

/** Whether a token is, or may be, that name, in quotes or not. */
export function isNamed(body: string, { word, isName, start, end }: Token, name: string): boolean {
  if (!isName || word !== '') return word === name;
  const quoted = body.slice(start, end);
  // With escapes (U&"…") it can be any.
  return quoted === `"${name}"` || !(quoted.startsWith('"') || quoted.startsWith('$'));
}

/** What a token does to the depth of parentheses and brackets. */
export function depthOf(word: string): number {
  if (word === '(' || word === '[') return 1;
  return word === ')' || word === ']' ? -1 : 0;
}

/** Where the first of the words stands outside of parentheses, from `from` on; -1 when none does. */
export function indexOf(tokens: readonly Token[], words: readonly string[], from = 0): number {
  let depth = 0;
  for (let at = 0; at < tokens.length; at += 1) {
    const word = tokens[at]?.word ?? '';
    depth += depthOf(word);
    if (depth === 0 && at >= from && words.includes(word)) return at;
  }
  return -1;
}

/** What stands within the first parentheses. */
export function firstParentheses(tokens: readonly Token[]): readonly Token[] {
  const open = tokens.findIndex(({ word }) => word === '(');
  if (open === -1) return [];
  let depth = 0;
  const close = tokens.findIndex(({ word }, at) => {
    if (at >= open) depth += depthOf(word);
    return at > open && depth === 0;
  });
  return tokens.slice(open + 1, close === -1 ? undefined : close);
}

/** Parts between commas outside of parentheses. */
export function separated(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    depth += depthOf(token.word);
    if (depth === 0 && token.word === ',') parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}
