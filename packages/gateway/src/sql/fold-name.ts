import { type Lexer, tokenKind } from './lexer.ts';
import { readLiteral } from './literal.ts';

/** NAMEDATALEN - 1 (pg_config_manual.h). */
const maxNameBytes = 63;

/**
 * The name at the lexer's place as Postgres keeps it, as a latin1 string: unquoted names in lower case (ASCII only),
 * quoted ones without their quotes, both cut to 63 bytes at a whole UTF-8 character. Undefined when there is no name.
 */
export function foldName(token: Lexer): string | undefined {
  if (token.kind === tokenKind.identifier) {
    return cut(token.text.slice(token.start, token.end).replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase()));
  }
  if (token.kind !== tokenKind.quotedIdentifier || !token.terminated) return undefined;
  return cut(readLiteral(token).text);
}

function cut(name: string): string {
  if (name.length <= maxNameBytes) return name;
  let end = maxNameBytes;
  while (end > 0 && (name.charCodeAt(end) & 0xc0) === 0x80) end -= 1;
  return name.slice(0, end);
}
