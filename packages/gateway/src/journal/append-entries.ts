import type { Body, Chains } from '@onrecord/record';
import type { Durable, Receipt, Recorder } from './receipt.ts';

/** Appends entries and resolves with their receipt; rejects with what made recording impossible. */
export function appendEntries(
  recorder: Pick<Recorder, 'append'>,
  chains: Chains,
  bodies: readonly Body[],
  durable: Durable,
): Promise<Receipt> {
  return new Promise((resolve, reject) => {
    recorder.append(chains, bodies, durable, (result) => {
      if (result instanceof Error) reject(result);
      else resolve(result);
    });
  });
}
