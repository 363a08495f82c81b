/**
 * A statement in a long timeline: one line, and a second one that says why when it went wrong. A heading names the day
 * or who acted when that changes; what repeats is not repeated.
 */
import type { OnBehalfOf, StatementView } from '../../store/views.ts';
import { controlSummary } from './control-facts.ts';
import { cutLine, type Line, lineWidth, padLine, padLineStart, paintLines, recorded, span } from './line.ts';
import type { Look } from './look.ts';
import { onBehalfOfSpans, onBehalfOfText } from './on-behalf-of.ts';
import { outcomeMark, wentWrong } from './outcome.ts';
import { formatDuration, groupDigits } from './quantity.ts';
import { shortSession } from './session-name.ts';
import { sqlOnOneLine } from './sql.ts';
import { formatZone, wallTime } from './wall-time.ts';

/** The lines of `view` behind those of `previous` (undefined at the top), each with its line break. */
export function renderStatementLine(view: StatementView, look: Look, previous?: StatementView): string {
  return paintLines([...timelineHeading(view, look, previous), ...statementRows(view, look, previous)], look.color);
}

/** What both statements and events have: enough to know under which heading they stand. */
export interface TimelinePlace {
  readonly at: number;
  readonly identity: string;
  readonly connection?: string;
  readonly onBehalfOf?: OnBehalfOf;
}

/** Headings due before an entry of the timeline: a new day, somebody else or another connection. */
export function timelineHeading(place: TimelinePlace, look: Look, previous: TimelinePlace | undefined): Line[] {
  const { weekday, date, offset } = wallTime(place.at, look.timeZone);
  const lines: Line[] = [];
  const before = previous && wallTime(previous.at, look.timeZone);
  const newDay = before === undefined || before.date !== date || before.offset !== offset;
  if (newDay) {
    if (previous) lines.push([]);
    lines.push([span(`${weekday} ${date}`, 'heading'), span(` ${formatZone(look.timeZone, offset)}`, 'dim')]);
  }
  if (place.connection === undefined) return lines;
  if (!newDay && previous !== undefined && isSameActor(place, previous)) return lines;
  const who = [
    ...recorded(place.identity, 'accent'),
    ...onBehalfOfSpans(place.onBehalfOf ?? {}),
    span(' → ', 'dim'),
    ...recorded(place.connection, 'accent'),
  ];
  lines.push([], cutLine(who, look.width));
  return lines;
}

function isSameActor(place: TimelinePlace, other: TimelinePlace): boolean {
  return (
    place.identity === other.identity &&
    place.connection === other.connection &&
    onBehalfOfText(place.onBehalfOf ?? {}) === onBehalfOfText(other.onBehalfOf ?? {})
  );
}

function statementRows(view: StatementView, look: Look, previous: StatementView | undefined): Line[] {
  const mark = outcomeMark(view.outcome);
  const { time, micros } = wallTime(view.at, look.timeZone);
  const sameSession = previous?.session === view.session;
  const place: Line = [
    span(` ${time}.${micros.slice(0, 3)} `),
    span(shortSession(view.session), sameSession ? 'dim' : 'accent'),
    ...padLine([span('/', 'dim'), span(String(view.n))], Math.max(4, String(view.n).length + 1)),
    span(' '),
    span(mark.sign, mark.style),
    span(' '),
  ];
  const result = resultOf(view);
  const resultWidth = result.length === 0 ? 0 : Math.max(19, lineWidth(result));
  const indent = lineWidth(place);
  const room = Math.max(12, look.width - indent - resultWidth - (resultWidth > 0 ? 1 : 0));
  const sql = cutLine([...kindOf(view), ...sqlOnOneLine(view.sql, room)], room);
  const first: Line =
    result.length === 0
      ? [...place, ...sql]
      : [...place, ...padLine(sql, room), span(' '), ...padLineStart(result, resultWidth)];
  const more = reasonRows(controlsOf(view), whyOf(view), look.width - indent);
  const lines: Line[] = [first, ...more.map((line) => [span(' '.repeat(indent)), ...line])];
  return lines.map((line) => cutLine(line, look.width));
}

/** What the gateway did to it and why it went wrong: on one line where both fit. */
function reasonRows(controls: Line, why: Line, room: number): readonly Line[] {
  if (controls.length === 0 || why.length === 0) return [controls, why].filter((line) => line.length > 0);
  const both = [...controls, span(' · ', 'dim'), ...why];
  return lineWidth(both) <= room ? [both] : [controls, why];
}

function controlsOf(view: StatementView): Line {
  return controlSummary(view).flatMap(({ text, style }, at) => [
    ...(at === 0 ? [] : [span(' · ', 'dim')]),
    ...recorded(text, style),
  ]);
}

/** What it was, when that is not simply a statement that ran. */
function kindOf(view: StatementView): Line {
  if (view.kind === 'simple' || view.kind === 'execute') return [];
  return [span(`${view.kind} `, 'dim')];
}

/** Right-aligned: rows, then the time taken in a column of its own. */
function resultOf(view: StatementView): Line {
  const rows: Line =
    view.rowCount > 0 || view.columns.length > 0
      ? [span(`${groupDigits(view.rowCount)} ${view.rowCount === 1 ? 'row' : 'rows'}`)]
      : view.commandTag === undefined || view.commandTag.split(' ').length < 2
        ? []
        : affected(view.commandTag);
  if (view.durationUs === undefined) return rows;
  return [...rows, ...padLineStart([span(formatDuration(view.durationUs), 'dim')], 9)];
}

/** `UPDATE 3` says how many rows it changed; tags like `CREATE TABLE` say nothing of the kind. */
function affected(tag: string): Line {
  const count = /\d+$/.exec(tag)?.[0];
  return count === undefined ? [] : [span(`${groupDigits(Number(count))} ${count === '1' ? 'row' : 'rows'}`)];
}

function whyOf(view: StatementView): Line {
  if (view.error) {
    return [...recorded(view.error.sqlstate, 'bad'), span(' '), ...recorded(view.error.message, 'bad')];
  }
  if (view.reason !== undefined) return recorded(view.reason, outcomeMark(view.outcome).style);
  return wentWrong(view.outcome) ? [span(outcomeMark(view.outcome).meaning, outcomeMark(view.outcome).style)] : [];
}
