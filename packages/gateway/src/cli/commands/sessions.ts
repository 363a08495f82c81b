import type { Command } from 'commander';
import type { SessionView } from '../../store/views.ts';
import type { CommandIo } from '../command-io.ts';
import { leftOutSentence } from '../present/completeness.ts';
import { renderSessions } from '../present/sessions.ts';
import { addRecordingOptions, openRecording } from '../recording/open-recording.ts';
import { Output } from '../recording/output.ts';
import { leftOutBy, withoutOwn } from '../recording/own.ts';
import { sessionJson } from '../recording/session-json.ts';
import { jsonLine } from '../recording/statement-json.ts';
import {
  addRangeOptions,
  addWhoseOptions,
  chooseRange,
  chooseWhose,
  type RangeOptions,
  type WhoseOptions,
} from '../recording/statement-options.ts';

interface SessionsOptions extends WhoseOptions, RangeOptions {
  readonly open?: true;
  readonly all?: true;
  readonly json?: true;
}

const help = `
A range of time means the sessions that were open at some time of it. Those in which the gateway itself asks something
of a database are left out and counted in the last line: --identity onrecord shows them, --all everything.

With --json: an object a line, {"session":…,"identity":…,"connection":…,"openedAt":…,"closedAt":…,"statements":…,…};
the last line of standard error is {"type":"left_out","sessions":…}.

Exit codes: 0 answered, 1 it could not be answered, 2 the command was called wrongly.`;

/** `onrecord sessions`: who was connected, when. */
export function registerSessions(program: Command, io: CommandIo): void {
  const command = program.command('sessions').description('list sessions in the order in which they were opened');
  addRecordingOptions(addRangeOptions(addWhoseOptions(command)))
    .option('--open', 'only those that have not ended')
    .option('--all', 'also those of the gateway itself')
    .option('--json', 'print one JSON object a line')
    .addHelpText('after', help)
    .action((options: SessionsOptions) => sessions(options, io));
}

async function sessions(options: SessionsOptions, io: CommandIo): Promise<void> {
  const { echo, ...range } = chooseRange(options, Date.now() * 1000);
  const { store, look, close } = await openRecording(options, io);
  try {
    const open = options.open ? { open: true } : {};
    const filter = { ...(await chooseWhose(options, store)), ...withoutOwn(options), ...range, ...open };
    const own = leftOutBy(filter);
    const leftOut = own === undefined ? 0 : await store.countSessions(own);
    const output = new Output(io.stdout);
    if (options.json) {
      for await (const view of store.sessions(filter)) await output.write(jsonLine(sessionJson(view)));
      io.stderr.write(jsonLine({ type: 'left_out', sessions: leftOut }));
    } else {
      const views: SessionView[] = [];
      for await (const view of store.sessions(filter)) views.push(view);
      await output.write(`${echo}\n\n${views.length === 0 ? 'No sessions.\n' : renderSessions(views, look)}`);
      if (leftOut > 0) await output.write(`\n${leftOutSentence(leftOut, 'session')}\n`);
    }
    await output.flush();
  } finally {
    close();
  }
}
