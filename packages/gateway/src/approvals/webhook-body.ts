import { formatDuration } from '@onrecord/connector/config';
import type { Webhook } from '../config/config.ts';
import { type Approval, cut } from './approval.ts';
import type { ApprovalEvent } from './approval-events.ts';

/** An event that somebody outside hears of. */
export type ToldEvent = ApprovalEvent & { readonly type: 'requested' | 'ended' | 'revoked' };

export function isTold(event: ApprovalEvent): event is ToldEvent {
  return event.type === 'requested' || event.type === 'ended' || event.type === 'revoked';
}

/**
 * The body of a request to a webhook. SQL is as it is recorded, without passwords; values of parameters stay here: whoever
 * decides reads them with `onrecord approvals show`.
 */
export function webhookBody(event: ToldEvent, format: Webhook['format']): string {
  return JSON.stringify(format === 'slack' ? slackMessage(event) : message(event));
}

function message({ type, at, approval }: ToldEvent): unknown {
  const { id, question, requestedAt, expiresAt, end, revoked } = approval;
  return {
    type: `approval.${type}`,
    at: iso(at),
    approval: {
      id,
      scope: question.scope,
      hash: question.hash,
      identity: question.identity,
      identityKind: question.identityKind,
      onBehalfOf: question.onBehalfOf ?? null,
      connection: question.connection,
      database: question.database,
      role: question.role,
      session: question.session,
      statement: question.statement ?? null,
      sql: question.sql,
      parameters: question.parameters.length,
      reason: question.reason ?? null,
      asks: question.asks.map(({ rule, group, count, message: text }) => ({
        rule,
        group,
        count,
        message: text ?? null,
      })),
      requestedAt: iso(requestedAt),
      expiresAt: iso(expiresAt),
      result: type === 'requested' ? null : type === 'revoked' ? 'revoked' : (end?.result ?? null),
      by: type === 'requested' ? [] : ((revoked === undefined ? end?.by : [revoked.by]) ?? []),
      endReason: end?.reason ?? null,
    },
  };
}

/** Characters of SQL in a message: a section of Slack's takes 3,000, escapes included. */
const slackSql = 1_200;
/** Of what else an agent wrote. */
const slackWord = 500;

function slackMessage(event: ToldEvent): unknown {
  const headline = slackText(headlineOf(event));
  const section = (text: string): unknown => ({ type: 'section', text: { type: 'mrkdwn', text } });
  if (event.type !== 'requested') return { text: headline, blocks: [section(headline)] };
  const { id, question } = event.approval;
  const sql = cut(question.sql.join(';\n'), slackSql);
  const about = [
    ...question.asks.map(({ rule, group, count }) => `rule “${rule}”: ${count} of ${group}`),
    ...(question.role === '' ? [] : [`as ${question.role} on ${question.connection}/${question.database}`]),
    ...(question.onBehalfOf === undefined ? [] : [`on behalf of ${slackCode(question.onBehalfOf)}`]),
    ...(question.reason === undefined ? [] : [`reason: ${slackCode(question.reason)}`]),
  ];
  return {
    text: headline,
    blocks: [
      section(headline),
      ...(sql === '' ? [] : [section(`\`\`\`${slackText(sql).replaceAll('```', "'''")}\`\`\``)]),
      section(cut(about.map((line) => `• ${slackText(line)}`).join('\n'), 2_900)),
      section(`\`onrecord approvals show ${id}\`\n\`onrecord approvals approve ${id} --as YOU\``),
    ],
  };
}

function headlineOf({ type, approval }: ToldEvent): string {
  const { id, question, requestedAt, expiresAt, end, revoked } = approval;
  const { identity, connection, scope } = question;
  if (type === 'requested') {
    const left = formatDuration((expiresAt - requestedAt) / 1000);
    const wants = scope === 'session' ? `access to ${connection}` : `a statement on ${connection}`;
    return `${identity} asks for ${wants} (${id}, for ${left})`;
  }
  if (type === 'revoked') return `${id} of ${identity} was revoked by ${revoked?.by ?? ''}`;
  const by = end?.by.length ? ` by ${end.by.join(', ')}` : '';
  return `${id} of ${identity}: ${end?.result ?? ''}${by}${end?.reason === undefined ? '' : `: ${end.reason}`}`;
}

/** What an agent wrote, on one line in which nothing is formatted. */
function slackCode(text: string): string {
  return `\`${cut(text, slackWord).replaceAll(/\s/g, ' ').replaceAll('`', "'")}\``;
}

const unseen =
  /[[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]--[\n\t]]/gv;

/**
 * What Slack would read as its own (https://docs.slack.dev/messaging/formatting-message-text, "Escaping text"), and what would
 * let a text show as another than it is: characters that nobody sees, or that turn the reading order.
 */
function slackText(text: string): string {
  return text
    .replaceAll(unseen, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

function iso(us: number): string {
  return new Date(us / 1000).toISOString();
}

/** Of whom it is: events of one are delivered in order. */
export function keyOf(approval: Approval, { url }: Webhook): string {
  return `${approval.id} ${url}`;
}
