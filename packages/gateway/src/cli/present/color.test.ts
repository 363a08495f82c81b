import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wantsColor } from './color.ts';

test('a terminal is coloured, anything else is not', () => {
  assert.equal(wantsColor({}, true), true);
  assert.equal(wantsColor({}, false), false);
  assert.equal(wantsColor({ TERM: 'dumb' }, true), false);
});

test('NO_COLOR switches off unless it is empty', () => {
  assert.equal(wantsColor({ NO_COLOR: '1' }, true), false);
  assert.equal(wantsColor({ NO_COLOR: '' }, true), true);
});

test('FORCE_COLOR has the last word', () => {
  assert.equal(wantsColor({ FORCE_COLOR: '1', NO_COLOR: '1' }, false), true);
  assert.equal(wantsColor({ FORCE_COLOR: '0' }, true), false);
});
