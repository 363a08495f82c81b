import { Lexer, tokenKind } from './lexer.ts';
import { Lru } from './lru.ts';
import { maskMultibyte } from './multibyte.ts';
import { loadParser, type Parser, type RawStatement } from './parser.ts';
import { type StatementRange, splitTokens, trimEnd, trimStart } from './split-tokens.ts';

export type { StatementRange } from './split-tokens.ts';

export interface SplitOptions {
  /** The setting of the session; true when it is not known (the default since Postgres 9.1). */
  readonly standardConformingStrings?: boolean;
  /** As ParameterStatus names it; UTF8 when it is not known. */
  readonly clientEncoding?: string;
}

/**
 * The statements of a simple Query's text (a latin1 string), in order, without the `;` between them and with the
 * comments in front of each; none when Postgres would answer EmptyQueryResponse. Undefined when boundaries cannot be
 * told: Postgres's grammar does not accept the text, so that most likely nothing of it will run.
 */
export type Splitter = (sql: string, options?: SplitOptions) => readonly StatementRange[] | undefined;

/**
 * A larger text is not given to the parser (its trees take 20 times the text, and 0.2 s a megabyte, while every session
 * waits); its boundaries come from its tokens.
 */
const maxParsedBytes = 32 * 1024;

/** Texts that agents send again and again; ORMs and drivers have few with several statements. */
const cacheBounds = { maxEntries: 1_000, maxCharacters: 4_000_000 } as const;

/** Loads Postgres's parser; splitting is synchronous from then on. */
export async function createSplitter(): Promise<Splitter> {
  const parser = await loadParser();
  const standard = new Lru<readonly StatementRange[] | undefined>(cacheBounds);
  return (text, { standardConformingStrings = true, clientEncoding = 'UTF8' } = {}) => {
    const single = splitSingle(text);
    if (single !== undefined) return single;
    const sql = maskMultibyte(text, clientEncoding);
    if (standardConformingStrings) return standard.get(sql, (key) => split(key, parser));
    // The parser knows no other strings than standard ones.
    return sql.includes('\\') ? splitTokens(sql, false) : standard.get(sql, (key) => split(key, parser));
  };
}

/** The answer for a text without a `;` that has something behind it. */
function splitSingle(sql: string): readonly StatementRange[] | undefined {
  const semicolon = sql.indexOf(';');
  const end = trimEnd(sql, 0, semicolon === -1 ? sql.length : semicolon);
  if (semicolon !== -1 && trimEnd(sql, semicolon + 1, sql.length) > semicolon + 1) return undefined;
  const start = trimStart(sql, 0, end);
  if (start === end) return [];
  const first = sql.charCodeAt(start);
  if (first !== dash && first !== slash) return [{ start, end }];
  // It may be nothing but comments, and a `;` may stand in one.
  return semicolon === -1 ? (onlyComments(sql, start) ? [] : [{ start, end }]) : undefined;
}

const dash = 0x2d;
const slash = 0x2f;

function onlyComments(sql: string, start: number): boolean {
  const lexer = new Lexer(sql, true, start);
  while (lexer.next() === tokenKind.comment) if (!lexer.terminated) return false;
  return lexer.kind === tokenKind.end;
}

/** Two readings of one text have to agree: its tokens', and the grammar's. */
function split(sql: string, parser: Parser): readonly StatementRange[] | undefined {
  const ranges = splitTokens(sql, true);
  if (ranges === undefined || ranges.length < 2 || sql.length > maxParsedBytes) return ranges;
  const parsed = parser.parse(sql);
  if (parsed === 'syntax error') return undefined;
  if (parsed === 'too deep') return ranges;
  return agree(sql, ranges, parsed) ? ranges : undefined;
}

function agree(sql: string, ranges: readonly StatementRange[], parsed: readonly RawStatement[]): boolean {
  if (parsed.length !== ranges.length) return false;
  const offsetOf = utf8Offsets(sql);
  return parsed.every(({ location, length }, index) => {
    const range = ranges[index] as StatementRange;
    const from = offsetOf(location);
    const to = length === 0 ? sql.length : offsetOf(location + length);
    const end = trimEnd(sql, from, to);
    return range.start <= from && from < range.end && (range.end === end || (length === 0 && range.end <= end));
  });
}

/** From the parser's offsets, for which each byte over 0x7F is a character of two bytes; they must not decrease. */
function utf8Offsets(sql: string): (utf8: number) => number {
  let at = 0;
  let bytes = 0;
  return (utf8) => {
    for (; bytes < utf8 && at < sql.length; at += 1) bytes += sql.charCodeAt(at) < 0x80 ? 1 : 2;
    return at;
  };
}
