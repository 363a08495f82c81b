import { isNamed, type Token } from './plpgsql-tokens.ts';
import type { TokenReader } from './token-reader.ts';

/**
 * Whether the cursor at FETCH or MOVE can only be one that the code opens itself, with a query that stands in it: a
 * variable that is declared there without a value, and that nothing is put into. By any other, code reads on from what the
 * session has opened before. The place is behind that word.
 */
export function isOwnCursor(reader: TokenReader, serverVersion: number): boolean {
  const { body, tokens, at } = reader;
  let to = at;
  while (!['from', 'in', 'into', ';'].includes(tokens[to]?.word ?? ';')) to += 1;
  const name = ['from', 'in'].includes(tokens[to]?.word ?? '') ? to + 1 : at;
  const word = tokens[name]?.word ?? '';
  // MOVE has nothing behind it.
  const isName = tokens[name]?.isName === true && ['into', ';'].includes(tokens[name + 1]?.word ?? '');
  if (!isName || word === '') return false;
  if (serverVersion < namesLater && !isOpened(tokens, word, at)) return false;
  const { begin, words, others, own } = usesIn(tokens);
  const known = own.get(word);
  if (known !== undefined) return known;
  const maybe = others.filter((index) => isNamed(body, tokens[index] as Token, word));
  const uses = [...(words.get(word) ?? []), ...maybe];
  const declared = uses.filter((index) => index < begin && declaresCursor(tokens, index));
  const [only = -1] = declared;
  const isOwn = declared.length === 1 && uses.every((index) => index === only || leavesCursor(tokens, index));
  own.set(word, isOwn);
  return isOwn;
}

/** Until then a cursor that is declared with its query has the name of its variable before it is opened: the session's may be called the same. */
const namesLater = 160_000;

/** Whether the code cannot come to the place without OPEN of that cursor: one in the outermost block, in no IF, LOOP or CASE. */
function isOpened(tokens: readonly Token[], name: string, place: number): boolean {
  let depth = 0;
  let opened = false;
  for (let at = usesIn(tokens).begin + 1; at < place; at += 1) {
    const [before, word, next] = [at - 1, at, at + 1].map((index) => tokens[index]?.word ?? '');
    if (before === '.' || word === undefined) continue;
    if (opens.has(word)) depth += 1;
    else if (word === 'end') {
      depth -= 1;
      if (opens.has(next ?? '')) at += 1;
    } else if (word === 'exception' && before !== 'raise' && depth === 0) return false;
    else if (word === 'open' && next === name && depth === 0) opened = true;
    else if (word === 'close' && next === name) opened = false;
    if (depth < 0) return false;
  }
  return opened;
}

const opens: ReadonlySet<string> = new Set(['begin', 'if', 'loop', 'case']);

/** Where a body uses names, so that it is looked through once however often it fetches. */
interface Uses {
  /** The place of the first BEGIN; -1: there is none. */
  readonly begin: number;
  /** The places of each word. */
  readonly words: ReadonlyMap<string, readonly number[]>;
  /** The places of names in quotes. */
  readonly others: readonly number[];
  /** What has been found out of names. */
  readonly own: Map<string, boolean>;
}

const usesOf = new WeakMap<readonly Token[], Uses>();

function usesIn(tokens: readonly Token[]): Uses {
  const known = usesOf.get(tokens);
  if (known !== undefined) return known;
  const words = new Map<string, number[]>();
  const others: number[] = [];
  for (const [index, { isName, word }] of tokens.entries()) {
    if (isName && word === '') others.push(index);
    if (word === '') continue;
    const places = words.get(word);
    if (places === undefined) words.set(word, [index]);
    else places.push(index);
  }
  const uses = { begin: words.get('begin')?.[0] ?? -1, words, others, own: new Map<string, boolean>() };
  usesOf.set(tokens, uses);
  return uses;
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
