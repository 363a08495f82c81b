import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneLine } from './one-line.ts';

test('what others say cannot begin a line of the log or steer a terminal', () => {
  assert.equal(oneLine('refused "x\r\n2026-01-01 listening on y"'), 'refused "x 2026-01-01 listening on y"');
  assert.equal(oneLine('a\u001b[2Jb\u2028c\u202ed\u0085e'), 'a [2Jb c d e');
  assert.equal(oneLine('Zürich "日本" \u{1f600}'), 'Zürich "日本" \u{1f600}');
});
