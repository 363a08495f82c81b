import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, watch } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Body } from '@onrecord/record';
import { Journal } from '../journal/journal.ts';
import { indexFile } from './index-database.ts';
import { startIndexer } from './indexer.ts';
import { utf8 } from './journal.fixture.ts';
import { billing, opened } from './recorded-day.fixture.ts';

function indexed(data: string): number {
  const database = new DatabaseSync(indexFile(data), { readOnly: true });
  try {
    return Number(database.prepare('SELECT next FROM cursor').get()?.['next']);
  } finally {
    database.close();
  }
}

describe('startIndexer', () => {
  let data: string;
  let journal: Journal;

  beforeEach(async () => {
    data = mkdtempSync(join(tmpdir(), 'onrecord-indexer-'));
    let us = 0;
    const clock = { wallUs: () => 1_700_000_000_000_000 + us, monotonicUs: () => (us += 1) };
    journal = await Journal.open({
      directory: join(data, 'journal'),
      segmentBytes: 64 * 1024,
      clock,
      onHalt: assert.ifError,
    });
  });
  afterEach(async () => {
    await journal.close();
    rmSync(data, { recursive: true });
  });

  const append = (...bodies: Body[]): Promise<number> =>
    new Promise((resolve, reject) => {
      journal.append(billing, bodies, 'written', (receipt) =>
        receipt instanceof Error ? reject(receipt) : resolve(receipt.index),
      );
    });

  it('has indexed everything that was in the journal when it stops', async () => {
    const problems: string[] = [];
    const indexer = startIndexer({ dataDirectory: data, log: (problem) => problems.push(problem) });
    await append(opened());
    let last = 0;
    for (let n = 1; n <= 500; n += 1) {
      last = await append(
        { type: 'statement', n, kind: 'simple', sql: utf8(`SELECT ${n}`), transactionBefore: 'I' },
        { type: 'outcome', of: n, outcome: 'completed', rowCount: 0, rowBytes: 0 },
      );
    }
    await indexer.stop();
    assert.deepEqual(problems, []);
    assert.equal(indexed(data), last + 1);
  });

  it('follows the journal while it runs', async () => {
    const indexer = startIndexer({ dataDirectory: data, log: assert.fail });
    const last = await append(opened());
    const watcher = watch(data);
    try {
      while (!isThere(() => indexed(data) === last + 1)) await once(watcher, 'change');
    } finally {
      watcher.close();
      await indexer.stop();
    }
  });

  it('can be stopped twice, and before it has begun', async () => {
    const indexer = startIndexer({ dataDirectory: data, log: assert.fail });
    await Promise.all([indexer.stop(), indexer.stop()]);
    await indexer.stop();
  });

  it('leaves a directory alone that it cannot write to', { skip: userInfo().uid === 0 }, async () => {
    chmodSync(data, 0o500);
    const indexer = startIndexer({ dataDirectory: data, log: assert.fail });
    await indexer.stop();
    chmodSync(data, 0o700);
  });
});

/** False also while there is no index yet. */
function isThere(look: () => boolean): boolean {
  try {
    return look();
  } catch {
    return false;
  }
}
