/**
 * What the journal holds: one type per event. Types only; the byte format is `codec.ts`, the file `docs/journal-format.md`.
 *
 * Texts that Postgres and the client exchanged are kept as the bytes they were (`Uint8Array`), in the `client_encoding`
 * in force; they are decoded when somebody reads, never when they are captured.
 * Times: `…At` is wall-clock microseconds since 1970 (UTC); `…Us` is microseconds of the gateway's monotonic clock since
 * its process started, and only comparable within one gateway run.
 */

/** Sixteen characters of Crockford base 32, lower case: 48 bits of Unix milliseconds, 30 random bits. */
export type SessionId = string;

/** The gateway's own events belong to the session `''` and the identity `''`. */
export const gatewaySession: SessionId = '';

/** What is known of an entry besides its body. The journal fills in all of it but session and identity. */
export interface Envelope {
  /** Place in the journal, from 0, contiguous. Not part of the entry's bytes: it follows from where they are. */
  readonly index: number;
  readonly at: number;
  readonly us: number;
  readonly session: SessionId;
  /** Contiguous from 0 within the session. */
  readonly sessionSeq: number;
  readonly identity: string;
  /** Contiguous from 0 within the identity, across its sessions. */
  readonly identitySeq: number;
  /** SHA-256 of the session's previous entry; 32 zero bytes for its first. */
  readonly previousInSession: Uint8Array;
  /** SHA-256 of the identity's previous entry; 32 zero bytes for its first. */
  readonly previousOfIdentity: Uint8Array;
}

/** An entry as it is read back. */
export interface Entry extends Envelope {
  /** SHA-256 of the entry's bytes. */
  readonly hash: Uint8Array;
  readonly body: Body;
}

/** Whose entry it is: the two chains that it continues. */
export interface Chains {
  readonly session: SessionId;
  readonly identity: string;
}

export type Body =
  | GatewayStarted
  | GatewayStopped
  | Configured
  | Recovered
  | Gap
  | Heads
  | SessionOpened
  | SessionClosed
  | LoginRefused
  | TokenCreated
  | TokenRevoked
  | Viewed
  | Statement
  | StatementPart
  | Rows
  | CopyIn
  | CopyInEnded
  | Outcome
  | CancelRequested
  | ServerMessage
  | ReplicationData
  | TypesLearned
  | ConnectorEnrollmentCreated
  | ConnectorEnrolled
  | ConnectorRenewed
  | ConnectorConnected
  | ConnectorDisconnected
  | ConnectorRefused
  | ConnectorRevoked
  | WatchStarted
  | BlindSession
  | BlindSessionEnded
  | BlindSessionsUnseen
  | Decision
  | ApprovalRequested
  | ApprovalEvidence
  | ApprovalVoted
  | ApprovalEnded
  | ApprovalUsed
  | Masked;

export interface GatewayStarted {
  readonly type: 'gateway_started';
  readonly version: string;
  /** SHA-256 of the configuration's canonical form, hex. */
  readonly configuration: string;
  readonly pid: number;
  readonly host: string;
  readonly listen: string;
}

export interface GatewayStopped {
  readonly type: 'gateway_stopped';
  readonly reason: string;
}

/** A configuration came into force after the start (SIGHUP). */
export interface Configured {
  readonly type: 'configured';
  readonly configuration: string;
}

/** The journal was opened and was not closed in order: what was found, what was given up. */
export interface Recovered {
  readonly type: 'recovered';
  /** Name of the segment file whose verified prefix was carried over. */
  readonly segment: string;
  /** Entries of that segment that verified. */
  readonly entries: number;
  /** Bytes behind the verified prefix that were not a whole batch; 0 when it ended cleanly. */
  readonly discardedBytes: number;
  readonly openSessions: number;
  readonly openStatements: number;
}

/** Something that could not be observed. */
export interface Gap {
  readonly type: 'gap';
  readonly reason: string;
  readonly fromAt?: number;
  readonly untilAt?: number;
  /**
   * The connection whose watch did not run; absent when the gap is the gateway's own. Without `untilAt` it lasts until the
   * next `watch_started` of the connection.
   */
  readonly connection?: string;
}

/** First entry of every segment: where each chain stands, so that recovery needs the last segment only. */
export interface Heads {
  readonly type: 'heads';
  readonly identities: readonly { readonly identity: string; readonly seq: number; readonly hash: Uint8Array }[];
  readonly sessions: readonly OpenSessionHead[];
}

export interface OpenSessionHead {
  readonly session: SessionId;
  readonly identity: string;
  readonly seq: number;
  readonly hash: Uint8Array;
  /** Statements recorded so far. */
  readonly statements: number;
  /** Numbers of the statements whose outcome is still owed. */
  readonly openStatements: readonly number[];
  /** Absent when there are none. */
  readonly unusedApprovals?: readonly UnusedApproval[];
}

/**
 * A question that has not ended; or one for a statement that ended `approved`, and was not used. What waits for it was not
 * forwarded: the open statements of the session from `of` on.
 */
export interface UnusedApproval {
  readonly approval: string;
  /** As in `approval_requested`. */
  readonly of?: number;
  readonly approved?: true;
  /** A statement from `of` on has an outcome: nothing waits for it any more. */
  readonly answered?: true;
  /** Who asks, when the question stands in no session of theirs, but in the session `''`. */
  readonly identity?: string;
}

export interface SessionOpened {
  readonly type: 'session_opened';
  readonly identityKind: 'agent' | 'service' | 'person';
  readonly groups: readonly string[];
  /** How it authenticated: `token`, `jwt`, `oauth`, `certificate`. */
  readonly method: string;
  /** Which credential, never the credential itself: a token's id, the fingerprint of a certificate. */
  readonly credential: string;
  readonly connection: string;
  /** The upstream database, role and address that were reached. */
  readonly database: string;
  readonly role: string;
  readonly upstream: string;
  /** Process id of the Postgres backend that serves the session. */
  readonly backendPid: number;
  readonly client: string;
  /** `TLSv1.3` and the like; absent without TLS. */
  readonly tls?: string;
  /** Protocol version asked for, 3.0 as `196608`. */
  readonly protocol: number;
  readonly configuration: string;
  readonly durability: Durability;
  readonly claimed: Claimed;
  /** ParameterStatus of the server at the start: server_version, client_encoding, DateStyle … */
  readonly parameters: { readonly [name: string]: string };
  readonly replication?: boolean;
  /** The connector that dialled Postgres; absent when the gateway did. */
  readonly connector?: string;
  /** On whose behalf the identity acts, as the issuer of its credential says: verified, unlike `claimed.onBehalfOf`. */
  readonly onBehalfOf?: string;
  /** Name, in the configuration, of the issuer of the credential; absent when the gateway issued it. */
  readonly issuer?: string;
  /** When the credential that opened the session ends; absent when it does not. */
  readonly credentialExpiresAt?: number;
}

export type Durability = 'before-forward' | 'before-reveal' | 'relaxed';

/** What the client says of itself; nobody checked it. */
export interface Claimed {
  readonly applicationName?: string;
  readonly runId?: string;
  readonly traceparent?: string;
  /** On whose behalf the client says that it acts. */
  readonly onBehalfOf?: string;
}

export interface SessionClosed {
  readonly type: 'session_closed';
  readonly reason:
    | 'client terminated'
    | 'client lost'
    | 'upstream lost'
    | 'terminated by the gateway'
    | 'gateway shut down'
    | 'gateway died';
  readonly detail?: string;
  /** Statements recorded in the session. */
  readonly statements: number;
}

/** Somebody was not let in. `user`, `database` are what was claimed, cut to 256 bytes. */
export interface LoginRefused {
  readonly type: 'login_refused';
  readonly user: string;
  readonly database: string;
  readonly client: string;
  readonly reason: string;
}

/** `token` is the credential's id, never the secret. `by` is the operating-system user who ran the command. */
export interface TokenCreated {
  readonly type: 'token_created';
  readonly token: string;
  readonly forIdentity: string;
  readonly by: string;
  readonly createdAt: number;
  readonly expiresAt?: number;
}

export interface TokenRevoked {
  readonly type: 'token_revoked';
  readonly token: string;
  readonly forIdentity: string;
  readonly by: string;
  readonly revokedAt: number;
}

/** Somebody looked at a recording. Written when the gateway hears of it; `viewedAt` is when it happened. */
export interface Viewed {
  readonly type: 'viewed';
  readonly viewer: string;
  readonly viewedAt: number;
  readonly command: string;
  readonly target: string;
}

/**
 * One command, before it goes to Postgres. Kinds:
 * `simple`: one statement of a simple Query. `execute`: Parse, Bind and Execute of the extended protocol.
 * `fetch`: another Execute of the portal of statement `portalOf`. `prepare`: a Parse that was not executed in the same
 * group. `bind`: a Bind that was not executed in the same group. `call`: FunctionCall. `replication`: a command in
 * walsender mode.
 * A `prepare` or `bind` owes no outcome; one is written when it fails, is skipped or refused.
 */
export interface Statement {
  readonly type: 'statement';
  /** Number of the statement in its session, from 1. */
  readonly n: number;
  readonly kind: 'simple' | 'execute' | 'fetch' | 'prepare' | 'bind' | 'call' | 'replication';
  /** The exact SQL as it arrived (see `redacted`). Absent when `sqlOf` says where it stands, or it is not known. */
  readonly sql?: Uint8Array;
  /** The statement of this session that carries the text: a `prepare`, or an `execute` that parsed it. */
  readonly sqlOf?: number;
  /** True when password literals in `sql` were replaced. */
  readonly redacted?: boolean;
  /** Name of the prepared statement and the portal; absent for the unnamed ones. */
  readonly statementName?: Uint8Array;
  readonly portal?: Uint8Array;
  /** Parameter types that Parse named (0: left to the server). */
  readonly parameterTypes?: readonly number[];
  /**
   * Parameters exactly as they arrived: the body of Bind behind its two names (format codes, values, result format
   * codes), or the body of FunctionCall.
   */
  readonly parameters?: Uint8Array;
  /** The `bind` of this session that carries the parameters. */
  readonly parametersOf?: number;
  /** For a parameter set that was too large for one entry: how many `statement_part`s with this `n` stand before. */
  readonly parts?: number;
  /** For `fetch`: the `execute` that opened the portal. */
  readonly portalOf?: number;
  /** Row limit of Execute; absent when there is none. */
  readonly maxRows?: number;
  /** For `simple`: which statement of how many in one Query, from 0. Absent when it stands alone. */
  readonly position?: { readonly index: number; readonly count: number };
  /** Transaction status when the statement arrived, as far as the gateway knew then. */
  readonly transactionBefore: TransactionStatus;
  /** Claimed trace context found in a comment of the SQL (sqlcommenter). */
  readonly traceparent?: string;
}

/** As in ReadyForQuery: idle, in a transaction, in a failed transaction. */
export type TransactionStatus = 'I' | 'T' | 'E';

/** A piece of a Bind too large for one entry: together, in order, they are its `parameters`. */
export interface StatementPart {
  readonly type: 'statement_part';
  readonly n: number;
  readonly bytes: Uint8Array;
}

/** Rows of a statement that has not ended: whole DataRow messages (or CopyData of COPY OUT) as the client sees them. */
export interface Rows {
  readonly type: 'rows';
  readonly of: number;
  readonly count: number;
  readonly messages: Uint8Array;
}

/** Data of COPY IN, before it is forwarded: CopyData messages as they arrived, up to the cap. */
export interface CopyIn {
  readonly type: 'copy_in';
  readonly of: number;
  readonly count: number;
  readonly messages: Uint8Array;
}

/** CopyDone or CopyFail, before it is forwarded. */
export interface CopyInEnded {
  readonly type: 'copy_in_ended';
  readonly of: number;
  /** Message of CopyFail; absent for CopyDone. */
  readonly failure?: Uint8Array;
  readonly messages: number;
  readonly bytes: number;
  /** SHA-256 over all CopyData messages as they arrived, headers included. */
  readonly digest: Uint8Array;
  readonly truncated?: boolean;
}

/** How a statement ended. */
export type OutcomeKind =
  | 'completed'
  | 'failed'
  | 'skipped'
  | 'cancelled'
  | 'refused'
  | 'suspended'
  | 'client gone'
  | 'unknown';

/** What came back. Several outcomes of one statement add up: each but the last says `more`. */
export interface Outcome {
  readonly type: 'outcome';
  readonly of: number;
  readonly outcome: OutcomeKind;
  /** The statement goes on: a Query whose statements could not be told apart answers with several tags. */
  readonly more?: true;
  /** CommandComplete's tag; absent for an empty query, an error, a suspended portal. */
  readonly tag?: string;
  readonly rowCount: number;
  /** Bytes of the row messages (or COPY OUT data messages), headers included. */
  readonly rowBytes: number;
  /** It was a COPY FROM STDIN or TO STDOUT: `columns` is then the body of CopyInResponse or CopyOutResponse. */
  readonly copy?: 'in' | 'out';
  /** Body of RowDescription as the client saw it. */
  readonly columns?: Uint8Array;
  /** The earlier statement of this session whose outcome carries the same columns. */
  readonly columnsOf?: number;
  /** Captured rows that no `rows` entry holds yet. */
  readonly rows?: Uint8Array;
  /** How many rows the `rows` entries and this one hold together, when that is fewer than `rowCount`. */
  readonly truncatedAt?: number;
  /**
   * SHA-256 over all row messages as the client saw them, headers included. Absent without rows, and where `rows` of this
   * entry holds all of them: it is the SHA-256 of `rows` then.
   */
  readonly digest?: Uint8Array;
  /** Body of ErrorResponse, as the client saw it. */
  readonly error?: Uint8Array;
  /** Why, when the gateway itself ended it, or could not know. */
  readonly reason?: string;
  /** Bodies of NoticeResponse while the statement ran, up to a cap. */
  readonly notices?: readonly Uint8Array[];
  readonly noticesDropped?: number;
  /** Body of FunctionCallResponse. */
  readonly functionResult?: Uint8Array;
  /** Parameter type OIDs of the statement, when ParameterDescription told them. */
  readonly parameterTypes?: readonly number[];
  readonly transactionAfter?: TransactionStatus;
  readonly forwardedUs?: number;
  readonly firstByteUs?: number;
  readonly completedUs?: number;
}

/** A cancel request arrived for the session and was sent on. */
export interface CancelRequested {
  readonly type: 'cancel_requested';
  readonly client: string;
  /** The statement that was under way, if any. */
  readonly of?: number;
}

/** A server message that belongs to no statement: its body as the client saw it. */
export interface ServerMessage {
  readonly type: 'server_message';
  readonly message: 'error' | 'notice' | 'notification' | 'parameter_status';
  /** The last statement before it, if any. */
  readonly after?: number;
  readonly body: Uint8Array;
}

/** Progress of a replication stream: counts and a digest for each direction since the last such entry. */
export interface ReplicationData {
  readonly type: 'replication_data';
  readonly of: number;
  readonly direction: 'to client' | 'to server';
  readonly messages: number;
  readonly bytes: number;
  readonly digest: Uint8Array;
}

/** What the catalog of a connection's database says of types that are not built in, so that values stay readable. */
export interface TypesLearned {
  readonly type: 'types_learned';
  readonly connection: string;
  readonly database: string;
  readonly types: readonly LearnedType[];
}

export interface LearnedType {
  readonly oid: number;
  readonly name: string;
  /** pg_type.typtype: b base, c composite, d domain, e enum, m multirange, p pseudo, r range. */
  readonly kind: string;
  /** Element of an array, base of a domain, subtype of a range, range of a multirange; 0 otherwise. */
  readonly of: number;
  readonly array: boolean;
  readonly fields?: readonly { readonly name: string; readonly type: number }[];
}

/**
 * A token that enrols a connector was made. `enrollment` is its id, never the secret. `by` is the operating-system user
 * who ran the command.
 */
export interface ConnectorEnrollmentCreated {
  readonly type: 'connector_enrollment_created';
  readonly enrollment: string;
  readonly connector: string;
  readonly by: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** A connector used its enrolment and was given its first certificate. */
export interface ConnectorEnrolled {
  readonly type: 'connector_enrolled';
  readonly connector: string;
  readonly enrollment: string;
  /** SHA-256 of the certificate's DER, hex. */
  readonly certificate: string;
  readonly client: string;
  /** End of the certificate's life. */
  readonly notAfter: number;
}

/** A connector was given a new certificate for a new key. Certificates as in `connector_enrolled`. */
export interface ConnectorRenewed {
  readonly type: 'connector_renewed';
  readonly connector: string;
  readonly certificate: string;
  /** The certificate that it showed. */
  readonly previous: string;
  readonly client: string;
  readonly notAfter: number;
}

/** A connector's link came up. */
export interface ConnectorConnected {
  readonly type: 'connector_connected';
  readonly connector: string;
  readonly certificate: string;
  readonly client: string;
  /** Version of Onrecord that it runs, and its host, as it says. */
  readonly version: string;
  readonly host: string;
  /** Tells processes of the same connector apart; another each time that one starts. */
  readonly instance: string;
  /** The connections that it serves from now on. */
  readonly connections: readonly string[];
}

export interface ConnectorDisconnected {
  readonly type: 'connector_disconnected';
  readonly connector: string;
  readonly instance: string;
  readonly reason: string;
  /** Sessions that ended with the link. */
  readonly sessions: number;
}

/** Somebody at the connectors' port was not let in, or one connection that a connector offered was not taken. */
export interface ConnectorRefused {
  readonly type: 'connector_refused';
  readonly client: string;
  readonly reason: string;
  /** As its certificate or token names it; absent when neither could be trusted that far. */
  readonly connector?: string;
  /** The offer that was not taken, when the rest were. */
  readonly connection?: string;
}

/** No certificate of the connector is good any more. `by` is the operating-system user who ran the command. */
export interface ConnectorRevoked {
  readonly type: 'connector_revoked';
  readonly connector: string;
  readonly by: string;
  readonly revokedAt: number;
}

/**
 * From here on, sessions on the connection's server that did not come through the gateway are seen: until a `gap` of the
 * connection, or the end of the gateway's run. Each run of a gateway says so anew.
 */
export interface WatchStarted {
  readonly type: 'watch_started';
  readonly connection: string;
  /** Who watches; absent when the gateway does. */
  readonly connector?: string;
  /** The database role that watches, its backend, and how often it looks. */
  readonly role: string;
  readonly backendPid: number;
  readonly everyMs: number;
  /** What it cannot see, a sentence each; absent when it sees all. */
  readonly limits?: readonly string[];
  /** It remembers nothing of before: blind sessions that are there are recorded again behind this, the others have ended. */
  readonly afresh?: boolean;
}

/**
 * A session on the connection's server that did not come through the gateway was seen for the first time; or again, by a
 * watch that began afresh. What is said of it is what `pg_stat_activity` said; a text that is null there is
 * `''`. `startedAt` is the server's clock, and with `connection` and `backendPid` it tells blind sessions apart.
 */
export interface BlindSession {
  readonly type: 'blind_session';
  readonly connection: string;
  readonly backendPid: number;
  readonly startedAt: number;
  readonly seenAt: number;
  readonly user: string;
  readonly database: string;
  /** `local` for a Unix socket. */
  readonly address: string;
  /** `application_name`, as its client says. */
  readonly application: string;
  /** `client backend`, `walsender`; `unknown` when the server does not say. */
  readonly kind: string;
  readonly connector?: string;
}

/** A blind session was not there any more. */
export interface BlindSessionEnded {
  readonly type: 'blind_session_ended';
  readonly connection: string;
  readonly backendPid: number;
  readonly startedAt: number;
  readonly lastSeenAt: number;
}

/** Sessions that Postgres counted and nobody saw: they were shorter than the time between two looks. */
export interface BlindSessionsUnseen {
  readonly type: 'blind_sessions_unseen';
  readonly connection: string;
  readonly database: string;
  readonly count: number;
  readonly fromAt: number;
  readonly untilAt: number;
}

/** What the policy said of a statement. Stands behind the statement's entry, and before anything is forwarded; only where a rule matched. */
export interface Decision {
  readonly type: 'decision';
  readonly of: number;
  readonly decision: 'allow' | 'approve' | 'deny';
  /** Every rule that matched. `via`: how the statement comes to run what matched (`WITH d`, `EXECUTE p`); absent for itself. */
  readonly rules: readonly {
    readonly rule: string;
    readonly then: 'allow' | 'approve' | 'deny';
    readonly via?: string;
  }[];
}

/** People are asked. It stands in the session of the one who asks, as all entries of an approval do. */
export interface ApprovalRequested {
  readonly type: 'approval_requested';
  /** The approval's id: `appr_` and twelve characters. */
  readonly approval: string;
  readonly scope: 'statement' | 'session';
  /** The statement that waits; of several in one Query or pipeline, the first; absent for `session`. */
  readonly of?: number;
  /** SHA-256, hex, over all that the approval binds to. */
  readonly hash: string;
  readonly asks: readonly { readonly rule: string; readonly group: string; readonly count: number }[];
  readonly expiresAt: number;
  /** The reason that the requester gave. */
  readonly reason?: string;
  /** For `session`: what is asked for. */
  readonly connection?: string;
}

/** What the gateway found out for the approvers, without running the statement. */
export interface ApprovalEvidence {
  readonly type: 'approval_evidence';
  readonly approval: string;
  readonly of?: number;
  /** Lines of EXPLAIN; absent when it was not asked for, `problem` says why. */
  readonly explain?: string;
  /** Rows that it would change, where they could be counted or estimated cheaply. */
  readonly rows?: number;
  readonly rowsAreEstimated?: boolean;
  /** Locks that its transaction holds, a line each. */
  readonly locks?: readonly string[];
  readonly problem?: string;
}

/** Somebody decided. */
export interface ApprovalVoted {
  readonly type: 'approval_voted';
  readonly approval: string;
  readonly of?: number;
  readonly by: string;
  readonly vote: 'approve' | 'deny';
  readonly reason: string;
  readonly votedAt: number;
}

/** A question is settled, once. Only an approval that can still be used may have a second end: `revoked`. */
export interface ApprovalEnded {
  readonly type: 'approval_ended';
  readonly approval: string;
  readonly of?: number;
  readonly result:
    | 'approved'
    | 'denied'
    | 'expired'
    | 'client gone'
    | 'cancelled'
    | 'session ended'
    | 'revoked'
    | 'gateway stopped'
    | 'gateway died';
  readonly by: readonly string[];
  readonly reason?: string;
  /** `approved`: until when it covers the same question again; absent: once. */
  readonly usableUntil?: number;
}

/** What an approval covers is about to be forwarded: written before it is. */
export interface ApprovalUsed {
  readonly type: 'approval_used';
  readonly approval: string;
  readonly of?: number;
}

/** What was hidden of a statement's answer; stands in front of the outcome. Never the hidden value. */
export interface Masked {
  readonly type: 'masked';
  readonly of: number;
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

export interface MaskedColumn {
  /** From 0. */
  readonly column: number;
  readonly name: string;
  /** `public.customers.email`; `unknown source` where it could not be told. */
  readonly rule: string;
  readonly action: 'null' | 'redact' | 'partial' | 'hash';
  /** Values that were not NULL. */
  readonly values: number;
}
