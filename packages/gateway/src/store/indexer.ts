import { Worker } from 'node:worker_threads';
import type { IndexerOrders, IndexerReport } from './indexer-worker.ts';

export interface IndexerOptions {
  readonly dataDirectory: string;
  /** Told when the index cannot be kept; sessions go on, and the indexer tries again. */
  readonly log: (message: string) => void;
}

export interface Indexer {
  /** Resolves when the index holds what the journal held at the call, or cannot be written, and nothing of it is open. */
  stop(): Promise<void>;
}

/** The worker beside this file, in the sources and when compiled. */
const workerFile = new URL(
  import.meta.url.endsWith('.ts') ? './indexer-worker.ts' : './indexer-worker.js',
  import.meta.url,
);

/**
 * Keeps the index of a data directory behind the journal, in a thread of its own at the lowest priority: a session never
 * waits for it, and what it has not reached yet, whoever asks a question catches up.
 */
export function startIndexer({ dataDirectory, log }: IndexerOptions): Indexer {
  const orders: IndexerOrders = { dataDirectory };
  const worker = new Worker(workerFile, { workerData: orders, name: 'onrecord indexer' });
  const ended = Promise.withResolvers<void>();
  worker.on('message', (report: IndexerReport) => log(report.problem));
  worker.on('error', (error) => log(`the indexer stopped: ${error.message}; commands index for themselves`));
  worker.on('exit', () => ended.resolve());
  return {
    stop() {
      worker.postMessage('stop');
      return ended.promise;
    },
  };
}
