import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { blindSession, recordBlindDay } from '../../store/blind-day.fixture.ts';
import { JournalFixture } from '../../store/journal.fixture.ts';
import { morning, opened, second } from '../../store/recorded-day.fixture.ts';
import { type Ran, runCommand } from '../run-command.fixture.ts';

describe('onrecord blind', () => {
  let cwd: string;
  let journal: JournalFixture;

  before(() => {
    cwd = mkdtempSync(join(tmpdir(), 'onrecord-blind-'));
    journal = new JournalFixture({ data: join(cwd, 'data') });
    recordBlindDay(journal);
    journal.append({
      at: morning + 20 * second,
      session: '0k3d9x2v7m000009',
      identity: 'a',
      body: opened({ connection: 'old' }),
    });
  });
  after(() => rmSync(cwd, { recursive: true }));

  const blind = (...args: string[]): Promise<Ran> =>
    runCommand(['blind', '--data', 'data', '--tz', 'UTC', ...args], { cwd, isTerminal: true });
  const objects = (text: string): Record<string, unknown>[] =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

  it('lists who, from where and when, and says in full what may be missing', async () => {
    const { stdout, code } = await blind();
    assert.equal(code, 0);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.trimEnd());
    assert.deepEqual(lines.slice(2), [
      'Tuesday 2024-11-19 UTC',
      ' first seen │ last seen                │ connection │ user → database    │ from           │ application    │ backend',
      ' ───────────┼──────────────────────────┼────────────┼────────────────────┼────────────────┼────────────────┼───────────────────',
      ' 09:00:01   │ 09:00:07                 │ billing    │ postgres → billing │ 10.0.0.9:40000 │ psql           │ client backend 100',
      ' 09:00:03   │ not known since 09:00:09 │ billing    │ cron → billing     │ 10.0.0.9:40000 │ psql           │ client backend 102',
      ' 09:00:04   │ still there              │ billing    │ postgres → billing │ local socket   │ psql           │ client backend 103',
      ' 09:00:15   │ still there              │ billing    │ postgres → billing │ 10.0.0.9:40000 │ evil\\x1b[2Japp │ client backend 101',
      '',
      '4 blind sessions, 2 still there, 12 more counted and not seen. Not complete:',
      '  ! billing: 12 sessions in billing came and went between two looks, 2024-11-19 09:00:00 – 09:00:09',
      '  ! billing: not watched before 2024-11-19 09:00:02: nobody watched yet',
      '  ! billing: not watched 2024-11-19 09:00:09 – 09:00:13: the link to db-eu was lost',
      '  ! legacy: never watched: password authentication failed',
      '  ! support: not watched before 2024-11-19 09:00:03: nobody watched yet',
      '  ! support: It sees no names of others.',
      '  ! old: never watched: it has no watch',
    ]);
  });

  it('says that it is complete when somebody watched all the time', async () => {
    const { stdout } = await blind('--connection', 'billing', '--since', '2024-11-19T09:00:14Z');
    assert.match(stdout, /^.*2024-11-19 09:00:14.*\n\n/);
    assert.match(stdout, /\n2 blind sessions, 2 still there\. Complete: it was watched all the time\.\n$/);
    const none = await blind('--connection', 'support', '--on', '2024-11-20');
    assert.match(none.stdout, /0 blind sessions\. Not complete:\n {2}! support: It sees no names of others\.\n$/);
  });

  it('prints a session a line as JSON, and on standard error what may be missing', async () => {
    const { stdout, stderr, code } = await blind('--connection', 'billing', '--json');
    assert.equal(code, 0);
    const sessions = objects(stdout);
    assert.deepEqual(sessions[0], {
      connection: 'billing',
      user: 'postgres',
      database: 'billing',
      address: '10.0.0.9:40000',
      application: 'psql',
      kind: 'client backend',
      backendPid: 100,
      startedAt: '2024-11-19T09:00:00.000000Z',
      firstSeenAt: '2024-11-19T09:00:01.000000Z',
      lastSeenAt: '2024-11-19T09:00:07.000000Z',
      end: 'ended',
      connector: 'db-eu',
      index: 5,
    });
    assert.deepEqual(
      sessions.map(({ end, notKnownSince }) => [end, notKnownSince]),
      [
        ['ended', undefined],
        ['not known', '2024-11-19T09:00:09.000000Z'],
        ['there', undefined],
        ['there', undefined],
      ],
    );
    assert.ok(!stdout.includes('\x1b'));
    const { range: _, ...completeness } = objects(stderr).at(-1) ?? {};
    assert.deepEqual(completeness, {
      type: 'completeness',
      complete: false,
      sessions: 4,
      unseen: [
        {
          connection: 'billing',
          database: 'billing',
          count: 12,
          from: '2024-11-19T09:00:00.000000Z',
          until: '2024-11-19T09:00:09.000000Z',
        },
      ],
      notWatched: [
        { connection: 'billing', from: null, until: '2024-11-19T09:00:02.000000Z', reason: 'nobody watched yet' },
        {
          connection: 'billing',
          from: '2024-11-19T09:00:09.000000Z',
          until: '2024-11-19T09:00:13.000000Z',
          reason: 'the link to db-eu was lost',
        },
      ],
      neverWatched: [],
      limits: [],
      damage: null,
    });
  });

  it('lists the latest of many times without a watch, and counts the others', async () => {
    const other = new JournalFixture({ data: join(cwd, 'flapping') });
    for (let at = 0; at < 30; at += 1) {
      const connection = 'billing';
      other.append({
        at: morning + at * second,
        body:
          at % 2 === 0
            ? { type: 'watch_started', connection, role: 'r', backendPid: 1, everyMs: 1000 }
            : { type: 'gap', connection, reason: `reason ${at}` },
      });
    }
    const { stdout } = await blind('--data', 'flapping');
    assert.match(stdout, /! billing: 6 further times without a watch, before these:\n/);
    assert.equal([...stdout.matchAll(/: not watched /g)].length, 10);
    assert.match(stdout, /not watched since 2024-11-19 09:00:29: reason 29\n$/);
  });

  it('refuses a connection that is not on the record, and says which are', async () => {
    const { stderr, code } = await blind('--connection', 'biling');
    assert.equal(code, 1);
    assert.match(stderr, /there is no connection "biling".*billing/s);
  });

  it('shows sessions of several days under their days', async () => {
    const other = new JournalFixture({ data: join(cwd, 'days') });
    for (const day of [0, 1]) {
      const seenAt = morning + day * 86_400 * second;
      other.append({ at: seenAt, body: blindSession({ backendPid: day, seenAt, startedAt: seenAt }) });
    }
    other.append({
      at: morning + 2 * 86_400 * second,
      body: {
        type: 'blind_session_ended',
        connection: 'billing',
        backendPid: 0,
        startedAt: morning,
        lastSeenAt: morning + 2 * 86_400 * second,
      },
    });
    const { stdout } = await blind('--data', 'days');
    assert.match(
      stdout,
      /Tuesday 2024-11-19 UTC\n.*\n.*\n 09:00:00 {3}│ 2024-11-21 09:00:00 │.*\n\nWednesday 2024-11-20 UTC/,
    );
  });
});
