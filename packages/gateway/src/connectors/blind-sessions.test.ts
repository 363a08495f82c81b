import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Body } from '@onrecord/record';
import type { Config, ExpectedSession } from '../config/config.ts';
import { BlindSessions } from './blind-sessions.ts';
import type { WatchEvent } from './connector-gate.ts';

type Seen = WatchEvent & { readonly type: 'session seen' };

const seen: Seen = {
  type: 'session seen',
  connection: 'billing',
  pid: 4711,
  startedAt: 1000,
  seenAt: 2000,
  user: 'mallory',
  database: 'billing',
  address: '192.0.2.9',
  application: 'psql',
  kind: 'client backend',
};
const ended: WatchEvent = {
  type: 'session ended',
  connection: 'billing',
  pid: 4711,
  startedAt: 1000,
  lastSeenAt: 3000,
};

function configOf(expected: readonly ExpectedSession[]): Pick<Config, 'connections'> {
  return { connections: new Map([['billing', { expected }]]) as never };
}

function blind(expected: readonly ExpectedSession[] = []): {
  readonly sessions: BlindSessions;
  readonly entries: Body[];
  readonly lines: string[];
} {
  const entries: Body[] = [];
  const lines: string[] = [];
  const append = async (bodies: readonly Body[]): Promise<void> => void entries.push(...bodies);
  const sessions = new BlindSessions({ config: configOf(expected), append, log: (line) => void lines.push(line) });
  return { sessions, entries, lines };
}

const connector = { connector: 'db-eu' };

test('a session that did not come through the gateway is recorded with all that is known, and so is its end', async () => {
  const { sessions, entries } = blind();
  await sessions.record([seen, ended], connector);
  const { type: _, pid, ...known } = seen;
  assert.deepEqual(entries, [
    { type: 'blind_session', ...known, backendPid: pid, connector: 'db-eu' },
    { type: 'blind_session_ended', connection: 'billing', backendPid: 4711, startedAt: 1000, lastSeenAt: 3000 },
  ]);
});

test('the watch of the gateway itself names no connector', async () => {
  const { sessions, entries } = blind();
  await sessions.record([seen], { connector: undefined });
  assert.equal(Object.hasOwn(entries[0] as object, 'connector'), false);
});

test('a session that is known to go past the gateway leaves no entry, and neither does its end', async () => {
  const { sessions, entries } = blind([{ user: 'mallory', address: '192.0.2.0/24' }]);
  await sessions.record([seen, ended], connector);
  assert.deepEqual(entries, []);
  // Another life of the same process id.
  await sessions.record([{ ...seen, user: 'eve', startedAt: 5000 }], connector);
  await sessions.record([{ ...ended, startedAt: 5000 }], connector);
  assert.deepEqual(
    entries.map(({ type }) => type),
    ['blind_session', 'blind_session_ended'],
  );
});

test('the end of a session that was seen before the gateway started is recorded', async () => {
  const { sessions, entries } = blind();
  await sessions.record([ended], connector);
  assert.equal(entries[0]?.type, 'blind_session_ended');
});

test('a new configuration counts for sessions that are seen from then on', async () => {
  const { sessions, entries } = blind();
  sessions.reload(configOf([{ user: 'mallory' }]));
  await sessions.record([seen], connector);
  assert.deepEqual(entries, []);
  await sessions.record([{ ...seen, connection: 'not configured any more' }], connector);
  assert.equal(entries.length, 1);
});

test('a hole is on the record from when it begins until the watch runs again', async () => {
  const { sessions, entries } = blind();
  const started: WatchEvent = {
    type: 'watch started',
    connection: 'billing',
    role: 'onrecord_watch',
    pid: 1,
    everyMs: 1000,
    at: 9000,
    afresh: true,
    limits: ['this and that cannot be seen'],
  };
  await sessions.record([{ type: 'watch stopped', connection: 'billing', reason: 'no password', at: 500 }], connector);
  await sessions.lost('billing', { from: 700, reason: 'the link ended' });
  await sessions.record([started], connector);
  assert.deepEqual(entries, [
    { type: 'gap', connection: 'billing', reason: 'no password', fromAt: 500 },
    { type: 'gap', connection: 'billing', reason: 'the link ended', fromAt: 700 },
    {
      type: 'watch_started',
      connection: 'billing',
      role: 'onrecord_watch',
      backendPid: 1,
      everyMs: 1000,
      connector: 'db-eu',
      limits: ['this and that cannot be seen'],
      afresh: true,
    },
  ]);
});

test('sessions that were only counted, and counters that were reset, are recorded', async () => {
  const { sessions, entries } = blind();
  const counted = { connection: 'billing', database: 'billing', count: 3, fromAt: 1, untilAt: 2 };
  await sessions.record(
    [
      { type: 'sessions unseen', ...counted },
      { type: 'counter reset', connection: 'billing', database: 'billing', at: 5 },
    ],
    connector,
  );
  assert.deepEqual(entries, [
    { type: 'blind_sessions_unseen', ...counted },
    {
      type: 'gap',
      connection: 'billing',
      reason:
        'the statistics of the database "billing" were reset, or dropped with it: short sessions until then are not known',
      untilAt: 5,
    },
  ]);
});

test('what a stranger calls itself cannot write a log line of its own', async () => {
  const { sessions, lines } = blind();
  await sessions.record([{ ...seen, application: '\nready\u001b[2J' }], connector);
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /\\nready\\u001b/);
});
