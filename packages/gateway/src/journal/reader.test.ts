import assert from 'node:assert/strict';
import { chmodSync, closeSync, cpSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { batchHeaderBytes } from '@onrecord/record';
import {
  agent,
  appended,
  countingClock,
  outcome,
  sessionOpened,
  statement,
  temporaryJournal,
} from './journal.fixture.ts';
import { Journal } from './journal.ts';
import { JournalCorruption } from './journal-corruption.ts';
import { JournalReader, type Placed } from './reader.ts';
import { verifyJournal } from './verify-journal.ts';

async function openWith(test: TestContext, statements: number): Promise<{ journal: Journal; directory: string }> {
  const directory = temporaryJournal(test as never);
  const journal = await Journal.open({ directory, segmentBytes: 4096, clock: countingClock() });
  await appended(journal, agent, [sessionOpened]);
  for (let n = 1; n <= statements; n += 1) await appended(journal, agent, [statement(n), outcome(n)]);
  return { journal, directory };
}

function all(directory: string, from = 0): Placed[] {
  const reader = new JournalReader(directory);
  const placed = [...reader.entries(from)];
  reader.close();
  return placed;
}

describe('JournalReader', () => {
  it('gives every entry from an index on, across segments, with or without a hint', async (test) => {
    const { journal, directory } = await openWith(test, 40);
    const reader = new JournalReader(directory);
    const entries = all(directory);
    assert.deepEqual(
      entries.map(({ entry }) => entry.index),
      Array.from({ length: journal.lastIndex + 1 }, (_, index) => index),
    );
    assert.ok(new Set(entries.map(({ place }) => place.segment)).size > 3);
    for (const from of [0, 1, 17, 40, journal.lastIndex]) {
      for (const hint of [undefined, entries[from]?.place, entries[Math.max(0, from - 9)]?.place]) {
        const read = [...reader.entries(from, hint)];
        assert.deepEqual(read, entries.slice(from));
      }
    }
    // A hint that is of no use is not followed.
    assert.deepEqual([...reader.entries(5, entries[30]?.place)], entries.slice(5));
    assert.deepEqual([...reader.entries(5, { segment: 0, offset: 3 })], entries.slice(5));
    assert.deepEqual([...reader.entries(5, { segment: 77, offset: 84 })], entries.slice(5));
    assert.deepEqual([...reader.entries(journal.lastIndex + 1)], []);
    reader.close();
    await journal.close();
  });

  it('reads one entry by its place, in any order', async (test) => {
    const { journal, directory } = await openWith(test, 20);
    const reader = new JournalReader(directory);
    const entries = all(directory);
    for (const { entry, place } of entries.toReversed()) assert.deepEqual(reader.read(place), entry);
    const { place } = entries[3] as Placed;
    assert.throws(() => reader.read({ ...place, offset: place.offset + 1 }), JournalCorruption);
    reader.close();
    await journal.close();
  });

  it('can be called again for what the writer has added', async (test) => {
    const { journal, directory } = await openWith(test, 1);
    const reader = new JournalReader(directory);
    const seen: Placed[] = [...reader.entries(0)];
    for (let n = 2; n < 60; n += 1) {
      await appended(journal, agent, [statement(n)], n % 2 === 0 ? 'written' : 'synced');
      const last = seen.at(-1);
      const added = [...reader.entries(seen.length, last?.place)];
      assert.ok(added.length >= 1);
      seen.push(...added);
      assert.deepEqual(reader.read((seen.at(-1) as Placed).place), seen.at(-1)?.entry);
    }
    assert.deepEqual(seen, all(directory));
    reader.close();
    await journal.close();
  });

  it('goes on with the file that a gateway put in the place of the one it had open', async (test) => {
    const { journal, directory } = await openWith(test, 2);
    const reader = new JournalReader(directory);
    reader.read((all(directory)[1] as Placed).place);
    await journal.close();
    const next = await Journal.open({ directory, segmentBytes: 4096, clock: countingClock() });
    const last = all(directory).at(-1) as Placed;
    assert.equal(last.entry.body.type, 'session_closed');
    assert.deepEqual(reader.read(last.place), last.entry);
    reader.close();
    await next.close();
  });

  it('reads a copy, also in a directory that may only be read', async (test) => {
    const { journal, directory } = await openWith(test, 10);
    const copy = join(dirname(directory), 'copy');
    cpSync(directory, copy, { recursive: true });
    await journal.close();
    chmodSync(copy, 0o500);
    assert.equal(all(copy).length, verifyJournal(copy).endIndex);
    chmodSync(copy, 0o700);
  });

  it('stops before a torn batch of the last segment, and refuses one of an earlier segment with file and offset', async (test) => {
    const { journal, directory } = await openWith(test, 30);
    await journal.close();
    const entries = all(directory);
    const last = entries.at(-1) as Placed;
    const first = entries[4] as Placed;
    damage(directory, last);
    assert.deepEqual(all(directory), entries.slice(0, -2));
    damage(directory, first);
    assert.throws(
      () => all(directory),
      (error) => {
        assert.ok(error instanceof JournalCorruption);
        assert.equal(error.file, join(directory, '0000000000000000.segment'));
        assert.ok(error.offset <= first.place.offset && error.offset > first.place.offset - 300);
        return true;
      },
    );
    assert.throws(() => verifyJournal(directory), JournalCorruption);
  });

  it('refuses a damaged batch of the last segment when a later one was written after it was on disk', async (test) => {
    const { journal, directory } = await openWith(test, 2);
    await journal.close();
    const entries = all(directory);
    damage(directory, entries[1] as Placed);
    assert.throws(
      () => all(directory),
      /corrupt at byte \d+: no whole batch, but the one at byte \d+ was written after entry 1/,
    );
    await assert.rejects(
      Journal.open({ directory, segmentBytes: 4096, clock: countingClock() }),
      (error) => error instanceof JournalCorruption && error.file.endsWith('0000000000000000.segment'),
    );
  });

  it('is not taken in by a statement that looks like a batch', async (test) => {
    const { journal, directory } = await openWith(test, 1);
    const file = join(directory, '0000000000000000.segment');
    const whole = readFileSync(file);
    // A batch of another journal, in a statement whose own batch is torn.
    const other = temporaryJournal(test as never);
    const otherJournal = await Journal.open({ directory: other, segmentBytes: 4096, clock: countingClock() });
    const forged = readFileSync(join(other, '0000000000000000.segment')).subarray(84, 500).toString('latin1');
    await otherJournal.close();
    await appended(journal, agent, [statement(2, forged)]);
    await journal.close();
    const placed = all(directory).at(-1) as Placed;
    damage(directory, placed);
    assert.equal(all(directory).length, 4);
    assert.notDeepEqual(readFileSync(file), whole);
    const next = await Journal.open({ directory, segmentBytes: 4096, clock: countingClock() });
    await next.close();
  });
});

describe('verifyJournal', () => {
  it('finds every byte that was changed in what was written', async (test) => {
    const { journal, directory } = await openWith(test, 1);
    await journal.close();
    const file = join(directory, '0000000000000000.segment');
    const whole = readFileSync(file);
    const { endIndex, running } = verifyJournal(directory);
    const end = whole.findLastIndex((byte) => byte !== 0) + 1;
    for (let byte = 0; byte < end; byte += 1) {
      const changed = Buffer.from(whole);
      changed[byte] = (changed[byte] as number) ^ (1 << (byte % 8));
      writeFileSync(file, changed);
      try {
        const verified = verifyJournal(directory);
        // The last batch cannot be told from a torn write; what verified is then another journal than before.
        assert.ok(verified.tornBytes > 0, `byte ${byte}`);
        assert.equal(verified.endIndex, endIndex - 2);
        assert.notEqual(verified.running, running);
      } catch (error) {
        assert.ok(error instanceof Error && /JournalCorruption|LaterVersionError/.test(error.name), String(error));
      }
    }
  });

  it('finds a segment that is missing, and one of another journal', async (test) => {
    const { journal, directory } = await openWith(test, 30);
    await journal.close();
    const other = await openWith(test, 30);
    await other.journal.close();
    const segments = [...new Set(all(directory).map(({ place }) => place.segment))];
    const name = (segment: number): string => `${String(segment).padStart(16, '0')}.segment`;
    const middle = segments[1] as number;
    cpSync(join(other.directory, name(middle)), join(directory, name(middle)));
    assert.throws(() => verifyJournal(directory), /belongs to another journal/);
  });
});

/** Overwrites a byte of the entry. */
function damage(directory: string, { place }: Placed): void {
  const file = openSync(join(directory, `${String(place.segment).padStart(16, '0')}.segment`), 'r+');
  writeSync(file, Uint8Array.of(0xee, 0xee), 0, 2, place.offset + batchHeaderBytes);
  closeSync(file);
}
