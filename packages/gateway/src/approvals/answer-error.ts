import { formatDuration } from '@onrecord/connector/config';
import { Refusal } from '../errors.ts';
import type { Answer } from './question.ts';

/** What the one who waits is told when people did not say yes. */
export function answerError(answer: Exclude<Answer, { readonly type: 'approved' }>): Refusal {
  const { approval } = answer;
  switch (answer.type) {
    case 'denied':
      return new Refusal('42501', `approval ${approval} was denied by "${answer.by}"`, { detail: answer.reason });
    case 'expired':
      return new Refusal('57014', `approval ${approval} expired after ${formatDuration(answer.afterMs)}`, {
        hint: 'Nobody decided in time. Try again to ask again.',
      });
    case 'ended':
      return new Refusal('57014', `approval ${approval} was called off`, { detail: `Because ${answer.why}.` });
  }
}

/** For the one who asked, and did not wait for the answer. */
export function withdrawnError(): Refusal {
  return new Refusal('57014', 'canceling statement due to user request');
}
