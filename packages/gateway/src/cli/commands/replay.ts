import { setImmediate } from 'node:timers/promises';
import { ReadStream, WriteStream } from 'node:tty';
import type { Command } from 'commander';
import type { SessionView } from '../../store/views.ts';
import { CommandError, type CommandIo } from '../command-io.ts';
import { play } from '../player/player.ts';
import { Reading } from '../player/reading.ts';
import { systemClock, withTerminal } from '../player/terminal.ts';
import { renderCompleteness } from '../present/completeness.ts';
import { renderEventLine } from '../present/event-line.ts';
import { renderSession } from '../present/sessions.ts';
import { renderStatement } from '../present/statement.ts';
import { Answer } from '../recording/answer.ts';
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

const help = `
SESSION is the beginning or end of a session's id, or latest; with /N the player opens at that statement.

Keys: space plays at recorded speed (no pause longer than 3 s) and pauses, arrows or h j k l step, / searches, a number
and Enter jumps, e finds the next statement that did not complete, ? shows all keys, q quits.

When standard input and output are not a terminal, the session is printed as \`onrecord show\` does.
Exit codes: 0 shown, 1 there is no such session or statement, 2 the command was called wrongly.`;

/** `onrecord replay`: steps through a session on the terminal. */
export function registerReplay(program: Command, io: CommandIo): void {
  const command = program.command('replay').argument('<session[/n]>').description('step through a session');
  addRecordingOptions(command)
    .option('--all', 'also each Parse and Bind that was not executed at once')
    .addHelpText('after', help)
    .action((target: string, options: ReplayOptions) => replay(target, options, io));
}

interface ReplayOptions extends RecordingOptions {
  readonly all?: true;
}

async function replay(target: string, options: ReplayOptions, io: CommandIo): Promise<void> {
  const meant = parseTarget(target);
  const recording = await openRecording(options, io);
  try {
    const id = await findSession(recording.store, meant.session);
    const session = await recording.store.session(id);
    if (session === undefined) throw new CommandError(`there is no session ${id}`);
    await recording.viewed('replay', meant.n === undefined ? id : `${id}/${meant.n}`);
    const scope: Scope = { recording, session, all: options.all === true };
    const { stdin, stdout } = io;
    // The class, not only what the command was told: raw mode is a method of it.
    if (io.isTerminal && stdin instanceof ReadStream && stdout instanceof WriteStream) {
      await onTerminal(scope, meant.n, { stdin, stdout: stdout as WriteStream & { readonly fd: number } });
    } else await asText(scope, meant.n, io);
  } finally {
    recording.close();
  }
}

interface Scope {
  readonly recording: Recording;
  readonly session: SessionView;
  readonly all: boolean;
}

function filterOf({ session, all }: Scope): { readonly session: string; readonly all?: true } {
  return { session: session.session, ...(all ? { all: true } : {}) };
}

async function onTerminal(
  scope: Scope,
  n: number | undefined,
  tty: { readonly stdin: ReadStream; readonly stdout: WriteStream & { readonly fd: number } },
): Promise<void> {
  const { store, look } = scope.recording;
  const { session } = scope;
  const reading = new Reading(
    {
      session,
      statements: store.statements(filterOf(scope)),
      statement: (number) => store.statement(session.session, number),
    },
    { pause: () => setImmediate(), nowMs: systemClock.nowMs },
  );
  const left = new AbortController();
  const read = reading.read(left.signal);
  try {
    const start = n === undefined ? 0 : await reading.placeOf(n);
    if (start === undefined) throw new CommandError(`session ${session.session} has no statement ${n}`);
    await withTerminal(tty.stdin, tty.stdout, (terminal) =>
      play(reading, look, { terminal, clock: systemClock, start }),
    );
  } finally {
    left.abort();
    await read;
  }
}

/** From statement `n` on, or all of it. */
async function asText(scope: Scope, n: number | undefined, io: CommandIo): Promise<void> {
  const { store, look, nowUs } = scope.recording;
  const filter = filterOf(scope);
  if (n !== undefined && (await store.statement(filter.session, n)) === undefined) {
    throw new CommandError(`session ${filter.session} has no statement ${n}`);
  }
  const output = new Output(io.stdout);
  const answer = new Answer();
  let started = n === undefined;
  await output.write(`${renderSession(scope.session, look)}\n`);
  for await (const item of inOrder(store.statements(filter), sessionEvents(store, filter.session))) {
    if (item.type === 'statement') {
      answer.add(item.view);
      started ||= item.view.n === n;
    }
    if (!started) continue;
    const text = item.type === 'event' ? renderEventLine(item.view, look) : renderStatement(item.view, look);
    await output.write(`${text}\n`);
  }
  await output.write(renderCompleteness(await answer.completeness(store, filter, { nowUs, more: false }), look));
  await output.flush();
}
