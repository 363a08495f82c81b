import type {
  ApprovalEnded,
  Body,
  Claimed,
  Decision,
  LearnedType,
  MaskedColumn,
  OpenSessionHead,
  Outcome,
  Statement,
  TransactionStatus,
  UnusedApproval,
} from '../entry.ts';
import { bytes, flag, int32, list, oneOf, set, text, texts, uint, uint32 } from './field-codec.ts';
import { type Fields, type Layout, layout, optional, required, since, struct } from './layout.ts';

/** A type of body: its number, which never changes its meaning, and its fields. */
interface BodyFormat {
  readonly number: number;
  /** The first version of the format that has it. */
  readonly since: number;
  readonly layout: Layout;
}

/** What a body of the type holds besides its type. */
type Content<Type extends Body['type']> = Omit<Extract<Body, { readonly type: Type }>, 'type'>;

const transactionStatus = oneOf<TransactionStatus>({ I: 0, T: 1, E: 2 });

const statementKind = oneOf<Statement['kind']>({
  simple: 0,
  execute: 1,
  fetch: 2,
  prepare: 3,
  bind: 4,
  call: 5,
  replication: 6,
});

const outcomeKind = oneOf<Outcome['outcome']>({
  completed: 0,
  failed: 1,
  skipped: 2,
  cancelled: 3,
  refused: 4,
  suspended: 5,
  'client gone': 6,
  unknown: 7,
});

const claimed = struct<Claimed>({
  applicationName: optional(1, text),
  runId: optional(2, text),
  traceparent: optional(3, text),
  onBehalfOf: since(2, optional(4, text)),
});

const unusedApproval = struct<UnusedApproval>({
  approval: required(1, text),
  of: optional(2, uint),
  approved: optional(3, set),
  answered: optional(4, set),
  identity: optional(5, text),
});

const openSessionHead = struct<OpenSessionHead>({
  session: required(1, text),
  identity: required(2, text),
  seq: required(3, uint),
  hash: required(4, bytes),
  statements: required(5, uint),
  openStatements: required(6, list(uint)),
  unusedApprovals: since(3, optional(7, list(unusedApproval))),
});

const learnedType = struct<LearnedType>({
  oid: required(1, uint32),
  name: required(2, text),
  kind: required(3, text),
  of: required(4, uint32),
  array: required(5, flag),
  fields: optional(
    6,
    list(struct<{ name: string; type: number }>({ name: required(1, text), type: required(2, uint32) })),
  ),
});

const position = struct<{ index: number; count: number }>({ index: required(1, uint), count: required(2, uint) });

const identityHead = struct<{ identity: string; seq: number; hash: Uint8Array }>({
  identity: required(1, text),
  seq: required(2, uint),
  hash: required(3, bytes),
});

const decision = oneOf<Decision['decision']>({ allow: 0, approve: 1, deny: 2 });

const matchedRule = struct<Decision['rules'][number]>({
  rule: required(1, text),
  then: required(2, decision),
  via: optional(3, text),
});

const approversAsked = struct<{ rule: string; group: string; count: number }>({
  rule: required(1, text),
  group: required(2, text),
  count: required(3, uint),
});

const approvalResult = oneOf<ApprovalEnded['result']>({
  approved: 0,
  denied: 1,
  expired: 2,
  'client gone': 3,
  cancelled: 4,
  'session ended': 5,
  revoked: 6,
  'gateway stopped': 7,
  'gateway died': 8,
});

const maskAction = oneOf<MaskedColumn['action']>({ null: 0, redact: 1, partial: 2, hash: 3 });

const maskedColumn = struct<MaskedColumn>({
  column: required(1, uint),
  name: required(2, text),
  rule: required(3, text),
  action: required(4, maskAction),
  values: required(5, uint),
});

const detection = struct<{ detector: string; action: MaskedColumn['action']; values: number }>({
  detector: required(1, text),
  action: required(2, maskAction),
  values: required(3, uint),
});

/**
 * The byte format: every type of body with its number, every field with its number, and what came with a later version
 * than the first. It is also the table of docs/journal-format.md. Numbers are never given to something else; a new type
 * or field is a new version.
 */
export const bodies: { readonly [Type in Body['type']]: BodyFormat } = {
  gateway_started: body<'gateway_started'>(1, {
    version: required(1, text),
    configuration: required(2, text),
    pid: required(3, uint),
    host: required(4, text),
    listen: required(5, text),
  }),
  gateway_stopped: body<'gateway_stopped'>(2, { reason: required(1, text) }),
  configured: body<'configured'>(3, { configuration: required(1, text) }),
  recovered: body<'recovered'>(4, {
    segment: required(1, text),
    entries: required(2, uint),
    discardedBytes: required(3, uint),
    openSessions: required(4, uint),
    openStatements: required(5, uint),
  }),
  gap: body<'gap'>(5, {
    reason: required(1, text),
    fromAt: optional(2, uint),
    untilAt: optional(3, uint),
    connection: since(2, optional(4, text)),
  }),
  heads: body<'heads'>(6, {
    identities: required(1, list(identityHead)),
    sessions: required(2, list(openSessionHead)),
  }),
  session_opened: body<'session_opened'>(7, {
    identityKind: required(1, oneOf({ agent: 0, service: 1, person: 2 })),
    groups: required(2, list(text)),
    method: required(3, text),
    credential: required(4, text),
    connection: required(5, text),
    database: required(6, text),
    role: required(7, text),
    upstream: required(8, text),
    backendPid: required(9, int32),
    client: required(10, text),
    tls: optional(11, text),
    protocol: required(12, uint32),
    configuration: required(13, text),
    durability: required(14, oneOf({ 'before-forward': 0, 'before-reveal': 1, relaxed: 2 })),
    claimed: required(15, claimed),
    parameters: required(16, texts),
    replication: optional(17, flag),
    connector: since(2, optional(18, text)),
    onBehalfOf: since(2, optional(19, text)),
    issuer: since(2, optional(20, text)),
    credentialExpiresAt: since(2, optional(21, uint)),
  }),
  session_closed: body<'session_closed'>(8, {
    reason: required(
      1,
      oneOf({
        'client terminated': 0,
        'client lost': 1,
        'upstream lost': 2,
        'terminated by the gateway': 3,
        'gateway shut down': 4,
        'gateway died': 5,
      }),
    ),
    detail: optional(2, text),
    statements: required(3, uint),
  }),
  login_refused: body<'login_refused'>(9, {
    user: required(1, text),
    database: required(2, text),
    client: required(3, text),
    reason: required(4, text),
  }),
  token_created: body<'token_created'>(10, {
    token: required(1, text),
    forIdentity: required(2, text),
    by: required(3, text),
    createdAt: required(4, uint),
    expiresAt: optional(5, uint),
  }),
  token_revoked: body<'token_revoked'>(11, {
    token: required(1, text),
    forIdentity: required(2, text),
    by: required(3, text),
    revokedAt: required(4, uint),
  }),
  viewed: body<'viewed'>(12, {
    viewer: required(1, text),
    viewedAt: required(2, uint),
    command: required(3, text),
    target: required(4, text),
  }),
  statement: body<'statement'>(13, {
    n: required(1, uint),
    kind: required(2, statementKind),
    sql: optional(3, bytes),
    sqlOf: optional(4, uint),
    redacted: optional(5, flag),
    statementName: optional(6, bytes),
    portal: optional(7, bytes),
    parameterTypes: optional(8, list(uint32)),
    parameters: optional(9, bytes),
    parametersOf: optional(10, uint),
    parts: optional(11, uint),
    portalOf: optional(12, uint),
    maxRows: optional(13, uint),
    position: optional(14, position),
    transactionBefore: required(15, transactionStatus),
    traceparent: optional(16, text),
  }),
  statement_part: body<'statement_part'>(14, { n: required(1, uint), bytes: required(2, bytes) }),
  rows: body<'rows'>(15, { of: required(1, uint), count: required(2, uint), messages: required(3, bytes) }),
  copy_in: body<'copy_in'>(16, { of: required(1, uint), count: required(2, uint), messages: required(3, bytes) }),
  copy_in_ended: body<'copy_in_ended'>(17, {
    of: required(1, uint),
    failure: optional(2, bytes),
    messages: required(3, uint),
    bytes: required(4, uint),
    digest: required(5, bytes),
    truncated: optional(6, flag),
  }),
  outcome: body<'outcome'>(18, {
    of: required(1, uint),
    outcome: required(2, outcomeKind),
    more: optional(3, set),
    tag: optional(4, text),
    rowCount: required(5, uint),
    rowBytes: required(6, uint),
    columns: optional(7, bytes),
    columnsOf: optional(8, uint),
    rows: optional(9, bytes),
    truncatedAt: optional(10, uint),
    digest: optional(11, bytes),
    error: optional(12, bytes),
    reason: optional(13, text),
    notices: optional(14, list(bytes)),
    noticesDropped: optional(15, uint),
    functionResult: optional(16, bytes),
    parameterTypes: optional(17, list(uint32)),
    transactionAfter: optional(18, transactionStatus),
    forwardedUs: optional(19, uint),
    firstByteUs: optional(20, uint),
    completedUs: optional(21, uint),
    copy: optional(22, oneOf({ in: 0, out: 1 })),
  }),
  cancel_requested: body<'cancel_requested'>(19, { client: required(1, text), of: optional(2, uint) }),
  server_message: body<'server_message'>(20, {
    message: required(1, oneOf({ error: 0, notice: 1, notification: 2, parameter_status: 3 })),
    after: optional(2, uint),
    body: required(3, bytes),
  }),
  replication_data: body<'replication_data'>(21, {
    of: required(1, uint),
    direction: required(2, oneOf({ 'to client': 0, 'to server': 1 })),
    messages: required(3, uint),
    bytes: required(4, uint),
    digest: required(5, bytes),
  }),
  types_learned: body<'types_learned'>(22, {
    connection: required(1, text),
    database: required(2, text),
    types: required(3, list(learnedType)),
  }),
  connector_enrollment_created: bodySince2<'connector_enrollment_created'>(23, {
    enrollment: required(1, text),
    connector: required(2, text),
    by: required(3, text),
    createdAt: required(4, uint),
    expiresAt: required(5, uint),
  }),
  connector_enrolled: bodySince2<'connector_enrolled'>(24, {
    connector: required(1, text),
    enrollment: required(2, text),
    certificate: required(3, text),
    client: required(4, text),
    notAfter: required(5, uint),
  }),
  connector_renewed: bodySince2<'connector_renewed'>(25, {
    connector: required(1, text),
    certificate: required(2, text),
    previous: required(3, text),
    client: required(4, text),
    notAfter: required(5, uint),
  }),
  connector_connected: bodySince2<'connector_connected'>(26, {
    connector: required(1, text),
    certificate: required(2, text),
    client: required(3, text),
    version: required(4, text),
    host: required(5, text),
    instance: required(6, text),
    connections: required(7, list(text)),
  }),
  connector_disconnected: bodySince2<'connector_disconnected'>(27, {
    connector: required(1, text),
    instance: required(2, text),
    reason: required(3, text),
    sessions: required(4, uint),
  }),
  connector_refused: bodySince2<'connector_refused'>(28, {
    client: required(1, text),
    reason: required(2, text),
    connector: optional(3, text),
    connection: optional(4, text),
  }),
  connector_revoked: bodySince2<'connector_revoked'>(29, {
    connector: required(1, text),
    by: required(2, text),
    revokedAt: required(3, uint),
  }),
  watch_started: bodySince2<'watch_started'>(30, {
    connection: required(1, text),
    connector: optional(2, text),
    role: required(3, text),
    backendPid: required(4, int32),
    everyMs: required(5, uint),
    limits: optional(6, list(text)),
    afresh: optional(7, flag),
  }),
  blind_session: bodySince2<'blind_session'>(31, {
    connection: required(1, text),
    backendPid: required(2, int32),
    startedAt: required(3, uint),
    seenAt: required(4, uint),
    user: required(5, text),
    database: required(6, text),
    address: required(7, text),
    application: required(8, text),
    kind: required(9, text),
    connector: optional(10, text),
  }),
  blind_session_ended: bodySince2<'blind_session_ended'>(32, {
    connection: required(1, text),
    backendPid: required(2, int32),
    startedAt: required(3, uint),
    lastSeenAt: required(4, uint),
  }),
  blind_sessions_unseen: bodySince2<'blind_sessions_unseen'>(33, {
    connection: required(1, text),
    database: required(2, text),
    count: required(3, uint),
    fromAt: required(4, uint),
    untilAt: required(5, uint),
  }),
  decision: bodySince3<'decision'>(34, {
    of: required(1, uint),
    decision: required(2, decision),
    rules: required(3, list(matchedRule)),
  }),
  approval_requested: bodySince3<'approval_requested'>(35, {
    approval: required(1, text),
    scope: required(2, oneOf({ statement: 0, session: 1 })),
    of: optional(3, uint),
    hash: required(4, text),
    asks: required(5, list(approversAsked)),
    expiresAt: required(6, uint),
    reason: optional(7, text),
    connection: optional(8, text),
  }),
  approval_evidence: bodySince3<'approval_evidence'>(36, {
    approval: required(1, text),
    of: optional(2, uint),
    explain: optional(3, text),
    rows: optional(4, uint),
    rowsAreEstimated: optional(5, flag),
    locks: optional(6, list(text)),
    problem: optional(7, text),
  }),
  approval_voted: bodySince3<'approval_voted'>(37, {
    approval: required(1, text),
    of: optional(2, uint),
    by: required(3, text),
    vote: required(4, oneOf({ approve: 0, deny: 1 })),
    reason: required(5, text),
    votedAt: required(6, uint),
  }),
  approval_ended: bodySince3<'approval_ended'>(38, {
    approval: required(1, text),
    of: optional(2, uint),
    result: required(3, approvalResult),
    by: required(4, list(text)),
    reason: optional(5, text),
    usableUntil: optional(6, uint),
  }),
  approval_used: bodySince3<'approval_used'>(39, { approval: required(1, text), of: optional(2, uint) }),
  masked: bodySince3<'masked'>(40, {
    of: required(1, uint),
    columns: required(2, list(maskedColumn)),
    detected: required(3, list(detection)),
    withheld: required(4, uint),
  }),
};

function body<Type extends Body['type']>(number: number, fields: Fields<Content<Type>>): BodyFormat {
  return { number, since: 1, layout: layout<Content<Type>>(fields) };
}

function bodySince2<Type extends Body['type']>(number: number, fields: Fields<Content<Type>>): BodyFormat {
  return { number, since: 2, layout: layout<Content<Type>>(fields) };
}

function bodySince3<Type extends Body['type']>(number: number, fields: Fields<Content<Type>>): BodyFormat {
  return { number, since: 3, layout: layout<Content<Type>>(fields) };
}
