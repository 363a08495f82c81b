import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Body } from '@onrecord/record';
import { indexFile } from './index-database.ts';
import { copyData, dataRow, JournalFixture, rowDescription, utf8 } from './journal.fixture.ts';
import { billing, morning, opened, recordDay, second, support } from './recorded-day.fixture.ts';
import type { StatementFilter } from './statement-filter.ts';
import { NoJournal, Store } from './store.ts';
import type { StatementView, ValueView } from './views.ts';

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const texts = (values: readonly ValueView[]): (string | null)[] => values.map(({ text }) => text);

describe('Store', () => {
  let journal: JournalFixture;
  let store: Store;

  before(async () => {
    journal = new JournalFixture();
    recordDay(journal);
    store = new Store(journal.data);
    await store.catchUp();
  });
  after(() => {
    store.close();
    journal.remove();
  });

  const statement = async (n: number): Promise<StatementView> => {
    const view = await store.statement(billing.session, n);
    assert.ok(view, `statement ${n}`);
    return view;
  };
  /** `1/3`: statement 3 of the first session. */
  const found = async (filter: StatementFilter): Promise<string[]> =>
    (await all(store.statements(filter))).map(({ session, n }) => `${session.at(-1)}/${n}`);

  describe('a statement', () => {
    it('has its text, its result as it was sent, and its times', async () => {
      const view = await statement(1);
      assert.equal(view.at, morning + 3 * second);
      assert.equal(view.identity, 'billing-agent');
      assert.equal(view.connection, 'billing');
      assert.equal(view.sql, 'SELECT id, name FROM billing.customers');
      assert.equal(view.outcome, 'completed');
      assert.equal(view.commandTag, 'SELECT 2');
      assert.deepEqual(
        view.columns.map(({ name, typeName }) => [name, typeName]),
        [
          ['id', 'int4'],
          ['name', 'text'],
        ],
      );
      assert.deepEqual(view.rows.map(texts), [
        ['1', 'Ada'],
        ['2', null],
      ]);
      assert.equal(view.truncatedAt, undefined);
      assert.deepEqual(view.digests, ['07'.repeat(32)]);
      // The fixture's monotonic clock is that of the outcome, one second on.
      assert.deepEqual([view.forwardedUs, view.firstByteUs, view.durationUs], [300, 900, 1000]);
    });

    it('knows its place among the statements of one Query', async () => {
      assert.deepEqual((await statement(2)).position, { index: 0, count: 2 });
      assert.deepEqual((await statement(3)).position, { index: 1, count: 2 });
    });

    it('takes the transaction status behind it from the next statement when no outcome says it', async () => {
      assert.equal((await statement(2)).transactionAfter, 'I');
      assert.equal((await statement(3)).transactionAfter, 'T');
    });

    it('has the text of its Parse and the parameters of its Bind, wherever they stand', async () => {
      const first = await statement(6);
      assert.equal(first.sql, 'SELECT id, name FROM customers WHERE id = $1');
      assert.equal(first.statementName, 's1');
      assert.deepEqual(first.parameters, [{ text: '42', type: 23, typeName: 'int4', format: 'text', decoded: true }]);
      const again = await statement(7);
      assert.equal(again.sql, first.sql);
      assert.deepEqual(texts(again.parameters), [null]);
      assert.equal(again.parameters[0]?.typeName, 'int4');
    });

    it('has the columns that an earlier statement carries', async () => {
      assert.deepEqual((await statement(7)).columns, (await statement(6)).columns);
    });

    it('adds up all fetches of its portal', async () => {
      const view = await statement(8);
      assert.equal(view.rowCount, 5);
      assert.equal(view.rowBytes, 100);
      assert.deepEqual(view.rows.map(texts), [
        ['1', 'Ada'],
        ['2', null],
        ['1', 'Ada'],
        ['2', null],
      ]);
      assert.equal(view.truncatedAt, 4);
      assert.equal(view.outcome, 'completed');
      assert.equal(view.commandTag, 'SELECT 1');
      assert.equal(view.digests.length, 3);
      assert.deepEqual(
        view.fetches.map(({ n, maxRows, rowCount, outcome }) => [n, maxRows, rowCount, outcome]),
        [
          [9, 2, 2, 'suspended'],
          [10, undefined, 1, 'completed'],
        ],
      );
      assert.deepEqual(
        view.columns.map(({ name }) => name),
        ['id', 'name'],
      );
    });

    it('has the error and the notices of the server', async () => {
      const { error, notices, outcome, transactionAfter } = await statement(11);
      assert.equal(outcome, 'failed');
      assert.deepEqual(error, {
        severity: 'ERROR',
        sqlstate: '42703',
        message: 'column "totl" does not exist',
        detail: undefined,
        hint: undefined,
        position: 8,
      });
      assert.deepEqual(
        notices.map(({ severity, message }) => [severity, message]),
        [['NOTICE', 'beware']],
      );
      assert.equal(transactionAfter, 'E');
    });

    it('says why it did not run', async () => {
      assert.deepEqual(
        await Promise.all(
          [12, 16, 23].map(async (n) => {
            const { outcome, reason } = await statement(n);
            return [outcome, reason];
          }),
        ),
        [
          ['skipped', 'an earlier statement of the pipeline failed'],
          ['refused', 'not allowed'],
          ['unknown', 'the gateway died'],
        ],
      );
    });

    it('knows the cancel requests that reached it', async () => {
      const { outcome, cancelRequestedAt } = await statement(14);
      assert.equal(outcome, 'cancelled');
      assert.deepEqual(cancelRequestedAt, [morning + 31 * second]);
    });

    it('has the data of COPY in both directions, without message headers', async () => {
      const into = (await statement(17)).copy;
      assert.equal(into?.direction, 'in');
      assert.equal(Buffer.from(into?.data ?? []).toString(), '1\tone\n2\ttwo\n');
      assert.deepEqual([into?.messages, into?.bytes, into?.truncated], [2, 22, false]);
      const out = await statement(18);
      assert.equal(out.copy?.direction, 'out');
      assert.equal(Buffer.from(out.copy?.data ?? []).toString(), '1\tone\n2\ttwo\n');
      assert.deepEqual([out.columns, out.rows, out.rowCount], [[], [], 0]);
    });

    it('joins parameters that came in parts', async () => {
      assert.deepEqual(texts((await statement(19)).parameters), ['x'.repeat(10)]);
    });

    it('says that a password was taken out of it', async () => {
      assert.equal((await statement(21)).redacted, true);
      assert.equal((await statement(1)).redacted, false);
    });

    it('is read in the encoding of its session at its time', async () => {
      assert.equal((await store.statement(support.session, 1))?.sql, "SELECT 'Müller' FROM tickets");
      assert.equal((await statement(22)).sql, "SELECT '€' AS euro");
    });

    it('is running while its session is open', async () => {
      const view = await store.statement(support.session, 2);
      assert.deepEqual([view?.outcome, view?.durationUs, view?.commandTag], ['running', undefined, undefined]);
    });

    it('is not there when nobody recorded it', async () => {
      assert.equal(await store.statement(billing.session, 99), undefined);
      assert.equal(await store.statement('nobody', 1), undefined);
    });
  });

  describe('a timeline', () => {
    const billed = ['1/1', '1/2', '1/3'];
    const later = [
      '1/6',
      '1/7',
      '1/8',
      '1/11',
      '1/12',
      '1/13',
      '1/14',
      '1/15',
      '1/16',
      '1/17',
      '1/18',
      '1/19',
      '1/20',
      '1/21',
      '1/22',
      '1/23',
    ];

    it('is in journal order across sessions, without fetches and without what was only prepared', async () => {
      assert.deepEqual(await found({}), [...billed, '2/1', ...later, '2/2']);
    });

    it('has what was only prepared on request', async () => {
      assert.deepEqual(await found({ all: true, identity: 'billing-agent' }), [...billed, '1/4', '1/5', ...later]);
    });

    it('is of one identity, connection or session', async () => {
      assert.deepEqual(await found({ identity: 'support-agent' }), ['2/1', '2/2']);
      assert.deepEqual(await found({ connection: 'support' }), ['2/1', '2/2']);
      assert.deepEqual(await found({ session: billing.session }), [...billed, ...later]);
      assert.deepEqual(await found({ identity: 'nobody' }), []);
      assert.deepEqual(await found({ identity: 'support-agent', connection: 'billing' }), []);
    });

    it('is of a time, its end not included', async () => {
      const { at } = await statement(3);
      assert.deepEqual(await found({ untilUs: at }), ['1/1', '1/2']);
      assert.deepEqual(await found({ fromUs: at, untilUs: at + 1 }), ['1/3']);
      assert.deepEqual(await found({ fromUs: morning + 3_600 * second }), []);
    });

    it('is of an outcome', async () => {
      assert.deepEqual(await found({ outcome: 'failed' }), ['1/11', '1/15']);
      assert.deepEqual(await found({ outcome: 'unknown' }), ['1/23']);
      assert.deepEqual(await found({ outcome: 'running' }), ['2/2']);
      assert.deepEqual(await found({ outcome: 'completed', identity: 'support-agent' }), ['2/1']);
    });

    it('is of words, phrases and beginnings of words', async () => {
      assert.deepEqual(await found({ search: 'paid invoices' }), ['1/3']);
      assert.deepEqual(await found({ search: '"id = 7"' }), ['1/3']);
      assert.deepEqual(await found({ search: 'invo*' }), ['1/3', '1/11', '1/17', '1/18']);
      assert.deepEqual(await found({ search: 'muller' }), ['2/1']);
    });

    it('finds each execution of a prepared statement by its text', async () => {
      assert.deepEqual(await found({ search: 'customers WHERE' }), ['1/6', '1/7']);
    });

    it('is of a table, with or without its schema, and of whatever may be that table', async () => {
      assert.deepEqual(await found({ table: 'invoices' }), ['1/3', '1/11', '1/17', '1/18']);
      assert.deepEqual(await found({ table: 'customers' }), ['1/1', '1/6', '1/7', '1/8']);
      assert.deepEqual(await found({ table: 'billing.customers' }), ['1/1', '1/6', '1/7', '1/8']);
      assert.deepEqual(await found({ table: 'other.customers' }), ['1/6', '1/7', '1/8']);
      assert.deepEqual(await found({ table: 'tickets', outcome: 'running' }), ['2/2']);
      assert.deepEqual(await found({ table: 'customers', search: 'order' }), ['1/8']);
      assert.deepEqual(await found({ table: 'nothing' }), []);
    });

    it('goes on behind a statement', async () => {
      const [, , third] = await all(store.statements({ limit: 3 }));
      assert.deepEqual(await found({ after: third?.index ?? 0, limit: 2 }), ['2/1', '1/6']);
      assert.deepEqual(await found({ limit: 0 }), []);
    });

    it('can be asked for more while it is read', async () => {
      for await (const { session, n } of store.statements({ identity: 'billing-agent' })) {
        assert.equal((await store.statement(session, n))?.n, n);
      }
    });
  });

  describe('sessions', () => {
    it('say who, from where, to what, and how it ended', async () => {
      const [first, other] = await all(store.sessions({}));
      assert.deepEqual(
        [first?.session, first?.identity, first?.connection],
        [billing.session, 'billing-agent', 'billing'],
      );
      assert.deepEqual(
        [first?.openedAt, first?.closedAt, first?.closeReason],
        [morning + second, morning + 60 * second, 'gateway died'],
      );
      assert.deepEqual([first?.statements, first?.failed], [19, 2]);
      assert.deepEqual(
        [first?.role, first?.groups, first?.claimed],
        ['billing_app', ['finance'], { applicationName: 'agent' }],
      );
      assert.deepEqual([other?.closedAt, other?.statements, other?.failed], [undefined, 2, 0]);
    });

    it('are those that were open at some time of a range', async () => {
      const open = async (filter: object): Promise<string[]> =>
        (await all(store.sessions(filter))).map(({ session }) => session.at(-1) ?? '');
      assert.deepEqual(await open({ fromUs: morning + 30 * second, untilUs: morning + 31 * second }), ['1', '2']);
      assert.deepEqual(await open({ fromUs: morning + 3_600 * second }), ['2']);
      assert.deepEqual(await open({ untilUs: morning + second }), []);
      assert.deepEqual(await open({ open: true }), ['2']);
      assert.deepEqual(await open({ identity: 'billing-agent' }), ['1']);
    });

    it('are found by the beginning or the end of their id', async () => {
      assert.deepEqual(await store.sessionsLike('0k3d', 5), [support.session, billing.session]);
      assert.deepEqual(await store.sessionsLike('001', 5), [billing.session]);
      assert.deepEqual(await store.sessionsLike('%', 5), []);
      assert.equal(await store.latestSession(), support.session);
    });

    it('are not the latest when the gateway opened them itself', async () => {
      const own = new JournalFixture();
      own.append({ at: morning, ...billing, body: opened() });
      own.append({
        at: morning,
        session: 'zzzzzzzzzzzzzzzz',
        identity: 'onrecord',
        body: opened({ method: 'gateway', credential: '', client: '' }),
      });
      const reading = new Store(own.data);
      try {
        await reading.catchUp();
        assert.equal(await reading.latestSession(), billing.session);
      } finally {
        reading.close();
        own.remove();
      }
    });
  });

  it('has events with a line each', async () => {
    const events = await all(store.events({ session: billing.session, types: ['server_message', 'cancel_requested'] }));
    assert.deepEqual(
      events.map(({ summary }) => summary),
      [
        'cancel requested from 127.0.0.1:50001 of statement 14',
        'notification on jobs: hello',
        'client_encoding is WIN1252',
      ],
    );
  });

  it('lists the names that are on the record', async () => {
    assert.deepEqual(await store.names('identities'), ['billing-agent', 'support-agent']);
    assert.deepEqual(await store.names('connections'), ['billing', 'support']);
  });

  describe('reservations', () => {
    const nowUs = morning + 3_600 * second;

    it('are sessions that are open, recoveries that lost something, and unknown outcomes', async () => {
      const { openSessions, holes, unknownOutcomes, damage } = await store.reservations({}, nowUs);
      assert.deepEqual(openSessions, [{ session: support.session, identity: 'support-agent', connection: 'support' }]);
      assert.deepEqual(
        holes.map(({ type }) => type),
        ['recovered'],
      );
      assert.equal(unknownOutcomes, 1);
      assert.equal(damage, undefined);
    });

    it('are about what was asked only', async () => {
      const { openSessions, unknownOutcomes } = await store.reservations({ identity: 'billing-agent' }, nowUs);
      assert.deepEqual([openSessions, unknownOutcomes], [[], 1]);
      const running = await store.reservations({ untilUs: morning + 100 * second }, nowUs);
      assert.deepEqual(
        running.openSessions.map(({ session }) => session),
        [support.session],
      );
      const early = await store.reservations({ untilUs: morning + 20 * second }, nowUs);
      assert.deepEqual([early.openSessions, early.holes, early.unknownOutcomes], [[], [], 0]);
      const session = await store.reservations({ session: support.session }, nowUs);
      assert.deepEqual([session.openSessions.length, session.unknownOutcomes], [1, 0]);
    });
  });

  it('follows the journal: each statement when it ends, events in between', async () => {
    const from = (await statement(14)).index;
    const items = await all(store.follow(from, store.next, { identity: 'billing-agent' }));
    assert.deepEqual(
      items.slice(0, 4).map((item) => (item.type === 'event' ? item.view.type : item.view.n)),
      ['cancel_requested', 14, 15, 16],
    );
  });

  it('follows up to a place, whatever others project meanwhile, and goes on from there', async () => {
    const shared = new JournalFixture();
    const [following, other] = [new Store(shared.data), new Store(shared.data)];
    const shown = async (from: number, until: number): Promise<unknown[]> =>
      (await all(following.follow(from, until, {}))).map((item) => item.view.index);
    try {
      shared.append({ at: morning, ...billing, body: opened() });
      await following.catchUp();
      const until = following.next;
      shared.append({ at: morning, ...support, body: opened() });
      await other.catchUp();
      assert.deepEqual(await shown(0, until), [0]);
      assert.deepEqual(await shown(until, following.next), [1]);
      assert.deepEqual(await shown(0, following.next), [0, 1]);
      assert.deepEqual(await shown(2, following.next), []);
    } finally {
      for (const store of [following, other]) store.close();
      shared.remove();
    }
  });

  it('shows a portal again with each later fetch', async () => {
    const from = (await statement(8)).index;
    const items = await all(store.follow(from, store.next, { session: billing.session }));
    assert.deepEqual(
      items.slice(0, 4).map((item) => (item.type === 'event' ? item.view.type : item.view.n)),
      [8, 8, 8, 11],
    );
  });
});

describe('Store on other directories', () => {
  it('counts what may name a table and could not be parsed, unless it failed', async () => {
    const journal = new JournalFixture();
    try {
      journal.append({ at: morning, ...billing, body: opened() });
      for (const [at, outcome] of (['completed', 'failed'] as const).entries()) {
        const n = at + 1;
        journal.append(
          {
            at: morning,
            ...billing,
            body: {
              type: 'statement',
              n,
              kind: 'simple',
              sql: utf8('FROM t SELECT NEW SYNTAX'),
              transactionBefore: 'I',
            },
          },
          { at: morning, ...billing, body: { type: 'outcome', of: n, outcome, rowCount: 0, rowBytes: 0 } },
        );
      }
      const store = new Store(journal.data);
      await store.catchUp();
      assert.equal((await store.reservations({ table: 't' }, morning)).unknownTables, 1);
      assert.equal((await store.reservations({ table: 't', identity: 'nobody' }, morning)).unknownTables, 0);
      assert.equal((await store.reservations({}, morning)).unknownTables, 0);
      store.close();
    } finally {
      journal.remove();
    }
  });

  it('answers from a copy as from the original', async () => {
    const journal = new JournalFixture();
    const copy = mkdtempSync(join(tmpdir(), 'onrecord-copy-'));
    try {
      recordDay(journal);
      cpSync(journal.data, copy, { recursive: true });
      const [original, copied] = [new Store(journal.data), new Store(copy)];
      await original.catchUp();
      await copied.catchUp();
      assert.deepEqual(await all(copied.statements({ all: true })), await all(original.statements({ all: true })));
      original.close();
      copied.close();
    } finally {
      journal.remove();
      rmSync(copy, { recursive: true });
    }
  });

  it('tells rows from COPY data in an answer of several parts', async () => {
    const journal = new JournalFixture();
    try {
      const append = (...bodies: Body[]): void => {
        for (const body of bodies) journal.append({ at: morning, ...billing, body });
      };
      const part = { type: 'outcome', of: 1, outcome: 'completed', more: true } as const;
      const [data, first, last] = [copyData('tar'), dataRow('1'), dataRow('2', 'b')];
      append(
        opened(),
        { type: 'statement', n: 1, kind: 'replication', sql: utf8('BASE_BACKUP'), transactionBefore: 'I' },
        {
          ...part,
          tag: 'SELECT',
          rowCount: 1,
          rowBytes: first.length,
          columns: rowDescription(['a', 23]),
          rows: first,
        },
        { ...part, rowCount: 2, rowBytes: 2 * data.length, copy: 'out', rows: data, truncatedAt: 1 },
        {
          ...part,
          tag: 'SELECT',
          rowCount: 1,
          rowBytes: last.length,
          columns: rowDescription(['a', 23], ['b', 25]),
          rows: last,
        },
        { type: 'outcome', of: 1, outcome: 'completed', rowCount: 0, rowBytes: 0 },
      );
      const store = new Store(journal.data);
      await store.catchUp();
      const view = await store.statement(billing.session, 1);
      assert.equal(view?.commandTag, 'SELECT; SELECT');
      assert.deepEqual(view?.rows.map(texts), [['1'], ['2', 'b']]);
      assert.deepEqual([view?.rowCount, view?.rowBytes, view?.truncatedAt], [2, first.length + last.length, undefined]);
      assert.deepEqual([view?.copy?.messages, view?.copy?.bytes, view?.copy?.truncated], [2, 2 * data.length, true]);
      assert.equal(Buffer.from(view?.copy?.data ?? []).toString(), 'tar');
      store.close();
    } finally {
      journal.remove();
    }
  });

  it('rebuilds an index that is damaged', async () => {
    const journal = new JournalFixture();
    try {
      recordDay(journal);
      const first = new Store(journal.data);
      await first.catchUp();
      // Views read on while they are looked at: these are to outlive the store.
      const answer = (await all(first.statements({ all: true }))).map((view) => ({ ...view }));
      first.close();
      const bytes = readFileSync(indexFile(journal.data));
      writeFileSync(indexFile(journal.data), bytes.fill(0xa5, 4096));
      const damaged = new Store(journal.data);
      await damaged.reindex();
      assert.deepEqual(
        (await all(damaged.statements({ all: true }))).map((view) => ({ ...view })),
        answer,
      );
      damaged.close();
    } finally {
      journal.remove();
    }
  });

  it('lets only the owner read the index', async () => {
    const journal = new JournalFixture();
    try {
      recordDay(journal);
      const store = new Store(journal.data);
      await store.catchUp();
      const modes = ['', '-wal', '-shm'].map((suffix) => statSync(indexFile(journal.data) + suffix).mode & 0o777);
      assert.deepEqual(modes, [0o600, 0o600, 0o600]);
      store.close();
    } finally {
      journal.remove();
    }
  });

  it('says that there is no journal', () => {
    assert.throws(() => new Store(join(tmpdir(), 'onrecord-nothing-here')), NoJournal);
  });

  it('answers what stands before damage, and says where it is', async () => {
    const journal = new JournalFixture();
    try {
      recordDay(journal);
      const bytes = readFileSync(journal.segmentFile);
      const at = Math.floor(bytes.length / 2);
      bytes[at] = (bytes[at] as number) ^ 1;
      writeFileSync(journal.segmentFile, bytes);
      const store = new Store(journal.data);
      await store.catchUp();
      assert.match(store.damage ?? '', /segment: corrupt at byte \d+/);
      const views = await all(store.statements({}));
      assert.ok(views.length > 0 && views.length < 21);
      assert.ok((await store.reservations({}, morning)).damage);
      store.close();
    } finally {
      journal.remove();
    }
  });

  it('finds a time range although the clock was set back', async () => {
    const journal = new JournalFixture();
    try {
      journal.append({ at: morning, ...billing, body: opened() });
      // An hour on, then back by two, then on again.
      const times = [0, 3_600, -3_600, 60].map((seconds) => morning + seconds * second);
      for (const [at, time] of times.entries()) {
        journal.append({
          at: time,
          ...billing,
          body: { type: 'statement', n: at + 1, kind: 'simple', sql: utf8('SELECT 1'), transactionBefore: 'I' },
        });
      }
      const store = new Store(journal.data);
      await store.catchUp();
      const between = { fromUs: morning, untilUs: morning + 120 * second };
      assert.deepEqual(
        (await all(store.statements(between))).map(({ n }) => n),
        [1, 4],
      );
      store.close();
    } finally {
      journal.remove();
    }
  });

  it('reads values in the formats that Bind asked for, whatever the description says', async () => {
    const journal = new JournalFixture();
    try {
      const columns = rowDescription(['id', 23]);
      // One parameter in binary (int4 7), results in binary.
      const parameters = Uint8Array.of(0, 1, 0, 1, 0, 1, 0, 0, 0, 4, 0, 0, 0, 7, 0, 1, 0, 1);
      const binary = Uint8Array.of(0x44, 0, 0, 0, 14, 0, 1, 0, 0, 0, 4, 0, 0, 1, 0);
      journal.append(
        { at: morning, ...billing, body: opened() },
        {
          at: morning,
          ...billing,
          body: {
            type: 'statement',
            n: 1,
            kind: 'execute',
            sql: utf8('SELECT $1'),
            parameters,
            parameterTypes: [23],
            transactionBefore: 'I',
          },
        },
        {
          at: morning,
          ...billing,
          body: { type: 'outcome', of: 1, outcome: 'completed', rowCount: 1, rowBytes: 15, columns, rows: binary },
        },
      );
      const store = new Store(journal.data);
      await store.catchUp();
      const view = await store.statement(billing.session, 1);
      assert.deepEqual(texts(view?.parameters ?? []), ['7']);
      assert.deepEqual(view?.rows.map(texts), [['256']]);
      assert.equal(view?.rows[0]?.[0]?.format, 'binary');
      store.close();
    } finally {
      journal.remove();
    }
  });

  it('reads types that the gateway learned', async () => {
    const journal = new JournalFixture();
    try {
      const parameters = Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 5, ...utf8('happy'), 0, 0);
      journal.append(
        { at: morning, ...billing, body: opened() },
        {
          at: morning,
          ...billing,
          body: {
            type: 'statement',
            n: 1,
            kind: 'execute',
            sql: utf8('SELECT $1'),
            parameters,
            parameterTypes: [16400],
            transactionBefore: 'I',
          },
        },
        {
          at: morning,
          body: {
            type: 'types_learned',
            connection: 'billing',
            database: 'billing',
            types: [{ oid: 16400, name: 'mood', kind: 'e', of: 0, array: false }],
          },
        },
      );
      const store = new Store(journal.data);
      await store.catchUp();
      const view = await store.statement(billing.session, 1);
      assert.equal(view?.parameters[0]?.typeName, 'mood');
      store.close();
    } finally {
      journal.remove();
    }
  });
});

describe('a search that very many statements answer', () => {
  const many = 20_500;
  let journal: JournalFixture;
  let store: Store;

  before(async () => {
    journal = new JournalFixture();
    journal.append({ at: morning, ...billing, body: opened() }, { at: morning, ...support, body: opened() });
    for (let from = 1; from <= many; from += 500) {
      journal.append(
        ...Array.from({ length: 500 }, (_, at) => ({
          at: morning + from + at,
          ...(at % 100 === 0 ? support : billing),
          body: {
            type: 'statement' as const,
            n: from + at,
            kind: 'simple' as const,
            sql: utf8(`SELECT common${(from + at) % 7 === 0 ? ', seventh' : ''} FROM t`),
            transactionBefore: 'I' as const,
          },
        })),
      );
    }
    store = new Store(journal.data);
    await store.catchUp();
  });
  after(() => {
    store.close();
    journal.remove();
  });

  const numbers = async (filter: StatementFilter): Promise<number[]> =>
    (await all(store.statements(filter))).map(({ n }) => n);
  const expected = (matches: (n: number) => boolean): number[] =>
    Array.from({ length: many }, (_, at) => at + 1).filter(matches);
  const isSupport = (n: number): boolean => (n - 1) % 100 === 0;

  it('has all of them, in order', async () => {
    assert.deepEqual(
      await numbers({ search: 'common' }),
      expected(() => true),
    );
  });

  it('has those of one identity', async () => {
    assert.deepEqual(await numbers({ search: 'common', identity: 'support-agent' }), expected(isSupport));
  });

  it('has the few of another text among them', async () => {
    assert.deepEqual(
      await numbers({ search: 'seventh' }),
      expected((n) => n % 7 === 0),
    );
    assert.deepEqual(
      await numbers({ search: 'seventh common', identity: 'support-agent', fromUs: morning + 5_000 }),
      expected((n) => n % 7 === 0 && isSupport(n) && n >= 5_000),
    );
  });
});
