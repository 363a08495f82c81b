import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { restMs, threadUsage } from './courtesy.ts';

const start = { cpuMs: 100, wallMs: 1_000 };

describe('how long the indexer rests', () => {
  it('does not, while the machine has time for it', () => {
    assert.equal(restMs(start, { cpuMs: 150, wallMs: 1_060 }, 0), 0);
  });

  it('some times as long as it worked, when it had to wait for a processor', () => {
    assert.equal(restMs(start, { cpuMs: 150, wallMs: 1_100 }, 0), 400);
  });

  it('not for long', () => {
    assert.equal(restMs(start, { cpuMs: 200, wallMs: 9_000 }, 0), 2_000);
  });

  it('not when the index is a minute behind', () => {
    assert.equal(restMs(start, { cpuMs: 150, wallMs: 1_100 }, 61_000), 0);
  });

  it('by what its own thread has used', () => {
    const before = threadUsage();
    const until = performance.now() + 20;
    while (performance.now() < until);
    assert.ok(threadUsage().cpuMs > before.cpuMs);
  });
});
