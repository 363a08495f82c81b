import type { Body, SessionOpened } from '@onrecord/record';
import {
  copyData,
  cstrings,
  dataRow,
  errorFields,
  type FixtureEntry,
  type JournalFixture,
  rowDescription,
  textParameters,
  utf8,
} from './journal.fixture.ts';

/** Tuesday 2024-11-19 09:00 UTC, in microseconds. */
export const morning = Date.UTC(2024, 10, 19, 9) * 1000;
export const second = 1_000_000;

export const billing = { session: '0k3d9x2v7m000001', identity: 'billing-agent' };
export const support = { session: '0k3d9x2v7m000002', identity: 'support-agent' };

export const opened = (part: Partial<SessionOpened> = {}): SessionOpened => ({
  type: 'session_opened',
  identityKind: 'agent',
  groups: ['finance'],
  method: 'token',
  credential: 'tok_1',
  connection: 'billing',
  database: 'billing',
  role: 'billing_app',
  upstream: '127.0.0.1:5432',
  backendPid: 4711,
  client: '127.0.0.1:50000',
  protocol: 196608,
  configuration: 'c'.repeat(64),
  durability: 'before-forward',
  claimed: { applicationName: 'agent' },
  parameters: { client_encoding: 'UTF8', server_version: '18.0' },
  ...part,
});

const rows = (...messages: Uint8Array[]): Uint8Array => Buffer.concat(messages);
const digest = new Uint8Array(32).fill(7);
const columns = rowDescription(['id', 23], ['name', 25]);
const bind = textParameters('x'.repeat(10));
const one = dataRow('1', 'Ada');
const two = dataRow('2', null);

/** Two interleaved sessions with a statement of every kind and every ending, one entry a second. */
export function recordDay(journal: JournalFixture): void {
  let at = morning;
  const append = (whose: Partial<FixtureEntry>, ...bodies: Body[]): void => {
    for (const body of bodies) {
      journal.append({ at, us: at - morning, ...whose, body });
      at += second;
    }
  };
  const statement = (body: Partial<Extract<Body, { type: 'statement' }>> & { n: number }): Body => ({
    type: 'statement',
    kind: 'simple',
    transactionBefore: 'I',
    ...body,
  });
  const outcome = (of: number, body: Partial<Extract<Body, { type: 'outcome' }>> = {}): Body => ({
    type: 'outcome',
    of,
    outcome: 'completed',
    rowCount: 0,
    rowBytes: 0,
    completedUs: at - morning + 1000,
    ...body,
  });

  append(
    {},
    { type: 'gateway_started', version: '0.1.0', configuration: 'c'.repeat(64), pid: 1, host: 'h', listen: 'l' },
  );
  append(billing, opened());
  append(support, opened({ connection: 'support', database: 'helpdesk', parameters: { client_encoding: 'LATIN1' } }));

  // 1: simple. 2 and 3: two statements of one Query.
  append(
    billing,
    statement({ n: 1, sql: utf8('SELECT id, name FROM billing.customers') }),
    outcome(1, {
      tag: 'SELECT 2',
      rowCount: 2,
      rowBytes: 40,
      columns,
      rows: rows(one, two),
      digest,
      transactionAfter: 'I',
      forwardedUs: at - morning + 300,
      firstByteUs: at - morning + 900,
    }),
    statement({ n: 2, sql: utf8('BEGIN'), position: { index: 0, count: 2 } }),
    statement({
      n: 3,
      sql: utf8("UPDATE invoices SET paid = true WHERE id = 7 -- 'x'"),
      position: { index: 1, count: 2 },
      transactionBefore: 'I',
    }),
    outcome(2, { tag: 'BEGIN' }),
    outcome(3, { tag: 'UPDATE 1', transactionAfter: 'T' }),
  );
  append(support, statement({ n: 1, sql: Uint8Array.from(Buffer.from("SELECT 'Müller' FROM tickets", 'latin1')) }));

  // 4: prepared alone. 5: bound alone. 6: executed from both. 7: executed again, with the columns of 6.
  append(
    billing,
    statement({
      n: 4,
      kind: 'prepare',
      sql: utf8('SELECT id, name FROM customers WHERE id = $1'),
      statementName: utf8('s1'),
      parameterTypes: [23],
      transactionBefore: 'T',
    }),
    statement({
      n: 5,
      kind: 'bind',
      sqlOf: 4,
      statementName: utf8('s1'),
      parameters: textParameters('42'),
      transactionBefore: 'T',
    }),
    statement({ n: 6, kind: 'execute', sqlOf: 4, parametersOf: 5, statementName: utf8('s1'), transactionBefore: 'T' }),
    outcome(6, { tag: 'SELECT 1', rowCount: 1, rowBytes: 20, columns, rows: one, digest, parameterTypes: [23] }),
    statement({
      n: 7,
      kind: 'execute',
      sqlOf: 4,
      statementName: utf8('s1'),
      parameters: textParameters(null),
      transactionBefore: 'T',
    }),
    outcome(7, { tag: 'SELECT 0', columnsOf: 6 }),
  );
  append(support, outcome(1, { tag: 'SELECT 1', rowCount: 1, rowBytes: 20, transactionAfter: 'I' }));

  // 8: a portal in three parts: 9 and 10 fetch on. The first rows went to entries of their own.
  append(
    billing,
    statement({
      n: 8,
      kind: 'execute',
      sql: utf8('SELECT id, name FROM customers ORDER BY id'),
      portal: utf8('p'),
      maxRows: 2,
      transactionBefore: 'T',
    }),
    { type: 'rows', of: 8, count: 1, messages: one },
    outcome(8, { outcome: 'suspended', rowCount: 2, rowBytes: 40, columns, rows: two, digest }),
    statement({ n: 9, kind: 'fetch', portalOf: 8, maxRows: 2, transactionBefore: 'T' }),
    outcome(9, { outcome: 'suspended', rowCount: 2, rowBytes: 40, rows: one, truncatedAt: 1, digest }),
    statement({ n: 10, kind: 'fetch', portalOf: 8, transactionBefore: 'T' }),
    outcome(10, { tag: 'SELECT 1', rowCount: 1, rowBytes: 20, rows: two, digest }),
  );

  // 11 fails with a notice before, 12 is skipped behind it, 13 is refused, 14 cancelled. 15 is a Parse that fails.
  append(
    billing,
    statement({ n: 11, kind: 'execute', sql: utf8('SELECT totl FROM invoices'), transactionBefore: 'T' }),
    statement({ n: 12, kind: 'execute', sql: utf8('SELECT 12'), transactionBefore: 'T' }),
    outcome(11, {
      outcome: 'failed',
      error: errorFields({ S: 'ERROR', V: 'ERROR', C: '42703', M: 'column "totl" does not exist', P: '8' }),
      notices: [errorFields({ S: 'NOTICE', V: 'NOTICE', C: '00000', M: 'beware' })],
      transactionAfter: 'E',
    }),
    outcome(12, { outcome: 'skipped', reason: 'an earlier statement of the pipeline failed' }),
    statement({ n: 13, sql: utf8('ROLLBACK'), transactionBefore: 'E' }),
    outcome(13, { tag: 'ROLLBACK', transactionAfter: 'I' }),
    statement({ n: 14, sql: utf8('SELECT pg_sleep(60)') }),
    { type: 'cancel_requested', client: '127.0.0.1:50001', of: 14 },
    outcome(14, {
      outcome: 'cancelled',
      error: errorFields({ S: 'ERROR', V: 'ERROR', C: '57014', M: 'canceling statement due to user request' }),
    }),
    statement({ n: 15, kind: 'prepare', sql: utf8('SELEC 1') }),
    outcome(15, {
      outcome: 'failed',
      error: errorFields({ S: 'ERROR', V: 'ERROR', C: '42601', M: 'syntax error at or near "SELEC"', P: '1' }),
    }),
    statement({ n: 16, sql: utf8('COPY (SELECT 1) TO PROGRAM $$x$$') }),
    outcome(16, { outcome: 'refused', reason: 'not allowed' }),
  );

  // 17: COPY in. 18: COPY out. 19: parameters too large for one entry. 20: a function call. 21: a redacted password.
  append(
    billing,
    statement({ n: 17, sql: utf8('COPY invoices FROM STDIN') }),
    { type: 'copy_in', of: 17, count: 2, messages: rows(copyData('1\tone\n'), copyData('2\ttwo\n')) },
    { type: 'copy_in_ended', of: 17, messages: 2, bytes: 22, digest },
    outcome(17, { tag: 'COPY 2' }),
    statement({ n: 18, sql: utf8('COPY invoices TO STDOUT') }),
    { type: 'rows', of: 18, count: 1, messages: copyData('1\tone\n') },
    outcome(18, {
      tag: 'COPY 2',
      rowCount: 2,
      rowBytes: 22,
      copy: 'out',
      columns: Uint8Array.of(0, 0, 2, 0, 0, 0, 0),
      rows: copyData('2\ttwo\n'),
      digest,
    }),
    { type: 'statement_part', n: 19, bytes: bind.subarray(0, 9) },
    { type: 'statement_part', n: 19, bytes: bind.subarray(9) },
    statement({ n: 19, kind: 'execute', sql: utf8('INSERT INTO notes VALUES ($1)'), parts: 2, parameterTypes: [25] }),
    outcome(19, { tag: 'INSERT 0 1' }),
    statement({ n: 20, kind: 'call', parameters: Uint8Array.of(0, 0, 6, 62, 0, 0, 0, 0, 0, 0) }),
    outcome(20, { functionResult: Uint8Array.of(0, 0, 0, 1, 49) }),
    statement({ n: 21, sql: utf8("ALTER ROLE app PASSWORD '***'"), redacted: true }),
    outcome(21, { tag: 'ALTER ROLE' }),
    {
      type: 'server_message',
      message: 'notification',
      after: 21,
      body: Buffer.concat([Uint8Array.of(0, 0, 0, 1), cstrings('jobs', 'hello')]),
    },
    { type: 'server_message', message: 'parameter_status', after: 21, body: cstrings('client_encoding', 'WIN1252') },
    statement({ n: 22, sql: Uint8Array.from([...utf8("SELECT '"), 0x80, ...utf8("' AS euro")]) }),
    outcome(22, { tag: 'SELECT 1', rowCount: 1, rowBytes: 12 }),
    // Its outcome is never known.
    statement({ n: 23, sql: utf8('DELETE FROM payments') }),
  );
  append(
    {},
    { type: 'login_refused', user: 'mallory', database: 'billing', client: '127.0.0.1:6', reason: 'wrong password' },
  );
  append({}, { type: 'recovered', segment: 'x', entries: 10, discardedBytes: 5, openSessions: 1, openStatements: 1 });
  append(billing, outcome(23, { outcome: 'unknown', reason: 'the gateway died' }), {
    type: 'session_closed',
    reason: 'gateway died',
    statements: 23,
  });
  // Still running, in a session that is still open.
  append(support, statement({ n: 2, sql: utf8('SELECT count(*) FROM tickets') }));
}
