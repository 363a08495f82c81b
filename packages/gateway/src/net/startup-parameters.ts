import { type StartupMessage, type StartupParameter, startupParameter } from '@onrecord/wire';

/** NAMEDATALEN - 1: Postgres cuts application_name there. */
const applicationNameBytes = 63;
/** What the gateway decides itself, and what only concerns the protocol between the client and the gateway. */
const ours: ReadonlySet<string> = new Set(['user', 'database', 'replication', 'application_name']);

const readOnlySetting = 'default_transaction_read_only';

/** The client's startup parameters as Postgres gets them: byte for byte, but for what is the gateway's to decide. */
export function upstreamParameters(
  parameters: readonly StartupParameter[],
  session: {
    readonly id: string;
    readonly claimedName: string | undefined;
    readonly replication: string | undefined;
    /** Transactions only read unless they say otherwise, which is not left to the client then. */
    readonly readOnly?: boolean;
  },
): StartupParameter[] {
  const theirs = parameters.filter(({ name }) => !ours.has(name) && !name.startsWith('_pq_.'));
  const kept = session.readOnly === true ? theirs.filter(({ name }) => name.toLowerCase() !== readOnlySetting) : theirs;
  const application = {
    name: 'application_name',
    value: Buffer.from(applicationName(session.id, session.claimedName)),
  };
  const replication =
    session.replication === undefined ? [] : [{ name: 'replication', value: Buffer.from(session.replication) }];
  // Behind `options`, which it prevails over (process_startup_options).
  const readOnly = session.readOnly === true ? [{ name: readOnlySetting, value: Buffer.from('on') }] : [];
  return [...kept, application, ...replication, ...readOnly];
}

/** What pg_stat_activity shows to a DBA: the session, and in front of it what the client calls itself. */
function applicationName(id: string, claimed: string | undefined): string {
  const session = `onrecord ${id}`;
  if (claimed === undefined) return session;
  const suffix = ` [${session}]`;
  // Postgres keeps printable ASCII only (pg_clean_ascii).
  const name = claimed.replace(/[^ -~]/g, '?').slice(0, applicationNameBytes - suffix.length);
  return name + suffix;
}

/** Options of the protocol itself that a server may not know. */
export function protocolOptions(message: StartupMessage): readonly string[] {
  return message.parameters.map(({ name }) => name).filter((name) => name.startsWith('_pq_.'));
}

const yes = /^(?:t|tr|tru|true|y|ye|yes|on|1)$/i;
const no = /^(?:f|fa|fal|fals|false|n|no|of|off|0)$/i;

/**
 * What kind of walsender the client asks for: undefined for none, else the value to pass on. Source: am_walsender in
 * ProcessStartupPacket; parse_bool takes unambiguous beginnings of its words.
 */
export function replicationAsked(message: StartupMessage): string | undefined {
  const value = startupParameter(message, 'replication');
  if (value === undefined) return undefined;
  const text = Buffer.from(value).toString('latin1');
  if (no.test(text)) return undefined;
  // Anything else is Postgres's to refuse.
  return yes.test(text) ? 'true' : text;
}
