import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Body } from '@onrecord/record';
import { admitted, guarded, noon, recordControls } from './controlled-day.fixture.ts';
import { JournalFixture, utf8 } from './journal.fixture.ts';
import { billing, opened, recordDay, second } from './recorded-day.fixture.ts';
import type { StatementFilter } from './statement-filter.ts';
import { Store } from './store.ts';
import type { StatementView, TimelineItem } from './views.ts';

const money = 'money moves need a second pair of eyes';

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe('Store, of decisions, approvals and masks', () => {
  let journal: JournalFixture;
  let store: Store;

  before(async () => {
    journal = new JournalFixture();
    recordDay(journal);
    recordControls(journal);
    store = new Store(journal.data);
    await store.catchUp();
  });
  after(() => {
    store.close();
    journal.remove();
  });

  const statement = async (n: number): Promise<StatementView> => {
    const view = await store.statement(guarded.session, n);
    assert.ok(view, `statement ${n}`);
    return view;
  };
  const found = async (filter: StatementFilter): Promise<number[]> =>
    (await all(store.statements(filter))).map(({ n }) => n);

  it('has the decision on a statement, by every rule that matched', async () => {
    assert.deepEqual((await statement(1)).decision, {
      decision: 'deny',
      rules: [
        { rule: 'no blind deletes', then: 'deny', via: undefined },
        { rule: 'deletes', then: 'allow', via: undefined },
      ],
    });
    assert.equal((await statement(6)).decision?.rules[0]?.via, 'WITH c');
    const view = await store.statement(billing.session, 1);
    assert.deepEqual([view?.decision, view?.approvals, view?.masks], [undefined, [], undefined]);
  });

  it('has every step of an approval, with the statement that asked and with the one that used it again', async () => {
    const [approval] = (await statement(2)).approvals;
    assert.ok(approval);
    assert.deepEqual(
      [approval.approval, approval.session, approval.n, approval.scope, approval.requestedAt, approval.reason],
      ['appr_paidtwice000', guarded.session, 2, 'statement', noon + 10 * second, 'invoice 4711 was paid twice'],
    );
    assert.deepEqual(approval.asks, [{ rule: money, group: 'finance', count: 2 }]);
    assert.deepEqual(
      approval.steps.map((step) => [step.type, (step.at - noon) / second]),
      [
        ['evidence', 11],
        ['vote', 12],
        ['vote', 13],
        ['end', 14],
        ['use', 15],
        ['use', 30],
      ],
    );
    assert.deepEqual(approval.steps.at(-1), { type: 'use', at: noon + 30 * second, session: guarded.session, n: 5 });
    assert.deepEqual((await statement(5)).approvals, [approval]);
  });

  it('has the approval that was asked for several statements with each of them that needed it', async () => {
    const [asked] = (await statement(8)).approvals;
    assert.equal(asked?.approval, 'appr_heldatdeath0');
    assert.deepEqual((await statement(9)).approvals, [asked]);
    const live = new JournalFixture();
    const append = (body: Body): number => live.append({ at: noon, ...guarded, body });
    const asks = (n: number, kind: 'bind' | 'execute' | 'simple', more: object = {}): void => {
      append({ type: 'statement', n, kind, sql: utf8('UPDATE t'), transactionBefore: 'I', ...more });
      append({ type: 'decision', of: n, decision: 'approve', rules: [] });
    };
    append(opened());
    asks(1, 'bind');
    append({ type: 'approval_requested', approval: 'a', scope: 'statement', of: 1, hash: '', asks: [], expiresAt: 1 });
    append({ type: 'approval_used', approval: 'a', of: 1 });
    asks(2, 'execute', { parametersOf: 1 });
    // Nobody was asked any more.
    asks(3, 'simple');
    const other = new Store(live.data);
    try {
      await other.catchUp();
      const ids = (await all(other.statements({ all: true }))).map(({ approvals }) =>
        approvals.map(({ approval }) => approval),
      );
      assert.deepEqual(ids, [['a'], ['a'], []]);
    } finally {
      other.close();
      live.remove();
    }
  });

  it('has what was masked, and how many texts were withheld', async () => {
    assert.deepEqual((await statement(6)).masks, {
      columns: [
        { column: 1, name: 'email', rule: 'public.customers.email', action: 'partial', values: 2 },
        { column: 2, name: 'phone', rule: 'unknown source', action: 'null', values: 1 },
      ],
      detected: [{ detector: 'iban', action: 'redact', values: 3 }],
      withheld: 0,
    });
    assert.equal((await statement(7)).masks?.withheld, 1);
  });

  it('adds up what was masked over the fetches of a portal', async () => {
    const live = new JournalFixture();
    const masked = (of: number, values: number) =>
      ({
        type: 'masked',
        of,
        columns: [{ column: 0, name: 'email', rule: 'c.email', action: 'hash', values }],
        detected: [{ detector: 'card', action: 'redact', values: 1 }],
        withheld: 1,
      }) as const;
    const suspended = { type: 'outcome', outcome: 'suspended', rowCount: 2, rowBytes: 2 } as const;
    const asked = { type: 'statement', transactionBefore: 'T' } as const;
    live.append({ at: noon, ...guarded, body: opened() });
    live.append({ at: noon, ...guarded, body: { ...asked, n: 1, kind: 'execute', sql: utf8('TABLE c'), maxRows: 2 } });
    live.append({ at: noon, ...guarded, body: masked(1, 2) });
    live.append({ at: noon, ...guarded, body: { ...suspended, of: 1 } });
    live.append({ at: noon, ...guarded, body: { ...asked, n: 2, kind: 'fetch', portalOf: 1 } });
    live.append({ at: noon, ...guarded, body: masked(2, 5) });
    live.append({ at: noon, ...guarded, body: { ...suspended, outcome: 'completed', of: 2 } });
    const other = new Store(live.data);
    try {
      await other.catchUp();
      const view = await other.statement(guarded.session, 1);
      assert.deepEqual(
        [view?.masks?.columns[0]?.values, view?.masks?.detected[0]?.values, view?.masks?.withheld],
        [7, 2, 2],
      );
    } finally {
      other.close();
      live.remove();
    }
  });

  it('finds statements by what was decided, by rule, by approval, and those of which something was hidden', async () => {
    assert.deepEqual(await found({ decision: 'deny' }), [1]);
    assert.deepEqual(await found({ decision: 'approve' }), [2, 3, 4, 5, 8, 9]);
    assert.deepEqual(await found({ decision: 'allow' }), [6]);
    assert.deepEqual(await found({ rule: money }), [2, 3, 4, 5, 8, 9]);
    assert.deepEqual(await found({ rule: 'deletes' }), [1]);
    assert.deepEqual(await found({ rule: 'no such rule' }), []);
    assert.deepEqual(await found({ masked: true }), [6, 7]);
    assert.deepEqual(await found({ approval: 'appr_paidtwice000' }), [2, 5]);
    assert.deepEqual(await found({ approval: 'appr_' }), []);
  });

  it('finds by them together with everything else that can be asked', async () => {
    const [session, identity] = [guarded.session, guarded.identity];
    assert.deepEqual(await found({ decision: 'approve', outcome: 'refused' }), [3, 4, 8, 9]);
    assert.deepEqual(await found({ decision: 'approve', session, outcome: 'completed' }), [2, 5]);
    assert.deepEqual(await found({ decision: 'approve', identity, connection: 'payments', limit: 2 }), [2, 3]);
    assert.deepEqual(await found({ decision: 'approve', identity: billing.identity }), []);
    assert.deepEqual(await found({ rule: money, approval: 'appr_paidtwice000', search: 'amount' }), [2, 5]);
    assert.deepEqual(await found({ masked: true, search: 'phone' }), [6]);
    assert.deepEqual(await found({ masked: true, table: 'customers', decision: 'allow' }), [6]);
    assert.deepEqual(await found({ rule: money, fromUs: noon + 17 * second, untilUs: noon + 28 * second }), [3, 4]);
    const [, third] = await all(store.statements({ decision: 'approve' }));
    assert.deepEqual(await found({ decision: 'approve', after: third?.index as number, limit: 2 }), [4, 5]);
  });

  it('knows every rule that matched', async () => {
    assert.deepEqual(await store.names('rules'), ['deletes', money, 'no blind deletes', 'reads are fine'].sort());
  });

  it('knows under which approval a session could be opened, and of no other', async () => {
    const access = (await store.session(admitted.session))?.access;
    assert.deepEqual(
      [access?.approval, access?.scope, access?.connection, access?.reason, access?.session],
      ['appr_accessgranted', 'session', 'payments', 'quarterly audit', ''],
    );
    assert.deepEqual(
      access?.steps.map(({ type }) => type),
      ['vote', 'end'],
    );
    assert.equal((await store.session(guarded.session))?.access, undefined);
  });

  it('has the end of a question that was settled when its session was over, and makes no session of it', async () => {
    const live = new JournalFixture();
    const of = 1;
    const question = { approval: 'a', of, hash: '', asks: [], expiresAt: noon };
    live.append({ at: noon, ...guarded, body: opened() });
    const sql = utf8('UPDATE t');
    live.append({
      at: noon,
      ...guarded,
      body: { type: 'statement', n: of, kind: 'simple', sql, transactionBefore: 'I' },
    });
    live.append({ at: noon, ...guarded, body: { type: 'approval_requested', scope: 'statement', ...question } });
    const ended = { type: 'approval_ended', approval: 'a', of, result: 'gateway died', by: [] } as const;
    live.append({ at: noon, session: '', identity: guarded.identity, body: ended });
    const other = new Store(live.data);
    try {
      await other.catchUp();
      const view = await other.statement(guarded.session, of);
      assert.deepEqual(
        view?.approvals.map(({ steps }) => steps.map(({ type }) => type)),
        [['end']],
      );
      assert.deepEqual(
        (await all(other.sessions({}))).map(({ session }) => session),
        [guarded.session],
      );
    } finally {
      other.close();
      live.remove();
    }
  });

  it('does not count access that ended before', async () => {
    const live = new JournalFixture();
    const who = { session: '', identity: admitted.identity };
    const approval = 'appr_1';
    const asked = { asks: [], hash: 'h', expiresAt: noon, connection: 'billing' };
    const ended = { type: 'approval_ended', approval, by: ['dora'] } as const;
    live.append({ at: noon, ...who, body: { type: 'approval_requested', approval, scope: 'session', ...asked } });
    live.append({ at: noon, ...who, body: { ...ended, result: 'approved', usableUntil: noon + 10 * second } });
    live.append({ at: noon + second, identity: who.identity, session: 's1', body: opened() });
    live.append({ at: noon + 3 * second, ...who, body: { ...ended, result: 'revoked' } });
    live.append({ at: noon + 5 * second, identity: who.identity, session: 's5', body: opened() });
    const other = new Store(live.data);
    try {
      await other.catchUp();
      const views = await all(other.sessions({}));
      assert.deepEqual(
        views.map(({ access }) => access?.approval),
        ['appr_1', undefined],
      );
    } finally {
      other.close();
      live.remove();
    }
  });

  it('shows a statement to who follows when people are asked for it, and when it has ended', async () => {
    const items = await all<TimelineItem>(store.follow(0, store.next, { session: guarded.session }));
    const third = items.flatMap((item) => (item.type === 'statement' && item.view.n === 3 ? [item.view.outcome] : []));
    assert.equal(third.length, 2);
    const events = items.flatMap(({ type, view }) => (type === 'event' && view.session !== '' ? [view.summary] : []));
    assert.ok(
      events.includes(
        `approval appr_doubled00000 requested for statement 3 of 2 of finance (${money}), until 2024-11-19T13:10:19.000Z: invoice 4711 was paid twice`,
      ),
      events.join('\n'),
    );
    assert.ok(events.includes('approval appr_doubled00000 for statement 3 ended: denied by alice: all of them?'));
  });

  it('gives the same answers from an index that was built again', async () => {
    const answers = async (): Promise<unknown> => [
      JSON.stringify(await all(store.statements({ identity: guarded.identity }))),
      await found({ decision: 'approve' }),
      await found({ masked: true }),
      await store.session(admitted.session),
    ];
    const before = await answers();
    await store.reindex();
    assert.deepEqual(await answers(), before);
  });
});
