import { setTimeout as sleep } from 'node:timers/promises';

/** What a thread has used and how much time went by, in milliseconds of any origin. */
export interface Usage {
  readonly cpuMs: number;
  readonly wallMs: number;
}

/** Waiting for a processor for a third of the time: somebody else has work for it. */
const contended = 1.5;
/** Under contention the indexer works for a fifth of the time. */
const restFactor = 4;
const longestRestMs = 2_000;
/** An index that is so far behind is not worth the courtesy any more. */
const patienceMs = 60_000;

/**
 * How long the indexer is to rest behind a piece of work, so that sessions get the processor: nothing while the machine
 * has time, else some times as long as the work took. A low priority alone is not enough: on two busy cores the indexer
 * took a quarter of the throughput from the sessions, all of it in moments when a core was free for a few microseconds.
 * `behindMs` is how far the index is behind the journal.
 */
export function restMs(before: Usage, after: Usage, behindMs: number): number {
  const wallMs = after.wallMs - before.wallMs;
  const cpuMs = after.cpuMs - before.cpuMs;
  if (behindMs > patienceMs || wallMs < cpuMs * contended) return 0;
  return Math.min(longestRestMs, wallMs * restFactor);
}

/** What the calling thread has used. */
export function threadUsage(): Usage {
  const { user, system } = process.threadCpuUsage();
  return { cpuMs: (user + system) / 1000, wallMs: performance.now() };
}

/** Call it behind each piece of work with the time of the last entry: it resolves when the next piece may begin. */
export function courtesy(signal: AbortSignal): (lastAtUs: number) => Promise<void> {
  let before = threadUsage();
  return async (lastAtUs) => {
    const ms = restMs(before, threadUsage(), Date.now() - lastAtUs / 1000);
    await sleep(ms, undefined, { signal }).catch(() => {});
    before = threadUsage();
  };
}
