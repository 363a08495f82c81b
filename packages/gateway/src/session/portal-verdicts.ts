import { Refusal } from '../errors.ts';
import { eitherOf } from './either-reading.ts';
import type { Judged } from './guard.ts';

/** Verdicts on an Execute, where something has changed since the portal was judged. Pure. */

/** What the portal was judged to do, and what it would be now: its plan is that of before, the code that it calls is that of now. */
export function atExecution(before: Judged, now: Judged | undefined): Judged {
  if (now === undefined) return before;
  if (now.verdict.decision === 'deny') return now;
  if (now.verdict.decision === 'approve') return changedSinceBind(now);
  if (before.analysis === undefined || now.analysis === undefined) return now;
  return { ...now, analysis: eitherOf(before.analysis, now.analysis) };
}

/** It cannot be told what it does, or people would be asked. */
export function changedSinceBind(judged: Judged): Judged {
  return refused(judged, 'what the statement runs may have changed since it was bound');
}

/** An approval covers what was shown, and that only. */
export function changedSinceApproval(judged: Judged): Judged {
  return refused(judged, 'settings or definitions of the session have changed since the statement was approved');
}

function refused({ settings, verdict }: Judged, message: string): Judged {
  const error = new Refusal('42501', message, { hint: 'Bind it again, to ask anew.' });
  const matches = verdict.matches.length > 0 ? verdict.matches : [{ rule: 'portal', then: 'deny' as const }];
  return { analysis: undefined, verdict: { decision: 'deny', matches, error }, settings };
}
