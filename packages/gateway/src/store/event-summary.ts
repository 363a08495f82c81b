import type { Body, DecodeText } from '@onrecord/record';
import type { EventType } from './codes.ts';
import { messageView } from './message-view.ts';
import { quotedName } from './quoted-name.ts';

type EventBody<Type extends EventType> = Extract<Body, { readonly type: Type }>;

/** One line for people, for each type of event. Texts are as they were recorded: whoever shows them escapes them. */
const summaries: {
  readonly [Type in EventType]: (body: EventBody<Type>, decode: DecodeText) => string;
} = {
  gateway_started: ({ version, listen, host, pid, configuration }) =>
    `gateway ${version} started on ${listen} (${host}, process ${pid}, configuration ${configuration.slice(0, 12)})`,
  gateway_stopped: ({ reason }) => `gateway stopped: ${reason}`,
  configured: ({ configuration }) => `configuration ${configuration.slice(0, 12)} came into force`,
  recovered: ({ segment, entries, discardedBytes, openSessions, openStatements }) =>
    `the gateway had not stopped in order: ${count(entries, 'entry', 'entries')} of ${segment} verified, ` +
    `${count(discardedBytes, 'byte')} of an unfinished write given up, ${count(openSessions, 'session')} and ` +
    `${count(openStatements, 'statement')} were open`,
  gap: ({ reason, fromAt, untilAt, connection }) =>
    `${connection === undefined ? 'not observed' : `${connection} was not watched`}: ${reason}${span(fromAt, untilAt)}`,
  session_opened: sessionOpened,
  session_closed: ({ reason, detail, statements }) =>
    `session closed: ${reason}${detail === undefined ? '' : ` (${detail})`}, ${count(statements, 'statement')}`,
  login_refused: ({ user, database, client, reason }) =>
    `login refused: ${reason} (user ${user}, database ${database}, from ${client})`,
  token_created: ({ token, forIdentity, by, expiresAt }) =>
    `token ${token} created for ${forIdentity} by ${by}${expiresAt === undefined ? '' : `, until ${iso(expiresAt)}`}`,
  token_revoked: ({ token, forIdentity, by }) => `token ${token} of ${forIdentity} revoked by ${by}`,
  viewed: ({ viewer, command, target, viewedAt }) => `${viewer} looked: ${command} ${target} at ${iso(viewedAt)}`,
  cancel_requested: ({ client, of }) =>
    `cancel requested from ${client}${of === undefined ? ', nothing was running' : ` of statement ${of}`}`,
  server_message: serverMessage,
  replication_data: ({ direction, messages, bytes, of }) =>
    `replication of statement ${of}, ${direction}: ${count(messages, 'message')}, ${count(bytes, 'byte')}`,
  types_learned: ({ types, connection, database }) =>
    `${count(types.length, 'type')} of ${connection}/${database} learned`,
  connector_enrollment_created: ({ enrollment, connector, by, expiresAt }) =>
    `enrollment ${enrollment} of connector ${connector} created by ${by}, until ${iso(expiresAt)}`,
  connector_enrolled: ({ connector, enrollment, certificate, client, notAfter }) =>
    `connector ${connector} enrolled from ${client} with enrollment ${enrollment}: ${issued(certificate, notAfter)}`,
  connector_renewed: ({ connector, certificate, previous, client, notAfter }) =>
    `connector ${connector} renewed its certificate ${short(previous)} from ${client}: ${issued(certificate, notAfter)}`,
  connector_connected: ({ connector, client, version, host, connections, certificate }) =>
    `connector ${connector} connected from ${client} (${host}, version ${version}, certificate ${short(certificate)}), ` +
    `serving ${connections.length === 0 ? 'no connection' : connections.join(', ')}`,
  connector_disconnected: ({ connector, reason, sessions }) =>
    `connector ${connector} disconnected: ${reason}, ${count(sessions, 'session')} ended`,
  connector_refused: ({ client, reason, connector, connection }) =>
    `${connection === undefined ? '' : `connection ${connection} of `}connector ${connector === undefined ? '' : `${connector} `}refused: ` +
    `${reason} (from ${client})`,
  connector_revoked: ({ connector, by }) => `connector ${connector} revoked by ${by}`,
  watch_started: ({ connection, connector, role, everyMs, limits = [] }) =>
    `watching ${connection} for sessions that do not come through the gateway, as ${role} every ${everyMs} ms` +
    `${connector === undefined ? '' : `, by connector ${connector}`}` +
    `${limits.length === 0 ? '' : `; it cannot see everything: ${limits.join(' ')}`}`,
  blind_session: blindSession,
  blind_session_ended: ({ connection, backendPid, lastSeenAt }) =>
    `blind session on ${connection} ended: backend ${backendPid}, last seen ${iso(lastSeenAt)}`,
  blind_sessions_unseen: ({ connection, database, count: number, fromAt, untilAt }) =>
    `${count(number, 'blind session')} on ${connection} in ${database} came and went unseen${span(fromAt, untilAt)}`,
  approval_requested: approvalRequested,
  approval_evidence: ({ approval, of, rows, rowsAreEstimated, locks = [], problem }) =>
    [
      `evidence for approval ${approval}${forStatement(of)}`,
      ...(rows === undefined ? [] : [`${rowsAreEstimated ? 'about ' : ''}${count(rows, 'row')} would change`]),
      ...(locks.length === 0 ? [] : [`${count(locks.length, 'lock')} held`]),
      ...(problem === undefined ? [] : [problem]),
    ].join(', '),
  approval_voted: ({ approval, of, by, vote, reason }) =>
    `${quotedName(by)} ${vote === 'approve' ? 'approved' : 'denied'} ${approval}${forStatement(of)}${because(reason)}`,
  approval_ended: ({ approval, of, result, by, reason, usableUntil }) =>
    `approval ${approval}${forStatement(of)} ended: ${result}` +
    `${by.length === 0 ? '' : ` by ${by.map(quotedName).join(', ')}`}${because(reason)}` +
    `${usableUntil === undefined ? '' : `, good until ${iso(usableUntil)}`}`,
  approval_used: ({ approval, of }) => `approval ${approval} used${forStatement(of)}`,
};

/** Undefined for an entry that is no event. */
export function eventSummary(body: Body, decode: DecodeText): string | undefined {
  if (!Object.hasOwn(summaries, body.type)) return undefined;
  const summary = summaries[body.type as EventType] as (body: Body, decode: DecodeText) => string;
  return summary(body, decode);
}

function sessionOpened(body: EventBody<'session_opened'>): string {
  const { connection, role, database, client, method, credential, issuer, connector, onBehalfOf, claimed } = body;
  return [
    `session opened on ${connection} as ${role} in ${database}`,
    ...(connector === undefined ? [] : [`through connector ${connector}`]),
    `from ${client}`,
    `by ${method} ${credential}${issuer === undefined ? '' : ` of ${issuer}`}`,
    ...(onBehalfOf === undefined ? [] : [`on behalf of ${quotedName(onBehalfOf)} (verified)`]),
    ...(claimed.onBehalfOf === undefined ? [] : [`on behalf of ${quotedName(claimed.onBehalfOf)} (claimed)`]),
  ].join(', ');
}

function approvalRequested(body: EventBody<'approval_requested'>): string {
  const { approval, scope, of, connection, asks, expiresAt, reason } = body;
  const what =
    scope === 'statement' ? forStatement(of) : ` for access${connection === undefined ? '' : ` to ${connection}`}`;
  const whom = asks.map(({ rule, group, count: needed }) => `${needed} of ${group} (${rule})`).join(', ');
  return `approval ${approval} requested${what} of ${whom}, until ${iso(expiresAt)}${because(reason)}`;
}

function forStatement(of: number | undefined): string {
  return of === undefined ? '' : ` for statement ${of}`;
}

function because(reason: string | undefined): string {
  return reason === undefined || reason === '' ? '' : `: ${reason}`;
}

function blindSession(body: EventBody<'blind_session'>): string {
  const { connection, kind, backendPid, user, database, address, application, startedAt } = body;
  return [
    `blind session on ${connection}: ${user === '' ? 'a user that is not known' : user}`,
    ...(database === '' ? [] : [`in ${database}`]),
    address === 'local' ? 'on a local socket' : `from ${address === '' ? 'an address that is not known' : address}`,
    ...(application === '' ? [] : [`with ${application}`]),
    `(${kind === 'unknown' ? 'backend' : kind} ${backendPid}, since ${iso(startedAt)})`,
  ].join(' ');
}

function serverMessage({ message, body }: EventBody<'server_message'>, decode: DecodeText): string {
  switch (message) {
    case 'error':
    case 'notice': {
      const fields = messageView(body, decode);
      return `${fields.severity} ${fields.sqlstate}: ${fields.message}`;
    }
    case 'notification': {
      // Body of NotificationResponse: process id, channel, payload.
      const [channel = '', payload = ''] = strings(body.subarray(4), decode);
      return `notification on ${channel}${payload === '' ? '' : `: ${payload}`}`;
    }
    case 'parameter_status': {
      const [name = '', value = ''] = strings(body, decode);
      return `${name} is ${value}`;
    }
  }
}

function strings(body: Uint8Array, decode: DecodeText): string[] {
  const found: string[] = [];
  for (let at = 0; at < body.length; ) {
    const nul = body.indexOf(0, at);
    const end = nul < 0 ? body.length : nul;
    found.push(decode(body.subarray(at, end)));
    at = end + 1;
  }
  return found;
}

/** As much of a fingerprint as tells it from others. */
function short(fingerprint: string): string {
  return fingerprint.slice(0, 12);
}

function issued(certificate: string, notAfter: number): string {
  return `certificate ${short(certificate)} until ${iso(notAfter)}`;
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

function span(fromAt: number | undefined, untilAt: number | undefined): string {
  if (fromAt === undefined && untilAt === undefined) return '';
  return `, ${fromAt === undefined ? '' : `from ${iso(fromAt)} `}${untilAt === undefined ? '' : `until ${iso(untilAt)}`}`.trimEnd();
}

function iso(at: number): string {
  return new Date(at / 1000).toISOString();
}
