import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Repetitions } from './repetitions.ts';

/** Minutes at which a message that comes every ten seconds is said. */
function minutesSaid(repetitions: Repetitions, message: string, hours: number): readonly number[] {
  const said: number[] = [];
  for (let second = 0; second < hours * 3600; second += 10) {
    if (repetitions.allows(message, second * 1000)) said.push(second / 60);
  }
  return said;
}

test('a failure that lasts is said less and less often, and at least every hour', () => {
  assert.deepEqual(minutesSaid(new Repetitions(), 'it cannot be reached', 5), [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
});

test('another failure, and the same one after a success, is said at once', () => {
  const repetitions = new Repetitions();
  assert.ok(repetitions.allows('one', 0));
  assert.ok(!repetitions.allows('one', 1));
  assert.ok(repetitions.allows('other', 2));
  assert.ok(!repetitions.allows('other', 3));
  repetitions.forget();
  assert.ok(repetitions.allows('other', 4));
});
