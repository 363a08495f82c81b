/** Sessions that did not come through the gateway: a table, and what it may lack. */
import type { BlindAnswer } from '../../store/store.ts';
import type { BlindSessionView } from '../../store/views.ts';
import type { WatchHole } from '../../store/watch-history.ts';
import { foldLine, type Line, paintLines, recorded, type Span, span } from './line.ts';
import type { Look } from './look.ts';
import { formatCount } from './quantity.ts';
import { tableLines } from './table.ts';
import { formatZone, wallTime } from './wall-time.ts';

/** An answer, and what else may be missing from it. */
export interface BlindReport extends BlindAnswer {
  /** Connections on the record that nobody ever watched, or was to. */
  readonly neverWatched: readonly string[];
  /** Why the journal could not be read to its end. */
  readonly damage: string | undefined;
}

/** True when no session can be missing, as far as the watch can tell. */
export function isWholeBlindReport({ unseen, watches, neverWatched, damage }: BlindReport): boolean {
  const watched = watches.every(({ holes, limits }) => holes.length === 0 && limits.length === 0);
  return unseen.length === 0 && watched && neverWatched.length === 0 && damage === undefined;
}

/** Sessions in the order given, with a heading for each day; then how many, and what may be missing. */
export function renderBlind(report: BlindReport, look: Look): string {
  const lines = [...sessionLines(report.sessions, look), ...foldAll(summaryLines(report, look), look)];
  return paintLines(lines, look.color);
}

function sessionLines(sessions: readonly BlindSessionView[], look: Look): Line[] {
  const lines: Line[] = [];
  for (let from = 0; from < sessions.length; ) {
    const heading = dayOf(sessions[from] as BlindSessionView, look);
    let until = from + 1;
    while (until < sessions.length && dayOf(sessions[until] as BlindSessionView, look).key === heading.key) until += 1;
    lines.push(heading.line, ...sessionTable(sessions.slice(from, until), look), []);
    from = until;
  }
  return lines;
}

function dayOf({ firstSeenAt }: BlindSessionView, { timeZone }: Look): { readonly key: string; readonly line: Line } {
  const { weekday, date, offset } = wallTime(firstSeenAt, timeZone);
  const line = [span(`${weekday} ${date}`, 'heading'), span(` ${formatZone(timeZone, offset)}`, 'dim')];
  return { key: date + offset, line };
}

const columns = [
  { title: [span('first seen')], align: 'left', whole: true },
  { title: [span('last seen')], align: 'left', whole: true },
  { title: [span('connection')], align: 'left' },
  { title: [span('user → database')], align: 'left', whole: true },
  { title: [span('from')], align: 'left', whole: true },
  { title: [span('application')], align: 'left' },
  { title: [span('backend')], align: 'left' },
] as const;

function sessionTable(sessions: readonly BlindSessionView[], look: Look): Line[] {
  const rows = sessions.map((view) => [
    [span(wallTime(view.firstSeenAt, look.timeZone).time)],
    endSpans(view, look),
    recorded(view.connection, 'accent'),
    [...recordedOr(view.user), ...(view.database === '' ? [] : [span(' → ', 'dim'), ...recorded(view.database)])],
    view.address === 'local' ? [span('local socket')] : recordedOr(view.address),
    recorded(view.application),
    [...recorded(view.kind === 'unknown' ? 'backend' : view.kind, 'dim'), span(` ${view.backendPid}`)],
  ]);
  return tableLines(columns, rows, look.width);
}

function endSpans({ end, firstSeenAt }: BlindSessionView, look: Look): Line {
  switch (end.type) {
    case 'ended':
      return [span(shortMoment(end.lastSeenAt, look, firstSeenAt))];
    case 'there':
      return [span('still there', 'warning')];
    case 'not known':
      return [
        span('not known', 'warning'),
        ...(end.sinceAt === undefined ? [] : [span(` since ${shortMoment(end.sinceAt, look, firstSeenAt)}`, 'dim')]),
      ];
  }
}

function summaryLines(report: BlindReport, look: Look): Line[] {
  const { sessions, unseen } = report;
  const there = sessions.filter(({ end }) => end.type === 'there').length;
  const more = unseen.reduce((sum, { count }) => sum + count, 0);
  const summary: Span[] = [span(formatCount(sessions.length, 'blind session'), 'heading')];
  if (there > 0) summary.push(span(', '), span(`${there} still there`, 'warning'));
  if (more > 0) summary.push(span(', '), span(`${formatCount(more, 'more', 'more')} counted and not seen`, 'warning'));
  if (isWholeBlindReport(report)) return [[...summary, span('. Complete: it was watched all the time.', 'dim')]];
  return [[...summary, span('. '), span('Not complete:', 'warning')], ...reservations(report, look)];
}

/** Of one connection, no more times without a watch are listed than this: the latest. */
const shownHoles = 10;

function reservations({ unseen, watches, neverWatched, damage }: BlindReport, look: Look): Line[] {
  const lines: Line[] = unseen.map(({ connection, database, count, fromAt, untilAt }) => [
    ...recorded(connection, 'accent'),
    span(`: ${formatCount(count, 'session')} in `),
    ...recordedOr(database),
    span(` came and went between two looks, ${moment(fromAt, look)} – ${shortMoment(untilAt, look, fromAt)}`),
  ]);
  for (const { connection, holes, limits } of watches) {
    const more = holes.length - shownHoles;
    if (more > 0) {
      const also = span(`: ${formatCount(more, 'further time', 'further times')} without a watch, before these:`);
      lines.push([...recorded(connection, 'accent'), also]);
    }
    for (const hole of holes.slice(-shownHoles)) {
      lines.push([...recorded(connection, 'accent'), span(`: ${holeWords(hole, look)}: `), ...recorded(hole.reason)]);
    }
    for (const limit of limits) lines.push([...recorded(connection, 'accent'), span(': '), ...recorded(limit)]);
  }
  for (const connection of neverWatched) {
    lines.push([...recorded(connection, 'accent'), span(': never watched: it has no watch')]);
  }
  if (damage !== undefined) lines.push([span('cannot be read on: '), ...recorded(damage)]);
  return lines.map((line) => [span('  ! ', 'warning'), ...line]);
}

function holeWords({ fromAt, untilAt }: WatchHole, look: Look): string {
  if (fromAt === undefined) {
    return untilAt === undefined ? 'never watched' : `not watched before ${moment(untilAt, look)}`;
  }
  if (untilAt === undefined) return `not watched since ${moment(fromAt, look)}`;
  return `not watched ${moment(fromAt, look)} – ${shortMoment(untilAt, look, fromAt)}`;
}

function foldAll(lines: readonly Line[], look: Look): Line[] {
  return lines.flatMap((line) => foldLine(line, look.width, 4));
}

/** What a server did not say. */
function recordedOr(text: string): Span[] {
  return text === '' ? [span('not known', 'dim')] : recorded(text);
}

function moment(at: number, { timeZone }: Look): string {
  const { date, time } = wallTime(at, timeZone);
  return `${date} ${time}`;
}

/** The time, with its day when that is another than the one it stands beside. */
function shortMoment(at: number, look: Look, beside: number): string {
  const { date, time } = wallTime(at, look.timeZone);
  return date === wallTime(beside, look.timeZone).date ? time : `${date} ${time}`;
}
