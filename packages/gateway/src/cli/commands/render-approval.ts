/** Approvals for people, on a terminal. Everything that an agent wrote is escaped before it is shown. */
import type { ApprovalView, WatchAnswer } from '../../approvals/answer-control.ts';
import type { Style } from '../present/color.ts';
import { cutLine, foldLine, type Line, lineWidth, padLine, recorded, type Span, span } from '../present/line.ts';
import { formatCount, formatDuration } from '../present/quantity.ts';
import { sqlLines } from '../present/sql.ts';
import { tableLines } from '../present/table.ts';
import { isoTime } from './describe-approval.ts';

const styles: { readonly [State in ApprovalView['state']]: Style } = {
  waiting: 'warning',
  approved: 'good',
  used: 'good',
  unused: 'dim',
  denied: 'bad',
  expired: 'bad',
  revoked: 'bad',
  'client gone': 'dim',
  cancelled: 'dim',
  'session ended': 'dim',
  'gateway stopped': 'dim',
  'gateway died': 'dim',
};

/** A line for each. */
export function approvalTable(views: readonly ApprovalView[], width: number, nowUs: number): Line[] {
  const columns = ['approval', 'state', 'identity', 'wants', 'of'].map((title) => ({
    title: [span(title)],
    align: 'left' as const,
    whole: title === 'approval' || title === 'state',
  }));
  const rows = views.map((view) => [
    [span(view.id)],
    stateLine(view, nowUs),
    recorded(view.question.identity, 'heading'),
    wants(view),
    recorded(people(view)),
  ]);
  return tableLines(columns, rows, width);
}

/** Everything that is known of one. */
export function approvalLines(view: ApprovalView, width: number, nowUs: number): Line[] {
  const { question, evidence, votes, end, revoked } = view;
  const { identity, identityKind, onBehalfOf, scope } = question;
  const acts = onBehalfOf === undefined ? '' : `, on behalf of ${onBehalfOf}`;
  // Before a session opens, its database and role may not be known.
  const database = question.database === '' ? '' : `/${question.database}`;
  const role = question.role === '' ? '' : ` as ${question.role}`;
  const where = `${question.connection}${database}${role}`;
  const what = scope === 'session' ? `access to ${where}` : `to run what follows on ${where}`;
  const place = question.statement === undefined ? '' : `, statement ${question.statement}`;
  const field = (name: string, text: string, style?: Style): Line[] => fieldLines(name, recorded(text, style), width);
  return [
    [span(view.id, 'heading'), span('  '), ...stateLine(view, nowUs)],
    [],
    ...field('asked by', `${identity} (${identityKind})${acts}, from ${question.client}`),
    ...field('wants', what),
    ...(question.reason === undefined ? [] : field('because', question.reason)),
    ...question.asks.flatMap(({ rule, group, count, message }) =>
      field('rule', `${rule}: ${count} of ${group}${message === undefined ? '' : ` (${message})`}`),
    ),
    ...field('session', `${question.session}${place}, ${transaction[question.transactionStatus]}`),
    ...field('asked at', isoTime(view.requestedAt)),
    ...field('expires at', isoTime(view.expiresAt)),
    ...field('hash', question.hash, 'dim'),
    ...statementLines(question, width),
    ...part(
      'Ran before it, the newest last',
      question.recent.map((sql) => cutLine(recorded(sql.replaceAll(/\s+/g, ' ')), width - 2)),
    ),
    ...(evidence?.explain === undefined
      ? []
      : part(
          'EXPLAIN (it was not run)',
          evidence.explain.split('\n').map((line) => cutLine(recorded(line), width - 2)),
        )),
    ...(evidence?.rows === undefined
      ? []
      : part('Would change', [
          [span(`${evidence.rowsAreEstimated ? 'about ' : ''}${formatCount(evidence.rows, 'row')}`)],
        ])),
    ...part(
      'Its transaction holds',
      (evidence?.locks ?? []).map((lock) => cutLine(recorded(lock), width - 2)),
    ),
    ...(evidence?.problem === undefined ? [] : part('Not found out', [recorded(evidence.problem)])),
    ...part(
      'Votes',
      votes.flatMap((vote) => foldLine(voteLine(vote), width - 2, 2)),
    ),
    ...(end === undefined ? [] : part('Ended', foldLine(recorded(endText(view)), width - 2, 2))),
    ...(revoked === undefined ? [] : part('Revoked', [recorded(`${isoTime(revoked.at)} by ${revoked.by}`)])),
  ];
}

/** What happened, in a line. */
export function eventLine({ type, at, approval }: WatchAnswer['events'][number], width: number): Line {
  const { identity } = approval.question;
  const head = [span(`${isoTime(at)} `, 'dim'), span(`${approval.id} `), ...recorded(identity, 'heading'), span(' ')];
  switch (type) {
    case 'requested':
      return cutLine(
        [...head, span('asks ', 'warning'), ...recorded(`(${people(approval)}): `), ...wants(approval)],
        width,
      );
    case 'ended':
      return cutLine([...head, ...recorded(resultText(approval), styles[approval.end?.result ?? 'waiting'])], width);
    case 'voted':
      return cutLine([...head, ...voteLine(approval.votes.at(-1))], width);
    case 'revoked':
      return cutLine([...head, ...recorded(`revoked by ${approval.revoked?.by ?? ''}`, 'bad')], width);
    case 'used':
      return cutLine([...head, span('used', 'good')], width);
    case 'evidence':
      return cutLine([...head, span('has more to show', 'dim')], width);
  }
}

/** Each text with the parameters that are its own: what is shown must be what runs, to the end. */
function statementLines({ sql, parameters, parametersOf }: ApprovalView['question'], width: number): Line[] {
  const isOne = sql.length <= 1 || parametersOf === undefined;
  if (isOne) {
    const lines = sql.flatMap((text) => sqlLines(text, width - 2, undefined));
    return [...part('SQL', lines), ...part('Parameters', parameterLines(parameters, width))];
  }
  let from = 0;
  const each = sql.flatMap((text, at) => {
    const own = parameters.slice(from, from + (parametersOf[at] ?? 0));
    from += own.length;
    const title = `${at + 1} of ${sql.length} that run together`;
    return [
      ...part(`SQL, ${title}`, sqlLines(text, width - 2, undefined)),
      ...part(`Parameters, ${title}`, parameterLines(own, width)),
    ];
  });
  // Of a long list, how many are not shown.
  return [
    ...each,
    ...part(
      'Parameters',
      parameters.slice(from).map((text) => recorded(text ?? 'NULL')),
    ),
  ];
}

function parameterLines(parameters: readonly (string | null)[], width: number): Line[] {
  return parameters.flatMap((value, at) => {
    const shown = value === null ? [span('NULL', 'null')] : recorded(value);
    return foldLine([span(`$${at + 1} = `, 'parameter'), ...shown], width - 2, 2);
  });
}

const transaction = { I: 'outside a transaction', T: 'in a transaction', E: 'in a failed transaction' } as const;

function stateLine({ state, end, expiresAt, uses }: ApprovalView, nowUs: number): Line {
  const left = (until: number): string => formatDuration(Math.max(0, until - nowUs));
  const more =
    state === 'waiting'
      ? `, ${left(expiresAt)} left`
      : state === 'approved' && end?.usableUntil !== undefined
        ? `, usable for ${left(end.usableUntil)}`
        : uses > 1
          ? ` ${uses} times`
          : '';
  return [span(`${state}${more}`, styles[state])];
}

function wants({ question: { scope, connection, sql } }: ApprovalView): Span[] {
  if (scope === 'session') return recorded(`access to ${connection}`);
  return recorded(sql.join('; ').replaceAll(/\s+/g, ' ').slice(0, 2_000));
}

/** `1 of finance and 2 of security`. */
function people({ question }: ApprovalView): string {
  return [...new Set(question.asks.map(({ group, count }) => `${count} of ${group}`))].join(' and ');
}

function voteLine(vote: ApprovalView['votes'][number] | undefined): Span[] {
  if (vote === undefined) return [];
  const word = vote.vote === 'approve' ? span('approves', 'good') : span('denies', 'bad');
  const reason = vote.reason === '' ? [] : recorded(`: ${vote.reason}`);
  return [span(`${isoTime(vote.votedAt)} `, 'dim'), ...recorded(vote.by, 'heading'), span(' '), word, ...reason];
}

function resultText({ end }: ApprovalView): string {
  const by = end?.by.length ? ` by ${end.by.join(', ')}` : '';
  return `${end?.result ?? ''}${by}${end?.reason === undefined ? '' : `: ${end.reason}`}`;
}

function endText(view: ApprovalView): string {
  const { end, uses } = view;
  const until = end?.usableUntil === undefined ? '' : `, usable until ${isoTime(end.usableUntil)}`;
  const used = end?.result === 'approved' ? `, used ${formatCount(uses, 'time')}` : '';
  return `${isoTime(end?.at ?? 0)} ${resultText(view)}${until}${used}`;
}

const nameWidth = 12;

function fieldLines(name: string, text: Line, width: number): Line[] {
  const head = padLine([span(name, 'dim')], nameWidth);
  return foldLine([...head, ...text], Math.max(width, lineWidth(head) + 20), nameWidth);
}

function part(title: string, lines: readonly Line[]): Line[] {
  if (lines.length === 0) return [];
  return [[], [span(title, 'heading')], ...lines.map((line) => [span('  '), ...line])];
}
