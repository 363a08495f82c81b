import type {
  ApprovalEnded,
  ApprovalRequested,
  Body,
  Claimed,
  Decision,
  Durability,
  MaskedColumn,
  OutcomeKind,
  SessionClosed,
  Statement,
  TransactionStatus,
} from '@onrecord/record';

/**
 * What a reviewer sees: the entries of one statement, session or event, joined and decoded. Types only; the store makes
 * them, the command line and the HTTP API show them. Texts are decoded from the `client_encoding` of the session and
 * hold whatever the agent sent: whoever shows them escapes them.
 */
export interface StatementView {
  /** Index of its entry in the journal: the true order across sessions. */
  readonly index: number;
  /** When it was received: microseconds since 1970, UTC. */
  readonly at: number;
  readonly identity: string;
  readonly connection: string;
  readonly session: string;
  /** Number in the session, from 1. */
  readonly n: number;
  readonly kind: Statement['kind'];
  readonly sql: string;
  /** Password literals in `sql` were replaced before it was recorded. */
  readonly redacted: boolean;
  readonly position: { readonly index: number; readonly count: number } | undefined;
  readonly statementName: string | undefined;
  readonly portal: string | undefined;
  readonly parameters: readonly ValueView[];
  /** `running`: no outcome yet, and the session is still open. */
  readonly outcome: OutcomeKind | 'running';
  readonly commandTag: string | undefined;
  /** Rows sent to the client, over all fetches. */
  readonly rowCount: number;
  readonly rowBytes: number;
  readonly columns: readonly ColumnView[];
  /** Rows that were kept, as the client saw them. */
  readonly rows: readonly (readonly ValueView[])[];
  /** How many rows were kept, when that is fewer than `rowCount`. */
  readonly truncatedAt: number | undefined;
  /** SHA-256 (hex) over all row messages; one for each fetch. */
  readonly digests: readonly string[];
  readonly copy: CopyView | undefined;
  readonly error: MessageView | undefined;
  readonly notices: readonly MessageView[];
  readonly noticesDropped: number;
  /** Why, when the gateway itself ended it, or could not know. */
  readonly reason: string | undefined;
  readonly transactionBefore: TransactionStatus;
  readonly transactionAfter: TransactionStatus | undefined;
  /** Microseconds from receipt to forwarding, to the first byte of the answer, to its completion. */
  readonly forwardedUs: number | undefined;
  readonly firstByteUs: number | undefined;
  readonly durationUs: number | undefined;
  /** Later Executes of the same portal, in order, already added up above. */
  readonly fetches: readonly FetchView[];
  /** Cancel requests that reached it: microseconds since 1970. */
  readonly cancelRequestedAt: readonly number[];
  readonly traceparent: string | undefined;
  /** On whose behalf its session acted. */
  readonly onBehalfOf: OnBehalfOf;
  /** What the policy said of it; undefined when no rule matched. */
  readonly decision: DecisionView | undefined;
  /** Approvals that were asked for it, or that let it through. */
  readonly approvals: readonly ApprovalView[];
  /** What was hidden of its answer; undefined when nothing was to be. */
  readonly masks: MasksView | undefined;
}

export interface DecisionView {
  readonly decision: Decision['decision'];
  /** Every rule that matched; `via` says how the statement came to run what matched. */
  readonly rules: readonly {
    readonly rule: string;
    readonly then: Decision['decision'];
    readonly via: string | undefined;
  }[];
}

/** An approval from its question on. What is undefined stood in a part of the journal that is not there any more. */
export interface ApprovalView {
  readonly approval: string;
  readonly requestedAt: number | undefined;
  /** Where it was asked; `''` outside of every session. */
  readonly session: string;
  /** The first statement that waited for it; undefined for access to a connection. */
  readonly n: number | undefined;
  readonly scope: ApprovalRequested['scope'] | undefined;
  readonly hash: string | undefined;
  readonly asks: ApprovalRequested['asks'];
  readonly expiresAt: number | undefined;
  /** The reason that the requester gave. */
  readonly reason: string | undefined;
  /** The connection that access was asked to. */
  readonly connection: string | undefined;
  /** What came after the question, in order. */
  readonly steps: readonly ApprovalStepView[];
}

/** A step of an approval; `at` is microseconds since 1970. */
export type ApprovalStepView =
  | {
      readonly type: 'evidence';
      readonly at: number;
      readonly explain: string | undefined;
      readonly rows: number | undefined;
      readonly rowsAreEstimated: boolean;
      readonly locks: readonly string[];
      readonly problem: string | undefined;
    }
  | {
      readonly type: 'vote';
      readonly at: number;
      readonly by: string;
      readonly vote: 'approve' | 'deny';
      readonly reason: string;
    }
  | {
      readonly type: 'end';
      readonly at: number;
      readonly result: ApprovalEnded['result'];
      readonly by: readonly string[];
      readonly reason: string | undefined;
      readonly usableUntil: number | undefined;
    }
  | { readonly type: 'use'; readonly at: number; readonly session: string; readonly n: number | undefined };

export interface MasksView {
  /** By their place in the answer. */
  readonly columns: readonly MaskedColumn[];
  /** What detectors found in columns that no rule names. */
  readonly detected: readonly {
    readonly detector: string;
    readonly action: MaskedColumn['action'];
    readonly values: number;
  }[];
  /** Errors and notices whose texts were withheld. */
  readonly withheld: number;
}

/** On whose behalf somebody acted: as the issuer of the credential says, and as the client says of itself. */
export interface OnBehalfOf {
  readonly verified?: string | undefined;
  readonly claimed?: string | undefined;
}

export interface FetchView {
  readonly n: number;
  readonly at: number;
  readonly maxRows: number | undefined;
  readonly rowCount: number;
  readonly outcome: OutcomeKind | 'running';
}

/** One value, decoded for people. `text` is null for NULL. */
export interface ValueView {
  readonly text: string | null;
  readonly type: number;
  readonly typeName: string;
  readonly format: 'text' | 'binary';
  /** False when the type is not known and `text` shows the bytes as hex. */
  readonly decoded: boolean;
}

export interface ColumnView {
  readonly name: string;
  readonly type: number;
  readonly typeName: string;
  /** OID of the source table and attribute number; 0 when the column is computed. */
  readonly table: number;
  readonly attribute: number;
}

export interface CopyView {
  readonly direction: 'in' | 'out';
  readonly messages: number;
  readonly bytes: number;
  readonly digest: string | undefined;
  /** What was kept of the data. */
  readonly data: Uint8Array;
  readonly truncated: boolean;
  /** Message of CopyFail. */
  readonly failure: string | undefined;
}

/** ErrorResponse or NoticeResponse. */
export interface MessageView {
  readonly severity: string;
  readonly sqlstate: string;
  readonly message: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
  readonly position: number | undefined;
}

export interface SessionView {
  readonly session: string;
  readonly identity: string;
  readonly identityKind: string;
  readonly groups: readonly string[];
  readonly method: string;
  readonly credential: string;
  readonly connection: string;
  readonly database: string;
  readonly role: string;
  readonly client: string;
  readonly tls: string | undefined;
  /** The connector that reached Postgres; absent when the gateway did. */
  readonly connector: string | undefined;
  /** Who issued the credential; absent when the gateway did. */
  readonly issuer: string | undefined;
  /** When the credential ends. */
  readonly credentialExpiresAt: number | undefined;
  readonly onBehalfOf: OnBehalfOf;
  readonly claimed: Claimed;
  readonly durability: Durability;
  readonly configuration: string;
  readonly backendPid: number;
  readonly openedAt: number;
  /** Absent while it is open. */
  readonly closedAt: number | undefined;
  readonly closeReason: SessionClosed['reason'] | undefined;
  readonly closeDetail: string | undefined;
  readonly statements: number;
  readonly failed: number;
  /** The approval under which its identity had access to the connection; undefined when it needed none. */
  readonly access: ApprovalView | undefined;
}

/** What happened besides statements: gaps, recoveries, refused logins, cancels, notifications, views … in their place. */
export interface EventView {
  readonly index: number;
  readonly at: number;
  readonly session: string;
  readonly identity: string;
  readonly type: string;
  /** One line for people. */
  readonly summary: string;
}

/** An event with everything that was recorded of it. */
export interface RecordedEvent extends EventView {
  readonly body: Body;
}

/** A session on a connection's server that did not come through the gateway. Texts are what the server said. */
export interface BlindSessionView {
  /** Index of the entry that told of it first. */
  readonly index: number;
  readonly connection: string;
  readonly backendPid: number;
  /** By the server's clock. */
  readonly startedAt: number;
  readonly firstSeenAt: number;
  readonly user: string;
  readonly database: string;
  readonly address: string;
  readonly application: string;
  readonly kind: string;
  readonly connector: string | undefined;
  readonly end: BlindSessionEnd;
}

/**
 * `there`: nobody has seen it end, and somebody watches. `not known`: it was there when the watch stopped, at `sinceAt`, and
 * when somebody watched again, at `untilAt`, it was not, or nobody watches.
 */
export type BlindSessionEnd =
  | { readonly type: 'ended'; readonly lastSeenAt: number }
  | { readonly type: 'there' }
  | { readonly type: 'not known'; readonly sinceAt: number | undefined; readonly untilAt: number | undefined };

/** Blind sessions of a database that were counted and not seen, at some time or other from the first to the last count. */
export interface UnseenView {
  readonly connection: string;
  readonly database: string;
  readonly count: number;
  readonly fromAt: number;
  readonly untilAt: number;
}

/** What stands in a timeline. */
export type TimelineItem =
  | { readonly type: 'statement'; readonly view: StatementView }
  | { readonly type: 'event'; readonly view: EventView };
