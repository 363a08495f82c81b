import fc from 'fast-check';
import type { ApprovalEnded, Body, Envelope, SessionClosed, UnusedApproval } from '../entry.ts';

/** Arbitrary entries for property tests: one arbitrary for each type of body, every optional field there or not. */

const uint = fc.oneof(fc.nat({ max: 300 }), fc.maxSafeNat());
const uint32 = fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 0xffff_ffff }));
const int32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const bytes = fc.uint8Array({ maxLength: 300 });
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const status = fc.constantFrom('I' as const, 'T' as const, 'E' as const);
const present = fc.constant(true as const);
const word = fc.constantFrom('allow' as const, 'approve' as const, 'deny' as const);
const action = fc.constantFrom('null' as const, 'redact' as const, 'partial' as const, 'hash' as const);
const names = fc.dictionary(fc.oneof(text, fc.constantFrom('__proto__', 'constructor', '7')), text, {
  noNullPrototype: true,
});

type BodyOf<Type extends Body['type']> = Extract<Body, { readonly type: Type }>;
type Content<Type extends Body['type']> = Omit<BodyOf<Type>, 'type'>;

/** Properties of a body with the optional ones left out or not. */
function record<Value extends object>(
  required: (keyof Value)[],
  model: { [Key in keyof Value]-?: fc.Arbitrary<Exclude<Value[Key], undefined>> },
): fc.Arbitrary<Value> {
  return fc.record(model, { requiredKeys: required as never, noNullPrototype: true }) as unknown as fc.Arbitrary<Value>;
}

const contents: { readonly [Type in Body['type']]: fc.Arbitrary<Content<Type>> } = {
  gateway_started: fc.record({ version: text, configuration: text, pid: uint, host: text, listen: text }),
  gateway_stopped: fc.record({ reason: text }),
  configured: fc.record({ configuration: text }),
  recovered: fc.record({
    segment: text,
    entries: uint,
    discardedBytes: uint,
    openSessions: uint,
    openStatements: uint,
  }),
  gap: record<Content<'gap'>>(['reason'], { reason: text, fromAt: uint, untilAt: uint, connection: text }),
  heads: fc.record({
    identities: fc.array(fc.record({ identity: text, seq: uint, hash }), { maxLength: 5 }),
    sessions: fc.array(
      fc.record(
        {
          session: text,
          identity: text,
          seq: uint,
          hash,
          statements: uint,
          openStatements: fc.array(uint),
          unusedApprovals: fc.array(
            record<UnusedApproval>(['approval'], {
              approval: text,
              of: uint,
              approved: present,
              answered: present,
              identity: text,
            }),
            { maxLength: 3 },
          ),
        },
        {
          requiredKeys: ['session', 'identity', 'seq', 'hash', 'statements', 'openStatements'],
          noNullPrototype: true,
        },
      ),
      { maxLength: 5 },
    ),
  }),
  session_opened: record<Content<'session_opened'>>(
    [
      'identityKind',
      'groups',
      'method',
      'credential',
      'connection',
      'database',
      'role',
      'upstream',
      'backendPid',
      'client',
      'protocol',
      'configuration',
      'durability',
      'claimed',
      'parameters',
    ],
    {
      identityKind: fc.constantFrom('agent', 'service', 'person'),
      groups: fc.array(text),
      method: text,
      credential: text,
      connection: text,
      database: text,
      role: text,
      upstream: text,
      backendPid: int32,
      client: text,
      tls: text,
      protocol: uint32,
      configuration: text,
      durability: fc.constantFrom('before-forward', 'before-reveal', 'relaxed'),
      claimed: fc.record(
        { applicationName: text, runId: text, traceparent: text, onBehalfOf: text },
        { requiredKeys: [], noNullPrototype: true },
      ),
      parameters: names,
      replication: fc.boolean(),
      connector: text,
      onBehalfOf: text,
      issuer: text,
      credentialExpiresAt: uint,
    },
  ),
  session_closed: record<Content<'session_closed'>>(['reason', 'statements'], {
    reason: fc.constantFrom<SessionClosed['reason'][]>(
      'client terminated',
      'client lost',
      'upstream lost',
      'terminated by the gateway',
      'gateway shut down',
      'gateway died',
    ),
    detail: text,
    statements: uint,
  }),
  login_refused: fc.record({ user: text, database: text, client: text, reason: text }),
  token_created: record<Content<'token_created'>>(['token', 'forIdentity', 'by', 'createdAt'], {
    token: text,
    forIdentity: text,
    by: text,
    createdAt: uint,
    expiresAt: uint,
  }),
  token_revoked: fc.record({ token: text, forIdentity: text, by: text, revokedAt: uint }),
  viewed: fc.record({ viewer: text, viewedAt: uint, command: text, target: text }),
  statement: record<Content<'statement'>>(['n', 'kind', 'transactionBefore'], {
    n: uint,
    kind: fc.constantFrom('simple', 'execute', 'fetch', 'prepare', 'bind', 'call', 'replication'),
    sql: bytes,
    sqlOf: uint,
    redacted: fc.boolean(),
    statementName: bytes,
    portal: bytes,
    parameterTypes: fc.array(uint32),
    parameters: bytes,
    parametersOf: uint,
    parts: uint,
    portalOf: uint,
    maxRows: uint,
    position: fc.record({ index: uint, count: uint }),
    transactionBefore: status,
    traceparent: text,
  }),
  statement_part: fc.record({ n: uint, bytes }),
  rows: fc.record({ of: uint, count: uint, messages: bytes }),
  copy_in: fc.record({ of: uint, count: uint, messages: bytes }),
  copy_in_ended: record<Content<'copy_in_ended'>>(['of', 'messages', 'bytes', 'digest'], {
    of: uint,
    failure: bytes,
    messages: uint,
    bytes: uint,
    digest: hash,
    truncated: fc.boolean(),
  }),
  outcome: record<Content<'outcome'>>(['of', 'outcome', 'rowCount', 'rowBytes'], {
    of: uint,
    outcome: fc.constantFrom(
      'completed',
      'failed',
      'skipped',
      'cancelled',
      'refused',
      'suspended',
      'client gone',
      'unknown',
    ),
    more: fc.constant(true as const),
    tag: text,
    rowCount: uint,
    rowBytes: uint,
    columns: bytes,
    columnsOf: uint,
    rows: bytes,
    truncatedAt: uint,
    digest: hash,
    error: bytes,
    reason: text,
    notices: fc.array(bytes),
    noticesDropped: uint,
    functionResult: bytes,
    parameterTypes: fc.array(uint32),
    transactionAfter: status,
    forwardedUs: uint,
    firstByteUs: uint,
    completedUs: uint,
    copy: fc.constantFrom('in', 'out'),
  }),
  cancel_requested: record<Content<'cancel_requested'>>(['client'], { client: text, of: uint }),
  server_message: record<Content<'server_message'>>(['message', 'body'], {
    message: fc.constantFrom('error', 'notice', 'notification', 'parameter_status'),
    after: uint,
    body: bytes,
  }),
  replication_data: fc.record({
    of: uint,
    direction: fc.constantFrom('to client' as const, 'to server' as const),
    messages: uint,
    bytes: uint,
    digest: hash,
  }),
  types_learned: fc.record({
    connection: text,
    database: text,
    types: fc.array(
      fc.record(
        {
          oid: uint32,
          name: text,
          kind: text,
          of: uint32,
          array: fc.boolean(),
          fields: fc.array(fc.record({ name: text, type: uint32 }), { maxLength: 4 }),
        },
        { requiredKeys: ['oid', 'name', 'kind', 'of', 'array'], noNullPrototype: true },
      ),
      { maxLength: 4 },
    ),
  }),
  connector_enrollment_created: fc.record({
    enrollment: text,
    connector: text,
    by: text,
    createdAt: uint,
    expiresAt: uint,
  }),
  connector_enrolled: fc.record({ connector: text, enrollment: text, certificate: text, client: text, notAfter: uint }),
  connector_renewed: fc.record({ connector: text, certificate: text, previous: text, client: text, notAfter: uint }),
  connector_connected: fc.record({
    connector: text,
    certificate: text,
    client: text,
    version: text,
    host: text,
    instance: text,
    connections: fc.array(text),
  }),
  connector_disconnected: fc.record({ connector: text, instance: text, reason: text, sessions: uint }),
  connector_refused: record<Content<'connector_refused'>>(['client', 'reason'], {
    client: text,
    reason: text,
    connector: text,
    connection: text,
  }),
  connector_revoked: fc.record({ connector: text, by: text, revokedAt: uint }),
  watch_started: record<Content<'watch_started'>>(['connection', 'role', 'backendPid', 'everyMs'], {
    connection: text,
    connector: text,
    role: text,
    backendPid: int32,
    everyMs: uint,
    limits: fc.array(text),
    afresh: fc.boolean(),
  }),
  blind_session: record<Content<'blind_session'>>(
    ['connection', 'backendPid', 'startedAt', 'seenAt', 'user', 'database', 'address', 'application', 'kind'],
    {
      connection: text,
      backendPid: int32,
      startedAt: uint,
      seenAt: uint,
      user: text,
      database: text,
      address: text,
      application: text,
      kind: text,
      connector: text,
    },
  ),
  blind_session_ended: fc.record({ connection: text, backendPid: int32, startedAt: uint, lastSeenAt: uint }),
  blind_sessions_unseen: fc.record({ connection: text, database: text, count: uint, fromAt: uint, untilAt: uint }),
  decision: fc.record({
    of: uint,
    decision: word,
    rules: fc.array(
      record<Content<'decision'>['rules'][number]>(['rule', 'then'], { rule: text, then: word, via: text }),
      { maxLength: 3 },
    ),
  }),
  approval_requested: record<Content<'approval_requested'>>(['approval', 'scope', 'hash', 'asks', 'expiresAt'], {
    approval: text,
    scope: fc.constantFrom('statement', 'session'),
    of: uint,
    hash: text,
    asks: fc.array(fc.record({ rule: text, group: text, count: uint }), { maxLength: 3 }),
    expiresAt: uint,
    reason: text,
    connection: text,
  }),
  approval_evidence: record<Content<'approval_evidence'>>(['approval'], {
    approval: text,
    of: uint,
    explain: text,
    rows: uint,
    rowsAreEstimated: fc.boolean(),
    locks: fc.array(text, { maxLength: 3 }),
    problem: text,
  }),
  approval_voted: record<Content<'approval_voted'>>(['approval', 'by', 'vote', 'reason', 'votedAt'], {
    approval: text,
    of: uint,
    by: text,
    vote: fc.constantFrom('approve', 'deny'),
    reason: text,
    votedAt: uint,
  }),
  approval_ended: record<Content<'approval_ended'>>(['approval', 'result', 'by'], {
    approval: text,
    of: uint,
    result: fc.constantFrom<ApprovalEnded['result'][]>(
      'approved',
      'denied',
      'expired',
      'client gone',
      'cancelled',
      'session ended',
      'revoked',
      'gateway stopped',
      'gateway died',
    ),
    by: fc.array(text, { maxLength: 3 }),
    reason: text,
    usableUntil: uint,
  }),
  approval_used: record<Content<'approval_used'>>(['approval'], { approval: text, of: uint }),
  masked: fc.record({
    of: uint,
    columns: fc.array(fc.record({ column: uint, name: text, rule: text, action, values: uint }), { maxLength: 3 }),
    detected: fc.array(fc.record({ detector: text, action, values: uint }), { maxLength: 3 }),
    withheld: uint,
  }),
};

/** An arbitrary body of each type. */
export const bodyArbitraries: { readonly [Type in Body['type']]: fc.Arbitrary<Body> } = Object.fromEntries(
  Object.entries(contents).map(([type, content]) => [
    type,
    (content as fc.Arbitrary<object>).map((fields) => ({ type, ...fields })),
  ]),
) as { readonly [Type in Body['type']]: fc.Arbitrary<Body> };

export const anyBody: fc.Arbitrary<Body> = fc.oneof(...Object.values(bodyArbitraries));

export const anyEnvelope: fc.Arbitrary<Omit<Envelope, 'index'>> = fc.record({
  at: uint,
  us: uint,
  session: text,
  sessionSeq: uint,
  identity: text,
  identitySeq: uint,
  previousInSession: hash,
  previousOfIdentity: hash,
});
