import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Body, Entry } from '@onrecord/record';
import { agent, appended, countingClock, gatewayItself, sessionOpened, temporaryJournal } from './journal.fixture.ts';
import { Journal } from './journal.ts';
import { JournalCorruption } from './journal-corruption.ts';
import { asGolden, goldenV1, goldenV1Entries, goldenV1Segments, withVersion } from './journal-v1.fixture.ts';
import { errno, LoggedDisk } from './logged-disk.fixture.ts';
import { JournalReader } from './reader.ts';
import { verifyJournal } from './verify-journal.ts';

const golden = goldenV1Entries();
const running = 'fc8490db0452471342d1161046b706b6308b4a969027270c21a4551605aca642';
const laterBody: Body = { type: 'connector_revoked', connector: 'db-eu', by: 'root', revokedAt: 1 };

function copyOfGolden(test: TestContext): string {
  const directory = temporaryJournal(test as never);
  mkdirSync(directory);
  for (const name of goldenV1Segments) cpSync(join(goldenV1, name), join(directory, name));
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

describe('a journal of version 1', () => {
  it('reads as the Onrecord that wrote it read it', () => {
    assert.deepEqual(versionsIn(goldenV1), [1, 1, 1]);
    assert.deepEqual(entriesOf(goldenV1).map(asGolden), golden);
  });

  it('verifies to the same running hash', () => {
    const verified = verifyJournal(goldenV1);
    assert.deepEqual([verified.segments, verified.endIndex, verified.running], [3, 76, running]);
  });

  it('goes on in version 2: nothing of it changes, and what was open is closed', async (test) => {
    const directory = copyOfGolden(test);
    const journal = await Journal.open({ directory, segmentBytes: 4096, clock: countingClock() });
    await appended(journal, gatewayItself, [laterBody]);
    await journal.close();
    assert.deepEqual(versionsIn(directory), [1, 1, 1, 2]);
    for (const name of goldenV1Segments) {
      const before = readFileSync(join(goldenV1, name));
      const after = readFileSync(join(directory, name));
      assert.deepEqual(after, before.subarray(0, after.length));
      assert.ok(before.subarray(after.length).every((byte) => byte === 0));
    }
    const entries = entriesOf(directory);
    assert.deepEqual(entries.slice(0, 76).map(asGolden), golden);
    const added = entries.slice(76).map(({ session, body }) => [session.slice(-1), body.type]);
    assert.deepEqual(added, [
      ['', 'heads'],
      ['', 'recovered'],
      ['2', 'outcome'],
      ['2', 'session_closed'],
      ['3', 'outcome'],
      ['3', 'session_closed'],
      ['', 'connector_revoked'],
    ]);
    const recovered = entries[77]?.body;
    assert.ok(recovered?.type === 'recovered');
    assert.deepEqual([recovered.segment, recovered.entries, recovered.discardedBytes], [goldenV1Segments[2], 7, 0]);
    assert.equal(verifyJournal(directory).endIndex, 83);
  });

  it('is taken up in its version 2 segment the next time', async (test) => {
    const directory = copyOfGolden(test);
    for (let run = 0; run < 2; run += 1) {
      const journal = await Journal.open({ directory, segmentBytes: 4096, clock: countingClock() });
      await appended(journal, gatewayItself, [{ type: 'gateway_stopped', reason: 'SIGTERM' }]);
      await journal.close();
    }
    assert.deepEqual(versionsIn(directory), [1, 1, 1, 2]);
    const stops = entriesOf(directory).slice(82);
    assert.deepEqual(
      stops.map(({ body }) => body.type),
      ['gateway_stopped', 'gateway_stopped'],
    );
    verifyJournal(directory);
  });

  it('survives a death at any call of its taking up', async (test) => {
    let deaths = 0;
    for (let at = 0; ; at += 1) {
      const directory = copyOfGolden(test);
      const disk = new LoggedDisk();
      // What follows the call that failed is not made either.
      disk.failing = () => (disk.calls.length > at ? errno('EIO') : undefined);
      const opened = await Journal.open({ directory, segmentBytes: 4096, clock: countingClock(), disk }).catch(
        () => {},
      );
      disk.failing = undefined;
      await opened?.close();
      const versions = versionsIn(directory);
      assert.ok(versions.length === 3 || versions[3] === 2, `call ${at}`);
      verifyJournal(directory);
      const journal = await Journal.open({ directory, segmentBytes: 4096, clock: countingClock() });
      await appended(journal, gatewayItself, [laterBody]);
      await journal.close();
      const { endIndex } = verifyJournal(directory);
      const entries = entriesOf(directory);
      assert.equal(entries.length, endIndex);
      assert.deepEqual(entries.slice(0, 76).map(asGolden), golden);
      assert.equal(entries.filter(({ body }) => body.type === 'session_closed').length, 3, `call ${at}`);
      if (opened !== undefined) break;
      deaths += 1;
    }
    assert.ok(deaths > 8, `${deaths} deaths`);
  });

  it('is corrupt when it holds what only version 2 has, whoever reads it', async (test) => {
    for (const body of [laterBody, { type: 'gap', reason: 'x', connection: 'billing' } as const]) {
      const directory = temporaryJournal(test as never);
      const journal = await Journal.open({ directory, segmentBytes: 4096, clock: countingClock() });
      await appended(journal, gatewayItself, [body]);
      await appended(journal, agent, [sessionOpened]);
      await journal.close();
      verifyJournal(directory);
      const file = join(directory, goldenV1Segments[0] as string);
      writeFileSync(file, withVersion(readFileSync(file), 1));
      const isCorrupt = (error: unknown): boolean =>
        error instanceof JournalCorruption && /version 1 has no (type|field)/.test(error.message);
      assert.throws(() => entriesOf(directory), isCorrupt);
      assert.throws(() => verifyJournal(directory), isCorrupt);
      await assert.rejects(Journal.open({ directory, segmentBytes: 4096, clock: countingClock() }), isCorrupt);
    }
  });
});
