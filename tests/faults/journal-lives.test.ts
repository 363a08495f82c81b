import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type LifeOptions, World } from './life.ts';
import { SeededRandom } from './seeded-random.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import type { ProcessOptions } from './simulated-process.ts';

const worlds = 250;
const livesInWorld = 8;

/** Seeds are fixed: what is red is red again. SEED=n runs that world only. */
const only = process.env['SEED'];

async function liveInWorld(seed: number, mutant: ProcessOptions = {}): Promise<World> {
  const random = new SeededRandom(seed);
  const world = new World(new SimulatedDisk(random), random);
  for (let life = 0; life < livesInWorld; life += 1) {
    try {
      await world.live({ ...lifeOptions(random), ...mutant });
      await world.check(mutant);
    } catch (error) {
      throw new Error(`world ${seed}, life ${life}: ${(error as Error).message}`, { cause: error });
    }
  }
  return world;
}

function lifeOptions(random: SeededRandom): LifeOptions {
  const faulty = random.chance(0.4);
  return {
    steps: random.below(60),
    segmentBytes: random.pick([4096, 8192, 16_384]),
    end: random.pick(['close', 'kill', 'power cut', 'power cut']),
    syncInlineBelowUs: random.pick([0, Number.POSITIVE_INFINITY]),
    killedAt: random.chance(0.3) ? 1 + random.below(80) : undefined,
    fault: faulty
      ? {
          nth: 1 + random.below(60),
          how: random.pick(['fails', 'persists']),
          code: random.pick(['EIO', 'ENOSPC']),
        }
      : undefined,
  };
}

describe('lives of a journal on a disk that loses what was not synced', () => {
  it(`keeps every promise over ${worlds * livesInWorld} lives`, async () => {
    const seeds = only === undefined ? Array.from({ length: worlds }, (_, at) => at + 1) : [Number(only)];
    let kept = 0;
    let segments = 0;
    for (const seed of seeds) {
      const world = await liveInWorld(seed);
      kept += world.kept;
      segments += world.segments;
    }
    // Otherwise nothing was tested.
    assert.ok(kept > 50 * seeds.length && segments > 3 * seeds.length, `${kept} appends in ${segments} segments`);
  });

  const mutants: { readonly [name: string]: ProcessOptions } = {
    'does not sync content before it says so': { mutation: ({ call }) => call === 'fdatasync' },
    'does not sync new files': { mutation: ({ call }) => call === 'fsync' },
    'does not sync the directory': { mutation: ({ call }) => call === 'fsyncDirectory' },
    'goes on in the file it finds': { reopensInPlace: true },
  };
  for (const [name, mutant] of Object.entries(mutants)) {
    it(`catches a journal that ${name}`, async () => {
      await assert.rejects(async () => {
        for (let seed = 1; seed <= worlds; seed += 1) await liveInWorld(seed, mutant);
      }, /was recorded and is gone|corrupt at byte/);
    });
  }
});
