import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backOffMs } from './back-off.ts';
import { SpareDemand } from './spare-demand.ts';

test('as many spares are wanted as the gateway says, while they suffice', () => {
  const demand = new SpareDemand();
  demand.usual = 4;
  for (let at = 0; at < 100; at += 1) demand.taken(1, at);
  assert.equal(demand.wanted(100), 4);
});

test('when the last one is taken, as many are wanted as were taken within a second, for a while', () => {
  const demand = new SpareDemand();
  demand.usual = 4;
  for (let at = 0; at < 20; at += 1) demand.taken(at === 19 ? 0 : 1, at * 100);
  assert.equal(demand.wanted(2_000), 10);
  assert.equal(demand.wanted(31_899), 10);
  assert.equal(demand.wanted(31_900), 4);
});

test('no crowd makes it more than 64', () => {
  const demand = new SpareDemand();
  demand.usual = 1_000;
  for (let session = 0; session < 500; session += 1) demand.taken(0, 0);
  assert.equal(demand.wanted(1), 64);
});

test('the wait before a next try doubles from 100 ms to 3 s, and is any part of that', () => {
  assert.deepEqual(
    [1, 2, 3, 8, 9, 1_000].map((failures) => backOffMs(failures, 1)),
    [100, 200, 400, 3_000, 3_000, 3_000],
  );
  assert.equal(backOffMs(5, 0), 0);
});
