import { setPriority } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { JournalReader } from '../journal/reader.ts';
import { catchUp } from './catch-up.ts';
import { courtesy } from './courtesy.ts';
import { type IndexDatabase, isDamage, isReplaced, openIndex, replaceIndex } from './index-database.ts';
import { tablesReader } from './text-tables.ts';

/** The thread behind `startIndexer`. */
export interface IndexerOrders {
  readonly dataDirectory: string;
}

export interface IndexerReport {
  readonly problem: string;
}

/** How often the journal is looked at when there was nothing new. */
const idleMs = 250;
/** How long to wait when the index could not be written. */
const troubleMs = 5_000;

async function follow({ dataDirectory }: IndexerOrders, stopped: AbortSignal): Promise<void> {
  lowerPriority();
  const tablesOf = await tablesReader();
  const journal = new JournalReader(join(dataDirectory, 'journal'));
  let index: IndexDatabase | undefined;
  const breathe = courtesy(stopped);
  let problem = '';
  // Once more after the order to stop, so that the index has what the last sessions left.
  for (let last = false; ; last = stopped.aborted) {
    let waitMs = idleMs;
    try {
      if (index !== undefined && isReplaced(index)) {
        index.database.close();
        index = undefined;
      }
      index ??= openIndex(dataDirectory);
      // Nothing would be left of an index that lives only as long as this thread.
      if (index.file === undefined) break;
      await catchUp(index, journal, { tablesOf, breathe });
      problem = '';
    } catch (error) {
      if (index !== undefined && isDamage(error)) index = replaceIndex(dataDirectory, index);
      const message = error instanceof Error ? error.message : String(error);
      if (message !== problem) report(`the index is behind the journal: ${message}`);
      problem = message;
      waitMs = troubleMs;
    }
    if (last) break;
    await sleep(waitMs, undefined, { signal: stopped }).catch(() => {});
  }
  index?.database.close();
  journal.close();
}

/** On Linux, process 0 is the calling thread; elsewhere it would be the whole gateway. */
function lowerPriority(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(0, 19);
  } catch {
    // Not allowed here: the indexer runs like any other thread.
  }
}

function report(problem: string): void {
  const message: IndexerReport = { problem };
  parentPort?.postMessage(message);
}

if (parentPort !== null) {
  const stopped = new AbortController();
  parentPort.once('message', () => stopped.abort());
  await follow(workerData as IndexerOrders, stopped.signal);
  parentPort.close();
}
