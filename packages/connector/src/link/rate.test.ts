import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rate } from './rate.ts';

test('a burst passes at once, and then as many as the time allows', () => {
  const rate = new Rate(2, 3);
  const taken = (nowMs: number): number => {
    let count = 0;
    while (rate.take(nowMs)) count += 1;
    return count;
  };
  assert.equal(taken(1000), 3);
  assert.equal(taken(1499), 0);
  assert.equal(taken(1500), 1);
  assert.equal(taken(2500), 2);
  assert.equal(taken(1_000_000), 3, 'no more than a burst, however long nobody came');
});

test('a clock that was set back does not give or take', () => {
  const rate = new Rate(1, 1);
  assert.equal(rate.take(10_000), true);
  assert.equal(rate.take(5_000), false);
  assert.equal(rate.take(6_000), true);
});

test('a limited rate lets a burst of one second through, and then what a second earns', () => {
  const limit = new Rate(10, 10);
  const passed = (nowMs: number): number => Array.from({ length: 30 }, () => limit.take(nowMs)).filter(Boolean).length;
  assert.deepEqual([passed(5), passed(5), passed(505), passed(60_000)], [10, 0, 5, 10]);
});
