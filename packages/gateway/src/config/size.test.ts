import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatSize, parseSize } from './size.ts';

test('a size has a unit of two', () => {
  assert.equal(parseSize('0B'), 0);
  assert.equal(parseSize('256KiB'), 262_144);
  assert.equal(parseSize('1.5 MiB'), 1_572_864);
  assert.equal(parseSize('2GiB'), 2_147_483_648);
});

test('what could mean two things, or nothing whole, is no size', () => {
  for (const text of [
    '',
    '1',
    '1kB',
    '1KB',
    '1MB',
    '1 k',
    '-1B',
    '1e3B',
    '0.0001KiB',
    ' 1B',
    '999999999999999GiB',
    '1  B',
  ]) {
    assert.equal(parseSize(text), undefined, text);
  }
});

test('every number of bytes reads back as it was written', () => {
  fc.assert(fc.property(fc.nat({ max: 2 ** 40 }), (bytes) => parseSize(formatSize(bytes)) === bytes));
});
