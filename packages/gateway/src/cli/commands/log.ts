import type { Command } from 'commander';
import type { StatementFilter } from '../../store/statement-filter.ts';
import type { StatementView } from '../../store/views.ts';
import { type CommandIo, exitCodes } from '../command-io.ts';
import { renderCompleteness } from '../present/completeness.ts';
import { renderStatementLine } from '../present/statement-line.ts';
import { Answer, completenessJson, isDamaged } from '../recording/answer.ts';
import { addRecordingOptions, openRecording, type Recording } from '../recording/open-recording.ts';
import { Output } from '../recording/output.ts';
import { jsonLine, statementJson } from '../recording/statement-json.ts';
import {
  addRangeOptions,
  addStatementOptions,
  addWhoseOptions,
  chooseRange,
  chooseStatements,
  positive,
  type StatementOptions,
} from '../recording/statement-options.ts';
import { targetOf } from '../recording/target.ts';

interface LogOptions extends StatementOptions {
  readonly limit?: number;
  readonly after?: number;
  readonly json?: true;
}

const help = `
Statements stand in the order in which the gateway received them, across sessions. The last lines say whether the answer
is complete, and if not, why: sessions still open, gaps, outcomes that nobody knows. What the gateway itself asks of
databases is left out, and counted there: --identity onrecord shows it, --all everything.

With --json, standard output has one object a line for each statement and nothing else; the last line of standard error
is an object of type "completeness".

Exit codes: 0 answered (complete or not), 1 it could not be answered, or only up to where the journal is damaged,
2 the command was called wrongly.`;

/** `onrecord log`: everything somebody did, in order. */
export function registerLog(program: Command, io: CommandIo): void {
  const command = program.command('log').description('show statements across sessions, in their true order');
  addRecordingOptions(addStatementOptions(addRangeOptions(addWhoseOptions(command))))
    .option('--limit <count>', 'stop after so many', positive)
    .option('--after <index>', 'only behind the statement with this "index" in --json', Number)
    .option('--json', 'print one JSON object a line')
    .addHelpText('after', help)
    .action((options: LogOptions) => log(options, io));
}

async function log(options: LogOptions, io: CommandIo): Promise<void> {
  const range = chooseRange(options, Date.now() * 1000);
  const recording = await openRecording(options, io);
  try {
    const filter = await chooseStatements(options, recording.store, range);
    await recording.viewed('log', targetOf(options));
    if (options.json) await logJson({ recording, filter, range: range.echo, options }, io);
    else await logLines({ recording, filter, range: range.echo, options }, io);
  } finally {
    recording.close();
  }
}

interface Question {
  readonly recording: Recording;
  readonly filter: StatementFilter;
  readonly range: string;
  readonly options: LogOptions;
}

async function logLines({ recording, filter, range, options }: Question, io: CommandIo): Promise<void> {
  const output = new Output(io.stdout);
  await output.write(`${range}\n\n`);
  let previous: StatementView | undefined;
  const answer = await answerTo({ recording, filter, range, options }, async (view) => {
    await output.write(renderStatementLine(view, recording.look, previous));
    previous = view;
  });
  if (previous !== undefined) await output.write('\n');
  await output.write(renderCompleteness(answer, recording.look));
  await output.flush();
  if (isDamaged(answer)) io.setExitCode(exitCodes.error);
}

async function logJson(question: Question, io: CommandIo): Promise<void> {
  const output = new Output(io.stdout);
  const answer = await answerTo(question, (view) => output.write(jsonLine(statementJson(view))));
  await output.flush();
  io.stderr.write(jsonLine(completenessJson(answer, question.range)));
  if (isDamaged(answer)) io.setExitCode(exitCodes.error);
}

async function answerTo({ recording, filter, options }: Question, show: (view: StatementView) => Promise<void>) {
  const limit = options.limit ?? Number.POSITIVE_INFINITY;
  const after = options.after === undefined ? {} : { after: options.after };
  const answer = new Answer();
  let count = 0;
  // One more than is shown, to know whether there is more.
  for await (const view of recording.store.statements({ ...filter, ...after, limit: limit + 1 })) {
    if (count === limit) {
      count += 1;
      break;
    }
    await show(view);
    answer.add(view);
    count += 1;
  }
  return answer.completeness(recording.store, filter, { nowUs: recording.nowUs, more: count > limit });
}
