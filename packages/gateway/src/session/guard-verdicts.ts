import { Refusal } from '../errors.ts';
import type { MaskRefusal } from '../masking/refusal.ts';
import { denial, unreadable } from '../policy/denial.ts';
import type { RuleMatch, Verdict } from '../policy/verdict.ts';
import type { ToJudge } from './guard.ts';

/** No rule says anything of it. */
export const allowed: Verdict = { decision: 'allow', matches: [] };

/** What rules say, and what masks refuse. */
export function withMasks(verdict: Verdict, refused: MaskRefusal | undefined): Verdict {
  if (refused === undefined) return verdict;
  const match: RuleMatch = { rule: refused.rule, then: 'deny' };
  const error = verdict.error ?? refusalOf(refused);
  return { decision: 'deny', matches: [match, ...verdict.matches], error };
}

/** What the client is told of what a mask refuses. */
export function refusalOf({ message, hint }: Pick<MaskRefusal, 'message' | 'hint'>): Refusal {
  return new Refusal('42501', message, hint === undefined ? {} : { hint });
}

/** `waitUs`: until one more is allowed. */
export function tooFast(waitUs: number): Verdict {
  const seconds = Math.max(0.1, Math.ceil(waitUs / 100_000) / 10);
  const error = new Refusal('53400', 'the rate of statements is above the limit for this session', {
    hint: `Wait ${seconds} s.`,
  });
  return { decision: 'deny', matches: [{ rule: 'rate', then: 'deny' }], error };
}

/** A name that the gateway does not know, or does not trust any more; drivers prepare again when they hear of it. */
export function unknownName({ protocol }: ToJudge): Verdict {
  if (protocol === 'simple')
    return unreadable('its bytes are not text in the client_encoding, or that is not one that the gateway reads');
  return unknownStatement();
}

/** A prepared statement that the gateway does not know. */
export function unknownStatement(name?: string): Verdict {
  const message =
    name === undefined
      ? 'the gateway does not know what this prepared statement is'
      : `prepared statement "${name}" does not exist, as far as the gateway can tell`;
  const error = new Refusal('26000', message, {
    detail: 'Rules apply to what it would run, and code in the server may have changed what its name means.',
    hint: 'Prepare it again.',
  });
  return { decision: 'deny', matches: [{ rule: 'unreadable', then: 'deny' }], error };
}

/** Relations that neither the catalog nor the session has. */
export function unknownRelation(names: readonly string[]): Verdict {
  const error = new Refusal('42P01', `relation "${names[0]}" does not exist, as far as the gateway can tell`, {
    detail: `Rules apply to the statement, and the catalog does not have ${names.map((name) => `"${name}"`).join(', ')}.`,
    hint: 'If it was made in this transaction, commit first; if it is new, try again.',
  });
  return { decision: 'deny', matches: [{ rule: 'unreadable', then: 'deny' }], error };
}

/** A function-call message for a function that the catalog does not have. */
export function unknownFunction(oid: number): Verdict {
  const error = new Refusal('42883', `function with OID ${oid} does not exist, as far as the gateway can tell`, {
    detail: 'Rules apply to the call, and the catalog does not have the function.',
  });
  return { decision: 'deny', matches: [{ rule: 'unreadable', then: 'deny' }], error };
}

/** A function-call message where columns are masked. */
export function callUnderMask(): Verdict {
  const { match, error } = denial({ rule: 'masking', then: 'deny' }, 'masking', {
    detail: 'What a function-call message returns cannot be traced to its columns.',
    hint: 'Call the function with SELECT.',
  });
  return { decision: 'deny', matches: [match], error };
}

/** PREPARE TRANSACTION behind changes of definitions. */
export function definedLater(): Verdict {
  const error = new Refusal('42501', 'definitions cannot be left to a prepared transaction', {
    detail: 'Rules and masks apply to the session, and it cannot be told from when on they would have to go by them.',
    hint: 'COMMIT them.',
  });
  return { decision: 'deny', matches: [{ rule: 'definitions', then: 'deny' }], error };
}
