import assert from 'node:assert/strict';
import { it } from 'node:test';
import { oneAtATime } from './one-at-a-time.ts';

it('runs one after another, and once for all who ask while one is under way', async () => {
  const runs: PromiseWithResolvers<void>[] = [];
  const ask = oneAtATime(() => {
    const run = Promise.withResolvers<void>();
    runs.push(run);
    return run.promise;
  });
  const first = ask();
  await Promise.resolve();
  assert.equal(runs.length, 1);
  const others = [ask(), ask(), ask()];
  await Promise.resolve();
  assert.equal(runs.length, 1);
  runs[0]?.resolve();
  await first;
  await new Promise(setImmediate);
  assert.equal(runs.length, 2);
  const later = ask();
  runs[1]?.resolve();
  await Promise.all(others);
  await new Promise(setImmediate);
  assert.equal(runs.length, 3);
  runs[2]?.resolve();
  await later;
});
