import { Lexer, tokenKind } from './lexer.ts';

/** W3C trace context, version 00 and later ones of the same shape, as sqlcommenter writes it into a comment. */
const form = /traceparent\s*=\s*'?([0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})(?![0-9a-f])/;

/**
 * The trace context that a comment of the statement claims, or undefined. `sql` is a latin1 string. A `traceparent=`
 * inside a string literal is data and does not count; version `ff` and all-zero ids are invalid and do not count either.
 */
export function traceparentOf(sql: string): string | undefined {
  if (!sql.includes('traceparent')) return undefined;
  const lexer = new Lexer(sql);
  while (lexer.next() !== tokenKind.end) {
    if (lexer.kind !== tokenKind.comment) continue;
    const found = form.exec(sql.slice(lexer.start, lexer.end))?.[1];
    if (found !== undefined && isValid(found)) return found;
  }
  return undefined;
}

function isValid(traceparent: string): boolean {
  const [version, trace, parent] = traceparent.split('-');
  return version !== 'ff' && trace !== '0'.repeat(32) && parent !== '0'.repeat(16);
}
