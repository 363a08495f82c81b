import { condense } from '../condense.ts';
import { Lexer, tokenKind } from '../lexer.ts';
import { contentRange } from '../literal.ts';
import type { Parser, RawStatement } from '../parser.ts';

/** Beyond this a text is condensed first, and given up when that is not enough: trees take 20 times the text. */
const maxParsedCharacters = 256 * 1024;
const condensedCharacters = 16 * 1024;

/** A parsed text. */
export interface ParsedText {
  readonly statements: readonly RawStatement[];
  /** Its literals say nothing any more: the text was too long for them. */
  readonly isCondensed: boolean;
}

/** What Postgres's grammar makes of a text: its statements, or why there are none. */
export function parseText(
  parser: Parser,
  sql: string,
  standardConformingStrings: boolean,
): ParsedText | { readonly why: string } {
  if (!standardConformingStrings) return parseText(parser, withEscapes(sql), true);
  const isCondensed = sql.length > maxParsedCharacters || (sql.length > condensedCharacters && isInsert(sql));
  const text = isCondensed ? condense(sql) : sql;
  if (text.length > maxParsedCharacters) return { why: 'The statement is too long to be analysed.' };
  const statements = parseJoined(parser, text);
  if (typeof statements === 'string') return { why: statements };
  // Of all other statements, literals say what they do: an option of COPY, the body of DO.
  if (isCondensed && !statements.every(({ node }) => isData(node)))
    return { why: 'The statement is too long to be analysed.' };
  return { statements, isCondensed };
}

/** The statements of a text that is not condensed; undefined when it cannot be parsed. */
export function parseWhole(parser: Parser, sql: string): readonly RawStatement[] | undefined {
  if (sql.length > maxParsedCharacters) return undefined;
  const statements = parseJoined(parser, sql);
  return typeof statements === 'string' ? undefined : statements;
}

function parseJoined(parser: Parser, text: string): readonly RawStatement[] | string {
  const parsed = parser.parse(text);
  if (parsed === 'too deep') return 'The statement is nested too deeply to be analysed.';
  if (parsed !== 'syntax error') return parsed;
  const joined = withoutComments(text);
  const again = joined === undefined ? 'syntax error' : parser.parse(joined);
  return typeof again === 'string' ? 'The statement cannot be parsed.' : again;
}

/** The statement that is long when there is much data: the first word tells. */
function isInsert(sql: string): boolean {
  const lexer = new Lexer(sql);
  lexer.nextSignificant();
  return lexer.is('insert');
}

function isData(node: RawStatement['node']): boolean {
  return ['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'].some((type) => node[type] !== undefined);
}

/**
 * Blanks the comments out that stand between the parts of one string constant: Postgres joins the parts, the parser's
 * own scanner does not. Undefined when there are none.
 */
function withoutComments(sql: string): string | undefined {
  const pieces: string[] = [];
  let copied = 0;
  const lexer = new Lexer(sql);
  while (lexer.next() !== tokenKind.end) {
    if (!lexer.isString || lexer.kind === tokenKind.dollarString) continue;
    for (const { start, end } of commentsWithin(lexer)) {
      pieces.push(sql.slice(copied, start));
      copied = end;
    }
  }
  return copied === 0 ? undefined : pieces.join('') + sql.slice(copied);
}

/** Between a quote that closes a part and the one that opens the next are only blanks and comments. */
function commentsWithin(lexer: Lexer): { readonly start: number; readonly end: number }[] {
  const { text, end, kind } = lexer;
  const found: { readonly start: number; readonly end: number }[] = [];
  let at = contentRange(lexer).start;
  while (at < end) {
    if (text[at] === '\\' && kind === tokenKind.escapeString) {
      at += 2;
    } else if (text[at] !== "'") {
      at += 1;
    } else if (text[at + 1] === "'") {
      at += 2;
    } else {
      at += 1;
      for (; at < end && text[at] !== "'"; at += 1) {
        if (!text.startsWith('--', at)) continue;
        const start = at;
        while (at < end && text[at] !== '\n' && text[at] !== '\r') at += 1;
        found.push({ start, end: at });
        at -= 1;
      }
      at += 1;
    }
  }
  return found;
}

/** A text for `standard_conforming_strings = off` as one that means the same while it is on: `'…'` becomes `E'…'`. */
function withEscapes(sql: string): string {
  if (!sql.includes('\\')) return sql;
  const pieces: string[] = [];
  let copied = 0;
  const lexer = new Lexer(sql, false);
  while (lexer.next() !== tokenKind.end) {
    if (lexer.kind !== tokenKind.escapeString || sql[lexer.start] !== "'") continue;
    pieces.push(sql.slice(copied, lexer.start), ' E');
    copied = lexer.start;
  }
  return pieces.join('') + sql.slice(copied);
}
