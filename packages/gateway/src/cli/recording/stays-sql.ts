import { Lexer, tokenKind } from '../../sql/lexer.ts';

/**
 * True when psql takes all of a text for SQL: no backslash in it can begin a command of psql's own (`\!` runs a program),
 * and what stands behind it in a script is not drawn into a literal. Where a literal ends depends on
 * standard_conforming_strings, which nobody knows when the script is run, so it holds for both of its values. Pure.
 */
export function staysSql(sql: string): boolean {
  return !sql.includes('\\') || (holds(sql, true) && holds(sql, false));
}

function holds(sql: string, standardConformingStrings: boolean): boolean {
  const token = new Lexer(sql, standardConformingStrings);
  while (token.next() !== tokenKind.end) {
    if (!token.terminated || token.isPunctuation('\\')) return false;
  }
  return true;
}
