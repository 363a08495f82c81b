import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { type Command, Option } from 'commander';
import type { Reservations } from '../../store/reservations.ts';
import type { EventView, SessionView, StatementView } from '../../store/views.ts';
import { CommandError, type CommandIo } from '../command-io.ts';
import { renderCompleteness } from '../present/completeness.ts';
import { escapeForTerminal } from '../present/escape.ts';
import { formatCount } from '../present/quantity.ts';
import { Answer } from '../recording/answer.ts';
import { findSession, parseTarget } from '../recording/find-session.ts';
import {
  addRecordingOptions,
  openRecording,
  type Recording,
  type RecordingOptions,
} from '../recording/open-recording.ts';
import { Output } from '../recording/output.ts';
import { sessionEvents } from '../recording/session-events.ts';
import { sessionSqlHeader, statementSql } from '../recording/session-sql.ts';
import { jsonLine, wholeStatementJson } from '../recording/statement-json.ts';

type Format = 'jsonl' | 'sql' | 'html';

interface ExportOptions extends RecordingOptions {
  readonly format: Format;
  readonly output?: string;
  readonly all?: true;
}

const help = `
jsonl  an object a line for each statement, with its result as far as it was kept: what \`onrecord show --json\` prints
sql    a script for psql that does again what completed; the rest stands in comments
html   one file to step through in a browser, without a network

What may be missing from the session is said on standard error.

Exit codes: 0 exported, 1 there is no such session or the file cannot be written, 2 the command was called wrongly.`;

/** `onrecord export`: a session as a file. */
export function registerExport(program: Command, io: CommandIo): void {
  const command = program
    .command('export')
    .argument('<session>')
    .description('write a session to a file or standard output');
  addRecordingOptions(command)
    .addOption(new Option('--format <format>', 'what to write').choices(['jsonl', 'sql', 'html']).makeOptionMandatory())
    .option('--output <file>', 'write to this file, not to standard output')
    .option('--all', 'also each Parse and Bind that was not executed at once')
    .addHelpText('after', help)
    .action((target: string, options: ExportOptions) => exportSession(target, options, io));
}

async function exportSession(target: string, options: ExportOptions, io: CommandIo): Promise<void> {
  const meant = parseTarget(target);
  if (meant.n !== undefined)
    throw new CommandError('export takes a whole session', {
      exitCode: 2,
      hint: '`onrecord show SESSION/N --json` has one statement.',
    });
  const recording = await openRecording(options, io);
  try {
    const id = await findSession(recording.store, meant.session);
    const session = (await recording.store.session(id)) as SessionView;
    await recording.viewed(`export ${options.format}`, id);
    await writingTo(options.output, io, (stream) =>
      write(session, recording, { options, output: new Output(stream), io }),
    );
  } finally {
    recording.close();
  }
}

interface Export {
  readonly options: ExportOptions;
  readonly output: Output;
  readonly io: CommandIo;
}

async function write(session: SessionView, recording: Recording, { options, output, io }: Export): Promise<void> {
  const { store, look, nowUs } = recording;
  const filter = { session: session.session, ...(options.all ? { all: true } : {}) };
  const answer = new Answer();
  const statements = counting(store.statements(filter), answer);
  const onTerminal = options.output === undefined && io.isTerminal;
  const pieces = formats[options.format](session, { statements, recording, onTerminal });
  for await (const piece of pieces) await output.write(piece);
  await output.flush();
  const completeness = await answer.completeness(store, filter, { nowUs, more: false });
  io.stderr.write(renderCompleteness(completeness, { ...look, color: false }));
}

interface Content {
  readonly statements: AsyncIterable<StatementView>;
  readonly recording: Recording;
  readonly onTerminal: boolean;
}

const formats: { readonly [Name in Format]: (session: SessionView, content: Content) => AsyncIterable<string> } = {
  async *jsonl(_session, { statements }) {
    for await (const view of statements) yield jsonLine(wholeStatementJson(view));
  },
  async *sql(session, { statements, onTerminal }) {
    // A script must hold the text as it was; a terminal must not obey it.
    const shown = (sql: string): string => (onTerminal ? escapeForTerminal(sql, { multiline: true }) : sql);
    yield shown(sessionSqlHeader(session));
    for await (const view of statements) yield shown(statementSql(view));
  },
  async *html(session, { statements, recording }) {
    const { renderHtml } = await import('../present/html.ts');
    const { store, nowUs, look } = recording;
    const events: EventView[] = [];
    for await (const event of sessionEvents(store, session.session)) events.push(event);
    const reservations = sentencesOf(await store.reservations({ session: session.session }, nowUs));
    yield* renderHtml({ session, statements, events, exportedAt: nowUs, timeZone: look.timeZone, reservations });
  },
};

function sentencesOf({ openSessions, holes, unknownOutcomes, damage }: Reservations): readonly string[] {
  return [
    ...(openSessions.length === 0 ? [] : ['The session was still open when it was exported.']),
    ...(unknownOutcomes === 0 ? [] : [`${formatCount(unknownOutcomes, 'statement')} with an unknown outcome.`]),
    ...holes.map(({ summary }) => summary),
    ...(damage === undefined ? [] : [`The journal cannot be read on: ${damage}`]),
  ];
}

async function* counting(views: AsyncIterable<StatementView>, answer: Answer): AsyncGenerator<StatementView> {
  for await (const view of views) {
    answer.add(view);
    yield view;
  }
}

/** Runs `write` with standard output, or with a file that, when it is new, only its owner can read: it holds what the record holds. */
async function writingTo(
  file: string | undefined,
  io: CommandIo,
  write: (stream: Writable) => Promise<void>,
): Promise<void> {
  if (file === undefined) return write(io.stdout);
  const path = resolve(io.cwd, file);
  const handle = await open(path, 'w', 0o600);
  const stream = handle.createWriteStream();
  await write(stream);
  stream.end();
  await finished(stream);
}
