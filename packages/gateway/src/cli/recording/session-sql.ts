import { Lexer, tokenKind } from '../../sql/lexer.ts';
import type { SessionView, StatementView, ValueView } from '../../store/views.ts';
import { controlSummary } from '../present/control-facts.ts';
import { escapeForTerminal, piecesOf } from '../present/escape.ts';
import { onBehalfOfText } from '../present/on-behalf-of.ts';
import { isoMicros } from './statement-json.ts';
import { staysSql } from './stays-sql.ts';

/**
 * A session as a script that psql can run again. What completed stands as SQL, in order; everything else (what failed,
 * was refused, skipped or cut short, or cannot be said in SQL) stands in comments. Recorded text gets out of a comment
 * by no line break, out of COPY data by no end mark, and becomes no command of psql. Pure.
 */
export function sessionSqlHeader(session: SessionView): string {
  return [
    `-- Onrecord session ${inline(session.session)}: ${inline(session.identity + onBehalfOfText(session.onBehalfOf))} on ${inline(session.connection)}`,
    `-- Database ${inline(session.database)} as ${inline(session.role)}, from ${isoMicros(session.openedAt)}` +
      (session.closedAt === undefined ? ', still open' : ` until ${isoMicros(session.closedAt)}`),
    '-- What did not complete stands in comments. Running this does the rest again: read it first.',
    '\\set ON_ERROR_STOP on',
    '\\encoding UTF8',
    '',
    '',
  ].join('\n');
}

/** One statement, with a comment that says when it ran and how it ended. */
export function statementSql(view: StatementView): string {
  const head = `-- ${view.n}: ${isoMicros(view.at)} ${facts(view).map(inline).join(', ')}\n`;
  const why = reasonNotToRun(view);
  const body =
    why === undefined
      ? runnable(view)
      : `${commented(`${why}:`)}${commented(`${view.sql};`)}${parameterComments(view)}`;
  return `${head}${body}\n`;
}

function facts(view: StatementView): string[] {
  const { error, position, commandTag } = view;
  return [
    view.outcome,
    ...(commandTag === undefined ? [] : [commandTag]),
    ...(view.durationUs === undefined ? [] : [`${view.durationUs / 1000} ms`]),
    ...(position === undefined ? [] : [`statement ${position.index + 1} of ${position.count} in one Query`]),
    ...controlSummary(view).map(({ text }) => text),
    ...(error === undefined ? [] : [`${error.severity} ${error.sqlstate}: ${error.message}`]),
  ];
}

/** Undefined for what can be run as it stands. */
function reasonNotToRun(view: StatementView): string | undefined {
  if (view.kind === 'prepare' || view.kind === 'bind') return 'only prepared';
  if (view.kind === 'call') return 'a function call of the protocol';
  if (view.kind === 'replication') return 'a replication command';
  if (view.outcome !== 'completed' && view.outcome !== 'suspended')
    return `not run again, its outcome was: ${view.outcome}`;
  if (view.redacted) return 'not run again, since a password was taken out of it';
  if (view.copy?.direction === 'in' && copyText(view) === undefined) {
    return 'not run again, since its data was not kept whole, or is not text';
  }
  // A script cannot hold it: psql and the server would read on behind the NUL.
  if (view.sql.includes('\0')) return 'not text';
  return staysSql(view.sql) ? undefined : 'not run again, since psql may read a command of its own in it';
}

function runnable(view: StatementView): string {
  if (view.parameters.length > 0) return withParameters(view);
  const copy = view.copy?.direction === 'in' ? copyText(view) : undefined;
  // Data begins on the line behind the semicolon.
  if (copy !== undefined) return `${withoutSemicolon(view.sql)}\n;\n${copy}\\.\n`;
  // The semicolon stands on a line of its own: the text may end in a comment.
  return `${view.sql}\n;\n`;
}

/** The text without the semicolon that ends it, and without what stands behind that. */
function withoutSemicolon(sql: string): string {
  const token = new Lexer(sql);
  let end = sql.length;
  while (token.nextSignificant() !== tokenKind.end) end = token.isPunctuation(';') ? token.start : sql.length;
  return sql.slice(0, end);
}

/** Parameters are bound as they were: by PREPARE, whose name no other statement of the script has. */
function withParameters(view: StatementView): string {
  const name = `onrecord_${view.n}`;
  const types = view.parameters.map(typeOf);
  const values = view.parameters.map(literal);
  return `PREPARE ${name} (${types.join(', ')}) AS\n${view.sql}\n;\nEXECUTE ${name} (${values.join(', ')});\nDEALLOCATE ${name};\n`;
}

/** `unknown` leaves it to the server, as the client did or as must be for a type whose name cannot be written. */
function typeOf({ type, typeName }: ValueView): string {
  return type !== 0 && /^[a-z_][a-z0-9_]*(\[\])?$/.test(typeName) ? typeName : 'unknown';
}

/** Reads the same whatever standard_conforming_strings is. What would not be seen stands as an escape. */
function literal({ text }: ValueView): string {
  if (text === null) return 'NULL';
  const written = piecesOf(text.replaceAll("'", "''").replaceAll('\\', '\\\\'), '\n\t')
    .map(({ text: piece, hidden }) => (hidden ? inEscapeString(piece) : piece))
    .join('');
  return written.includes('\\') ? `E'${written}'` : `'${written}'`;
}

/** `\x85` would be a byte to Postgres, and `\u{…}` is not its way to write a character beyond four digits. */
function inEscapeString(shown: string): string {
  return shown
    .replace(/^\\x(?=[89a-f])/, '\\u00')
    .replace(/^\\u\{(\w+)\}$/, (_, digits: string) => `\\U${digits.padStart(8, '0')}`);
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The data that followed a COPY FROM STDIN, when all of it was kept and it can stand in a script. */
function copyText(view: StatementView): string | undefined {
  const { copy } = view;
  if (copy === undefined || copy.truncated || copy.failure !== undefined) return undefined;
  let text: string;
  try {
    text = strictUtf8.decode(copy.data);
  } catch {
    return undefined;
  }
  // psql before version 18 sends the end mark along.
  text = text.replace(/(?<=^|\n)\\\.\r?\n?$/, '');
  // A line of its own with the end mark would let what follows run as SQL.
  if (text.includes('\0') || /(^|[\r\n])\\\.[ \t]*([\r\n]|$)/.test(text)) return undefined;
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

function parameterComments(view: StatementView): string {
  if (view.parameters.length === 0) return '';
  return commented(
    view.parameters.map((value, at) => `$${at + 1} = ${value.text === null ? 'NULL' : literal(value)}`).join('\n'),
  );
}

/** Every line behind two dashes; other characters that end a line somewhere are escaped. */
function commented(text: string): string {
  return escapeForTerminal(text, { multiline: true })
    .split('\n')
    .map((line) => `-- ${line}\n`)
    .join('');
}

function inline(text: string): string {
  return escapeForTerminal(text, { multiline: false });
}
