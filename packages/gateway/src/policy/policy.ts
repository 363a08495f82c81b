import type { Analysis } from '../sql/analysis.ts';
import type { Variation } from './variations.ts';
import type { Verdict } from './verdict.ts';

/** The rules that apply to one session, compiled. Pure: the time is an argument. */
export interface Policy {
  /**
   * What the rules say of a statement. Each rule is asked about each of its commands; the most restrictive match wins
   * (`deny`, `approve`, `allow`); with no match it is allowed. A condition that fails while it is evaluated denies.
   * `us`: wall-clock microseconds since 1970, which rules about `time` go by.
   */
  judge(statement: JudgedStatement, us: number): Verdict;
  /** By what, besides the text, a verdict can differ from the last one on the same text; empty: by nothing. */
  readonly variesBy: ReadonlySet<Variation>;
}

export interface JudgedStatement {
  readonly analysis: Analysis;
  readonly sql: string;
  readonly protocol: 'simple' | 'extended' | 'function call';
  /** As text where they are text; `undefined` for binary ones whose type has no text here. NULL is null. */
  readonly parameters: readonly (string | null | undefined)[];
  readonly inTransaction: boolean;
}

/** Who asks and where, the same for a whole session. */
export interface PolicySubject {
  readonly identity: {
    readonly name: string;
    readonly kind: 'agent' | 'service' | 'person';
    readonly groups: readonly string[];
    readonly onBehalfOf: string | undefined;
    readonly method: string;
  };
  readonly connection: { readonly name: string; readonly database: string; readonly role: string };
  readonly session: {
    readonly client: string;
    readonly application: string | undefined;
    readonly runId: string | undefined;
  };
}

/** One entry of `policy:` with its condition checked and compiled. */
export interface Rule {
  readonly name: string;
  /** The CEL expression as it was written. */
  readonly when: string;
  readonly then: 'allow' | 'approve' | 'deny';
  readonly message?: string;
  readonly approvers?: {
    readonly group: string;
    readonly count: number;
    readonly timeoutMs: number;
    readonly reuseMs: number;
  };
  /** True or false; throws when the expression cannot be evaluated. */
  readonly matches: (facts: RuleFacts) => boolean;
  /** Variables that the expression uses: `statement`, `identity`, `connection`, `session`, `time`, and of fields that can change `statement.parameters`, `statement.protocol`, `session.inTransaction`, and `time.timestamp` where more than its minute is asked for. */
  readonly uses: ReadonlySet<string>;
}

/** What CEL sees; built in policy/facts.ts. */
export interface RuleFacts {
  readonly [name: string]: unknown;
}

/** `read_only`, `tables`, `rows`, `time`, `rate` of a connection or an identity; both apply, the stricter counts. */
export interface Controls {
  readonly readOnly: boolean;
  /** Patterns `schema.name`, where `*` stands for any characters of one part; undefined: any table. System catalogs are not affected. */
  readonly tables: readonly string[] | undefined;
  /** Rows of one statement. */
  readonly rows: number | undefined;
  /** Of one statement, from its forwarding to its end. */
  readonly timeMs: number | undefined;
  /** Statements in any window of `perMs`, of one identity on one connection. */
  readonly rate: { readonly count: number; readonly perMs: number } | undefined;
}
