import { isMadeOf } from './compare-session.ts';
import type { LogEvent } from './postgres-log.ts';
import type { RecordedSession, RecordedStatement } from './recorded-sessions.ts';

/** Outcomes of statements that are in the server's log or not; others are. */
const mayBeAbsent: ReadonlySet<string | undefined> = new Set([
  undefined,
  'failed',
  'cancelled',
  'unknown',
  'client gone',
]);

const neverRun: ReadonlySet<string | undefined> = new Set(['skipped', 'refused']);

/**
 * The first statement that the server's log has and the record has not, or has elsewhere, or the other way round. Knows
 * less than `contradiction` of which error belongs to what, and so holds where several have the same SQLSTATE.
 */
export function differsFromLog(session: RecordedSession, log: readonly LogEvent[]): string | undefined {
  const groups = groupsOf(session);
  let at = 0;
  for (const event of log) {
    if (event.type !== 'statement') continue;
    const found = groups.findIndex((group, index) => index >= at && isLogged(group, event));
    if (found === -1) return `run, and not on record or elsewhere: ${JSON.stringify(event).slice(0, 300)}`;
    const passed = groups.slice(at, found).find((group) => !mayBeMissing(group));
    if (passed !== undefined)
      return `on record, and not run before ${JSON.stringify(event).slice(0, 200)}: ${tell(passed)}`;
    at = found + 1;
  }
  const never = groups.slice(at).find((group) => !mayBeMissing(group));
  return never === undefined ? undefined : `on record, and not run: ${tell(never)}`;
}

/** Statements of one Query are one line of the log. */
function groupsOf(session: RecordedSession): readonly (readonly RecordedStatement[])[] {
  const groups: RecordedStatement[][] = [];
  for (const event of session.events) {
    if (!('body' in event)) continue;
    if ((event.body.position?.index ?? 0) > 0) groups.at(-1)?.push(event);
    else groups.push([event]);
  }
  return groups.filter((group) => !group.every(({ outcome }) => neverRun.has(outcome?.outcome)));
}

function mayBeMissing(group: readonly RecordedStatement[]): boolean {
  // The server does not log an Execute of nothing.
  return group.every(
    ({ outcome, body }) =>
      neverRun.has(outcome?.outcome) ||
      mayBeAbsent.has(outcome?.outcome) ||
      (body.kind !== 'simple' && outcome?.tag === undefined && outcome?.outcome === 'completed'),
  );
}

function isLogged(group: readonly RecordedStatement[], event: Extract<LogEvent, { type: 'statement' }>): boolean {
  const [first] = group;
  if (first === undefined) return false;
  const { body, text, carrier } = first;
  if (body.kind === 'call') return event.how === 'call';
  if (body.kind === 'simple') {
    const texts = group.map((each) => each.text);
    return event.how === 'statement' && (texts.length === 1 ? text === event.text : isMadeOf(event.text, texts));
  }
  if (body.kind !== 'execute' && body.kind !== 'fetch') return false;
  if (event.how !== 'execute' && event.how !== 'fetch') return false;
  // What SQL named (PREPARE, DECLARE) is logged with the text of the Query that it stood in.
  return carrier.kind === 'simple' ? event.text.includes(text) : event.text === text;
}

function tell(group: readonly RecordedStatement[]): string {
  return group
    .map(({ body, text, outcome }) => `${body.n} ${body.kind} ${text.slice(0, 80)}: ${outcome?.outcome}`)
    .join('; ');
}
