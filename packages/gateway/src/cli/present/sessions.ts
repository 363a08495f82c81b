/** Sessions: as a table, and one with everything that is known of it. */
import type { SessionView } from '../../store/views.ts';
import { accessLines } from './control-lines.ts';
import { cutLine, foldLine, type Line, paintLines, recorded, type Span, span } from './line.ts';
import type { Look } from './look.ts';
import { onBehalfOfSpans, onBehalfOfWords } from './on-behalf-of.ts';
import { formatDuration, groupDigits } from './quantity.ts';
import { tableLines } from './table.ts';
import { formatMoment, formatZone, wallTime } from './wall-time.ts';

/** A table of sessions in the order given, with a heading for each day. */
export function renderSessions(views: readonly SessionView[], look: Look): string {
  const days = new Map<string, SessionView[]>();
  for (const view of views) {
    const { weekday, date, offset } = wallTime(view.openedAt, look.timeZone);
    const day = `${weekday} ${date}\n${formatZone(look.timeZone, offset)}`;
    const sessions = days.get(day);
    if (sessions) sessions.push(view);
    else days.set(day, [view]);
  }
  const lines: Line[] = [];
  for (const [day, sessions] of days) {
    const [date = '', zone = ''] = day.split('\n');
    if (lines.length > 0) lines.push([]);
    lines.push([span(date, 'heading'), span(` ${zone}`, 'dim')], ...sessionTable(sessions, look));
  }
  return paintLines(lines, look.color);
}

function sessionTable(views: readonly SessionView[], look: Look): Line[] {
  const columns = [
    { title: [span('opened')], align: 'left' as const, whole: true },
    { title: [span('session')], align: 'left' as const, whole: true },
    { title: [span('identity → connection')], align: 'left' as const },
    { title: [span('ran')], align: 'right' as const, whole: true },
    { title: [span('failed')], align: 'right' as const, whole: true },
    { title: [span('lasted')], align: 'right' as const, whole: true },
    { title: [span('ended')], align: 'left' as const },
  ];
  return tableLines(
    columns,
    views.map((view) => [
      [span(wallTime(view.openedAt, look.timeZone).time)],
      recorded(view.session, 'accent'),
      [
        ...recorded(view.identity),
        span(' → ', 'dim'),
        ...recorded(view.connection),
        // Last, because it may be cut.
        ...onBehalfOfSpans(view.onBehalfOf),
      ],
      [span(groupDigits(view.statements))],
      view.failed > 0 ? [span(groupDigits(view.failed), 'bad')] : [span('0', 'dim')],
      view.closedAt === undefined ? [] : [span(formatDuration(Math.max(0, view.closedAt - view.openedAt)))],
      endSpans(view),
    ]),
    look.width,
  );
}

function endSpans(view: SessionView): Line {
  if (view.closedAt === undefined) return [span('still open', 'warning')];
  const orderly = view.closeReason === 'client terminated';
  return recorded(view.closeReason ?? 'closed', orderly ? 'dim' : 'warning');
}

/** Everything that is known of a session. */
export function renderSession(view: SessionView, look: Look): string {
  return paintLines(sessionLines(view, look), look.color);
}

/** The lines of {@link renderSession}. */
export function sessionLines(view: SessionView, look: Look): Line[] {
  const { claimed } = view;
  const facts: readonly (readonly [string, Line | undefined])[] = [
    [
      'Opened',
      [span(`${wallTime(view.openedAt, look.timeZone).weekday} ${formatMoment(view.openedAt, look.timeZone)}`)],
    ],
    ['Closed', closedSpans(view, look)],
    ['Identity', [...recorded(view.identity), ...dim(` (${[view.identityKind, ...view.groups].join(', ')})`)]],
    ...onBehalfOfWords(view.onBehalfOf).map(([name, how]): [string, Line] => [
      'On behalf of',
      [...recorded(name), span(` (${how})`, 'dim')],
    ]),
    ['Authenticated', authenticatedSpans(view, look)],
    // The gateway's own sessions have no client.
    [
      'Client',
      view.client === ''
        ? undefined
        : [...recorded(view.client), ...dim(view.tls === undefined ? ' without TLS' : ` over ${view.tls}`)],
    ],
    [
      'Postgres',
      [...recorded(`database ${view.database} as ${view.role}`), ...dim(` (backend process ${view.backendPid})`)],
    ],
    ['Connector', view.connector === undefined ? undefined : recorded(view.connector)],
    ['Application', claimed.applicationName === undefined ? undefined : claimedSpans(claimed.applicationName)],
    ['Run', claimed.runId === undefined ? undefined : claimedSpans(claimed.runId)],
    ['Trace', claimed.traceparent === undefined ? undefined : claimedSpans(claimed.traceparent)],
    ['Recorded', [...recorded(view.durability), ...dim(` under configuration ${view.configuration.slice(0, 12)}`)]],
    [
      'Statements',
      [
        span(groupDigits(view.statements)),
        ...(view.failed > 0 ? [span(', '), span(`${groupDigits(view.failed)} failed`, 'bad')] : []),
      ],
    ],
  ];
  return [
    cutLine(
      [
        span('Session ', 'dim'),
        ...recorded(view.session, 'heading'),
        span('  '),
        ...recorded(view.identity, 'accent'),
        ...onBehalfOfSpans(view.onBehalfOf),
        span(' → ', 'dim'),
        ...recorded(view.connection, 'accent'),
      ],
      look.width,
    ),
    ...facts.flatMap(([name, value]) =>
      value === undefined ? [] : foldLine([span(`  ${name.padEnd(15)}`, 'dim'), ...value], look.width, 17),
    ),
    ...(view.access === undefined ? [] : accessLines(view.access, look)),
  ];
}

/** How, by which credential, whose and until when. */
function authenticatedSpans({ method, credential, issuer, credentialExpiresAt }: SessionView, look: Look): Line {
  return [
    ...recorded(method),
    ...(credential === '' ? [] : dim(` ${credential}`)),
    ...(issuer === undefined ? [] : dim(` of ${issuer}`)),
    ...(credentialExpiresAt === undefined ? [] : dim(`, until ${formatMoment(credentialExpiresAt, look.timeZone)}`)),
  ];
}

function closedSpans(view: SessionView, look: Look): Line {
  if (view.closedAt === undefined) return [span('still open', 'warning')];
  const lasted = formatDuration(Math.max(0, view.closedAt - view.openedAt));
  return [
    span(formatMoment(view.closedAt, look.timeZone)),
    span(` after ${lasted}`),
    ...(view.closeReason === undefined ? [] : [span(', '), ...recorded(view.closeReason)]),
    ...(view.closeDetail === undefined ? [] : [span(': '), ...recorded(view.closeDetail)]),
  ];
}

function claimedSpans(text: string): Line {
  return [...recorded(text), span(' (claimed)', 'dim')];
}

function dim(text: string): Span[] {
  return recorded(text, 'dim');
}
