/** What was decided, approved and hidden, in words: for the terminal and for the exported page. Texts are as they were recorded. */
import { quotedName } from '../../store/quoted-name.ts';
import type { ApprovalStepView, ApprovalView, DecisionView, MasksView, StatementView } from '../../store/views.ts';
import type { Style } from './color.ts';
import { formatCount, formatDuration, groupDigits } from './quantity.ts';
import { formatMoment, wallTime } from './wall-time.ts';

/** A line of facts; only a `multiline` text may hold line breaks. */
export interface ControlFact {
  readonly label: string;
  readonly text: string;
  readonly style?: Style;
  readonly multiline?: true;
}

/** The rules that matched, the decision first. */
export function decisionFacts({ decision, rules }: DecisionView): readonly ControlFact[] {
  return [
    { label: 'Decision', ...decisions[decision] },
    ...rules.map(({ rule, then, via }) => ({
      label: 'Rule',
      text: `${quotedName(rule)}: ${then}${via === undefined ? '' : `, through ${via}`}`,
    })),
  ];
}

const decisions: { readonly [Decision in DecisionView['decision']]: Omit<ControlFact, 'label'> } = {
  allow: { text: 'allowed', style: 'good' },
  approve: { text: 'needs approval', style: 'warning' },
  deny: { text: 'denied', style: 'bad' },
};

/** The steps of an approval, in order. */
export function approvalFacts(view: ApprovalView, timeZone: string): readonly ControlFact[] {
  const { requestedAt, expiresAt, asks, reason, connection, hash } = view;
  const asked =
    requestedAt === undefined
      ? ''
      : `, asked at ${clock(requestedAt, timeZone)}${expiresAt === undefined ? '' : ` until ${clock(expiresAt, timeZone)}`}`;
  const what = view.scope === 'session' ? `, for access to ${connection ?? 'the connection'}` : waiting(view);
  return [
    { label: 'Approval', text: `${view.approval}${what}${asked}` },
    ...asks.map((ask) => ({
      label: 'Approvers',
      text: `${ask.count} of ${quotedName(ask.group)}, for ${quotedName(ask.rule)}`,
    })),
    ...(reason === undefined ? [] : [{ label: 'Asked why', text: reason }]),
    ...view.steps.flatMap((step) => stepFacts(step, view, timeZone)),
    ...(hash === undefined ? [] : [{ label: 'Binds to', text: hash, style: 'dim' as const }]),
  ];
}

function waiting({ session, n }: ApprovalView): string {
  return n === undefined ? '' : `, for ${session}/${n}`;
}

function stepFacts(step: ApprovalStepView, { requestedAt }: ApprovalView, timeZone: string): readonly ControlFact[] {
  const later = requestedAt === undefined ? '' : ` after ${formatDuration(Math.max(0, step.at - requestedAt))}`;
  const at = clock(step.at, timeZone);
  switch (step.type) {
    case 'evidence':
      return evidenceFacts(step);
    case 'vote': {
      const does = step.vote === 'approve' ? 'approved' : 'denied';
      const style = step.vote === 'approve' ? 'good' : 'bad';
      return [{ label: 'Vote', text: `${quotedName(step.by)} ${does}${later}, ${at}${because(step.reason)}`, style }];
    }
    case 'end': {
      const until = step.usableUntil === undefined ? '' : `, good until ${formatMoment(step.usableUntil, timeZone)}`;
      const style = step.result === 'approved' ? 'good' : 'bad';
      return [
        { label: 'Ended', text: `${step.result}${by(step.by)}${later}, ${at}${until}${because(step.reason)}`, style },
      ];
    }
    case 'use':
      return [{ label: 'Used', text: `${step.n === undefined ? '' : `by ${step.session}/${step.n}, `}${at}` }];
  }
}

function evidenceFacts(step: Extract<ApprovalStepView, { readonly type: 'evidence' }>): readonly ControlFact[] {
  const { rows, rowsAreEstimated, locks, explain, problem } = step;
  return [
    ...(rows === undefined
      ? []
      : [{ label: 'Rows', text: `${rowsAreEstimated ? 'about ' : ''}${groupDigits(rows)} would change` }]),
    ...locks.map((lock) => ({ label: 'Lock', text: lock })),
    ...(problem === undefined ? [] : [{ label: 'Not known', text: problem, style: 'warning' as const }]),
    ...(explain === undefined ? [] : [{ label: 'Plan', text: explain, multiline: true as const }]),
  ];
}

/** Columns of the table of masks, and its rows: column, rule, what was done, values. */
export const maskTitles: readonly string[] = ['column', 'rule', 'shown', 'values'];

export function maskRows({ columns, detected }: MasksView): readonly (readonly string[])[] {
  return [
    ...columns.map(({ name, rule, action, values }) => [name, rule, actions[action], groupDigits(values)]),
    ...detected.map(({ detector, action, values }) => [
      '(any)',
      `detector ${detector}`,
      actions[action],
      groupDigits(values),
    ]),
  ];
}

/** Undefined when nothing was withheld. */
export function withheldNote({ withheld }: MasksView): string | undefined {
  if (withheld === 0) return undefined;
  return `${formatCount(withheld, 'error or notice', 'errors or notices')} came without the text that Postgres wrote, which could hold what is masked.`;
}

const actions: { readonly [Action in MasksView['columns'][number]['action']]: string } = {
  null: 'as NULL',
  redact: 'redacted',
  partial: 'in part',
  hash: 'as a hash',
};

/** The action that was taken on a column of the result, from 0. */
export function maskOf(view: Pick<StatementView, 'masks'>, column: number): string | undefined {
  const mask = view.masks?.columns.find((each) => each.column === column);
  return mask && actions[mask.action];
}

export interface SummaryPart {
  readonly text: string;
  readonly style: Style;
}

/** In a few words, for a line of a timeline: who denied it, who approved it, what was hidden. */
export function controlSummary(view: StatementView): readonly SummaryPart[] {
  const denying = view.decision?.rules.filter(({ then }) => then === 'deny') ?? [];
  const asked = view.approvals.at(-1);
  return [
    ...(denying.length === 0
      ? []
      : [{ text: `denied by ${denying.map(({ rule }) => quotedName(rule)).join(', ')}`, style: 'bad' as const }]),
    ...(asked === undefined ? [] : [approvalSummary(asked, view)]),
    ...maskSummary(view.masks),
  ];
}

function approvalSummary(approval: ApprovalView, { session, n }: StatementView): SummaryPart {
  const ends = approval.steps.filter((step) => step.type === 'end');
  const [end] = ends;
  if (end === undefined) {
    const whom = approval.asks.map(({ group, count }) => `${count} of ${quotedName(group)}`).join(', ');
    return { text: `◷ waits for approval${whom === '' ? '' : ` by ${whom}`} (${approval.approval})`, style: 'warning' };
  }
  const later =
    approval.requestedAt === undefined ? '' : ` after ${formatDuration(Math.max(0, end.at - approval.requestedAt))}`;
  if (end.result !== 'approved') {
    const text = end.result === 'denied' ? `◷ denied${by(end.by)}${later}` : `◷ approval ${ended[end.result]}${later}`;
    return { text: `${text}${because(end.reason)}`, style: 'bad' };
  }
  const own = approval.session === session && approval.n === n;
  if (!own) return { text: `◷ covered by ${approval.approval}, approved${by(end.by)}`, style: 'good' };
  const approved = `◷ approved${by(end.by)}${later}`;
  if (approval.steps.some((step) => step.type === 'use')) return { text: approved, style: 'good' };
  // Revoked, or run out, before it was used.
  const then = ends.at(-1)?.result;
  return { text: `${approved}, ${then === 'approved' ? 'not used' : `then ${then}`}`, style: 'warning' };
}

type Result = Extract<ApprovalStepView, { readonly type: 'end' }>['result'];

const ended: { readonly [Kind in Exclude<Result, 'approved' | 'denied'>]: string } = {
  expired: 'expired',
  'client gone': 'ended, the client was gone,',
  cancelled: 'cancelled',
  'session ended': 'ended with the session',
  revoked: 'revoked',
  'gateway stopped': 'ended, the gateway stopped,',
  'gateway died': 'unanswered',
};

function maskSummary(masks: MasksView | undefined): readonly SummaryPart[] {
  if (masks === undefined) return [];
  const columns = new Set(masks.columns.map(({ column }) => column)).size;
  const found = masks.detected.reduce((sum, { values }) => sum + values, 0);
  const words = [
    ...(columns === 0 ? [] : [`${formatCount(columns, 'column')} masked`]),
    ...(found === 0 ? [] : [`${formatCount(found, 'detected value')} masked`]),
    ...(masks.withheld === 0 ? [] : [`${formatCount(masks.withheld, 'message')} withheld`]),
  ];
  return words.length === 0 ? [] : [{ text: `▒ ${words.join(', ')}`, style: 'accent' }];
}

function by(people: readonly string[]): string {
  return people.length === 0 ? '' : ` by ${people.map(quotedName).join(', ')}`;
}

function because(reason: string | undefined): string {
  return reason === undefined || reason === '' ? '' : `: ${reason}`;
}

function clock(at: number, timeZone: string): string {
  return wallTime(at, timeZone).time;
}
