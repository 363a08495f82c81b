/** A session with some of everything, for tests of what is shown and for looking at it. */
import type { SessionView, StatementView } from '../../store/views.ts';
import { fixtureAt, messageView, sessionView, statementView, valueView } from '../present/views.fixture.ts';
import { outlineItem, type Recording } from './recording.ts';

const column = (name: string, typeName = 'text'): StatementView['columns'][number] => ({
  name,
  type: 25,
  typeName,
  table: 16402,
  attribute: 1,
});

const customers = [
  ['1', 'Ada Löwe', 'ada@example.com', '2026-01-04'],
  ['2', 'Böb O’Brien', null, '2026-02-11'],
  ['3', '', 'NULL', '2026-03-09'],
  ['4', '世界 \u202edlrow', '<script>alert(1)</script>', null],
];

/** Statements of a billing agent on a bad day. */
export function fixtureStatements(): StatementView[] {
  let at = fixtureAt;
  let n = 0;
  const next = (gapMs: number, part: Partial<StatementView>): StatementView => {
    at += gapMs * 1000;
    n += 1;
    return statementView({ n, index: n * 2, at, ...part });
  };
  return [
    next(0, {
      kind: 'execute',
      sql: 'select id, name, email, since\n  from customers\n where region = $1 and active -- only the living\n order by id\n limit $2',
      parameters: [valueView('EMEA'), valueView('4', 'int4')],
      columns: [column('id', 'int4'), column('name'), column('email'), column('since', 'date')],
      rows: customers.map(([id, ...cells]) => [
        valueView(id ?? null, 'int4'),
        ...cells.map((cell) => valueView(cell ?? null)),
      ]),
      rowCount: 4,
      rowBytes: 214,
      commandTag: 'SELECT 4',
      digests: ['5f'.repeat(32)],
    }),
    next(140, { sql: 'begin', commandTag: 'BEGIN', transactionAfter: 'T', durationUs: 95 }),
    next(3, {
      kind: 'execute',
      sql: 'update invoices set status = $2, note = $3, paid_at = $4 where id = $1',
      parameters: [
        valueView('10231', 'int8'),
        valueView('paid'),
        valueView("it's\nall\tgood \x1b[31mred\x1b[0m"),
        valueView(null, 'timestamptz'),
      ],
      commandTag: 'UPDATE 1',
      transactionBefore: 'T',
      transactionAfter: 'T',
      durationUs: 2310,
    }),
    next(22_000, {
      sql: 'update invoices\n   set totl = total * 1.19\n where id = 10231',
      outcome: 'failed',
      commandTag: undefined,
      error: messageView({
        message: 'column "totl" of relation "invoices" does not exist',
        hint: 'Perhaps you meant to reference the column "invoices.total".',
        position: 24,
      }),
      transactionBefore: 'T',
      transactionAfter: 'E',
      durationUs: 610,
    }),
    next(2, {
      kind: 'execute',
      sql: 'select total from invoices where id = $1',
      parameters: [valueView('10231', 'int8')],
      outcome: 'skipped',
      commandTag: undefined,
      transactionBefore: 'E',
      transactionAfter: 'E',
      forwardedUs: undefined,
      firstByteUs: undefined,
      durationUs: undefined,
    }),
    next(900, { sql: 'rollback', commandTag: 'ROLLBACK', transactionBefore: 'E', durationUs: 80 }),
    next(1200, {
      sql: "select i.id, i.customer_id, i.total, i.currency, i.issued_at, i.status, c.name, c.email, c.region\n  from invoices i\n  join customers c on c.id = i.customer_id\n where i.status = 'open'\n order by i.issued_at desc",
      columns: [
        column('id', 'int8'),
        column('customer_id', 'int4'),
        column('total', 'numeric'),
        column('currency', 'bpchar'),
        column('issued_at', 'timestamptz'),
        column('status'),
        column('name'),
        column('email'),
        column('region'),
      ],
      rows: Array.from({ length: 120 }, (_, i) => [
        valueView(String(10_000 + i), 'int8'),
        valueView(String((i * 7) % 90), 'int4'),
        valueView(`${(i * 331) % 9000}.${String(i % 100).padStart(2, '0')}`, 'numeric'),
        valueView('EUR', 'bpchar'),
        valueView(
          `2026-10-${String((i % 28) + 1).padStart(2, '0')} 09:${String(i % 60).padStart(2, '0')}:00+00`,
          'timestamptz',
        ),
        valueView('open'),
        valueView(`Customer ${i}`),
        valueView(i % 5 === 0 ? null : `c${i}@example.com`),
        valueView('EMEA'),
      ]),
      rowCount: 4812,
      rowBytes: 512_000,
      truncatedAt: 120,
      commandTag: 'SELECT 4812',
      digests: ['ab'.repeat(32)],
      durationUs: 48_200,
    }),
    next(700, {
      sql: "do $$ begin raise notice 'checking %', now(); end $$",
      commandTag: 'DO',
      notices: [messageView({ severity: 'NOTICE', sqlstate: '00000', message: 'checking 2026-11-17 13:03:48+00' })],
      durationUs: 700,
    }),
    next(400, {
      sql: 'copy staging_payments from stdin',
      commandTag: 'COPY 3',
      copy: {
        direction: 'in',
        messages: 1,
        bytes: 66,
        digest: 'cd'.repeat(32),
        data: new TextEncoder().encode('10231\t119.00\tEUR\n10232\t80.50\tEUR\n10233\t\\N\tEUR\n'),
        truncated: false,
        failure: undefined,
      },
      durationUs: 4800,
    }),
    next(61_000, {
      sql: 'select pg_sleep(60), count(*) from payments',
      outcome: 'cancelled',
      commandTag: undefined,
      error: messageView({ sqlstate: '57014', message: 'canceling statement due to user request' }),
      cancelRequestedAt: [fixtureAt + 92_000_000],
      durationUs: 5_020_000,
    }),
    next(5_100, {
      sql: "alter role billing_app password '********'",
      redacted: true,
      outcome: 'unknown',
      commandTag: undefined,
      reason: 'the gateway died before the outcome was recorded',
      transactionAfter: undefined,
      firstByteUs: undefined,
      durationUs: undefined,
    }),
  ];
}

export function fixtureSession(statements: readonly StatementView[]): SessionView {
  const last = statements.at(-1);
  return sessionView({
    statements: statements.length,
    failed: statements.filter(({ outcome }) => outcome !== 'completed').length,
    closedAt: (last?.at ?? fixtureAt) + 4_000_000,
    claimed: { applicationName: 'billing-agent/2.3 (node-postgres)', runId: 'run_01JD3K' },
  });
}

/** Plays statements made by hand; `loads` counts what was asked for. */
export function fixtureRecording(statements: readonly StatementView[] = fixtureStatements()): Recording & {
  readonly loads: number[];
} {
  const loads: number[] = [];
  return {
    session: fixtureSession(statements),
    outline: statements.map(outlineItem),
    progress: 'whole',
    onProgress: () => () => {},
    loads,
    async load(position) {
      loads.push(position);
      const view = statements[position];
      if (view === undefined) throw new Error(`there is no statement at ${position}`);
      return view;
    },
  };
}

/** A long session: the same work over and over. */
export function longFixture(count: number): StatementView[] {
  const some = fixtureStatements();
  return Array.from({ length: count }, (_, i) => {
    const view = some[i % some.length] ?? statementView();
    return { ...view, n: i + 1, index: i * 2, at: fixtureAt + i * 250_000 };
  });
}
