import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Completeness, isComplete, renderCompleteness } from './completeness.ts';
import { eventView } from './views.fixture.ts';

const look = { width: 100, color: false, timeZone: 'UTC' };
const whole: Completeness = {
  statements: 12,
  failed: 0,
  sessions: 1,
  more: false,
  openSessions: [],
  holes: [],
  unknownOutcomes: 0,
  notIndexed: 0,
};

test('a complete answer says that it is', () => {
  assert.equal(isComplete(whole), true);
  assert.equal(
    renderCompleteness(whole, look),
    '12 statements in 1 session. Complete: every session has ended and nothing is missing.\n',
  );
});

test('each reservation takes that away, and is named', () => {
  const session = { session: '0k3d9x2v7m4hq8tz', identity: 'a', connection: 'c' };
  const reserved: readonly (readonly [Partial<Completeness>, RegExp])[] = [
    [{ more: true }, /more statements behind the last one/],
    [{ openSessions: [session] }, /session 4hq8tz of a on c is still open/],
    [{ holes: [eventView({ summary: 'nothing was recorded' })] }, /2026-11-17 13:03:22 nothing was recorded/],
    [{ unknownOutcomes: 2 }, /2 statements with an unknown outcome/],
    [{ notIndexed: 1 }, /1 entry of the journal not read/],
  ];
  for (const [part, words] of reserved) {
    const answer = { ...whole, ...part };
    assert.equal(isComplete(answer), false);
    assert.match(renderCompleteness(answer, look), words);
    assert.doesNotMatch(renderCompleteness(answer, look), /nothing is missing/);
  }
});

test('many open sessions are counted, not all named', () => {
  const openSessions = Array.from({ length: 9 }, (_, i) => ({ session: `${i}`, identity: 'a', connection: 'c' }));
  assert.match(renderCompleteness({ ...whole, openSessions }, look), /and 4 further open sessions/);
});
