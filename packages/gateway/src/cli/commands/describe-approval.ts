import type { ApprovalView } from '../../approvals/answer-control.ts';

/** An approval as `onrecord approvals … --json` shows it. Times are ISO 8601. Fields are only ever added. */
export interface DescribedApproval {
  readonly approval: string;
  readonly state: ApprovalView['state'];
  readonly scope: 'statement' | 'session';
  readonly identity: string;
  readonly connection: string;
  readonly sql: readonly string[];
  readonly [more: string]: unknown;
}

/** The approval with everything that is known of it. */
export function describeApproval(view: ApprovalView): DescribedApproval {
  const { question, evidence, end, revoked } = view;
  return {
    approval: view.id,
    state: view.state,
    scope: question.scope,
    identity: question.identity,
    identityKind: question.identityKind,
    onBehalfOf: question.onBehalfOf ?? null,
    connection: question.connection,
    database: question.database,
    role: question.role,
    client: question.client,
    session: question.session,
    statement: question.statement ?? null,
    sql: question.sql,
    parameters: question.parameters,
    parametersOf: question.parametersOf ?? null,
    reason: question.reason ?? null,
    asks: question.asks.map(({ rule, group, count, message }) => ({ rule, group, count, message: message ?? null })),
    recent: question.recent,
    transactionStatus: question.transactionStatus,
    backendPid: question.backendPid,
    hash: question.hash,
    requestedAt: isoTime(view.requestedAt),
    expiresAt: isoTime(view.expiresAt),
    evidence:
      evidence === undefined
        ? null
        : {
            explain: evidence.explain ?? null,
            rows: evidence.rows ?? null,
            rowsAreEstimated: evidence.rowsAreEstimated ?? null,
            locks: evidence.locks ?? null,
            problem: evidence.problem ?? null,
          },
    votes: view.votes.map(({ by, vote, reason, votedAt }) => ({ by, vote, reason, votedAt: isoTime(votedAt) })),
    end:
      end === undefined
        ? null
        : {
            result: end.result,
            at: isoTime(end.at),
            by: end.by,
            reason: end.reason ?? null,
            usableUntil: end.usableUntil === undefined ? null : isoTime(end.usableUntil),
          },
    uses: view.uses,
    revoked: revoked === undefined ? null : { at: isoTime(revoked.at), by: revoked.by },
  };
}

/** ISO 8601 in UTC to the second, of microseconds since 1970. */
export function isoTime(us: number): string {
  return new Date(us / 1000).toISOString().replace(/\.\d+Z$/, 'Z');
}
