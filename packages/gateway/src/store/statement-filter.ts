import type { Decision, OutcomeKind } from '@onrecord/record';

/** Which statements to look at. Everything that is given must hold. */
export interface StatementFilter {
  readonly identity?: string;
  /** Of anybody but this identity. */
  readonly exceptIdentity?: string;
  readonly connection?: string;
  /** A whole session id. */
  readonly session?: string;
  /** Number in the session. */
  readonly n?: number;
  /** Received at or after, microseconds since 1970. */
  readonly fromUs?: number;
  /** Received before. */
  readonly untilUs?: number;
  /** `t` or `schema.t`; a text that names the table without a schema matches both. */
  readonly table?: string;
  /** Only statements whose text could not be parsed, so that their tables are not known. */
  readonly tablesUnknown?: true;
  /** Words that the SQL holds, see `searchExpression`. */
  readonly search?: string;
  readonly outcome?: OutcomeKind | 'running';
  /** Only statements of which the policy said so. */
  readonly decision?: Decision['decision'];
  /** Only statements that this rule matched. */
  readonly rule?: string;
  /** Only statements of whose answer something was hidden. */
  readonly masked?: true;
  /** Only statements that this approval was asked or used for. */
  readonly approval?: string;
  /** Also every `prepare` and `bind` that was not executed at once. */
  readonly all?: boolean;
  /** Only behind this journal index: where the page before ended. */
  readonly after?: number;
  readonly limit?: number;
}
