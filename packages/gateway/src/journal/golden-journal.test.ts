import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type Body, type Entry, formatVersion } from '@onrecord/record';
import { asGolden, type GoldenJournal, goldenJournals, withVersion } from './golden-journal.fixture.ts';
import { agent, appended, countingClock, gatewayItself, sessionOpened, temporaryJournal } from './journal.fixture.ts';
import { Journal } from './journal.ts';
import { JournalCorruption } from './journal-corruption.ts';
import { errno, LoggedDisk } from './logged-disk.fixture.ts';
import { JournalReader } from './reader.ts';
import { verifyJournal } from './verify-journal.ts';

/** What the next version of the format added: types, and fields of older types. */
const lacked: { readonly [version: number]: readonly Body[] } = {
  1: [
    { type: 'connector_revoked', connector: 'db-eu', by: 'root', revokedAt: 1 },
    { type: 'gap', reason: 'x', connection: 'billing' },
  ],
  2: [{ type: 'approval_used', approval: 'appr_1' }],
};
const laterBody: Body = { type: 'approval_used', approval: 'appr_1' };

function copyOf(golden: GoldenJournal, test: TestContext): string {
  const directory = temporaryJournal(test as never);
  mkdirSync(directory);
  for (const name of golden.segments) cpSync(join(golden.directory, name), join(directory, name));
  return directory;
}

function entriesOf(directory: string): Entry[] {
  const reader = new JournalReader(directory);
  const entries = [...reader.entries(0)].map(({ entry }) => entry);
  reader.close();
  return entries;
}

/** Version in each segment's header. */
function versionsIn(directory: string): number[] {
  const names = readdirSync(directory).filter((name) => name.endsWith('.segment'));
  return names.sort().map((name) => readFileSync(join(directory, name)).readUInt32LE(8));
}

for (const golden of goldenJournals) {
  const { version, directory: original, segments, entries: known } = golden;
  const versionsBefore = [version, version, version];
  describe(`a journal of version ${version}`, () => {
    it('reads as the Onrecord that wrote it read it', () => {
      assert.deepEqual(versionsIn(original), versionsBefore);
      assert.deepEqual(entriesOf(original).map(asGolden), known);
    });

    it('verifies to the same running hash', () => {
      const verified = verifyJournal(original);
      assert.deepEqual([verified.segments, verified.endIndex, verified.running], [3, known.length, golden.running]);
    });

    it('goes on in the latest version: nothing of it changes, and what was open is closed', async (test) => {
      const directory = copyOf(golden, test);
      const journal = await Journal.open({ directory, segmentBytes: 4096, clock: countingClock() });
      await appended(journal, gatewayItself, [laterBody]);
      await journal.close();
      assert.deepEqual(versionsIn(directory), [...versionsBefore, formatVersion]);
      for (const name of segments) {
        const before = readFileSync(join(original, name));
        const after = readFileSync(join(directory, name));
        assert.deepEqual(after, before.subarray(0, after.length));
        assert.ok(before.subarray(after.length).every((byte) => byte === 0));
      }
      const entries = entriesOf(directory);
      assert.deepEqual(entries.slice(0, known.length).map(asGolden), known);
      const added = entries.slice(known.length).map(({ session, body }) => [session.slice(-1), body.type]);
      assert.deepEqual(added, [
        ['', 'heads'],
        ['', 'recovered'],
        ['2', 'outcome'],
        ['2', 'session_closed'],
        ['3', 'outcome'],
        ['3', 'session_closed'],
        ['', laterBody.type],
      ]);
      const recovered = entries[known.length + 1]?.body;
      assert.ok(recovered?.type === 'recovered');
      assert.deepEqual(
        [recovered.segment, recovered.entries, recovered.discardedBytes],
        [segments[2], known.length - 69, 0],
      );
      assert.equal(verifyJournal(directory).endIndex, known.length + 7);
    });

    it('is taken up in its latest segment the next time', async (test) => {
      const directory = copyOf(golden, test);
      for (let run = 0; run < 2; run += 1) {
        const journal = await Journal.open({ directory, segmentBytes: 4096, clock: countingClock() });
        await appended(journal, gatewayItself, [{ type: 'gateway_stopped', reason: 'SIGTERM' }]);
        await journal.close();
      }
      assert.deepEqual(versionsIn(directory), [...versionsBefore, formatVersion]);
      const stops = entriesOf(directory).slice(known.length + 6);
      assert.deepEqual(
        stops.map(({ body }) => body.type),
        ['gateway_stopped', 'gateway_stopped'],
      );
      verifyJournal(directory);
    });

    it('survives a death at any call of its taking up', async (test) => {
      let deaths = 0;
      for (let at = 0; ; at += 1) {
        const directory = copyOf(golden, test);
        const disk = new LoggedDisk();
        // What follows the call that failed is not made either.
        disk.failing = () => (disk.calls.length > at ? errno('EIO') : undefined);
        const opened = await Journal.open({ directory, segmentBytes: 4096, clock: countingClock(), disk }).catch(
          () => {},
        );
        disk.failing = undefined;
        await opened?.close();
        const versions = versionsIn(directory);
        assert.ok(versions.length === 3 || versions[3] === formatVersion, `call ${at}`);
        verifyJournal(directory);
        const journal = await Journal.open({ directory, segmentBytes: 4096, clock: countingClock() });
        await appended(journal, gatewayItself, [laterBody]);
        await journal.close();
        const { endIndex } = verifyJournal(directory);
        const entries = entriesOf(directory);
        assert.equal(entries.length, endIndex);
        assert.deepEqual(entries.slice(0, known.length).map(asGolden), known);
        assert.equal(entries.filter(({ body }) => body.type === 'session_closed').length, 3, `call ${at}`);
        if (opened !== undefined) break;
        deaths += 1;
      }
      assert.ok(deaths > 8, `${deaths} deaths`);
    });

    it('is corrupt when it holds what only a later version has, whoever reads it', async (test) => {
      for (const body of lacked[version] as readonly Body[]) {
        const directory = temporaryJournal(test as never);
        const journal = await Journal.open({ directory, segmentBytes: 4096, clock: countingClock() });
        await appended(journal, gatewayItself, [body]);
        await appended(journal, agent, [sessionOpened]);
        await journal.close();
        verifyJournal(directory);
        const file = join(directory, segments[0] as string);
        writeFileSync(file, withVersion(readFileSync(file), version));
        const isCorrupt = (error: unknown): boolean =>
          error instanceof JournalCorruption &&
          new RegExp(`version ${version} has no (type|field)`).test(error.message);
        assert.throws(() => entriesOf(directory), isCorrupt);
        assert.throws(() => verifyJournal(directory), isCorrupt);
        await assert.rejects(Journal.open({ directory, segmentBytes: 4096, clock: countingClock() }), isCorrupt);
      }
    });
  });
}
