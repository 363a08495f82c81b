import type { Body } from '@onrecord/record';
import {
  dataRow,
  errorFields,
  type FixtureEntry,
  type JournalFixture,
  rowDescription,
  utf8,
} from './journal.fixture.ts';
import { morning, opened, second } from './recorded-day.fixture.ts';

/** A session under rules, approvals and masks; and one that people had to let in. */
export const guarded = { session: '0k3d9x2v7m000007', identity: 'payment-agent' };
export const admitted = { session: '0k3d9x2v7m000008', identity: 'audit-agent' };

/** From 13:00 UTC on. */
export const noon: number = morning + 4 * 3600 * second;

const money = 'money moves need a second pair of eyes';
const columns = rowDescription(['id', 23], ['email', 25], ['phone', 25]);
const refusal = (code: string, message: string, detail?: string): Uint8Array =>
  errorFields({ S: 'ERROR', V: 'ERROR', C: code, M: message, ...(detail === undefined ? {} : { D: detail }) });

/**
 * 1 denied, 2 approved by two people, 3 denied by one, 4 expired, 5 covered by the approval of 2, 6 allowed by a rule, with
 * masks, 7 with an error whose text was withheld, 8 and 9 held in one Query when the gateway died, both by a rule. Before all that, access to
 * a connection, approved. One entry a second.
 */
export function recordControls(journal: JournalFixture): void {
  let at = noon;
  const append = (whose: Partial<FixtureEntry>, ...bodies: (Body | (() => Body))[]): void => {
    for (const body of bodies) {
      journal.append({ at, us: at - noon, ...whose, body: typeof body === 'function' ? body() : body });
      at += second;
    }
  };
  const statement = (n: number, sql: string, more: object = {}): Body => ({
    type: 'statement',
    n,
    kind: 'simple',
    sql: utf8(sql),
    transactionBefore: 'I',
    ...more,
  });
  const outcome =
    (of: number, body: Partial<Extract<Body, { type: 'outcome' }>> = {}) =>
    (): Body => ({
      type: 'outcome',
      of,
      outcome: 'completed',
      rowCount: 0,
      rowBytes: 0,
      completedUs: at - noon + 1000,
      ...body,
    });
  const rule = (name: string, then: 'allow' | 'approve' | 'deny', via?: string) => ({
    rule: name,
    then,
    ...(via === undefined ? {} : { via }),
  });
  const needsApproval = (of: number): Body => ({
    type: 'decision',
    of,
    decision: 'approve',
    rules: [rule(money, 'approve')],
  });
  const asked = (approval: string, of: number) => (): Body => ({
    type: 'approval_requested',
    approval,
    scope: 'statement',
    of,
    hash: 'ab'.repeat(32),
    asks: [{ rule: money, group: 'finance', count: 2 }],
    expiresAt: at + 600 * second,
    reason: 'invoice 4711 was paid twice',
  });
  const vote =
    (approval: string, of: number, by: string, part: { vote?: 'deny'; reason?: string } = {}) =>
    (): Body => ({
      type: 'approval_voted',
      approval,
      of,
      by,
      vote: part.vote ?? 'approve',
      reason: part.reason ?? '',
      votedAt: at,
    });

  const access = { approval: 'appr_accessgranted', connection: 'payments' };
  append(
    { session: '', identity: admitted.identity },
    () => ({
      type: 'approval_requested',
      ...access,
      scope: 'session',
      hash: 'cd'.repeat(32),
      asks: [{ rule: 'access', group: 'on call', count: 1 }],
      expiresAt: at + 600 * second,
      reason: 'quarterly audit',
    }),
    () => ({
      type: 'approval_voted',
      approval: access.approval,
      by: 'dora',
      vote: 'approve',
      reason: 'go ahead',
      votedAt: at,
    }),
    () => ({
      type: 'approval_ended',
      approval: access.approval,
      result: 'approved',
      by: ['dora'],
      usableUntil: at + 3600 * second,
    }),
  );
  append(admitted, opened({ connection: 'payments', database: 'payments' }));
  append(guarded, opened({ connection: 'payments', database: 'payments', groups: ['payments'] }));

  append(
    guarded,
    statement(1, 'DELETE FROM customers'),
    { type: 'decision', of: 1, decision: 'deny', rules: [rule('no blind deletes', 'deny'), rule('deletes', 'allow')] },
    outcome(1, { outcome: 'refused', error: refusal('42501', 'Add a WHERE clause.') }),

    statement(2, 'UPDATE payments SET amount = 0 WHERE id = 4711'),
    needsApproval(2),
    asked('appr_paidtwice000', 2),
    {
      type: 'approval_evidence',
      approval: 'appr_paidtwice000',
      of: 2,
      explain: 'Update on payments\n  ->  Index Scan using payments_pkey on payments',
      rows: 1,
      rowsAreEstimated: true,
      locks: ['RowExclusiveLock on invoices'],
    },
    vote('appr_paidtwice000', 2, 'alice', { reason: 'seen the invoice' }),
    vote('appr_paidtwice000', 2, 'bob'),
    () => ({
      type: 'approval_ended',
      approval: 'appr_paidtwice000',
      of: 2,
      result: 'approved',
      by: ['alice', 'bob'],
      usableUntil: at + 600 * second,
    }),
    { type: 'approval_used', approval: 'appr_paidtwice000', of: 2 },
    outcome(2, { tag: 'UPDATE 1' }),

    statement(3, 'UPDATE payments SET amount = amount * 2'),
    needsApproval(3),
    asked('appr_doubled00000', 3),
    vote('appr_doubled00000', 3, 'alice', { vote: 'deny', reason: 'all of them?' }),
    {
      type: 'approval_ended',
      approval: 'appr_doubled00000',
      of: 3,
      result: 'denied',
      by: ['alice'],
      reason: 'all of them?',
    },
    outcome(3, {
      outcome: 'refused',
      error: refusal('42501', 'approval appr_doubled00000 was denied', 'all of them?'),
    }),

    statement(4, 'UPDATE payments SET paid = true WHERE id = 1'),
    needsApproval(4),
    asked('appr_nobodycame00', 4),
    { type: 'approval_ended', approval: 'appr_nobodycame00', of: 4, result: 'expired', by: [] },
    outcome(4, { outcome: 'refused', error: refusal('57014', 'approval appr_nobodycame00 expired after 10m') }),

    statement(5, 'UPDATE payments SET amount = 0 WHERE id = 4711'),
    needsApproval(5),
    { type: 'approval_used', approval: 'appr_paidtwice000', of: 5 },
    outcome(5, { tag: 'UPDATE 0' }),

    statement(6, 'WITH c AS (SELECT * FROM customers) SELECT id, email, phone FROM c'),
    { type: 'decision', of: 6, decision: 'allow', rules: [rule('reads are fine', 'allow', 'WITH c')] },
    { type: 'rows', of: 6, count: 1, messages: dataRow('1', '*********.org', null) },
    {
      type: 'masked',
      of: 6,
      columns: [
        { column: 1, name: 'email', rule: 'public.customers.email', action: 'partial', values: 2 },
        { column: 2, name: 'phone', rule: 'unknown source', action: 'null', values: 1 },
      ],
      detected: [{ detector: 'iban', action: 'redact', values: 3 }],
      withheld: 0,
    },
    outcome(6, { tag: 'SELECT 2', rowCount: 2, rowBytes: 80, columns, rows: dataRow('2', '*********.com', null) }),

    statement(7, 'SELECT email::int FROM customers'),
    { type: 'masked', of: 7, columns: [], detected: [], withheld: 1 },
    outcome(7, { outcome: 'failed', error: refusal('22P02', 'the text of this error was withheld') }),

    statement(8, 'UPDATE payments SET amount = 1', { position: { index: 0, count: 2 } }),
    statement(9, 'SELECT 9', { position: { index: 1, count: 2 } }),
    needsApproval(8),
    needsApproval(9),
    asked('appr_heldatdeath0', 8),
  );
  append({}, { type: 'recovered', segment: 'x', entries: 10, discardedBytes: 0, openSessions: 2, openStatements: 2 });
  const never = { outcome: 'refused', reason: 'the gateway died while it waited for approval' } as const;
  append(
    guarded,
    { type: 'approval_ended', approval: 'appr_heldatdeath0', of: 8, result: 'gateway died', by: [] },
    outcome(8, never),
    outcome(9, never),
    { type: 'session_closed', reason: 'gateway died', statements: 9 },
  );
  append(admitted, { type: 'session_closed', reason: 'gateway died', statements: 0 });
}
