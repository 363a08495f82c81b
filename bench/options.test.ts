import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { measureNames, parseOptions, usage } from './options.ts';

describe('options of the bench', () => {
  it('measure everything when nothing is asked for', () => {
    assert.deepEqual(parseOptions([])?.only, measureNames);
  });

  it('can be fewer measures, and a quick look whose numbers are set one by one', () => {
    const options = parseOptions(['--quick', '--only', 'latency', '--only', 'memory', '--seconds', '7']);
    assert.deepEqual(options?.only, ['latency', 'memory']);
    assert.equal(options.quick, true);
    assert.equal(options.seconds, 7);
  });

  it('are refused when they mean nothing', () => {
    assert.throws(() => parseOptions(['--only', 'speed']), /--only speed: there is no such measure/);
    assert.throws(() => parseOptions(['--seconds', '0']), /--seconds 0: must be a whole number from 1/);
    assert.throws(() => parseOptions(['--rounds', '1.5']), /must be a whole number/);
    assert.throws(() => parseOptions(['--postgres', 'mine']), /must be system or embedded/);
    assert.throws(() => parseOptions(['--fast']), /--fast/);
  });

  it('are all in the help', () => {
    assert.equal(parseOptions(['--help']), undefined);
    for (const name of measureNames) assert.ok(usage.includes(name));
  });
});
