import type { Command } from 'commander';
import { type CommandIo, exitCodes } from '../command-io.ts';
import { type BlindReport, renderBlind } from '../present/blind.ts';
import { blindCompletenessJson, blindSessionJson } from '../recording/blind-json.ts';
import {
  addRecordingOptions,
  openRecording,
  type Recording,
  type RecordingOptions,
} from '../recording/open-recording.ts';
import { Output } from '../recording/output.ts';
import { jsonLine } from '../recording/statement-json.ts';
import {
  addRangeOptions,
  type ChosenRange,
  chooseRange,
  chooseWhose,
  type RangeOptions,
} from '../recording/statement-options.ts';

interface BlindOptions extends RecordingOptions, RangeOptions {
  readonly connection?: string;
  readonly json?: true;
}

const help = `
A blind session is one on a connection's server that did not come through the gateway. A range of time means those that
were there at some time of it. The last lines say what may be missing: sessions too short to be seen, times at which
nobody watched, connections that have no watch.

With --json, standard output has one object a line for each session and nothing else; the last line of standard error is
an object of type "completeness".

Exit codes: 0 answered (complete or not), 1 it could not be answered, or only up to where the journal is damaged,
2 the command was called wrongly.`;

/** `onrecord blind`: who reached a database past the gateway. */
export function registerBlind(program: Command, io: CommandIo): void {
  const command = program
    .command('blind')
    .description('list sessions that did not come through the gateway')
    .option('--connection <name>', "only on this connection's server");
  addRecordingOptions(addRangeOptions(command))
    .option('--json', 'print one JSON object a line')
    .addHelpText('after', help)
    .action((options: BlindOptions) => blind(options, io));
}

async function blind(options: BlindOptions, io: CommandIo): Promise<void> {
  const range = chooseRange(options, Date.now() * 1000);
  const recording = await openRecording(options, io);
  try {
    const report = await reportOf(recording, options, range);
    const output = new Output(io.stdout);
    if (options.json) for (const view of report.sessions) await output.write(jsonLine(blindSessionJson(view)));
    else await output.write(`${range.echo}\n\n${renderBlind(report, recording.look)}`);
    await output.flush();
    if (options.json) io.stderr.write(jsonLine(blindCompletenessJson(report, range.echo)));
    if (report.damage !== undefined) io.setExitCode(exitCodes.error);
  } finally {
    recording.close();
  }
}

async function reportOf(
  { store }: Recording,
  { connection }: BlindOptions,
  { fromUs, untilUs }: ChosenRange,
): Promise<BlindReport> {
  const which = await chooseWhose({ ...(connection === undefined ? {} : { connection }) }, store);
  const answer = await store.blind({
    ...which,
    ...(fromUs === undefined ? {} : { fromUs }),
    ...(untilUs === undefined ? {} : { untilUs }),
  });
  const watched = new Set(answer.watches.map((watch) => watch.connection));
  const asked = connection === undefined ? await store.names('connections') : [connection];
  return { ...answer, neverWatched: asked.filter((name) => !watched.has(name)), damage: store.damage };
}
