import { isMadeOf } from '../oracle/compare-session.ts';
import type { LogEvent } from '../oracle/postgres-log.ts';
import type { RecordedSession, RecordedStatement } from '../oracle/recorded-sessions.ts';

/**
 * What a server ran, by its own log, that is not on record in its session, or is on record as refused. What goes in
 * the place of a refused statement is none by Postgres's grammar, and not among what it ran.
 */
export function unrecorded(
  log: ReadonlyMap<number, readonly LogEvent[]>,
  recorded: readonly RecordedSession[],
  ownPids: ReadonlySet<number>,
): readonly string[] {
  const sessions = Map.groupBy(recorded, (session) => session.opened.backendPid);
  const found: string[] = [];
  for (const [pid, logged] of log) {
    if (ownPids.has(pid)) continue;
    const events = (sessions.get(pid) ?? []).flatMap((session) => session.events);
    const statements = events.filter((event): event is RecordedStatement => 'body' in event);
    const isOnRecord = recordOf(statements.filter(({ outcome }) => outcome?.outcome !== 'refused'));
    for (const event of logged) {
      if (event.type !== 'statement' || isOnRecord(event)) continue;
      found.push(`backend ${pid}: ${event.how} ${event.text.slice(0, 200)}`);
    }
  }
  return found;
}

/** Whether an event of the log is among what was run by a backend, by the record. */
function recordOf(ran: readonly RecordedStatement[]): (event: Extract<LogEvent, { type: 'statement' }>) => boolean {
  const calls = ran.some(({ body }) => body.kind === 'call');
  const redacted = ran.filter(({ body }) => body.redacted).map(({ text }) => text.slice(0, 12));
  const texts = ran.flatMap(readings).filter((each) => each !== '');
  const found = new Set(texts);
  return ({ how, text }) => {
    if (how === 'call') return calls;
    // A password was taken out of it.
    if (redacted.some((beginning) => text.startsWith(beginning))) return true;
    // The log has one line for all statements of a Query, and of what SQL has named, the text that it stood in.
    if (found.has(text)) return true;
    const within = texts.filter((each) => text.includes(each));
    const isMade = within.some((_, from) =>
      within.some((__, to) => to >= from && isMadeOf(text, within.slice(from, to + 1))),
    );
    // The gateway's own sessions ask the same again and again.
    if (isMade) found.add(text);
    return isMade;
  };
}

/** The log is in UTF-8; what is on record is in the client's encoding, of which these are tried. */
function readings({ text, carrier }: RecordedStatement): readonly string[] {
  if (!text.includes('\ufffd')) return [text];
  return ['shift_jis', 'gbk'].map((encoding) => new TextDecoder(encoding).decode(carrier.sql ?? new Uint8Array(0)));
}
