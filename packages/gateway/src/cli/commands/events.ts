import { type Command, Option } from 'commander';
import { type EventType, eventTypes } from '../../store/codes.ts';
import type { RecordedEvent } from '../../store/views.ts';
import { type CommandIo, exitCodes } from '../command-io.ts';
import { renderEventLine } from '../present/event-line.ts';
import { foldLine, paintLines, recorded, span } from '../present/line.ts';
import { formatCount } from '../present/quantity.ts';
import { timelineHeading } from '../present/statement-line.ts';
import { eventJson } from '../recording/event-json.ts';
import {
  addRecordingOptions,
  openRecording,
  type Recording,
  type RecordingOptions,
} from '../recording/open-recording.ts';
import { Output } from '../recording/output.ts';
import { jsonLine } from '../recording/statement-json.ts';
import { addRangeOptions, chooseRange, type RangeOptions } from '../recording/statement-options.ts';

interface EventsOptions extends RecordingOptions, RangeOptions {
  readonly type?: readonly EventType[];
  readonly json?: true;
}

/** Whether the gateway writes it down for itself, outside of every session. Of approvals: those for access to a connection. */
const ofGateway: { readonly [Type in EventType]: boolean } = {
  gateway_started: true,
  gateway_stopped: true,
  configured: true,
  recovered: true,
  gap: true,
  session_opened: false,
  session_closed: false,
  login_refused: true,
  token_created: true,
  token_revoked: true,
  viewed: true,
  cancel_requested: false,
  server_message: false,
  replication_data: false,
  types_learned: true,
  connector_enrollment_created: true,
  connector_enrolled: true,
  connector_renewed: true,
  connector_connected: true,
  connector_disconnected: true,
  connector_refused: true,
  connector_revoked: true,
  watch_started: true,
  blind_session: true,
  blind_session_ended: true,
  blind_sessions_unseen: true,
  approval_requested: true,
  approval_evidence: true,
  approval_voted: true,
  approval_ended: true,
  approval_used: true,
};

const gatewayEvents = eventTypes.filter((type) => ofGateway[type]);

const help = `
Who was not let in, who was by an approval, which tokens and connectors came and went, who looked at what, and whatever
else belongs to no session. What belongs to one is in \`onrecord show\`.

With --json: an object a line, {"at":…,"type":…,"summary":…,"details":{…},"index":…}

Exit codes: 0 answered, 1 it could not be answered, or only up to where the journal is damaged, 2 the command was called
wrongly.`;

/** `onrecord events`: what the gateway did, in order. */
export function registerEvents(program: Command, io: CommandIo): void {
  const type = new Option('--type <type...>', 'only events of these types').choices(gatewayEvents);
  const command = program.command('events').description("list the gateway's own events, such as refused logins");
  addRecordingOptions(addRangeOptions(command))
    .addOption(type)
    .option('--json', 'print one JSON object a line')
    .addHelpText('after', help)
    .action((options: EventsOptions) => events(options, io));
}

async function events(options: EventsOptions, io: CommandIo): Promise<void> {
  const { echo, ...range } = chooseRange(options, Date.now() * 1000);
  const recording = await openRecording(options, io);
  try {
    const { store } = recording;
    const found = store.events({
      session: '',
      ...range,
      ...(options.type === undefined ? {} : { types: options.type }),
    });
    const output = new Output(io.stdout);
    if (options.json) for await (const event of found) await output.write(jsonLine(eventJson(event)));
    else await eventLines(found, { recording, output, echo });
    await output.flush();
    if (store.damage !== undefined) io.setExitCode(exitCodes.error);
    if (store.damage !== undefined && options.json) io.stderr.write(`onrecord: ${damaged(store.damage)}\n`);
  } finally {
    recording.close();
  }
}

interface Listing {
  readonly recording: Recording;
  readonly output: Output;
  readonly echo: string;
}

async function eventLines(found: AsyncIterable<RecordedEvent>, { recording, output, echo }: Listing): Promise<void> {
  const { look, store } = recording;
  await output.write(`${echo}\n\n`);
  let previous: RecordedEvent | undefined;
  let count = 0;
  for await (const event of found) {
    await output.write(paintLines(timelineHeading(event, look, previous), look.color) + renderEventLine(event, look));
    previous = event;
    count += 1;
  }
  if (count > 0) await output.write('\n');
  await output.write(`${count === 0 ? 'No events' : formatCount(count, 'event')}.\n`);
  if (store.damage === undefined) return;
  const line = [span('  ! ', 'warning'), ...recorded(damaged(store.damage))];
  await output.write(paintLines(foldLine(line, look.width, 4), look.color));
}

function damaged(reason: string): string {
  return `cannot be read on: ${reason}`;
}
