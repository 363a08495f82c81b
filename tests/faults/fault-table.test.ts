import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { World } from './life.ts';
import { SeededRandom } from './seeded-random.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import type { CallName, Fault } from './simulated-process.ts';

/** Lives are the same up to the fault: the n-th call is the same call each time. */
async function liveWith(fault: Fault, end: 'kill' | 'power cut', inline: boolean): Promise<CallName | undefined> {
  const random = new SeededRandom(7);
  const world = new World(new SimulatedDisk(random), random);
  // A first life, so that the second one has something to recover.
  const life = { segmentBytes: 4096, syncInlineBelowUs: inline ? Number.POSITIVE_INFINITY : 0 };
  await world.live({ ...life, steps: 12, end: 'kill' });
  await world.live({ ...life, steps: 40, end, fault });
  const faulted = world.process?.faulted;
  await world.check();
  await world.live({ ...life, steps: 10, end: 'power cut' });
  await world.check();
  return faulted;
}

describe('every call on the disk, failing', () => {
  for (const how of ['fails', 'persists'] as const) {
    for (const code of ['EIO', 'ENOSPC'] as const) {
      it(`keeps every promise when one ${how} with ${code}, then the process is killed or the power goes`, async () => {
        const faulted = new Map<string, number>();
        for (const end of ['kill', 'power cut'] as const) {
          for (const inline of [false, true]) {
            let nth = 1;
            for (; ; nth += 1) {
              const call = await liveWith({ nth, how, code }, end, inline);
              if (call === undefined) break;
              faulted.set(call, (faulted.get(call) ?? 0) + 1);
            }
            assert.ok(nth > 50, `only ${nth} calls`);
          }
        }
        assert.deepEqual([...faulted.keys()].sort(), [
          'close',
          'create',
          'fdatasync',
          'fsync',
          'fsyncDirectory',
          'rename',
          'unlink',
          'write',
          'zeros',
        ]);
      });
    }
  }
});
