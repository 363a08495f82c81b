import type { GatewayError } from '../errors.ts';

/** What the policy says of a statement, for its `decision` entry and for the session. */
export interface Verdict {
  readonly decision: 'allow' | 'approve' | 'deny';
  /** Every rule that matched, in the order of the file; built-in ones (`read_only`, `tables`, `rate`, `masking` …) in front. */
  readonly matches: readonly RuleMatch[];
  /** `deny`: what the client is told. */
  readonly error?: GatewayError;
  /** `approve`: who must be asked. Of several rules that match, all must be satisfied. */
  readonly asks?: readonly Ask[];
}

export interface RuleMatch {
  /** Its `name`; of a built-in one, its setting. */
  readonly rule: string;
  readonly then: 'allow' | 'approve' | 'deny';
  /** How the statement came to run the command that matched (`Command.via`); absent for the statement itself. */
  readonly via?: string;
}

/** Approvers of one rule. */
export interface Ask {
  readonly rule: string;
  readonly group: string;
  readonly count: number;
  readonly timeoutMs: number;
  /** How long one approval covers the same statement again; 0: once. */
  readonly reuseMs: number;
  readonly message?: string;
}
