import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { goldenJournals } from '../journal/golden-journal.fixture.ts';
import { appended, countingClock, gatewayItself } from '../journal/journal.fixture.ts';
import { Journal } from '../journal/journal.ts';
import { JournalCorruption } from '../journal/journal-corruption.ts';
import { JournalReader } from '../journal/reader.ts';
import type { TablesOf } from '../sql/tables.ts';
import { catchUp, nextEntry } from './catch-up.ts';
import { recordControls } from './controlled-day.fixture.ts';
import { emptyIndex, type IndexDatabase, indexFile, isReplaced, openIndex } from './index-database.ts';
import { JournalFixture, utf8 } from './journal.fixture.ts';
import { billing, morning, opened, recordDay } from './recorded-day.fixture.ts';

const tablesOf: TablesOf = (sql) =>
  Array.from(sql.matchAll(/(?:FROM|UPDATE) (?:(\w+)\.)?(\w+)/g), ([, schema = '', name = '']) => ({ schema, name }));

/** Everything that the index says, whatever the pages it stands on. */
function dump(database: DatabaseSync): { readonly [table: string]: unknown[] } {
  const tables = database
    .prepare(
      `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'texts\\_fts%' ESCAPE '\\' ORDER BY name`,
    )
    .all();
  const content = Object.fromEntries(
    tables.map(({ name }) => [
      name,
      database
        .prepare(`SELECT * FROM "${name}"`)
        .all()
        .map((row) => ({ ...row })),
    ]),
  );
  database.exec(`CREATE VIRTUAL TABLE IF NOT EXISTS temp.words USING fts5vocab('main', 'texts_fts', 'instance')`);
  return {
    ...content,
    words: database
      .prepare('SELECT * FROM words')
      .all()
      .map((row) => ({ ...row })),
  };
}

describe('catchUp', () => {
  let journal: JournalFixture;
  let reader: JournalReader;
  let index: IndexDatabase;

  beforeEach(() => {
    journal = new JournalFixture();
    reader = new JournalReader(join(journal.data, 'journal'));
    index = openIndex(journal.data);
  });
  afterEach(() => {
    reader.close();
    index.database.close();
    journal.remove();
  });

  it('reaches the end of the journal and goes on from there', async () => {
    journal.append({ at: morning, ...billing, body: opened() });
    assert.equal(await catchUp(index, reader, { tablesOf }), 1);
    journal.append({
      at: morning,
      ...billing,
      body: { type: 'statement', n: 1, kind: 'simple', sql: utf8('SELECT 1'), transactionBefore: 'I' },
    });
    assert.equal(await catchUp(index, reader, { tablesOf }), 2);
    assert.equal(await catchUp(index, reader, { tablesOf }), 2);
    assert.equal(index.database.prepare('SELECT count(*) AS n FROM statements').get()?.['n'], 1);
  });

  it('gives the same index whether it was built at once, entry by entry, or again', async () => {
    recordDay(journal);
    recordControls(journal);
    await catchUp(index, reader, { tablesOf });
    const atOnce = dump(index.database);
    assert.equal(nextEntry(index.database), journal.next);

    emptyIndex(index);
    for (let until = 1; until <= journal.next; until += 1) await catchUp(index, reader, { tablesOf, until });
    assert.deepEqual(dump(index.database), atOnce);

    emptyIndex(index);
    await catchUp(index, reader, { tablesOf });
    assert.deepEqual(dump(index.database), atOnce);
  });

  for (const golden of goldenJournals)
    it(`projects a journal of version ${golden.version} that the latest version goes on, with the same answers again`, async () => {
      const directory = join(journal.data, 'journal');
      rmSync(directory, { recursive: true });
      mkdirSync(directory);
      for (const name of golden.segments) cpSync(join(golden.directory, name), join(directory, name));
      assert.equal(await catchUp(index, reader, { tablesOf }), golden.entries.length);
      const open = index.database.prepare('SELECT count(*) AS n FROM sessions WHERE closed_at IS NULL');
      assert.equal(open.get()?.['n'], 2);
      const writer = await Journal.open({ directory, segmentBytes: 4096, clock: countingClock() });
      await appended(writer, gatewayItself, [
        { type: 'connector_revoked', connector: 'db-eu', by: 'root', revokedAt: 1 },
      ]);
      await writer.close();
      assert.equal(await catchUp(index, reader, { tablesOf }), golden.entries.length + 7);
      assert.equal(open.get()?.['n'], 0);
      const inTwoSteps = dump(index.database);
      emptyIndex(index);
      assert.equal(await catchUp(index, reader, { tablesOf }), golden.entries.length + 7);
      assert.deepEqual(dump(index.database), inTwoSteps);
    });

  it('gives the same index when two processes build it together', async () => {
    recordDay(journal);
    recordControls(journal);
    const other = openIndex(journal.data);
    const otherReader = new JournalReader(join(journal.data, 'journal'));
    for (let until = 3; until < journal.next + 3; until += 3) {
      const [one, two] = until % 2 === 0 ? [index, other] : [other, index];
      await Promise.all([catchUp(one, reader, { tablesOf, until }), catchUp(two, otherReader, { tablesOf, until })]);
    }
    const together = dump(index.database);
    otherReader.close();
    other.database.close();
    emptyIndex(index);
    await catchUp(index, reader, { tablesOf });
    assert.deepEqual(together, dump(index.database));
  });

  it('stores a text once, however often it is run', async () => {
    journal.append({ at: morning, ...billing, body: opened() });
    for (let n = 1; n <= 100; n += 1) {
      journal.append({
        at: morning,
        ...billing,
        body: { type: 'statement', n, kind: 'simple', sql: utf8('SELECT 1'), transactionBefore: 'I' },
      });
    }
    await catchUp(index, reader, { tablesOf });
    assert.equal(index.database.prepare('SELECT count(*) AS n FROM texts').get()?.['n'], 1);
  });

  it('leaves no half of a batch behind when it is killed', async () => {
    recordDay(journal);
    recordControls(journal);
    // Dies in the middle of the first batch, as if by kill -9: the transaction is never ended.
    const dies: TablesOf = (sql) => {
      if (sql.startsWith('UPDATE')) throw new Error('killed');
      return tablesOf(sql);
    };
    await assert.rejects(catchUp(index, reader, { tablesOf: dies }), /killed/);
    assert.equal(nextEntry(index.database), 0);
    assert.equal(index.database.prepare('SELECT count(*) AS n FROM texts').get()?.['n'], 0);
    await catchUp(index, reader, { tablesOf });
    assert.equal(nextEntry(index.database), journal.next);
  });

  it('starts over when the directory holds another journal', async () => {
    recordDay(journal);
    recordControls(journal);
    await catchUp(index, reader, { tablesOf });
    rmSync(join(journal.data, 'journal'), { recursive: true });
    const another = new JournalFixture({ data: journal.data, journal: 'another' });
    another.append({ at: morning, ...billing, body: opened({ connection: 'else' }) });
    await catchUp(index, reader, { tablesOf });
    assert.equal(nextEntry(index.database), 1);
    assert.deepEqual(
      index.database
        .prepare('SELECT name FROM connections')
        .all()
        .map((row) => row['name']),
      ['else'],
    );
  });

  it('starts over when a power cut took entries that it had, and others stand in their place', async () => {
    journal.append({ at: morning, ...billing, body: opened() });
    const size = statSync(journal.segmentFile).size;
    journal.append({
      at: morning,
      ...billing,
      body: { type: 'statement', n: 1, kind: 'simple', sql: utf8('SELECT 1'), transactionBefore: 'I' },
    });
    await catchUp(index, reader, { tablesOf });
    truncateSync(journal.segmentFile, size);
    journal.next -= 1;
    journal.append({
      at: morning + 1,
      ...billing,
      body: { type: 'statement', n: 1, kind: 'simple', sql: utf8('SELECT 2'), transactionBefore: 'I' },
    });
    await catchUp(index, reader, { tablesOf });
    assert.deepEqual(
      index.database
        .prepare('SELECT sql FROM texts')
        .all()
        .map((row) => row['sql']),
      ['SELECT 2'],
    );
  });

  it('keeps what stands before damage in the journal, and says where the damage is', async () => {
    recordDay(journal);
    recordControls(journal);
    const bytes = readFileSync(journal.segmentFile);
    const at = Math.floor(bytes.length * 0.6);
    bytes[at] = (bytes[at] as number) ^ 1;
    writeFileSync(journal.segmentFile, bytes);
    await assert.rejects(catchUp(index, reader, { tablesOf }), JournalCorruption);
    const reached = nextEntry(index.database);
    assert.ok(reached > 10 && reached < journal.next, `${reached} of ${journal.next}`);
  });

  it('follows the journal from segment to segment', async () => {
    journal.append({ at: morning, ...billing, body: opened() });
    await catchUp(index, reader, { tablesOf });
    journal.startSegment();
    journal.append({ at: morning, ...billing, body: { type: 'session_closed', reason: 'client lost', statements: 0 } });
    assert.equal(await catchUp(index, reader, { tablesOf }), 2);
  });
});

describe('openIndex', () => {
  it('does not trust a copy, which may have been taken in the middle of a write', async () => {
    const journal = new JournalFixture();
    const copy = mkdtempSync(join(tmpdir(), 'onrecord-copy-'));
    try {
      recordDay(journal);
      recordControls(journal);
      const reader = new JournalReader(join(journal.data, 'journal'));
      const index = openIndex(journal.data);
      await catchUp(index, reader, { tablesOf });
      index.database.close();
      cpSync(journal.data, copy, { recursive: true });
      const copied = openIndex(copy);
      assert.equal(nextEntry(copied.database), 0);
      copied.database.close();
      const again = openIndex(journal.data);
      assert.equal(nextEntry(again.database), journal.next);
      assert.equal(isReplaced(again), false);
      rmSync(indexFile(journal.data));
      assert.equal(isReplaced(again), true);
      again.database.close();
      reader.close();
    } finally {
      journal.remove();
      rmSync(copy, { recursive: true });
    }
  });

  it('replaces a file that is no database, and one of another version', () => {
    const journal = new JournalFixture();
    try {
      writeFileSync(
        indexFile(journal.data),
        'no database at all, but longer than a header of one hundred bytes. '.repeat(3),
      );
      openIndex(journal.data).database.close();
      const other = new DatabaseSync(indexFile(journal.data));
      other.exec('PRAGMA user_version = 999; CREATE TABLE from_the_future (a)');
      other.close();
      const index = openIndex(journal.data);
      assert.deepEqual(
        index.database.prepare(`SELECT name FROM sqlite_schema WHERE name = 'from_the_future'`).all(),
        [],
      );
      index.database.close();
    } finally {
      journal.remove();
    }
  });
});
