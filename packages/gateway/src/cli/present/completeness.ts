/** The last lines of an answer: how much it is, and what could be missing from it. Nothing missing is said, too. */
import { gatewayIdentity } from '../../identity/gateway-identity.ts';
import { maxUnknown } from '../../store/reservations.ts';
import type { EventView } from '../../store/views.ts';
import { foldLine, type Line, paintLines, recorded, type Span, span } from './line.ts';
import type { Look } from './look.ts';
import { formatCount, groupDigits } from './quantity.ts';
import { shortSession } from './session-name.ts';
import { wallTime } from './wall-time.ts';

/** What an answer covers, and each reason why it may not be all. */
export interface Completeness {
  /** Statements in the answer, and those of them that did not complete. */
  readonly statements: number;
  readonly failed: number;
  readonly sessions: number;
  /** The answer stops at a limit; there are more behind it. */
  readonly more: boolean;
  /** Sessions of the answer that had not ended. */
  readonly openSessions: readonly {
    readonly session: string;
    readonly identity: string;
    readonly connection: string;
  }[];
  /** Gaps and recoveries within the range. */
  readonly holes: readonly EventView[];
  /** Statements whose outcome nobody knows. */
  readonly unknownOutcomes: number;
  /** Entries of the journal that the index had not read when it was asked. */
  readonly notIndexed: number;
  /** Statements that the gateway itself asked, which were not asked for; `maxUnknown` stands for that many or more. */
  readonly leftOut?: number;
}

/** True when every entry that exists is in the answer and no more can come. */
export function isComplete(answer: Completeness): boolean {
  return (
    !answer.more &&
    answer.openSessions.length === 0 &&
    answer.holes.length === 0 &&
    answer.unknownOutcomes === 0 &&
    answer.notIndexed === 0
  );
}

/** The summary line and a line for each reservation. */
export function renderCompleteness(answer: Completeness, look: Look): string {
  const summary: Span[] = [
    span(`${formatCount(answer.statements, 'statement')} in ${formatCount(answer.sessions, 'session')}`, 'heading'),
  ];
  if (answer.failed > 0) summary.push(span(', '), span(`${groupDigits(answer.failed)} did not complete`, 'bad'));
  const { leftOut = 0 } = answer;
  const nothing = leftOut > 0 ? 'nothing else' : 'nothing';
  if (isComplete(answer)) summary.push(span(`. Complete: every session has ended and ${nothing} is missing.`, 'dim'));
  else summary.push(span('. '), span('Not complete:', 'warning'));
  const lines: Line[] = [summary, ...reservations(answer, look).map((line) => [span('  ! ', 'warning'), ...line])];
  if (leftOut > 0) lines.push([span(leftOutSentence(leftOut, 'statement'), 'dim')]);
  return paintLines(
    lines.flatMap((line) => foldLine(line, look.width, 4)),
    look.color,
  );
}

function reservations(answer: Completeness, look: Look): Line[] {
  const lines: Line[] = [];
  if (answer.more) lines.push([span('there are more statements behind the last one shown.')]);
  if (answer.notIndexed > 0) {
    lines.push([
      span(`${formatCount(answer.notIndexed, 'entry', 'entries')} of the journal not read into the index yet.`),
    ]);
  }
  for (const { session, identity, connection } of answer.openSessions.slice(0, shownSessions)) {
    lines.push([
      span('session '),
      ...recorded(shortSession(session), 'accent'),
      span(' of '),
      ...recorded(identity),
      span(' on '),
      ...recorded(connection),
      span(' is still open: more may come.'),
    ]);
  }
  if (answer.openSessions.length > shownSessions) {
    lines.push([span(`and ${formatCount(answer.openSessions.length - shownSessions, 'further open session')}.`)]);
  }
  if (answer.unknownOutcomes > 0) {
    lines.push([span(`${formatCount(answer.unknownOutcomes, 'statement')} with an unknown outcome.`)]);
  }
  for (const hole of answer.holes) {
    const { date, time } = wallTime(hole.at, look.timeZone);
    lines.push([span(`${date} ${time} `), ...recorded(hole.summary)]);
  }
  return lines;
}

/** What of the gateway's own is not in an answer, and how to see it. */
export function leftOutSentence(count: number, what: 'statement' | 'session'): string {
  const orMore = what === 'statement' && count >= maxUnknown ? ' or more' : '';
  return `Left out: ${formatCount(count, what)}${orMore} of the gateway itself (--identity ${gatewayIdentity} shows them, --all everything).`;
}

const shownSessions = 5;
