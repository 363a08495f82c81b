import { isOwnCursor } from './own-cursor.ts';
import { depthOf, firstParentheses, indexOf, isNamed, separated, type Token } from './plpgsql-tokens.ts';
import { TokenReader } from './token-reader.ts';

/** One piece of SQL in a PL/pgSQL body. */
export interface Fragment {
  /**
   * `query`: a statement; `cursor`: what a cursor runs that the session can see by its name, '' when it was declared with
   * its query; `fetch`: FETCH or MOVE of a cursor that may be anybody's, '' in place of its name; `expression`: what may stand
   * behind SELECT; `type`: that of a variable; `dynamic`: an expression whose value is run; `transaction`: COMMIT or
   * ROLLBACK; `caught`: what an error says is looked at, '' in place of its text; `unknown`: what could not be told apart.
   */
  readonly type:
    | 'query'
    | 'cursor'
    | 'fetch'
    | 'expression'
    | 'type'
    | 'dynamic'
    | 'transaction'
    | 'caught'
    | 'unknown';
  readonly sql: string;
}

/** The newest server: what is said of older ones does not hold. */
const newest = Number.POSITIVE_INFINITY;

/**
 * Cuts the body of a PL/pgSQL function or DO block into the SQL that it runs (pl_gram.y), whichever way its control
 * flow goes, on a server of that version (`server_version_num`). It knows the shape of the statements, not what they mean: what has no such shape comes as `unknown`.
 */
export function plpgsqlFragments(body: string, serverVersion: number = newest): readonly Fragment[] {
  const cutter = new Cutter(body, serverVersion);
  while (!cutter.isAtEnd) cutter.statement();
  const catches = cutter.tokens.some((token) => ofErrors.some((name) => isNamed(body, token, name)));
  if (catches) cutter.fragments.push({ type: 'caught', sql: '' });
  return cutter.fragments;
}

/** GET STACKED DIAGNOSTICS, and the variables of an exception handler. */
const ofErrors = ['stacked', 'sqlerrm', 'sqlstate'] as const;

class Cutter extends TokenReader {
  readonly fragments: Fragment[] = [];
  readonly #serverVersion: number;

  constructor(body: string, serverVersion: number) {
    super(body);
    this.#serverVersion = serverVersion;
  }

  /** Reads one statement, or what opens and closes blocks. */
  statement(): void {
    const assigned = this.#assignment();
    if (assigned !== undefined) {
      // Subscripts of the target are computed as well.
      const target = this.tokens.slice(this.at, assigned - 1);
      if (target.some(({ word }) => word === '[')) this.#add('expression', target);
      this.at = assigned;
      this.#add('expression', this.upTo(ends));
      return;
    }
    const word = this.word();
    const reading = this.#readings[word];
    if (reading === undefined) {
      this.#query();
      return;
    }
    this.at += 1;
    reading();
  }

  readonly #skip = (): void => {};

  readonly #readings: { readonly [word: string]: () => void } = {
    ';': this.#skip,
    begin: this.#skip,
    then: this.#skip,
    else: this.#skip,
    loop: this.#skip,
    exception: this.#skip,
    '<<': () => this.skipPast('>>'),
    '#': () => {
      this.at += 2;
    },
    declare: () => this.#declarations(),
    end: () => this.skipPast(';'),
    null: () => this.skipPast(';'),
    get: () => this.skipPast(';'),
    fetch: () => this.#move(),
    move: () => this.#move(),
    close: () => this.skipPast(';'),
    if: () => this.#add('expression', this.upTo(['then'])),
    elsif: () => this.#add('expression', this.upTo(['then'])),
    elseif: () => this.#add('expression', this.upTo(['then'])),
    when: () => this.#add('expression', this.upTo(['then'])),
    while: () => this.#add('expression', this.upTo(['loop'])),
    case: () => {
      if (this.word() !== 'when') this.#add('expression', this.upTo(['when']));
    },
    for: () => this.#loop(),
    foreach: () => {
      this.upTo(['array']);
      this.at += 1;
      this.#add('expression', this.upTo(['loop']));
    },
    exit: () => this.#leave(),
    continue: () => this.#leave(),
    return: () => this.#return(),
    raise: () => this.#raise(),
    assert: () => this.#add('expression', this.upTo(ends)),
    perform: () => this.#add('expression', this.upTo(ends)),
    execute: () => this.#dynamic(ends),
    open: () => this.#open(),
    commit: () => this.#transaction(),
    rollback: () => this.#transaction(),
  };

  /** Where the expression of `target := expression` begins; undefined when it is no assignment. */
  #assignment(): number | undefined {
    if (this.tokens[this.at]?.isName !== true) return undefined;
    let at = this.targetEnd(this.at);
    const word = this.tokens[at]?.word;
    at += 1;
    return word === ':=' || word === '=' ? at : undefined;
  }

  #add(type: Fragment['type'], tokens: readonly Token[]): void {
    const [first] = tokens;
    const last = tokens.at(-1);
    if (first !== undefined && last !== undefined)
      this.fragments.push({ type, sql: this.body.slice(first.start, last.end) });
  }

  #declarations(): void {
    while (!this.isAtEnd && this.word() !== 'begin' && this.word() !== 'declare') {
      const tokens = this.upTo(ends);
      this.at += 1;
      const cursor = indexOf(tokens, ['cursor']);
      const query = cursor === -1 ? -1 : indexOf(tokens, ['for', 'is'], cursor);
      const value = indexOf(tokens, [':=', '=', 'default']);
      if (query !== -1) {
        for (const argument of separated(firstParentheses(tokens.slice(0, query)))) this.#type(argument);
        this.#add('query', tokens.slice(query + 1));
        continue;
      }
      this.#type(value === -1 ? tokens : tokens.slice(0, value));
      if (value !== -1) this.#add('expression', tokens.slice(value + 1));
    }
  }

  /** The type behind the name of a variable: name [CONSTANT] type [COLLATE c] [NOT NULL]. An ALIAS has none. */
  #type(tokens: readonly Token[]): void {
    const from = tokens[1]?.word === 'constant' ? 2 : 1;
    if (tokens[from]?.word === 'alias') return;
    const end = indexOf(tokens, ['collate', 'not'], from);
    this.#add('type', tokens.slice(from, end === -1 ? undefined : end));
  }

  /** FOR … IN a .. b, IN query, IN EXECUTE, IN cursor. */
  #loop(): void {
    this.upTo(['in']);
    this.at += 1;
    if (this.word() === 'reverse') this.at += 1;
    if (this.word() === 'execute') {
      this.at += 1;
      this.#dynamic(['loop']);
      return;
    }
    const tokens = this.upTo(['loop']);
    const range = indexOf(tokens, ['..']);
    const step = indexOf(tokens, ['by']);
    if (range !== -1) {
      this.#add('expression', tokens.slice(0, range));
      this.#add('expression', tokens.slice(range + 1, step === -1 ? undefined : step));
      if (step !== -1) this.#add('expression', tokens.slice(step + 1));
    } else if (tokens.length === 1) {
      return;
    } else if (tokens[1]?.word === '(' && tokens[0]?.isName === true) {
      this.#arguments(tokens.slice(1));
    } else {
      this.#add('query', tokens);
    }
  }

  /** FETCH and MOVE: how far can be an expression; where a cursor of the session stands is what that session sees. */
  #move(): void {
    if (!isOwnCursor(this, this.#serverVersion)) this.fragments.push({ type: 'fetch', sql: '' });
    const tokens = this.upTo(['from', 'in']);
    const first = tokens.findIndex(({ word }) => !directions.has(word));
    if (this.word() !== ';' && first !== -1) this.#add('expression', tokens.slice(first));
    this.skipPast(';');
  }

  #leave(): void {
    const tokens = this.upTo(ends);
    const when = indexOf(tokens, ['when']);
    if (when !== -1) this.#add('expression', tokens.slice(when + 1));
  }

  #return(): void {
    const word = this.word();
    if (word !== 'next' && word !== 'query') {
      this.#add('expression', this.upTo(ends));
      return;
    }
    this.at += 1;
    if (word === 'next') {
      this.#add('expression', this.upTo(ends));
    } else if (this.word() === 'execute') {
      this.at += 1;
      this.#dynamic(ends);
    } else {
      this.#add('query', this.upTo(ends));
    }
  }

  /** RAISE [level] 'format', expressions | condition USING option = expression, … */
  #raise(): void {
    const tokens = this.upTo(ends);
    const using = indexOf(tokens, ['using']);
    const message = tokens.slice(0, using === -1 ? undefined : using);
    const comma = indexOf(message, [',']);
    if (comma !== -1) this.#add('expression', message.slice(comma + 1));
    if (using === -1) return;
    for (const option of separated(tokens.slice(using + 1))) {
      const value = indexOf(option, ['=', ':=']);
      this.#add(value === -1 ? 'unknown' : 'expression', option.slice(value + 1));
    }
  }

  /** EXECUTE expression [INTO target] [USING expressions], in either order. */
  #dynamic(stops: readonly string[]): void {
    const tokens = this.upTo(stops);
    const into = indexOf(tokens, ['into']);
    const using = indexOf(tokens, ['using']);
    const clauses = [into, using].filter((at) => at !== -1);
    this.#add('dynamic', tokens.slice(0, clauses.length === 0 ? undefined : Math.min(...clauses)));
    if (using !== -1) this.#add('expression', tokens.slice(using + 1, into > using ? into : undefined));
  }

  /** OPEN cursor FOR query, FOR EXECUTE, or with arguments. */
  #open(): void {
    const tokens = this.upTo(ends);
    const query = indexOf(tokens, ['for']);
    if (query === -1) {
      this.fragments.push({ type: 'cursor', sql: '' });
      this.#arguments(tokens.slice(1));
      return;
    }
    if (tokens[query + 1]?.word !== 'execute') {
      this.#add('cursor', tokens.slice(query + 1));
      return;
    }
    this.at -= tokens.length - query - 2;
    this.#dynamic(ends);
  }

  /** The arguments of a cursor, named ones too: as those of a function that does nothing. */
  #arguments(tokens: readonly Token[]): void {
    const [first] = tokens;
    const last = tokens.at(-1);
    if (first === undefined || last === undefined || tokens.length < 3) return;
    this.fragments.push({ type: 'expression', sql: `pg_catalog.concat${this.body.slice(first.start, last.end)}` });
  }

  #transaction(): void {
    this.skipPast(';');
    this.fragments.push({ type: 'transaction', sql: '' });
  }

  /** A statement of SQL; what it gives goes INTO variables, which is not SQL's INTO. */
  #query(): void {
    const tokens = this.upTo(ends);
    if (tokens.length === 0) {
      // A parenthesis that nothing opened.
      this.at += 1;
      return;
    }
    let depth = 0;
    const into = tokens.findIndex(({ word }, index) => {
      depth += depthOf(word);
      return word === 'into' && depth === 0 && !['insert', 'merge'].includes(tokens[index - 1]?.word ?? '');
    });
    if (into === -1 || tokens[0]?.word === 'import') {
      this.#add('query', tokens);
      return;
    }
    const from = this.at - tokens.length;
    let at = from + into + 1;
    if (this.tokens[at]?.word === 'strict') at += 1;
    at = this.targetEnd(at);
    while (this.tokens[at]?.word === ',') at = this.targetEnd(at + 1);
    const [first] = tokens;
    const before = this.body.slice(first?.start, this.tokens[from + into]?.start);
    const after = at < this.at ? this.body.slice(this.tokens[at]?.start, tokens.at(-1)?.end) : '';
    this.fragments.push({ type: 'query', sql: before + after });
  }
}

const ends = [';'] as const;

const directions = new Set(['next', 'prior', 'first', 'last', 'absolute', 'relative', 'all', 'forward', 'backward']);
