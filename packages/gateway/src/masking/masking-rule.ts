import type { MaskAction } from './mask.ts';

/** One entry of `masking:`, checked. Several apply to a session at a time; of two masks on a column the more restrictive counts. */
export interface MaskingRule {
  /** Whom and where it concerns; undefined: all. */
  readonly connections: readonly string[] | undefined;
  readonly identities: readonly string[] | undefined;
  readonly groups: readonly string[] | undefined;
  /** Whom it leaves out. */
  readonly except: { readonly identities: readonly string[]; readonly groups: readonly string[] };
  /** `schema.table.column`, as Postgres keeps the names. */
  readonly columns: ReadonlyMap<string, MaskAction>;
  readonly detectors: ReadonlyMap<DetectorName, MaskAction>;
  readonly patterns: readonly { readonly name: string; readonly pattern: string; readonly action: MaskAction }[];
  /** Whether a masked column may stand in conditions, orderings, groupings and the like. */
  readonly probe: 'allow' | 'deny';
  /** Functions of users whose results may be shown although it cannot be told what they read, `schema.name`. */
  readonly trustedFunctions: readonly string[];
}

export type DetectorName = 'card' | 'email' | 'phone' | 'iban' | 'national_id' | 'api_key' | 'private_key';
