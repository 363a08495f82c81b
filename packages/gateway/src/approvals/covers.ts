import type { Live } from './approval-book.ts';
import type { Question } from './question.ts';

/**
 * Whether an approval lets a question pass: it is approved, on record, for exactly this, and not over. What can be used once is
 * for the session that asked. Rules that ask more by now than when it was given are not satisfied by it.
 */
export function covers({ approval, usable }: Live, question: Question, nowUs: number): boolean {
  const { end, question: approved } = approval;
  if (!usable || end?.usableUntil === undefined || end.usableUntil <= nowUs) return false;
  if (approved.hash !== question.hash || approved.scope !== question.scope) return false;
  if (!end.again && approved.session !== question.session) return false;
  return sameAsks(approved, question);
}

/** Whether two questions are put to the same people, as many of them, for as long. */
export function sameAsks(left: Pick<Question, 'asks'>, right: Pick<Question, 'asks'>): boolean {
  return asksKey(left) === asksKey(right);
}

function asksKey({ asks }: Pick<Question, 'asks'>): string {
  return JSON.stringify(asks.map(({ rule, group, count, reuseMs }) => [rule, group, count, reuseMs]));
}
