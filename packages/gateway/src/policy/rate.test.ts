import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RateLimiter, RateLimits } from './rate.ts';

describe('a rate limiter', () => {
  it('never lets more through in any window than its count, and never turns away what would fit', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 400_000 }), { maxLength: 300 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), gaps, (count, steps) => {
        const limiter = new RateLimiter({ count, perMs: 1000 });
        const taken: number[] = [];
        let us = 0;
        for (const step of steps) {
          us += step;
          const inWindow = taken.filter((time) => time > us - 1_000_000).length;
          const waitUs = limiter.waitUs(us);
          assert.equal(waitUs === 0, inWindow < count);
          if (waitUs > 0) {
            assert.equal(waitUs, (taken.at(-count) ?? 0) + 1_000_000 - us);
            continue;
          }
          limiter.took(us);
          taken.push(us);
        }
      }),
    );
  });
});

describe('the limits of a gateway', () => {
  const whose = { identity: 'a', connection: 'c' };
  const second = { count: 2, perMs: 1000 };

  it('count for an identity on a connection, whatever the session', () => {
    const limits = new RateLimits();
    assert.equal(limits.admit(whose, [second], 0), 0);
    assert.equal(limits.admit(whose, [second], 10), 0);
    assert.equal(limits.admit(whose, [second], 20), 999_980);
    assert.equal(limits.admit({ ...whose, identity: 'b' }, [second], 20), 0);
    assert.equal(limits.admit({ ...whose, connection: 'd' }, [second], 20), 0);
    assert.equal(limits.admit(whose, [second], 1_000_000), 0);
  });

  it('all must allow it, and what one turns away counts for none', () => {
    const limits = new RateLimits();
    const minute = { count: 3, perMs: 60_000 };
    assert.equal(limits.admit(whose, [second, minute], 0), 0);
    assert.equal(limits.admit(whose, [second, minute], 0), 0);
    assert.ok(limits.admit(whose, [second, minute], 0) > 0);
    assert.equal(limits.admit(whose, [second, minute], 1_000_000), 0);
    assert.equal(limits.admit(whose, [second, minute], 2_000_000), 58_000_000);
  });

  it('two that are the same count once', () => {
    const limits = new RateLimits();
    assert.equal(limits.admit(whose, [second, { ...second }], 0), 0);
    assert.equal(limits.admit(whose, [second, { ...second }], 0), 0);
    assert.ok(limits.admit(whose, [second, { ...second }], 0) > 0);
  });
});
