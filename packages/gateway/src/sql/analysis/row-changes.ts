import type { CatalogFunction } from '../catalog.ts';
import { isNamed, type Token, tokensOf } from './plpgsql-tokens.ts';

/**
 * Whether a trigger function that runs before a row is updated may give that column another value than the statement does.
 * Sure of it only for code that names the columns that it changes, as `NEW.updated_at := now()` does, and gives the row
 * back as NEW.
 */
export function mayChangeColumn(called: CatalogFunction | undefined, column: string): boolean {
  if (called === undefined) return true;
  // Postgres's own change nothing, but for those that keep a text search vector.
  if (called.builtIn) return false;
  const { language, body } = called;
  if (language !== 'plpgsql' || body === undefined) return true;
  // With backslashes, where strings end depends on a setting.
  if (body.includes('\\')) return true;
  const tokens = tokensOf(body);
  return tokens.some((token, at) => {
    if (token.word === 'return') return !givesRowBack(tokens, at);
    return isNamed(body, token, 'new') && isChange(body, tokens, { at, column });
  });
}

/** RETURN NEW, OLD or NULL. */
function givesRowBack(tokens: readonly Token[], at: number): boolean {
  const [value, end] = [tokens[at + 1]?.word ?? '', tokens[at + 2]?.word];
  return ['new', 'old', 'null'].includes(value) && end === ';';
}

/** What is not `NEW.other_column`, given back or compared can be anything. */
function isChange(
  body: string,
  tokens: readonly Token[],
  { at, column }: { readonly at: number; readonly column: string },
): boolean {
  const word = (offset: number): string | undefined => tokens[at + offset]?.word;
  if (word(1) === '.') {
    const field = tokens[at + 2];
    return field === undefined || (field.word !== '*' && isNamed(body, field, column));
  }
  const isCompared = word(1) === 'is' || (word(-1) === 'from' && word(-2) === 'distinct');
  return !isCompared && word(-1) !== 'return';
}
