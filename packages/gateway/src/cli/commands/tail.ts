import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { StatementFilter } from '../../store/statement-filter.ts';
import type { StatementView, TimelineItem } from '../../store/views.ts';
import type { CommandIo } from '../command-io.ts';
import { renderEventLine } from '../present/event-line.ts';
import { renderStatementLine } from '../present/statement-line.ts';
import { addRecordingOptions, openRecording, type Recording } from '../recording/open-recording.ts';
import { Output } from '../recording/output.ts';
import { jsonLine, statementJson } from '../recording/statement-json.ts';
import {
  addStatementOptions,
  addWhoseOptions,
  chooseStatements,
  type StatementOptions,
} from '../recording/statement-options.ts';
import { targetOf } from '../recording/target.ts';

interface TailOptions extends StatementOptions {
  readonly json?: true;
}

/** How often the journal is looked at. */
const pollMs = 100;

/** Events that a reviewer who watches wants to see; the others are in the journal. */
const shownEvents = new Set([
  'session_opened',
  'session_closed',
  'login_refused',
  'cancel_requested',
  'gap',
  'recovered',
  'gateway_started',
  'gateway_stopped',
  'token_created',
  'token_revoked',
  'connector_enrollment_created',
  'connector_enrolled',
  'connector_connected',
  'connector_disconnected',
  'connector_refused',
  'connector_revoked',
  'watch_started',
  'blind_session',
  'blind_session_ended',
  'blind_sessions_unseen',
  'approval_requested',
  'approval_voted',
  'approval_ended',
]);

const help = `
Each statement is shown when it has ended; one whose rows are fetched in parts is shown again at the end of each part,
and one that waits for approval is shown as well when people are asked.
Without --json, sessions, refused logins, cancel requests, approvals, connectors, blind sessions and gaps are shown in
between. What the gateway itself asks of databases is left out: --identity onrecord shows it, --all everything.

Runs until it is interrupted (Ctrl-C) or its output is closed.

Exit codes: 0 it was ended, 1 it could not go on, 2 the command was called wrongly.`;

/** `onrecord tail`: what happens, as it happens. */
export function registerTail(program: Command, io: CommandIo): void {
  const command = program.command('tail').description('show statements live, as they end');
  addRecordingOptions(addStatementOptions(addWhoseOptions(command)))
    .option('--json', 'print one JSON object a line')
    .addHelpText('after', help)
    .action((options: TailOptions) => tail(options, io));
}

async function tail(options: TailOptions, io: CommandIo): Promise<void> {
  const stopped = io.interrupted();
  const recording = await openRecording(options, io);
  try {
    const filter = await chooseStatements(options, recording.store, { echo: '' });
    await recording.viewed('tail', targetOf(options));
    const output = new Output(io.stdout);
    const show = options.json ? jsonShow(output) : lineShow(output, recording, filter);
    const { store } = recording;
    for (let next = store.next; !stopped.aborted; ) {
      await store.catchUp({ signal: stopped });
      const until = store.next;
      for await (const item of store.follow(next, until, filter)) await show(item);
      await output.flush();
      if (store.damage !== undefined) throw new Error(store.damage);
      next = until;
      await sleep(pollMs, undefined, { signal: stopped }).catch(() => {});
    }
  } finally {
    recording.close();
  }
}

function jsonShow(output: Output): (item: TimelineItem) => Promise<void> {
  return async (item) => {
    if (item.type === 'statement') await output.write(jsonLine(statementJson(item.view)));
  };
}

function lineShow(output: Output, { look }: Recording, filter: StatementFilter): (item: TimelineItem) => Promise<void> {
  let previous: StatementView | undefined;
  return async (item) => {
    if (item.type === 'statement') {
      await output.write(renderStatementLine(item.view, look, previous));
      previous = item.view;
      return;
    }
    const { type, session, identity } = item.view;
    if (!shownEvents.has(type)) return;
    // An event without a session concerns everybody.
    if (filter.session !== undefined && session !== '' && session !== filter.session) return;
    if (filter.identity !== undefined && identity !== '' && identity !== filter.identity) return;
    if (session !== '' && identity === filter.exceptIdentity) return;
    await output.write(renderEventLine(item.view, look));
  };
}
