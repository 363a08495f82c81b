import type { Effect } from '../analysis.ts';
import { withSchemas } from '../catalog-with.ts';
import { Lexer, tokenKind } from '../lexer.ts';
import { readSelect } from './dml.ts';
import type { Draft, Findings } from './draft.ts';
import { type Fragment, plpgsqlFragments } from './plpgsql.ts';
import { readStatement } from './statement.ts';
import { fullName, type Surroundings } from './surroundings.ts';
import { constantText, fieldsOf, list, type Node, text, words } from './tree.ts';
import { Walk } from './walk.ts';

/** Code as the catalog or DO has it. */
export interface Code {
  readonly language: string;
  /** Undefined where it is not shown. */
  readonly body: string | undefined;
}

/** The code that CREATE FUNCTION gives as a text; the language is '' where it says none. */
export function codeDefined({ options }: Node): Code {
  let language = '';
  let body: string | undefined;
  for (const item of list(options)) {
    const { defname, arg } = fieldsOf(item, 'DefElem') ?? {};
    if (defname === 'language') language = text(fieldsOf(arg, 'String')?.['sval']).toLowerCase();
    if (defname === 'as') body = words(arg)[0];
  }
  return { language, body };
}

/** What the code of a function can do, whichever way it goes: its commands. What cannot be read is said to be so. */
export function readCode(code: Code, around: Surroundings, findings: Findings): void {
  readBlock(code, around, findings, undefined);
}

/** As `readCode`, among the findings of a statement that runs it as `via`. */
export function readBlock(code: Code, session: Surroundings, findings: Findings, via: string | undefined): void {
  const { language } = code;
  // What the session has given names to may have been given others by the time that code comes to them.
  const around: Surroundings = { ...session, prepared: unknown, cursor: unknown };
  const body = around.isEscaping && code.body?.includes('\\') === true ? undefined : code.body;
  const { copy, named } = findings;
  const effects = findings.effects.splice(0);
  readBody({ language, body }, around, findings, via);
  const readAgain = (otherwise: Partial<Surroundings>): void => {
    const known = findings.effects.length;
    readBody({ language, body }, { ...around, ...otherwise }, findings, via);
    const more = findings.effects.splice(known);
    findings.effects.push(...more.filter(({ type }) => type === 'define' || type === 'anything'));
  };
  // What stands behind a SET is looked up by it.
  if (around.path !== undefined && findings.effects.some(changesPath)) readAgain({ path: undefined });
  // What is made behind a CREATE SCHEMA may be in that one.
  const { catalog } = around;
  const schemas = schemasMade(findings.effects);
  if (catalog !== undefined && schemas.some((schema) => !catalog.hasSchema(schema)))
    readAgain({ catalog: withSchemas(catalog, schemas) });
  // The order in which it comes to its statements, and whether at all, is not known.
  const later = findings.effects
    .splice(0)
    .map((effect): Effect => (effect.type === 'set' ? { ...effect, value: undefined } : effect));
  findings.effects.push(...effects, ...later);
  // A name that was followed means something else from now on, which nobody outside sees.
  if (findings.named !== named) findings.effects.push({ type: 'anything' });
  findings.copy = copy;
  findings.named = named;
}

function readBody({ language, body }: Code, around: Surroundings, findings: Findings, via: string | undefined): void {
  if (language === 'sql' && body !== undefined) readSql(body, around, findings, via);
  else if (language === 'plpgsql' && body !== undefined) readPlpgsql(body, around, findings, via);
  else unreadable(findings, via);
}

const pathSettings: ReadonlySet<string> = new Set(['search_path', 'role', 'session_authorization']);

function changesPath(effect: Effect): boolean {
  return effect.type === 'reset all' || (effect.type === 'set' && pathSettings.has(effect.name));
}

/** Names without a dot are those of schemas. */
function schemasMade(effects: readonly Effect[]): readonly string[] {
  const names = effects.flatMap((effect) => (effect.type === 'define' ? (effect.names ?? []) : []));
  return names.filter((name) => !name.includes('.'));
}

const unknown = (): undefined => undefined;

function unreadable(findings: Findings, via: string | undefined): Draft {
  const draft = findings.draft('execute', via);
  draft.isUnreadable();
  findings.effects.push({ type: 'anything' });
  return draft;
}

const atomic = /^\s*begin\s+atomic\b([\s\S]*)\bend\s*;?\s*$/i;
const returned = /^\s*return\b([\s\S]*)$/i;

function readSql(body: string, around: Surroundings, findings: Findings, via: string | undefined): void {
  const value = returned.exec(body)?.[1];
  const sql = value === undefined ? (atomic.exec(body)?.[1] ?? body) : `SELECT ${value}`;
  const statements = around.parse(sql);
  if (statements === undefined) guess(body, around, findings, via);
  for (const { node } of statements ?? []) readStatement(node, around, findings, { via });
}

function readPlpgsql(body: string, around: Surroundings, findings: Findings, via: string | undefined): void {
  const expressions = findings.draft('select', via);
  expressions.hasWhere = false;
  for (const fragment of plpgsqlFragments(body, around.catalog?.serverVersion))
    readFragment(fragment, { around, findings, via, expressions });
  // One command at least: a body that does nothing is not one that could not be read.
  const isUseful =
    findings.drafts.length === 1 ||
    expressions.reads.size > 0 ||
    expressions.functions.size > 0 ||
    expressions.isWrite ||
    expressions.isOpaque ||
    expressions.hearsErrors;
  if (!isUseful) findings.drafts.splice(findings.drafts.indexOf(expressions), 1);
}

interface Reading {
  readonly around: Surroundings;
  readonly findings: Findings;
  readonly via: string | undefined;
  /** Of all expressions together. */
  readonly expressions: Draft;
}

function readFragment(fragment: Fragment, reading: Reading): void {
  const { around, findings, via } = reading;
  switch (fragment.type) {
    case 'expression':
      readExpression(fragment.sql, reading);
      return;
    case 'fetch':
      // A cursor of the session can be over anything.
      reading.expressions.isOpaque = true;
      return;
    case 'type':
      readType(fragment.sql, reading);
      return;
    case 'caught':
      reading.expressions.hearsErrors = true;
      return;
    case 'dynamic':
      readDynamic(fragment.sql, reading);
      return;
    case 'transaction':
      findings.draft('transaction', via).isTransactionControl = true;
      findings.effects.push({ type: 'anything' });
      return;
    case 'cursor':
      findings.effects.push({ type: 'anything' });
      if (fragment.sql !== '') readFragment({ type: 'query', sql: fragment.sql }, reading);
      return;
    case 'query': {
      const statements = around.parse(fragment.sql);
      if (statements === undefined) guess(fragment.sql, around, findings, via);
      for (const { node } of statements ?? []) readStatement(node, around, findings, { via });
      return;
    }
    case 'unknown':
      guess(fragment.sql, around, findings, via);
  }
}

/** What stands behind SELECT: with a FROM, it is a query as any other. */
function readExpression(sql: string, { around, findings, via, expressions }: Reading): void {
  const statements = around.parse(`SELECT ${sql}`);
  const select = fieldsOf(statements?.[0]?.node, 'SelectStmt');
  if (select === undefined || statements?.length !== 1) guess(sql, around, findings, via);
  else if (select['fromClause'] !== undefined) readSelect(select, around, findings, { via });
  else new Walk(around, expressions, findings).read({ SelectStmt: select }, undefined);
}

const likeColumn = /^([\s\S]+)%\s*type\b/i;
const likeRow = /%\s*rowtype\b/i;

/** The type of a variable: values of it are made, and cast to it. `t.c%TYPE` is that of a column, or of another variable. */
function readType(sql: string, { around, findings, expressions }: Reading): void {
  const walk = new Walk(around, expressions, findings);
  const column = likeColumn.exec(sql)?.[1];
  const given = column === undefined ? `NULL::${sql.replace(likeRow, '')}` : column;
  const select = fieldsOf(around.parse(`SELECT ${given}`)?.[0]?.node, 'SelectStmt');
  const value = fieldsOf(list(select?.['targetList'])[0], 'ResTarget')?.['val'];
  if (value === undefined) expressions.isUnreadable();
  else if (column === undefined) walk.parsed(value);
  else walk.columnType(words(fieldsOf(value, 'ColumnRef')?.['fields']));
}

/** EXECUTE of a constant is the statement in it; of anything else, it can be any. */
function readDynamic(sql: string, reading: Reading): void {
  const { around, findings, via } = reading;
  readExpression(sql, reading);
  const select = fieldsOf(around.parse(`SELECT ${sql}`)?.[0]?.node, 'SelectStmt');
  const [only] = list(select?.['targetList']);
  const given = constantText(fieldsOf(only, 'ResTarget')?.['val']);
  const statements = typeof given === 'string' ? around.parse(given) : undefined;
  if (statements === undefined) unreadable(findings, via);
  for (const { node } of statements ?? []) readStatement(node, around, findings, { via });
}

/** Text that cannot be parsed: whatever of the catalog is named in it may be read, changed or called. */
function guess(sql: string, around: Surroundings, findings: Findings, via: string | undefined): void {
  const draft = unreadable(findings, via);
  const walk = new Walk(around, draft, findings);
  const lexer = new Lexer(sql);
  while (lexer.nextSignificant() !== tokenKind.end) {
    if (lexer.kind !== tokenKind.identifier && lexer.kind !== tokenKind.quotedIdentifier) continue;
    const word = sql.slice(lexer.start, lexer.end);
    const name = word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word.toLowerCase();
    for (const relation of around.catalog?.named(name) ?? []) {
      walk.readRelation(relation, true);
      walk.writeRelation(relation, { inherits: true });
    }
    for (const called of around.catalog?.functions(name) ?? []) {
      if (!called.builtIn) draft.functions.add(fullName(called));
    }
  }
}
