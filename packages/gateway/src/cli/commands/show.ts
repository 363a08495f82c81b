import type { Command } from 'commander';
import type { SessionView } from '../../store/views.ts';
import { CommandError, type CommandIo } from '../command-io.ts';
import { renderCompleteness } from '../present/completeness.ts';
import { renderEventLine } from '../present/event-line.ts';
import { renderSession } from '../present/sessions.ts';
import { renderStatement } from '../present/statement.ts';
import { Answer, completenessJson } from '../recording/answer.ts';
import { findSession, parseTarget } from '../recording/find-session.ts';
import { inOrder } from '../recording/in-order.ts';
import {
  addRecordingOptions,
  openRecording,
  type Recording,
  type RecordingOptions,
} from '../recording/open-recording.ts';
import { Output } from '../recording/output.ts';
import { sessionEvents } from '../recording/session-events.ts';
import { jsonLine, wholeStatementJson } from '../recording/statement-json.ts';

interface ShowOptions extends RecordingOptions {
  readonly json?: true;
  readonly all?: true;
}

const help = `
SESSION is the beginning or end of a session's id, or latest; N is the number of a statement in it.

With --json: one object a line for each statement, as in \`onrecord log --json\` and with columns, rows, notices and what
else is kept of its result; the last line of standard error is an object of type "completeness".

Exit codes: 0 shown, 1 there is no such session or statement, 2 the command was called wrongly.`;

/** `onrecord show`: a session, or one statement of it, with everything that was kept. */
export function registerShow(program: Command, io: CommandIo): void {
  const command = program
    .command('show')
    .argument('<session[/n]>')
    .description('show a session or a statement in full');
  addRecordingOptions(command)
    .option('--all', 'also each Parse and Bind that was not executed at once')
    .option('--json', 'print one JSON object a line')
    .addHelpText('after', help)
    .action((target: string, options: ShowOptions) => show(target, options, io));
}

async function show(target: string, options: ShowOptions, io: CommandIo): Promise<void> {
  const meant = parseTarget(target);
  const recording = await openRecording(options, io);
  try {
    const session = await findSession(recording.store, meant.session);
    await recording.viewed('show', meant.n === undefined ? session : `${session}/${meant.n}`);
    if (meant.n === undefined) await showSession(session, { recording, options }, io);
    else await showStatement(session, meant.n, { recording, options }, io);
  } finally {
    recording.close();
  }
}

interface Showing {
  readonly recording: Recording;
  readonly options: ShowOptions;
}

async function showStatement(session: string, n: number, showing: Showing, io: CommandIo): Promise<void> {
  const { store, look } = showing.recording;
  const view = await store.statement(session, n);
  if (view === undefined) {
    throw new CommandError(`session ${session} has no statement ${n}`, {
      hint: `\`onrecord show ${session}\` has them all.`,
    });
  }
  const output = new Output(io.stdout);
  await output.write(showing.options.json ? jsonLine(wholeStatementJson(view)) : renderStatement(view, look));
  await output.flush();
}

async function showSession(session: string, { recording, options }: Showing, io: CommandIo): Promise<void> {
  const { store, look, nowUs } = recording;
  const output = new Output(io.stdout);
  const answer = new Answer();
  const filter = { session, ...(options.all ? { all: true } : {}) };
  if (!options.json) await output.write(`${renderSession((await store.session(session)) as SessionView, look)}\n`);
  const events = options.json ? [] : sessionEvents(store, session);
  for await (const item of inOrder(store.statements(filter), events)) {
    if (item.type === 'event') {
      await output.write(`${renderEventLine(item.view, look)}\n`);
      continue;
    }
    answer.add(item.view);
    await output.write(
      options.json ? jsonLine(wholeStatementJson(item.view)) : `${renderStatement(item.view, look)}\n`,
    );
  }
  const completeness = await answer.completeness(store, filter, { nowUs, more: false });
  if (!options.json) await output.write(renderCompleteness(completeness, look));
  await output.flush();
  if (options.json) io.stderr.write(jsonLine(completenessJson(completeness, `session ${session}`)));
}
