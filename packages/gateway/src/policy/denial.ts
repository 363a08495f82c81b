import { Refusal } from '../errors.ts';
import type { RuleMatch, Verdict } from './verdict.ts';

/** A match of a setting or rule that denies, with what the client is told about it. */
export interface Denial {
  readonly match: RuleMatch;
  readonly error: Refusal;
}

/**
 * The denial of a statement. `what` names what denies it; `detail` says what of the statement it is, `hint` what to do
 * next; names of tables and functions may stand in them, values never. `cause` does not go to the client.
 */
export function denial(
  match: RuleMatch,
  what: string,
  texts: { readonly detail?: string; readonly hint?: string; readonly cause?: Error },
): Denial {
  const { via } = match;
  const detail = [texts.detail, via === undefined ? undefined : `It is about what the statement runs by way of ${via}.`]
    .filter((part) => part !== undefined)
    .join(' ');
  const error = new Refusal('42501', `${what} does not allow this statement`, {
    ...(detail === '' ? {} : { detail }),
    ...(texts.hint === undefined ? {} : { hint: texts.hint }),
    ...(texts.cause === undefined ? {} : { cause: texts.cause }),
  });
  return { match, error };
}

/**
 * The verdict on a statement that cannot be analysed, where any rule, control or mask applies: what is not known is
 * refused. `why` is what `analyze` said.
 */
export function unreadable(why: string): Verdict {
  const { match, error } = denial({ rule: 'unreadable', then: 'deny' }, 'the policy', {
    detail: `The gateway cannot tell what it does: ${why}.`,
  });
  return { decision: 'deny', matches: [match], error };
}
