/** What happened besides statements, in its place in the timeline. */
import type { EventView } from '../../store/views.ts';
import type { Style } from './color.ts';
import { foldLine, type Line, paintLines, recorded, span } from './line.ts';
import type { Look } from './look.ts';
import { shortSession } from './session-name.ts';
import { wallTime } from './wall-time.ts';

/** Events that mean something is missing from the record. */
const holes = new Set(['gap', 'recovered', 'blind_session', 'blind_sessions_unseen']);

/** Somebody is asked, or was. */
const questions = new Set(['approval_requested', 'approval_ended']);

/** One event, folded to the width. */
export function renderEventLine(view: EventView, look: Look): string {
  const { time, micros } = wallTime(view.at, look.timeZone);
  const [sign, style] = markOf(view.type);
  const line: Line = [
    span(` ${time}.${micros.slice(0, 3)} `),
    ...(view.session === '' ? [] : [span(shortSession(view.session), 'dim'), span('  ')]),
    span(`${sign} `, style),
    ...(view.identity === '' || view.session !== '' ? [] : [...recorded(view.identity, 'dim'), span(': ', 'dim')]),
    ...recorded(view.summary, style),
  ];
  return paintLines(foldLine(line, look.width, 16), look.color);
}

function markOf(type: string): readonly [sign: string, style: Style] {
  if (holes.has(type)) return ['!', 'warning'];
  return questions.has(type) ? ['◷', 'accent'] : ['·', 'dim'];
}
