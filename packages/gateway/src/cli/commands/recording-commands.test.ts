import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Body } from '@onrecord/record';
import { JournalFixture, utf8 } from '../../store/journal.fixture.ts';
import { billing, morning, opened, recordDay, second, support } from '../../store/recorded-day.fixture.ts';
import { State } from '../../store/state.ts';
import { type Ran, runCommand } from '../run-command.fixture.ts';

const configuration = `connections:
  billing: { host: 127.0.0.1, database: billing, user: billing_app }
identities:
  billing-agent: { connections: [billing] }
`;

describe('commands that read a recording', () => {
  let cwd: string;
  let journal: JournalFixture;

  before(() => {
    cwd = mkdtempSync(join(tmpdir(), 'onrecord-commands-'));
    writeFileSync(join(cwd, 'onrecord.yaml'), configuration);
    journal = new JournalFixture({ data: join(cwd, 'data') });
    recordDay(journal);
  });
  after(() => rmSync(cwd, { recursive: true }));

  const onrecord = (...args: string[]): Promise<Ran> => runCommand(args, { cwd });
  const objects = (text: string): Record<string, unknown>[] =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));

  describe('log', () => {
    it('prints a statement a line as JSON, and says on standard error what the answer lacks', async () => {
      const { stdout, stderr, code } = await onrecord('log', '--identity', 'billing-agent', '--json', '--tz', 'UTC');
      assert.equal(code, 0);
      const statements = objects(stdout);
      assert.equal(statements.length, 19);
      const sixth = statements.find(({ n }) => n === 6);
      const wanted = {
        at: '2024-11-19T09:00:12.000000Z',
        identity: 'billing-agent',
        connection: 'billing',
        session: billing.session,
        n: 6,
        sql: 'SELECT id, name FROM customers WHERE id = $1',
        parameters: ['42'],
        parameterTypes: ['int4'],
        outcome: 'completed',
        commandTag: 'SELECT 1',
        rowCount: 1,
        durationMs: 0,
        error: null,
      };
      assert.deepEqual({ ...sixth, ...wanted }, sixth);
      assert.deepEqual(statements.find(({ n }) => n === 11)?.['error'], {
        severity: 'ERROR',
        sqlstate: '42703',
        message: 'column "totl" does not exist',
        detail: null,
        hint: null,
        position: 8,
      });
      assert.equal(statements.find(({ n }) => n === 3)?.['rowCount'], 1);
      const [completeness] = objects(stderr);
      assert.deepEqual(
        [
          completeness?.['type'],
          completeness?.['complete'],
          completeness?.['statements'],
          completeness?.['unknownOutcomes'],
        ],
        ['completeness', false, 19, 1],
      );
    });

    it('echoes the range, shows the timeline and ends with what may be missing', async () => {
      const { stdout, code } = await onrecord('log', '--on', '2024-11-19', '--tz', 'Europe/Berlin');
      assert.equal(code, 0);
      assert.match(stdout, /^Tuesday 2024-11-19 00:00 – 24:00 Europe\/Berlin \(UTC\+01:00\)\n/);
      assert.match(stdout, /10:00:03\.000/);
      assert.match(stdout, /21 statements in 2 sessions, 6 did not complete\. Not complete:/);
      assert.match(stdout, /still open/);
    });

    it('says that an answer is complete when it is', async () => {
      const { stdout } = await onrecord('log', '--until', '2024-11-19T09:00:20Z');
      assert.match(stdout, /Complete/);
      const { stderr } = await onrecord('log', '--until', '2024-11-19T09:00:20Z', '--json');
      assert.equal(objects(stderr)[0]?.['complete'], true);
    });

    it('stops at a limit, says that there is more, and goes on behind it', async () => {
      const first = await onrecord('log', '--limit', '2', '--json');
      const page = objects(first.stdout);
      assert.deepEqual(
        page.map(({ n }) => n),
        [1, 2],
      );
      assert.equal(objects(first.stderr)[0]?.['more'], true);
      const second = await onrecord('log', '--limit', '2', '--json', '--after', String(page[1]?.['index']));
      assert.deepEqual(
        objects(second.stdout).map(({ n }) => n),
        [3, 1],
      );
    });

    it('filters by session, outcome and words', async () => {
      assert.deepEqual(
        objects((await onrecord('log', '--outcome', 'failed', '--json')).stdout).map(({ n }) => n),
        [11, 15],
      );
      assert.deepEqual(objects((await onrecord('log', '--session', '000002', '--json')).stdout).length, 2);
      assert.deepEqual(
        objects((await onrecord('log', '--search', 'paid invoices', '--json')).stdout).map(({ n }) => n),
        [3],
      );
    });

    it('refuses names that are not on the record, with the one that was meant', async () => {
      const { stderr, stdout, code } = await onrecord('log', '--identity', 'billing-agnt');
      assert.equal(code, 1);
      assert.equal(stdout, '');
      assert.match(stderr, /there is no identity "billing-agnt" on the record; did you mean "billing-agent"\?/);
      assert.equal((await onrecord('log', '--session', 'nope')).code, 1);
    });

    it('refuses a time that it does not understand as a call that was wrong', async () => {
      const { stderr, code } = await onrecord('log', '--on', 'tuesday-ish');
      assert.equal(code, 2);
      assert.match(stderr, /--on "tuesday-ish"/);
      assert.equal((await onrecord('log', '--limit', '0')).code, 2);
      assert.equal((await onrecord('log', '--outcome', 'fine')).code, 2);
      assert.equal((await onrecord('log', '--search', '(&')).code, 2);
    });
  });

  describe('sessions', () => {
    it('are listed in the order in which they were opened', async () => {
      const { stdout } = await onrecord('sessions', '--json');
      assert.deepEqual(
        objects(stdout).map(({ session, closedAt }) => [session, closedAt]),
        [
          [billing.session, '2024-11-19T09:01:00.000000Z'],
          [support.session, null],
        ],
      );
      assert.match((await onrecord('sessions', '--tz', 'UTC')).stdout, /billing-agent → billing/);
    });
  });

  describe('show', () => {
    it('shows one statement with its rows', async () => {
      const { stdout } = await onrecord('show', `${billing.session}/1`, '--json');
      const [view] = objects(stdout);
      assert.deepEqual(view?.['columns'], [
        { name: 'id', type: 'int4' },
        { name: 'name', type: 'text' },
      ]);
      assert.deepEqual(view?.['rows'], [
        ['1', 'Ada'],
        ['2', null],
      ]);
    });

    it('shows a session that is named by the end of its id, or as the latest', async () => {
      const { stdout } = await onrecord('show', '000001');
      assert.match(stdout, /^Session 0k3d9x2v7m000001/);
      assert.match(stdout, /0k3d9x2v7m000001\/23/);
      assert.match(stdout, /notification on jobs: hello/);
      assert.match((await onrecord('show', 'latest')).stdout, /^Session 0k3d9x2v7m000002/);
    });

    it('says which sessions could be meant, and that there is none', async () => {
      const { stderr, code } = await onrecord('show', '0k3d');
      assert.equal(code, 1);
      assert.match(stderr, /could be one of 2 sessions\nWrite more of it: 0k3d9x2v7m000002, 0k3d9x2v7m000001/);
      assert.match((await onrecord('show', 'zzz')).stderr, /there is no session "zzz"/);
      assert.match((await onrecord('show', '000001/99')).stderr, /has no statement 99/);
      assert.equal((await onrecord('show', '000001/x')).code, 2);
    });
  });

  describe('export', () => {
    it('writes statements with their results as JSON', async () => {
      const { stdout, stderr } = await onrecord('export', '000001', '--format', 'jsonl');
      assert.equal(objects(stdout).length, 19);
      assert.match(stderr, /unknown outcome/);
    });

    it('writes a file that only its owner can read', async () => {
      const { stdout, code } = await onrecord('export', '000001', '--format', 'html', '--output', 'session.html');
      assert.deepEqual([stdout, code], ['', 0]);
      const file = join(cwd, 'session.html');
      assert.match(readFileSync(file, 'utf8'), /^<!doctype html>/i);
      assert.equal(statSync(file).mode & 0o777, 0o600);
    });

    it('obeys no text on a terminal, and leaves it as it was in a script', async () => {
      const data = mkdtempSync(join(tmpdir(), 'onrecord-export-'));
      const hostile = new JournalFixture({ data });
      hostile.append(
        { at: morning, ...billing, body: opened() },
        {
          at: morning,
          ...billing,
          body: { type: 'statement', n: 1, kind: 'simple', sql: utf8("SELECT '\x1b[2J'"), transactionBefore: 'I' },
        },
        {
          at: morning + second,
          ...billing,
          body: { type: 'outcome', of: 1, outcome: 'completed', tag: 'SELECT 1', rowCount: 1, rowBytes: 1 },
        },
      );
      try {
        const args = ['export', 'latest', '--format', 'sql', '--data', data];
        assert.ok((await runCommand(args, { cwd })).stdout.includes("\nSELECT '\x1b[2J'\n"));
        assert.match((await runCommand(args, { cwd, isTerminal: true })).stdout, /^SELECT '\\x1b\[2J'$/m);
      } finally {
        rmSync(data, { recursive: true });
      }
    });

    it('asks for a format', async () => {
      assert.equal((await onrecord('export', '000001')).code, 2);
      assert.equal((await onrecord('export', '000001/2', '--format', 'sql')).code, 2);
    });
  });

  it('say that state.sqlite is damaged, and not that the index is', async () => {
    const data = mkdtempSync(join(tmpdir(), 'onrecord-damaged-'));
    new JournalFixture({ data }).append({ at: morning, ...billing, body: opened() });
    writeFileSync(join(data, 'state.sqlite'), 'no database');
    try {
      const { stderr, code } = await runCommand(['log', '--data', data], { cwd });
      assert.equal(code, 1);
      assert.match(stderr, /^onrecord: state\.sqlite in .* is damaged: /);
      assert.doesNotMatch(stderr, /reindex/);
    } finally {
      rmSync(data, { recursive: true });
    }
  });

  describe('reindex', () => {
    it('leaves the same answers', async () => {
      const before = await onrecord('log', '--json', '--all');
      const { stdout, code } = await onrecord('reindex');
      assert.equal(code, 0);
      assert.match(stdout, /^\d+ entries read in /);
      assert.equal((await onrecord('log', '--json', '--all')).stdout, before.stdout);
    });
  });

  describe('on whose behalf', () => {
    it('is said of sessions and statements, by whose word, in JSON and for people', async () => {
      const other = new JournalFixture({ data: join(cwd, 'behalf') });
      const said = { method: 'jwt', credential: 'sub-7', issuer: 'corp', connector: 'db-eu', onBehalfOf: 'alice' };
      const body = opened({ ...said, claimed: { onBehalfOf: 'bob' }, credentialExpiresAt: morning + second });
      other.append(
        { at: morning, ...billing, body },
        {
          at: morning,
          ...billing,
          body: { type: 'statement', n: 1, kind: 'simple', sql: utf8('SELECT 1'), transactionBefore: 'I' },
        },
      );
      const of = (...args: string[]): Promise<Ran> => onrecord(...args, '--data', 'behalf', '--tz', 'UTC');
      const [session] = objects((await of('sessions', '--json')).stdout);
      const expected = { ...said, claimed: { onBehalfOf: 'bob' }, credentialExpiresAt: '2024-11-19T09:00:01.000000Z' };
      assert.deepEqual({ ...session, ...expected }, session);
      for (const command of [['log'], ['show', 'latest'], ['export', 'latest', '--format', 'jsonl']]) {
        const [statement] = objects((await of(...command, ...(command[0] === 'export' ? [] : ['--json']))).stdout);
        assert.deepEqual([statement?.['onBehalfOf'], statement?.['claimedOnBehalfOf']], ['alice', 'bob']);
      }
      const words = /billing-agent on behalf of alice \(verified\), bob \(claimed\)/;
      for (const command of [
        ['log'],
        ['show', 'latest'],
        ['replay', 'latest'],
        ['export', 'latest', '--format', 'sql'],
      ]) {
        assert.match((await of(...command)).stdout, words, command.join(' '));
      }
      const [plain] = objects((await onrecord('log', '--json')).stdout);
      assert.ok(plain !== undefined && !('onBehalfOf' in plain) && !('claimedOnBehalfOf' in plain));
    });
  });

  describe('tail', () => {
    it('shows statements as they end, until it is interrupted', async () => {
      const interrupt = new AbortController();
      const data = mkdtempSync(join(tmpdir(), 'onrecord-tail-'));
      const live = new JournalFixture({ data });
      const own = { session: '0k3d9x2v7m000009', identity: 'onrecord' };
      live.append({ at: morning, ...billing, body: opened() });
      live.append({ at: morning, ...own, body: opened() });
      let written = 0;
      const write = (n: number): number =>
        live.append(
          // What the gateway itself asks is not shown.
          {
            at: morning,
            ...own,
            body: { type: 'statement', n, kind: 'simple', sql: utf8('SELECT own'), transactionBefore: 'I' },
          },
          { at: morning, ...own, body: { type: 'outcome', of: n, outcome: 'completed', rowCount: 0, rowBytes: 0 } },
          {
            at: morning,
            ...billing,
            body: { type: 'statement', n, kind: 'simple', sql: utf8(`SELECT ${n}`), transactionBefore: 'I' },
          },
          {
            at: morning + second,
            ...billing,
            body: { type: 'outcome', of: n, outcome: 'completed', tag: 'SELECT 1', rowCount: 1, rowBytes: 1 },
          },
        );
      try {
        // Until the first one shows up, nobody knows that the tail has begun.
        const writing = setInterval(() => {
          written += 1;
          write(written);
        }, 20);
        const { stdout, code } = await runCommand(['tail', '--json', '--data', data], {
          cwd,
          interrupt: interrupt.signal,
          onOutput: () => {
            clearInterval(writing);
            interrupt.abort();
          },
        });
        assert.equal(code, 0);
        const [first, ...more] = objects(stdout);
        assert.doesNotMatch(stdout, /own/);
        assert.equal(first?.['sql'], `SELECT ${first?.['n']}`);
        assert.equal(first?.['outcome'], 'completed');
        assert.deepEqual(
          more.map(({ n }) => n),
          more.map((_, at) => Number(first?.['n']) + 1 + at),
        );
      } finally {
        live.remove();
      }
    });
  });

  describe('what the gateway itself asks', () => {
    const own = { session: '0k3d9x2v7m000009', identity: 'onrecord' };
    let ownCwd: string;

    before(() => {
      ownCwd = mkdtempSync(join(tmpdir(), 'onrecord-own-'));
      const journal = new JournalFixture({ data: join(ownCwd, 'data') });
      const statement = (n: number, sql: string) =>
        ({ type: 'statement', n, kind: 'simple', sql: utf8(sql), transactionBefore: 'I' }) as const;
      const outcome = (of: number) =>
        ({ type: 'outcome', of, outcome: 'completed', rowCount: 0, rowBytes: 0 }) as const;
      let us = 0;
      const append = (whose: typeof own, ...bodies: Body[]): void => {
        for (const body of bodies) {
          us += 1;
          journal.append({ at: morning + us, us, ...whose, body });
        }
      };
      append(own, opened({ method: 'gateway', credential: '', client: '' }), statement(1, 'SELECT 1 /* own */'));
      append(own, outcome(1), statement(2, 'SELECT 2 /* own */'));
      append(billing, opened(), statement(1, 'SELECT 3'), outcome(1));
      append(billing, { type: 'session_closed', reason: 'client terminated', statements: 1 });
    });
    after(() => rmSync(ownCwd, { recursive: true }));

    const ask = (...args: string[]): Promise<Ran> => runCommand([...args, '--data', 'data'], { cwd: ownCwd });

    it('is left out of log, which says so, and is complete without it', async () => {
      const { stdout } = await ask('log');
      assert.match(stdout, /SELECT 3/);
      assert.doesNotMatch(stdout, /own/);
      assert.match(
        stdout,
        /1 statement in 1 session\. Complete: every session has ended and nothing else is missing\./,
      );
      assert.match(
        stdout.replace(/\s+/g, ' '),
        /Left out: 2 statements of the gateway itself \(--identity onrecord shows them, --all everything\)\./,
      );
      const json = await ask('log', '--json');
      assert.deepEqual(
        objects(json.stdout).map(({ identity }) => identity),
        ['billing-agent'],
      );
      const [{ complete, leftOut, openSessions } = {}] = objects(json.stderr);
      assert.deepEqual([complete, leftOut, openSessions], [true, 2, []]);
    });

    it('is in log when it is asked for', async () => {
      for (const [args, count] of [
        [['--identity', 'onrecord'], 2],
        [['--session', own.session], 2],
        [['--all'], 3],
      ] as const) {
        const { stdout, stderr } = await ask('log', '--json', ...args);
        assert.equal(objects(stdout).length, count, args.join(' '));
        const [{ complete, leftOut } = {}] = objects(stderr);
        assert.deepEqual([complete, leftOut], [false, 0], args.join(' '));
        assert.doesNotMatch((await ask('log', ...args)).stdout, /Left out/);
      }
      assert.doesNotMatch((await ask('log', '--identity', 'billing-agent')).stdout, /Left out/);
    });

    it('is left out of sessions, which say so', async () => {
      const { stdout } = await ask('sessions');
      assert.doesNotMatch(stdout, /onrecord →/);
      assert.match(stdout, /\nLeft out: 1 session of the gateway itself/);
      const json = await ask('sessions', '--json');
      assert.equal(objects(json.stdout).length, 1);
      assert.deepEqual(objects(json.stderr), [{ type: 'left_out', sessions: 1 }]);
      const all = await ask('sessions', '--all');
      assert.match(all.stdout, /onrecord → billing/);
      assert.doesNotMatch(all.stdout, /Left out/);
      assert.equal(objects((await ask('sessions', '--all', '--json')).stdout).length, 2);
      assert.match((await ask('sessions', '--open')).stdout, /No sessions\.\n\nLeft out: 1 session/);
    });
  });

  describe('looking', () => {
    const views = (): { viewer: string; command: string; target: string }[] => {
      const state = new State(join(cwd, 'data'));
      const rows = state.database.prepare('SELECT body FROM outbox ORDER BY id').all();
      state.close();
      return rows.map((row) => JSON.parse(String(row['body'])));
    };

    it('is left for the record where there is a gateway to take it, once for the same look', async () => {
      assert.deepEqual(await onrecord('log', '--session', '000001', '--limit', '1').then(({ code }) => code), 0);
      new State(join(cwd, 'data')).close();
      await onrecord('log', '--identity', 'billing-agent', '--search', 'paid invoices');
      await onrecord('log', '--identity', 'billing-agent', '--search', 'paid invoices');
      await onrecord('show', '000001/3');
      await onrecord('sessions');
      const who = userInfo().username;
      assert.deepEqual(
        views().map(({ viewer, command, target }) => [viewer, command, target]),
        [
          [who, 'log', '--identity billing-agent --search "paid invoices"'],
          [who, 'show', `${billing.session}/3`],
        ],
      );
    });
  });

  it('leave a directory that cannot be written as it is', { skip: userInfo().uid === 0 }, async () => {
    const data = join(cwd, 'read-only');
    const copy = new JournalFixture({ data });
    recordDay(copy);
    chmodSync(data, 0o500);
    try {
      const { stdout, code } = await onrecord('log', '--data', data, '--json');
      assert.equal(code, 0);
      assert.equal(objects(stdout).length, 21);
    } finally {
      chmodSync(data, 0o700);
    }
  });

  it('say that there is no recording where there is none', async () => {
    const { stderr, code } = await onrecord('log', '--data', join(cwd, 'nothing'));
    assert.equal(code, 1);
    assert.match(stderr, /there is no journal in/);
  });
});
