import { parentPort } from 'node:worker_threads';
import type { DiskCall } from './disk.ts';
import { makeDiskCall } from './disk-call.ts';

/** A thread that makes disk calls in the order they come. */

/** Calls to make, and the answer: which call failed (-1: none), with what, and how long they took. */
export type DiskRequest = readonly DiskCall[];
export type DiskAnswer = readonly [failed: number, code: string, message: string, us: number];

parentPort?.on('message', (calls: DiskRequest) => {
  const start = performance.now();
  let made = 0;
  let answer: DiskAnswer;
  try {
    for (; made < calls.length; made += 1) makeDiskCall(calls[made] as DiskCall);
    answer = [-1, '', '', elapsedUs(start)];
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    answer = [made, code, message, elapsedUs(start)];
  }
  parentPort?.postMessage(answer);
});

function elapsedUs(start: number): number {
  return (performance.now() - start) * 1000;
}
