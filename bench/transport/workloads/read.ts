import { setTimeout as delay } from 'node:timers/promises';
import type { GatewayEnd } from '../candidate.ts';
import { encodeRequest } from '../request.ts';
import { readSlowly } from './read-slowly.ts';

/** Sessions whose target sends in bulk. */
export interface ReadLoad {
  readonly streams: number;
  /** What each target sends. */
  readonly bytes: number;
  /** It ends then also when not all has come. */
  readonly atMostMs: number;
  /** How fast each is read; 0 reads nothing at all. As fast as it comes when undefined. */
  readonly bytesPerSecond?: number;
}

export interface ReadResult {
  readonly bytes: number;
  readonly bytesPerSecond: number;
}

/** Reads what the targets send. */
export async function read(open: GatewayEnd['open'], load: ReadLoad): Promise<ReadResult> {
  const sessions = await Promise.all(Array.from({ length: load.streams }, open));
  const started = performance.now();
  let bytes = 0;
  const finished = new Promise<void>((resolve) => {
    for (const session of sessions) {
      session.on('error', () => session.destroy());
      session.write(encodeRequest({ type: 'bulk', bytes: load.bytes }));
      const count = (chunk: Buffer): void => {
        bytes += chunk.length;
        if (bytes >= load.bytes * load.streams) resolve();
      };
      if (load.bytesPerSecond === undefined) session.on('data', count);
      else readSlowly(session, load.bytesPerSecond, count);
    }
  });
  await Promise.race([finished, delay(load.atMostMs)]);
  const elapsedMs = performance.now() - started;
  for (const session of sessions) session.destroy();
  return { bytes, bytesPerSecond: (bytes / elapsedMs) * 1000 };
}
