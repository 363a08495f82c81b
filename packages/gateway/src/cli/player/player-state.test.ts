import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeKeys } from './keys.ts';
import { initialState, type PlayerState, pauseAfter, type Stage, step } from './player-state.ts';
import type { OutlineItem } from './recording.ts';

const item = (n: number, atMs: number, part: Partial<OutlineItem> = {}): OutlineItem => ({
  n,
  at: atMs * 1000,
  outcome: 'completed',
  durationUs: 100,
  sql: `select ${n}`,
  error: undefined,
  ...part,
});

/** Statements 1, 2, 4, 5: the third was a fetch of the second. */
const stage: Stage = {
  outline: [
    item(1, 0, { sql: 'BEGIN work' }),
    item(2, 500),
    item(4, 10_500, { outcome: 'failed', error: '42703 no such column' }),
    item(5, 10_501),
  ],
  page: 10,
  maxScroll: 25,
};

function press(state: PlayerState, input: string, nowMs = 0, on = stage): PlayerState {
  const { keys, rest } = decodeKeys(input);
  const all = rest === '\x1b' ? [...keys, { type: 'key', name: 'escape' } as const] : keys;
  return all.reduce((before, key) => step(before, { type: 'key', key, nowMs }, on), state);
}

const tick = (state: PlayerState, nowMs: number): PlayerState => step(state, { type: 'tick', nowMs }, stage);

test('steps by arrows and letters, and says when there is no further', () => {
  assert.equal(press(initialState, 'l').position, 1);
  assert.equal(press(initialState, 'j\x1b[C').position, 2);
  assert.equal(press(initialState, 'lllh').position, 2);
  assert.deepEqual(
    [press(initialState, 'llll').position, press(initialState, 'llll').message],
    [3, 'end of the session'],
  );
  assert.deepEqual(
    [press(initialState, 'k').position, press(initialState, 'k').message],
    [0, 'beginning of the session'],
  );
  assert.equal(press(initialState, '\x1b[F').position, 3);
  assert.equal(press(initialState, 'G\x1b[H').position, 0);
});

test('scrolls within what there is, and begins at the top of the next statement', () => {
  assert.equal(press(initialState, '\x1b[6~').scroll, 10);
  assert.equal(press(initialState, '\x1b[6~\x1b[6~\x1b[6~').scroll, 25);
  assert.equal(press(initialState, '\x1b[6~\x1b[A').scroll, 9);
  assert.equal(press(initialState, '\x1b[5~').scroll, 0);
  assert.equal(press(initialState, '\x1b[6~l').scroll, 0);
});

test('plays at recorded speed, each statement due from when the last one was', () => {
  let state = press(initialState, ' ', 1000);
  assert.equal(state.dueMs, 1500);
  state = tick(state, 1499);
  assert.equal(state.position, 0);
  state = tick(state, 1520);
  assert.deepEqual([state.position, state.dueMs], [1, 4500]);
});

test('no pause is longer than three seconds, none too short to be seen', () => {
  assert.deepEqual(pauseAfter(stage.outline, 1, 1), { pauseMs: 3000, recordedMs: 10_000, shortened: true });
  assert.deepEqual(pauseAfter(stage.outline, 2, 1), { pauseMs: 60, recordedMs: 1, shortened: false });
  assert.deepEqual(pauseAfter(stage.outline, 1, 4), { pauseMs: 2500, recordedMs: 10_000, shortened: false });
  assert.equal(pauseAfter(stage.outline, 3, 1), undefined);
});

test('a clock that was set back between two statements is no pause', () => {
  assert.equal(pauseAfter([item(1, 500), item(2, 100)], 0, 1)?.recordedMs, 0);
});

test('after the process slept, playing goes on from now', () => {
  const state = tick(press(initialState, ' ', 0), 1_000_000);
  assert.deepEqual([state.position, state.dueMs], [1, 1_003_000]);
});

test('playing ends at the end, and begins again at the beginning', () => {
  const end = tick(press(press(initialState, 'll'), ' ', 0), 60);
  assert.deepEqual([end.position, end.dueMs, end.message], [3, undefined, 'end of the session']);
  const again = press(end, ' ', 100);
  assert.deepEqual([again.position, again.dueMs], [0, 600]);
});

test('space, a step and a scroll pause', () => {
  const playing = press(initialState, ' ', 0);
  for (const key of [' ', 'l', '\x1b[6~', '/', '?', '4']) assert.equal(press(playing, key, 10).dueMs, undefined, key);
  assert.notEqual(press(playing, '+', 10).dueMs, undefined);
});

test('speed changes within bounds and counts at once', () => {
  assert.equal(press(press(initialState, ' ', 0), '+', 0).dueMs, 250);
  assert.equal(press(initialState, '++++++++++').speed, 32);
  assert.equal(press(initialState, '-----').speed, 0.25);
});

test('a number and Enter go to that statement', () => {
  assert.equal(press(initialState, '4\r').position, 2);
  const missing = press(initialState, '3\r');
  assert.deepEqual([missing.position, missing.message], [0, 'no statement 3 in this session']);
  assert.equal(press(initialState, '4x5\x7f\r').position, 2);
  assert.deepEqual([press(initialState, '4\x1b').mode, press(initialState, '4\x1b').position], ['normal', 0]);
  assert.equal(press(initialState, '4\x7f\x7f').mode, 'normal');
});

test('search finds in SQL and errors whatever the case, and goes around', () => {
  const found = press(initialState, '/SELECT\r');
  assert.equal(found.position, 1);
  assert.equal(press(found, 'n').position, 2);
  assert.deepEqual([press(found, 'nnn').position, press(found, 'nnn').message], [1, 'on from the beginning']);
  assert.deepEqual([press(found, 'N').position, press(found, 'N').message], [3, 'on from the end']);
  assert.equal(press(initialState, '/no such COLUMN\r').position, 2);
  assert.equal(press(press(initialState, '/begin\r'), '').message, 'the only one');
  assert.match(press(initialState, '/absent\r').message ?? '', /"absent" is in no statement/);
  assert.match(press(initialState, 'n').message ?? '', /nothing to search for/);
  assert.equal(press(found, '/\r').position, 2);
});

test('letters are text while searching', () => {
  const state = press(initialState, '/qjk');
  assert.deepEqual([state.mode, state.input, state.ended], ['search', 'qjk', undefined]);
});

test('e goes to what did not complete', () => {
  assert.equal(press(initialState, 'e').position, 2);
  assert.equal(press(initialState, 'ee').message, 'the only one');
  const calm = { ...stage, outline: [item(1, 0), item(2, 1)] };
  assert.equal(press(initialState, 'e', 0, calm).message, 'every statement completed');
});

test('quits by q and by Ctrl-C, the latter from anywhere', () => {
  assert.equal(press(initialState, 'q').ended, 'quit');
  assert.equal(press(initialState, '/abc\x03').ended, 'quit');
  assert.equal(press(initialState, '?q').ended, undefined);
});

test('an empty session can be looked at and left', () => {
  const empty = { outline: [], page: 10, maxScroll: 0 };
  for (const key of [' ', 'l', 'h', 'G', 'n', 'e', '/x\r', '1\r', '+']) {
    assert.equal(press(initialState, key, 0, empty).position, 0, key);
  }
});

test('whatever is pressed, the place stays within the session', () => {
  const key = fc.constantFrom(
    'l',
    'h',
    ' ',
    'G',
    'g',
    '/',
    'n',
    'N',
    'e',
    'E',
    '4',
    '\r',
    '\x1b',
    '\x7f',
    '+',
    '-',
    '?',
    '\x1b[6~',
    'tick',
  );
  fc.assert(
    fc.property(fc.array(key), (keys) => {
      let state = initialState;
      keys.forEach((input, i) => {
        state = input === 'tick' ? tick(state, i * 1000) : press(state, input, i * 1000);
        assert.ok(state.position >= 0 && state.position < stage.outline.length);
        assert.ok(state.scroll >= 0 && state.scroll <= stage.maxScroll);
      });
    }),
  );
});
