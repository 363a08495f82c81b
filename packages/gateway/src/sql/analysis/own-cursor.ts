import { isNamed, type Token } from './plpgsql-tokens.ts';
import type { TokenReader } from './token-reader.ts';

/**
 * Whether the cursor at FETCH can only be one that the code opens itself, with a query that stands in it: a variable that
 * is declared there without a value, and that nothing is put into. By any other, code reads on from what the session has
 * opened before. The place is behind the word FETCH.
 */
export function isOwnCursor(reader: TokenReader): boolean {
  const { body, tokens, at } = reader;
  let to = at;
  while (!['from', 'in', 'into', ';'].includes(tokens[to]?.word ?? ';')) to += 1;
  const name = ['from', 'in'].includes(tokens[to]?.word ?? '') ? to + 1 : at;
  const word = tokens[name]?.word ?? '';
  const isName = tokens[name]?.isName === true && tokens[name + 1]?.word === 'into';
  if (!isName || word === '') return false;
  const begin = tokens.findIndex((token) => token.word === 'begin');
  const uses = tokens.flatMap((token, index) => (isNamed(body, token, word) ? [index] : []));
  const declared = uses.filter((index) => index < begin && declaresCursor(tokens, index));
  return declared.length === 1 && uses.every((index) => declared.includes(index) || leavesCursor(tokens, index));
}

/** `name refcursor;` or `name [NO SCROLL] CURSOR … FOR query;` */
function declaresCursor(tokens: readonly Token[], at: number): boolean {
  const [before, next, third] = [at - 1, at + 1, at + 2].map((index) => tokens[index]?.word);
  if (before !== ';' && before !== 'declare') return false;
  return (next === 'refcursor' && third === ';') || next === 'cursor' || next === 'scroll' || next === 'no';
}

/** It stands where its variable gets no other value. */
function leavesCursor(tokens: readonly Token[], at: number): boolean {
  const [second, before, next] = [at - 2, at - 1, at + 1].map((index) => tokens[index]?.word ?? '');
  if (before === 'return') return next === ';';
  if (before === 'open') return next === ';' || next === '(' || next === 'for' || next === 'no' || next === 'scroll';
  if (before === 'fetch' || before === 'move' || before === 'close') return next === ';' || next === 'into';
  // FETCH … FROM c INTO, MOVE … FROM c, FOR r IN c LOOP
  if (before !== 'from' && before !== 'in') return false;
  return next === 'into' || next === ';' || (before === 'in' && second !== ';' && next === 'loop');
}
