import assert from 'node:assert/strict';
import { test } from 'node:test';
import { didYouMean, nearMiss } from './near-miss.ts';

const names = ['billing', 'reporting', 'recording', 'rows'];

test('a missing, doubled, wrong or swapped letter is a near miss', () => {
  for (const text of ['biling', 'billling', 'bilking', 'iblling', 'BILLING', 'billings']) {
    assert.equal(nearMiss(text, names), 'billing', text);
  }
});

test('the nearest of several is meant', () => {
  assert.equal(nearMiss('recoring', names), 'recording');
});

test('a short or a different word is no near miss', () => {
  for (const text of ['', 'x', 'ro', 'orders', 'invoicing']) assert.equal(nearMiss(text, names), undefined, text);
});

test('the end of a message names the near miss or is nothing', () => {
  assert.equal(didYouMean('rwos', names), '; did you mean "rows"?');
  assert.equal(didYouMean('zebra', names), '');
});
