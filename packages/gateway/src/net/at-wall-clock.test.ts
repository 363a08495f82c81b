import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atWallClock } from './at-wall-clock.ts';

test('it rings once, when the wall clock says so, however far that is and whether it was set', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let nowUs = 0;
  let rung = 0;
  const pass = (ms: number): void => {
    nowUs += ms * 1000;
    t.mock.timers.tick(ms);
  };
  const day = 86_400_000;
  atWallClock(60 * day * 1000, { wallUs: () => nowUs }, () => {
    rung += 1;
  });
  for (let days = 0; days < 59; days += 1) pass(day);
  assert.equal(rung, 0);
  // The clock is set forward by a day; it is looked at within the hour.
  nowUs += day * 1000;
  pass(3_600_000);
  assert.equal(rung, 1);
  pass(10 * day);
  assert.equal(rung, 1);
});

test('it does not ring once it was stopped, nor before it has returned', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let rung = 0;
  const stop = atWallClock(-1, { wallUs: () => 0 }, () => {
    rung += 1;
  });
  assert.equal(rung, 0);
  stop();
  t.mock.timers.tick(10_000);
  assert.equal(rung, 0);
});
