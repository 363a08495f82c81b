import type { ApprovalEnded, ApprovalEvidence, ApprovalVoted } from '@onrecord/record';
import type { Question } from './question.ts';

/** A question with all that became of it. Times are wall-clock microseconds since 1970. */
export interface Approval {
  readonly id: string;
  /** Its texts cut to what is kept (`keptQuestion`). */
  readonly question: Question;
  readonly requestedAt: number;
  readonly expiresAt: number;
  readonly evidence?: Evidence;
  readonly votes: readonly Vote[];
  readonly end?: End;
  /** How often what it covers was forwarded. */
  readonly uses: number;
  readonly revoked?: { readonly at: number; readonly by: string };
}

/** What the gateway found out for the approvers. */
export type Evidence = Omit<ApprovalEvidence, 'type' | 'approval' | 'of'>;

export type Vote = Pick<ApprovalVoted, 'by' | 'vote' | 'reason' | 'votedAt'>;

export interface End extends Pick<ApprovalEnded, 'result' | 'by' | 'reason'> {
  readonly at: number;
  /** `approved`: until when it can be used; for a session, when the access ends. */
  readonly usableUntil?: number;
  /** `approved`: it can be used more than once. */
  readonly again: boolean;
}

/** Where an approval stands. `approved`: it can be used now. `unused`: it was approved and ran out. */
export type ApprovalState = 'waiting' | 'used' | 'unused' | ApprovalEnded['result'];

/** Where an approval stands at a time. */
export function stateOf({ end, uses, revoked }: Approval, nowUs: number): ApprovalState {
  if (end === undefined) return 'waiting';
  if (revoked !== undefined) return 'revoked';
  if (end.result !== 'approved') return end.result;
  if (uses > 0 && !end.again) return 'used';
  if (end.usableUntil !== undefined && end.usableUntil <= nowUs) return uses > 0 ? 'used' : 'unused';
  return 'approved';
}

/** Characters of each text that are kept for people to read; the record holds them whole. */
const kept = { sql: 16 * 1024, parameter: 1024, recent: 1024 };
/** Texts of a list, and parameters, that are kept. */
const keptTexts = 100;

/** The question with what people can read in it: a bounded number of texts, each of a bounded length. */
export function keptQuestion(question: Question): Question {
  const { sql, parameters, recent, reason } = question;
  return {
    ...question,
    sql: cutList(sql, kept.sql),
    parameters: cutList(parameters, kept.parameter),
    recent: recent.slice(-keptTexts).map((text) => cut(text, kept.recent)),
    ...(reason === undefined ? {} : { reason: cut(reason, kept.parameter) }),
  };
}

/** What is missing is said: nobody may take the beginning for all of it. */
function cutList<Text extends string | null>(texts: readonly Text[], length: number): (string | Text)[] {
  const shown = texts.slice(0, keptTexts).map((text) => (text === null ? text : cut(text, length)));
  return texts.length > keptTexts ? [...shown, `… (${texts.length - keptTexts} more are not shown)`] : shown;
}

/** The text, or its beginning and how much is missing. */
export function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  return `${text.slice(0, length).toWellFormed()}… (${text.length - length} more characters)`;
}
