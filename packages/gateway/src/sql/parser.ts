import { loadModule, parseSync, SqlError } from 'libpg-query';
import { nesting } from './nesting.ts';

/**
 * Nesting that the parser is trusted with, in tokens without a comma between them, over all open parentheses. Measured:
 * it survives 8,000 unary operators and 4,000 nested calls; beyond that it exhausts the stack of the JavaScript engine,
 * and since nothing unwinds its own stack then, some thirty such texts leave it broken for good.
 */
const maxNesting = 2_000;

/** One statement of a parsed text. Offsets are UTF-8 bytes; `length` is 0 for "up to the end". */
export interface RawStatement {
  readonly location: number;
  readonly length: number;
  /** The node as `{ SelectStmt: { … } }`. */
  readonly node: { readonly [type: string]: unknown };
}

/** Postgres's own parser (version 18), loaded. Synchronous. */
export interface Parser {
  /**
   * `syntax error` when Postgres 18 does not accept the text; `too deep` when it might but the parser was not asked.
   * `sql` may be any string without NUL.
   */
  parse(sql: string): readonly RawStatement[] | 'syntax error' | 'too deep';
}

/** Loads the parser, once per process. */
export async function loadParser(): Promise<Parser> {
  await loadModule();
  return { parse };
}

/** The parser for those who are only asked once somebody has loaded it. */
export const loadedParser: Parser = { parse };

/** Set when the parser failed in a way that may have damaged it: then it is not asked again. */
let broken = false;

function parse(sql: string): readonly RawStatement[] | 'syntax error' | 'too deep' {
  if (sql.includes('\0')) return 'syntax error';
  if (sql === '') return [];
  if (broken || nesting(sql) > maxNesting) return 'too deep';
  try {
    const { stmts = [] } = parseSync(sql);
    return stmts.map(({ stmt, stmt_location, stmt_len }) => ({
      location: stmt_location ?? 0,
      length: stmt_len ?? 0,
      node: (stmt ?? {}) as { readonly [type: string]: unknown },
    }));
  } catch (error) {
    if (error instanceof SqlError) return 'syntax error';
    broken = true;
    return 'too deep';
  }
}
