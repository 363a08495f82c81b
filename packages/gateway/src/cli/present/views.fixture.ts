/** Hand-made views for tests of what is shown. */
import type { EventView, MessageView, SessionView, StatementView, ValueView } from '../../store/views.ts';

/** Tuesday 2026-11-17 14:03:22.123456 in Berlin. */
export const fixtureAt = Date.UTC(2026, 10, 17, 13, 3, 22, 123) * 1000 + 456;

export function statementView(part: Partial<StatementView> = {}): StatementView {
  return {
    index: 10,
    at: fixtureAt,
    identity: 'billing-agent',
    connection: 'billing',
    session: '0k3d9x2v7m4hq8tz',
    n: 1,
    kind: 'simple',
    sql: 'select 1',
    redacted: false,
    position: undefined,
    statementName: undefined,
    portal: undefined,
    parameters: [],
    outcome: 'completed',
    commandTag: 'SELECT 1',
    rowCount: 0,
    rowBytes: 0,
    columns: [],
    rows: [],
    truncatedAt: undefined,
    digests: [],
    copy: undefined,
    error: undefined,
    notices: [],
    noticesDropped: 0,
    reason: undefined,
    transactionBefore: 'I',
    transactionAfter: 'I',
    forwardedUs: 320,
    firstByteUs: 1100,
    durationUs: 1240,
    fetches: [],
    cancelRequestedAt: [],
    traceparent: undefined,
    onBehalfOf: {},
    decision: undefined,
    approvals: [],
    masks: undefined,
    ...part,
  };
}

export function valueView(text: string | null, typeName = 'text', part: Partial<ValueView> = {}): ValueView {
  return { text, type: 25, typeName, format: 'text', decoded: true, ...part };
}

export function messageView(part: Partial<MessageView> = {}): MessageView {
  return {
    severity: 'ERROR',
    sqlstate: '42703',
    message: 'column "totl" does not exist',
    detail: undefined,
    hint: undefined,
    position: undefined,
    ...part,
  };
}

export function sessionView(part: Partial<SessionView> = {}): SessionView {
  return {
    session: '0k3d9x2v7m4hq8tz',
    identity: 'billing-agent',
    identityKind: 'agent',
    groups: [],
    method: 'token',
    credential: 'tok_8h2k',
    connection: 'billing',
    database: 'billing',
    role: 'billing_app',
    client: '127.0.0.1:51234',
    tls: undefined,
    connector: undefined,
    issuer: undefined,
    credentialExpiresAt: undefined,
    onBehalfOf: {},
    claimed: {},
    durability: 'before-forward',
    configuration: 'a'.repeat(64),
    backendPid: 4711,
    openedAt: fixtureAt - 2_000_000,
    closedAt: fixtureAt + 63_000_000,
    closeReason: 'client terminated',
    closeDetail: undefined,
    statements: 1,
    failed: 0,
    access: undefined,
    ...part,
  };
}

export function eventView(part: Partial<EventView> = {}): EventView {
  return { index: 1, at: fixtureAt, session: '', identity: '', type: 'gap', summary: 'nothing was recorded', ...part };
}
