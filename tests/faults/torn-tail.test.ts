import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  agent,
  appended,
  countingClock,
  outcome,
  sessionOpened,
  statement,
} from '../../packages/gateway/src/journal/journal.fixture.ts';
import { Journal } from '../../packages/gateway/src/journal/journal.ts';
import { JournalCorruption } from '../../packages/gateway/src/journal/journal-corruption.ts';
import { JournalReader } from '../../packages/gateway/src/journal/reader.ts';
import { verifyJournal } from '../../packages/gateway/src/journal/verify-journal.ts';
import { SeededRandom } from './seeded-random.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import { SimulatedProcess } from './simulated-process.ts';

const directory = '/data/journal';
const file = `${directory}/0000000000000000.segment`;
const random = new SeededRandom(1);

/** A disk with a small segment of a few batches, and where in the file each of them starts. */
async function written(durable: 'synced' | 'written'): Promise<{ bytes: Uint8Array; batches: number[]; end: number }> {
  const disk = new SimulatedDisk(random);
  const process = new SimulatedProcess(disk, random);
  const journal = await Journal.open({ directory, segmentBytes: 4096, clock: countingClock(), disk: process });
  for (const bodies of [[sessionOpened], [statement(1)], [outcome(1)], [statement(2), statement(3)]]) {
    await appended(journal, agent, bodies, durable);
  }
  const bytes = disk.find(file).cached.slice();
  process.kill();
  const reader = new JournalReader(directory, disk.files);
  // The batch of each entry starts in front of its first frame.
  const offsets = [...reader.entries(0)].map(({ place }) => place.offset - 36);
  reader.close();
  return { bytes, batches: offsets.slice(0, -1), end: bytes.findLastIndex((byte) => byte !== 0) + 1 };
}

/** A disk that holds these bytes as the journal's only segment. */
function diskWith(bytes: Uint8Array): SimulatedDisk {
  const disk = new SimulatedDisk(random);
  disk.write(disk.create(file), bytes, 0);
  return disk;
}

/** Opens what is there as the next start would; returns the entries that it found and how many bytes it gave up. */
async function recovered(disk: SimulatedDisk): Promise<{ found: number; discarded: number }> {
  const process = new SimulatedProcess(disk, random);
  const journal = await Journal.open({ directory, segmentBytes: 4096, clock: countingClock(), disk: process });
  process.kill();
  assert.ok(journal);
  const reader = new JournalReader(directory, disk.files);
  const entries = [...reader.entries(0)];
  reader.close();
  assert.equal(verifyJournal(directory, disk.files).endIndex, entries.length);
  for (const { entry } of entries) {
    if (entry.body.type === 'recovered') {
      assert.equal(entry.index, entry.body.entries);
      return { found: entry.body.entries, discarded: entry.body.discardedBytes };
    }
  }
  throw new Error('there is no "recovered"');
}

describe('a torn tail', () => {
  it('costs the batch that was torn and no other, wherever it was torn', async () => {
    const { bytes, batches, end } = await written('written');
    const first = batches[1] as number;
    for (let cut = first; cut < end; cut += 1) {
      const whole = batches.filter((_, at) => (batches[at + 1] ?? end) <= cut).length;
      const torn = cut - (batches[whole] as number);
      const zeroed = bytes.slice();
      zeroed.fill(0, cut);
      const given = zeroed.subarray(batches[whole], cut).findLastIndex((byte) => byte !== 0) + 1;
      assert.deepEqual(await recovered(diskWith(zeroed)), { found: whole, discarded: given }, `zeros from ${cut}`);
      assert.equal((await recovered(diskWith(bytes.slice(0, cut)))).found, whole, `the file ends at ${cut}`);
      const garbage = bytes.slice();
      garbage.fill(0xa5, cut, cut + 300);
      assert.equal((await recovered(diskWith(garbage))).found, whole, `garbage from ${cut}`);
      assert.ok(torn >= 0);
    }
  });

  it('stops a reader where recovery will stop', async () => {
    const { bytes, batches, end } = await written('written');
    for (let cut = batches[1] as number; cut < end; cut += 1) {
      const torn = bytes.slice();
      torn.fill(0, cut);
      const reader = new JournalReader(directory, diskWith(torn).files);
      const whole = batches.filter((_, at) => (batches[at + 1] ?? end) <= cut).length;
      assert.equal([...reader.entries(0)].length, whole);
    }
  });
});

describe('damage in the middle', () => {
  it('is refused with file and offset, whichever byte it is, when a later batch was written behind the sync', async () => {
    const { bytes, batches, end } = await written('synced');
    const last = batches.at(-1) as number;
    for (let at = batches[0] as number; at < last; at += 1) {
      const damaged = bytes.slice();
      damaged[at] = (damaged[at] as number) ^ 0x10;
      await assert.rejects(recovered(diskWith(damaged)), (error) => {
        assert.ok(error instanceof JournalCorruption, String(error));
        assert.equal(error.file, file);
        assert.equal(
          error.offset,
          batches.findLast((start) => start <= at),
          `byte ${at}`,
        );
        return true;
      });
    }
    assert.ok(end > last);
  });

  it('is a torn write when nothing says that it was ever on disk', async () => {
    const { bytes, batches } = await written('written');
    const damaged = bytes.slice();
    const second = batches[2] as number;
    damaged[second + 50] = (damaged[second + 50] as number) ^ 1;
    assert.equal((await recovered(diskWith(damaged))).found, 2);
  });
});
