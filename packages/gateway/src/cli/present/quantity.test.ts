import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes, formatCount, formatDuration } from './quantity.ts';

test('durations carry three digits that matter, in the unit a person would use', () => {
  const shown: Record<number, string> = {
    0: '0 µs',
    850: '850 µs',
    1240: '1.24 ms',
    12400: '12.4 ms',
    999499: '999 ms',
    999500: '1.00 s',
    3020000: '3.02 s',
    59949999: '59.9 s',
    59950000: '1 m 00 s',
    125000000: '2 m 05 s',
    3720000000: '1 h 02 m',
    273600000000: '3 d 04 h',
  };
  for (const [us, text] of Object.entries(shown)) assert.equal(formatDuration(Number(us)), text);
});

test('sizes change units before they get four digits', () => {
  assert.equal(formatBytes(0), '0 B');
  assert.equal(formatBytes(1023), '1023 B');
  assert.equal(formatBytes(1024), '1.00 KiB');
  assert.equal(formatBytes(256 * 1024), '256 KiB');
  assert.equal(formatBytes(1024 * 1024 - 1), '1.00 MiB');
});

test('counts agree in number', () => {
  assert.equal(formatCount(1, 'row'), '1 row');
  assert.equal(formatCount(1200, 'row'), '1,200 rows');
  assert.equal(formatCount(0, 'entry', 'entries'), '0 entries');
});
