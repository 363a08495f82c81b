import { connectionSecrets, passwordWord, type Range } from './connection-secrets.ts';
import { Lexer, tokenKind } from './lexer.ts';
import { contentRange, readLiteral } from './literal.ts';
import { maskMultibyte } from './multibyte.ts';

/** What replaces a secret. */
const mask = '***';

/** A text without this has no secret that `redactPasswords` looks for: one pass, no allocation. */
const hint = /[pP][aA][sS][sS][wW]|:\/\//;

/** Literals in literals are followed to this depth; a deeper one that speaks of a password is masked whole. */
const maxDepth = 8;

/** Open calls of format() with a password among their arguments that are kept in mind at once. */
const maxArguments = 16;

/**
 * The text with every password literal replaced by `***` (its delimiters stay), or undefined when there is none.
 * `sql` is a latin1 string, `clientEncoding` named as ParameterStatus names it. Found are: the literal behind the word
 * PASSWORD (roles, user mappings, servers, and what looks like them), `password=…` in conninfo strings, and the password
 * in URLs, wherever a literal or comment holds them, in dollar-quoted bodies and in SQL within strings too. A literal
 * that does not end is masked to the end of the text. Passwords that are ordinary data (`INSERT INTO users …`,
 * `WHERE password = '…'`) are not found: they are what the statement is about.
 * BUG: a text that hides the word itself (`'PASS' || 'WORD …'`, escapes within it) is not seen through.
 */
export function redactPasswords(
  sql: string,
  standardConformingStrings: boolean,
  clientEncoding = 'UTF8',
): string | undefined {
  if (!hint.test(sql)) return undefined;
  const secrets: Range[] = [];
  const text = maskMultibyte(sql, clientEncoding);
  findInSql({ text, origin: (offset) => offset, depth: 0, standardConformingStrings }, secrets);
  return secrets.length === 0 ? undefined : replace(sql, secrets);
}

function replace(sql: string, secrets: Range[]): string {
  secrets.sort((a, b) => a.start - b.start);
  let redacted = '';
  let at = 0;
  for (const { start, end } of secrets) {
    if (start >= at) redacted += sql.slice(at, start) + mask;
    if (end > at) at = end;
  }
  return redacted + sql.slice(at);
}

/** SQL that stands somewhere within the recorded text. */
interface Source {
  readonly text: string;
  /** Offset in the recorded text of an offset in `text`. */
  readonly origin: (offset: number) => number;
  /** How many literals it stands in. */
  readonly depth: number;
  readonly standardConformingStrings: boolean;
}

/** What the tokens read so far say about the next ones. */
interface Expectation {
  /** The last word, in lower case. */
  previous: string;
  /** CREATE or ALTER of a role, user (mapping) or group: what stands behind PASSWORD there is one, literal or not. */
  ofRole: boolean;
  /** A literal that comes next is a password. */
  literal: boolean;
  /** And so is anything else. */
  anything: boolean;
  /** The last literal broke off where a password begins; an operand of `||` goes on with it. */
  operand: boolean;
  /** Depth of parentheses. */
  depth: number;
  /** Arguments of format() that are passwords. */
  readonly arguments: Argument[];
}

interface Argument {
  /** Depth of parentheses of its call. */
  readonly depth: number;
  /** Commas at that depth that are still to come before it. */
  commas: number;
}

/** Adds what is found in `source`; true when the text breaks off where a password begins. */
function findInSql(source: Source, secrets: Range[]): boolean {
  const lexer = new Lexer(source.text, source.standardConformingStrings);
  const expected: Expectation = {
    previous: '',
    ofRole: false,
    literal: false,
    anything: false,
    operand: false,
    depth: 0,
    arguments: [],
  };
  let brokeOff = false;
  while (lexer.next() !== tokenKind.end) {
    if (lexer.kind === tokenKind.comment) {
      findInComment(lexer, source, secrets);
    } else if (lexer.isString) {
      brokeOff = literal(lexer, source, secrets, expected) && !lexer.terminated;
    } else if (expected.anything && isTypedPassword(lexer)) {
      mark(source, typedRange(lexer), secrets);
      expect(expected, { literal: false });
    } else if (lexer.kind === tokenKind.identifier || lexer.kind === tokenKind.quotedIdentifier) {
      word(lexer, expected);
    } else if (lexer.kind === tokenKind.punctuation) {
      punctuation(lexer.text[lexer.start] as string, expected);
    } else if (lexer.kind === tokenKind.operator) {
      operator(lexer.text.slice(lexer.start, lexer.end), expected);
    } else {
      expect(expected, { literal: false });
    }
  }
  return brokeOff || expected.literal;
}

function expect(expected: Expectation, { literal }: { readonly literal: boolean }): void {
  expected.literal = literal;
  expected.anything = false;
  expected.operand = false;
}

function word(lexer: Lexer, expected: Expectation): void {
  const quoted = lexer.kind === tokenKind.quotedIdentifier;
  const name = (quoted ? readLiteral(lexer).text : lexer.text.slice(lexer.start, lexer.end)).toLowerCase();
  const { previous, ofRole, operand } = expected;
  const isRoleName = ofRole && isRoleObject(previous);
  if (isRoleObject(name) && (previous === 'create' || previous === 'alter')) expected.ofRole = true;
  expect(expected, { literal: passwordWord.test(name) });
  expected.anything = ofRole && !isRoleName && !quoted && name === 'password';
  // `|| quote_literal('…')` may still go on with a password, `|| variable` has done so.
  expected.operand = operand && /^\s*\(/.test(lexer.text.slice(lexer.end, lexer.end + 16));
  expected.previous = name;
}

function isRoleObject(name: string): boolean {
  return name === 'role' || name === 'user' || name === 'group';
}

/** `PASSWORD = '…'` is an error to Postgres, too. */
function operator(name: string, expected: Expectation): void {
  const { anything, operand } = expected;
  expect(expected, { literal: anything && name === '=' });
  expected.anything = expected.literal;
  expected.operand = operand && name === '||';
}

function punctuation(character: string, expected: Expectation): void {
  const { arguments: awaited } = expected;
  switch (character) {
    case '(':
      expected.depth += 1;
      return;
    case ')':
      while (awaited.length > 0 && (awaited.at(-1) as Argument).depth >= expected.depth) awaited.pop();
      expected.depth -= 1;
      break;
    case ',':
      for (const argument of awaited) if (argument.depth === expected.depth) argument.commas -= 1;
      break;
    case ';':
      expected.ofRole = false;
      expected.previous = '';
      awaited.length = 0;
      break;
  }
  expect(expected, { literal: false });
}

/** A word, number or quoted identifier where a password literal should be: an error to Postgres, a secret all the same. */
function isTypedPassword(lexer: Lexer): boolean {
  if (lexer.is('null') || lexer.is('password')) return false;
  const { kind } = lexer;
  return kind === tokenKind.identifier || kind === tokenKind.number || kind === tokenKind.quotedIdentifier;
}

function typedRange(lexer: Lexer): Range {
  if (lexer.kind === tokenKind.quotedIdentifier) return contentRange(lexer);
  const rest = lexer.text.slice(lexer.end).search(/[\s;]/);
  return { start: lexer.start, end: rest === -1 ? lexer.text.length : lexer.end + rest };
}

/** A string literal; true when a password begins in it or behind it. */
function literal(lexer: Lexer, source: Source, secrets: Range[], expected: Expectation): boolean {
  const content = contentRange(lexer);
  const awaited =
    expected.literal || isAwaitedArgument(expected) || (expected.operand && saysSomething(lexer, content));
  expect(expected, { literal: false });
  if (awaited) {
    mark(source, content, secrets);
    return true;
  }
  if (!hint.test(lexer.text.slice(content.start, content.end))) return false;
  const { text, origin } = readLiteral(lexer);
  const argument = passwordArgument(text);
  if (argument > 0 && expected.arguments.length < maxArguments)
    expected.arguments.push({ depth: expected.depth, commas: argument });
  const code = lexer.kind === tokenKind.dollarString;
  expected.operand = findWithin({ ...nested(source, text, origin), code }, secrets);
  return false;
}

function isAwaitedArgument(expected: Expectation): boolean {
  return expected.arguments.some(({ commas, depth }) => commas === 0 && depth <= expected.depth);
}

/** `''''` behind `|| variable ||` closes a literal and is no secret. */
function saysSomething(lexer: Lexer, { start, end }: Range): boolean {
  return /[^\s']/.test(lexer.text.slice(start, end));
}

/** Which argument behind a format() string takes the place of a password, from 1; 0 when none does. */
function passwordArgument(format: string): number {
  const found = /passw(?:or)?d[\s'=(:]{0,8}%(?:(\d{1,4})\$)?[-\d$*]{0,8}[LsI]/i.exec(format);
  if (found === null) return 0;
  if (found[1] !== undefined) return Number(found[1]);
  const upTo = format.slice(0, found.index + found[0].length);
  return upTo.replaceAll('%%', '').split('%').length - 1;
}

function findInComment(lexer: Lexer, source: Source, secrets: Range[]): void {
  const start = lexer.start + 2;
  const text = lexer.text.slice(start, lexer.end);
  if (hint.test(text)) findWithin({ ...nested(source, text, (index) => start + index), code: false }, secrets);
}

function nested(parent: Source, text: string, originInParent: (index: number) => number): Source {
  return { ...parent, text, origin: (index) => parent.origin(originInParent(index)), depth: parent.depth + 1 };
}

/** Looks at what a literal or comment says: as a conninfo string or URL, and as SQL. Returns as `findInSql` does. */
function findWithin(source: Source & { readonly code: boolean }, secrets: Range[]): boolean {
  const { text } = source;
  if (source.depth > maxDepth) {
    mark(source, { start: 0, end: text.length }, secrets);
    return false;
  }
  let brokeOff = false;
  for (const found of connectionSecrets(text, source)) {
    if (found.start === text.length) brokeOff = true;
    mark(source, found, secrets);
  }
  return findInSql(source, secrets) || brokeOff;
}

function mark(source: Source, { start, end }: Range, secrets: Range[]): void {
  if (end > start) secrets.push({ start: source.origin(start), end: source.origin(end) });
}
