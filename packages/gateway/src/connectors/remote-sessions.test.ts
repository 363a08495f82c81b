import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WatchEvent } from './connector-gate.ts';
import { RemoteSessions } from './remote-sessions.ts';

const seconds = 1_000_000;

function at(startUs = 1000 * seconds): { now: number; readonly sessions: RemoteSessions } {
  const clock = { now: startUs };
  return Object.assign(clock, { sessions: new RemoteSessions(() => clock.now) });
}

const seen = (pid: number, startedAt: number): WatchEvent & { readonly type: 'session seen' } => ({
  type: 'session seen',
  connection: 'billing',
  pid,
  startedAt,
  seenAt: startedAt,
  user: 'app',
  database: 'billing',
  address: 'local',
  application: '',
  kind: 'client backend',
});

const unseen = (count: number, fromAt: number, untilAt: number): WatchEvent & { readonly type: 'sessions unseen' } => ({
  type: 'sessions unseen',
  connection: 'billing',
  database: 'billing',
  count,
  fromAt,
  untilAt,
});

const backend = (pid: number) => ({ pid, database: 'billing' });

test('what one process opened for this gateway is no blind session to another', () => {
  const { sessions, now } = at();
  sessions.opening('billing', 'one').opened(backend(7));
  assert.equal(sessions.knows(seen(7, now), 'two'), true);
  assert.equal(sessions.knows(seen(8, now), 'two'), false);
  assert.equal(sessions.knows({ ...seen(7, now), connection: 'other' }, 'two'), false);
});

test('a process knows its own sessions better than the gateway does', () => {
  const { sessions, now } = at();
  sessions.opening('billing', 'one').opened(backend(7));
  assert.equal(sessions.knows(seen(7, now), 'one'), false);
});

test('a process id that comes again is another session', () => {
  const { sessions, now } = at();
  sessions.opening('billing', 'one').opened(backend(7))();
  assert.equal(sessions.knows(seen(7, now + 20 * seconds), 'two'), true, 'clocks may differ');
  assert.equal(sessions.knows(seen(7, now + 40 * seconds), 'two'), false);
  assert.equal(sessions.knows(seen(7, now - 40 * seconds), 'two'), false);
});

test('a session that is just being opened is waited for', async () => {
  const { sessions, now } = at();
  const opening = sessions.opening('billing', 'one');
  const failing = sessions.opening('billing', 'one');
  await sessions.settled('one');
  let settled = false;
  const waiting = sessions.settled('two').then(() => {
    settled = true;
  });
  failing.failed();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(settled, false);
  opening.opened(backend(7));
  await waiting;
  assert.equal(sessions.knows(seen(7, now), 'two'), true);
});

test('short sessions of other processes explain what one has counted, each once', () => {
  const clock = at();
  const { sessions, now } = clock;
  for (const pid of [1, 2, 3]) sessions.opening('billing', 'one').opened(backend(pid))();
  sessions.opening('billing', 'two').opened(backend(4))();
  sessions.opening('billing', 'one').opened({ pid: 5, database: 'other' })();
  assert.equal(sessions.explains(unseen(2, now, now), 'two'), 2);
  assert.equal(sessions.explains(unseen(5, now, now), 'two'), 1);
  assert.equal(sessions.explains(unseen(5, now, now), 'two'), 0);
  assert.equal(sessions.explains(unseen(5, now, now), 'three'), 4);
});

test('a session that was seen, or was at another time, explains no count', () => {
  const clock = at();
  const { sessions, now } = clock;
  const close = sessions.opening('billing', 'one').opened(backend(1));
  sessions.knows(seen(1, now), 'two');
  assert.equal(sessions.explains(unseen(1, now, now), 'two'), 0);
  close();
  assert.equal(sessions.explains(unseen(1, now + 60 * seconds, now + 61 * seconds), 'three'), 0);
  assert.equal(sessions.explains(unseen(1, now + 20 * seconds, now + 61 * seconds), 'three'), 1);
});

test('it remembers a bounded number of sessions that have closed, and all that are open', () => {
  const { sessions, now } = at();
  sessions.opening('billing', 'one').opened(backend(1));
  for (let pid = 2; pid <= 20_000; pid += 1) sessions.opening('billing', 'one').opened(backend(pid))();
  assert.equal(sessions.knows(seen(1, now), 'two'), true);
  assert.equal(sessions.knows(seen(2, now), 'two'), false);
  assert.equal(sessions.knows(seen(20_000, now), 'two'), true);
});
