import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { median, percentile, spread } from './statistics.ts';

describe('statistics of the bench', () => {
  it('takes the middle sample, or the mean of the two in the middle', () => {
    assert.equal(median([9, 1, 5]), 5);
    assert.equal(median([4, 1, 3, 2]), 2.5);
    assert.equal(median([]), Number.NaN);
  });

  it('finds a percentile by nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, at) => 100 - at);
    assert.equal(percentile(hundred, 0.5), 50);
    assert.equal(percentile(hundred, 0.99), 99);
    assert.equal(percentile([7], 0.99), 7);
    assert.equal(percentile([7], 0), 7);
  });

  it('gives the spread around the median', () => {
    assert.equal(spread([90, 100, 110]), 0.1);
    assert.equal(spread([5, 5]), 0);
  });
});
