import assert from 'node:assert/strict';
import { it } from 'node:test';
import { systemClock } from './clock.ts';

it('wall time agrees with the system clock and never steps back within a run', () => {
  const clock = systemClock();
  let last = 0;
  for (let at = 0; at < 10_000; at += 1) {
    const us = clock.wallUs();
    assert.ok(us >= last, `${us} after ${last}`);
    last = us;
  }
  const before = Date.now();
  const ms = clock.wallUs() / 1000;
  assert.ok(ms >= before - 3 && ms <= Date.now() + 3, `${ms} is not between ${before} and now`);
});

it('monotonic time is whole microseconds and does not go back', () => {
  const clock = systemClock();
  const first = clock.monotonicUs();
  assert.ok(Number.isSafeInteger(first) && clock.monotonicUs() >= first);
});
