import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Target } from '../support/target.ts';
import { WireClient } from '../support/wire-client.ts';

export interface Bystander {
  /** Ends it; rejects when anything ever went wrong for it, or when an answer took longer than it may. */
  leave(): Promise<void>;
}

/**
 * An ordinary session that works all the while and must notice nothing; every tenth time it connects anew. The time that
 * an answer may take is generous on purpose: it tells a session that waits for another's end from one that shares a slow
 * machine, and this process, with it.
 */
export async function bystander(target: Target, slowestAnswerMs = 5_000): Promise<Bystander> {
  let over = false;
  let answered = 0;
  let slowestMs = 0;
  let client = await WireClient.login(target);
  const working = (async () => {
    while (!over) {
      const from = performance.now();
      if (answered % 10 === 9) {
        await client.close();
        client = await WireClient.login(target);
      }
      const answer = await client.query(`select ${answered}`);
      assert.equal(answer.length, 4, 'a bystander was answered otherwise than it asked');
      slowestMs = Math.max(slowestMs, performance.now() - from);
      answered += 1;
      await delay(2);
    }
    await client.close();
  })();
  // Kept for `leave`; a rejection in between must not end the process.
  working.catch(() => {});
  return {
    leave: async () => {
      over = true;
      await working;
      assert.ok(answered > 0);
      assert.ok(slowestMs < slowestAnswerMs, `a bystander waited ${Math.round(slowestMs)} ms`);
    },
  };
}
