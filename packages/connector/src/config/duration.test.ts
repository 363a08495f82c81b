import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDuration, parseDurationMs } from './duration.ts';

test('a duration has a unit', () => {
  assert.equal(parseDurationMs('500ms'), 500);
  assert.equal(parseDurationMs('10s'), 10_000);
  assert.equal(parseDurationMs('5 m'), 300_000);
  assert.equal(parseDurationMs('2h'), 7_200_000);
  assert.equal(parseDurationMs('30d'), 2_592_000_000);
  assert.equal(parseDurationMs('1w'), 604_800_000);
});

test('a bare number, two units and other words are no durations', () => {
  for (const text of ['', '10', '1h30m', '1.5h', '-1s', '1 month', '1y', '10S', '999999999999w']) {
    assert.equal(parseDurationMs(text), undefined, text);
  }
});

test('every number of milliseconds reads back as it was written', () => {
  fc.assert(fc.property(fc.nat({ max: 2 ** 39 }), (ms) => parseDurationMs(formatDuration(ms)) === ms));
});
