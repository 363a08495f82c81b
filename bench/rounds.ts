import { setTimeout as delay } from 'node:timers/promises';
import type { Contender } from './contenders/contender.ts';
import { cpuUs } from './process-cost.ts';

/**
 * Lets contenders have their turns in rounds, forwards and backwards, so that whatever else the machine does hits all of
 * them alike. Answers with the samples of each, in the order of the contenders.
 */
export async function inRounds<Sample>(
  contenders: readonly Contender[],
  rounds: number,
  measure: (contender: Contender, round: number) => Promise<Sample>,
): Promise<Map<Contender['name'], Sample[]>> {
  const samples = new Map<Contender['name'], Sample[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
      await quiet(contenders);
      samples.get(contender.name)?.push(await measure(contender, round));
    }
  }
  return samples;
}

const windowMs = 100;
const quietShare = 0.05;
const deadlineMs = 20_000;

/** Waits until no process in the middle works any more: the gateway's index catches up behind a run. */
export async function quiet(contenders: readonly Contender[]): Promise<void> {
  const pids = [...new Set(contenders.flatMap(({ pids }) => pids))];
  const total = (): number => pids.reduce((sum, pid) => sum + cpuUs(pid), 0);
  const deadline = Date.now() + deadlineMs;
  for (let before = total(); Date.now() < deadline; ) {
    await delay(windowMs);
    const now = total();
    // /proc counts in steps of 10 ms: one step in a window is noise.
    if (now - before <= Math.max(10_000, windowMs * 1000 * quietShare)) return;
    before = now;
  }
}
