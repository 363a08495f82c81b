import { foldName } from './fold-name.ts';
import { Lexer, tokenKind } from './lexer.ts';

/**
 * What a statement does to the names that the session keeps. Names are latin1 strings, as Postgres keeps them; where
 * `name` is undefined, all of them are meant.
 */
export type SessionEffect =
  | { readonly type: 'prepare'; readonly name: string }
  | { readonly type: 'deallocate'; readonly name: string | undefined }
  | { readonly type: 'discard all' }
  /** `held`: WITH HOLD, so that the cursor outlives its transaction. */
  | { readonly type: 'declare'; readonly name: string; readonly held: boolean }
  | { readonly type: 'close'; readonly name: string | undefined };

/** How PREPARE, DEALLOCATE, DISCARD, DECLARE and CLOSE begin, and what may stand in front of a keyword. */
const worthALook = /^\s*(?:pre|dea|dis|dec|clo|--|\/\*|;)/i;

/**
 * The effect of one statement (a latin1 string), or undefined when it has none. Looks at the first keyword only: what
 * a function or DO block does by dynamic SQL is not seen.
 */
export function sessionEffect(sql: string, standardConformingStrings = true): SessionEffect | undefined {
  if (!worthALook.test(sql)) return undefined;
  const lexer = new Lexer(sql, standardConformingStrings);
  while (lexer.nextSignificant() === tokenKind.punctuation && lexer.isPunctuation(';'));
  if (lexer.is('prepare')) return prepare(lexer);
  if (lexer.is('deallocate')) return deallocate(lexer);
  if (lexer.is('discard')) return discard(lexer);
  if (lexer.is('declare')) return declare(lexer);
  if (lexer.is('close')) return close(lexer);
  return undefined;
}

/** PREPARE name [(types)] AS …; not PREPARE TRANSACTION '…'. */
function prepare(lexer: Lexer): SessionEffect | undefined {
  lexer.nextSignificant();
  const name = foldName(lexer);
  const transaction = lexer.is('transaction');
  lexer.nextSignificant();
  if (name === undefined || (transaction && lexer.isString)) return undefined;
  return { type: 'prepare', name };
}

/** DEALLOCATE [PREPARE] { name | ALL }; a statement may be named `prepare`. */
function deallocate(lexer: Lexer): SessionEffect | undefined {
  lexer.nextSignificant();
  const word = lexer.is('prepare');
  let all = lexer.is('all');
  let name = foldName(lexer);
  if (word) {
    lexer.nextSignificant();
    const next = foldName(lexer);
    if (next !== undefined) {
      all = lexer.is('all');
      name = next;
    }
  }
  if (name === undefined) return undefined;
  return { type: 'deallocate', name: all ? undefined : name };
}

/** DISCARD ALL; PLANS, SEQUENCES and TEMP touch no name. */
function discard(lexer: Lexer): SessionEffect | undefined {
  lexer.nextSignificant();
  return lexer.is('all') ? { type: 'discard all' } : undefined;
}

/** DECLARE name … CURSOR …: a portal that the protocol's Execute may name. */
function declare(lexer: Lexer): SessionEffect | undefined {
  lexer.nextSignificant();
  const name = foldName(lexer);
  return name === undefined ? undefined : { type: 'declare', name, held: withHold(lexer) };
}

/** Looks for WITH HOLD in front of the FOR that ends the options of DECLARE. */
function withHold(lexer: Lexer): boolean {
  while (lexer.nextSignificant() !== tokenKind.end && !lexer.is('for')) {
    if (!lexer.is('with')) continue;
    lexer.nextSignificant();
    return lexer.is('hold');
  }
  return false;
}

/** CLOSE { name | ALL } */
function close(lexer: Lexer): SessionEffect | undefined {
  lexer.nextSignificant();
  const name = foldName(lexer);
  if (name === undefined) return undefined;
  return { type: 'close', name: lexer.is('all') ? undefined : name };
}
