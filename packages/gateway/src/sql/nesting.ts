import { Lexer, tokenKind } from './lexer.ts';

/** What a parenthesis counts for besides itself: a subquery is five nodes deep. CASE, and BEGIN ATOMIC, are parentheses too. */
const parenthesis = 5;
/** What each UNION, INTERSECT and EXCEPT counts for, and each JOIN: they hang one below the other. */
const link = 2;

/** What stands between an opening parenthesis, bracket or CASE and its end. */
interface Level {
  readonly closes: ')' | 'end' | 'text';
  /** What was counted since what can only stand beside it: behind a comma, or an AND. */
  here: number;
  /** Of the joins, in which conditions with ANDs stand. */
  joins: number;
  /** Of the set operations, between which lists with commas stand. */
  sets: number;
  /** Of BETWEEN, whose AND is none of those between conditions. */
  betweens: number;
}

/**
 * An upper bound for how deep the tree of a text can be, without parsing it. Lists are flat (gram.y makes one node of
 * `a OR b OR c`), everything else may nest with each token.
 */
export function nesting(sql: string): number {
  const lexer = new Lexer(sql);
  const outer: Level[] = [];
  let level = opened('text');
  let sum = 0;
  let deepest = 0;
  const add = (part: 'here' | 'joins' | 'sets', count: number): void => {
    level[part] += count;
    sum += count;
  };
  const clear = (...parts: readonly ('here' | 'joins' | 'sets')[]): void => {
    for (const part of parts) {
      sum -= level[part];
      level[part] = 0;
    }
  };
  const open = (closes: Level['closes']): void => {
    add('here', parenthesis);
    outer.push(level);
    level = opened(closes);
  };
  const close = (): void => {
    clear('here', 'joins', 'sets');
    level = outer.pop() ?? opened('text');
  };
  let before = '';
  while (lexer.nextSignificant() !== tokenKind.end) {
    add('here', 1);
    if (sum > deepest) deepest = sum;
    const word = before === '.' ? '' : wordOf(lexer);
    switch (word) {
      case '(':
      case '[':
        open(')');
        break;
      case ')':
      case ']':
        while (level.closes === 'end') close();
        close();
        break;
      case 'case':
        open('end');
        break;
      case 'end':
        if (level.closes === 'end') close();
        break;
      case 'when':
      case 'then':
      case 'else':
        if (level.closes === 'end') clear('here');
        break;
      case 'atomic':
        // Where it ends cannot be told from a column that is named so.
        if (before === 'begin') sum += parenthesis;
        break;
      case 'between':
        level.betweens += 1;
        break;
      case 'and':
        if (level.betweens > 0) level.betweens -= 1;
        else clear('here');
        break;
      case 'or':
        clear('here');
        break;
      case 'join':
        add('joins', link);
        break;
      case 'union':
      case 'intersect':
      case 'except':
        clear('here', 'joins');
        add('sets', link);
        break;
      case ',':
        clear('here', 'joins');
        break;
      case ';':
        clear('here', 'joins', 'sets');
        break;
    }
    before = lexer.kind === tokenKind.punctuation ? (sql[lexer.start] ?? '') : word;
  }
  return deepest;
}

function opened(closes: Level['closes']): Level {
  return { closes, here: 0, joins: 0, sets: 0, betweens: 0 };
}

const longest = 'intersect'.length;

/** A keyword in lower case, or a character of punctuation; '' for what is neither. */
function wordOf({ kind, text, start, end }: Lexer): string {
  if (kind === tokenKind.punctuation) return text[start] ?? '';
  if (kind !== tokenKind.identifier || end - start > longest) return '';
  return text.slice(start, end).toLowerCase();
}
