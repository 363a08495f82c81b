import { percentile } from '../../statistics.ts';
import type { GatewayEnd } from '../candidate.ts';
import { firstEcho } from './echo.ts';

/** How long sessions took from the wish for one to their first echo. */
export interface Opened {
  readonly p50Ms: number;
  readonly maxMs: number;
}

/** Opens so many sessions in one turn of the event loop, and closes them when all have echoed once. */
export async function openAtOnce(open: GatewayEnd['open'], count: number): Promise<Opened> {
  const started = performance.now();
  const openOne = async (): Promise<{ readonly tookMs: number; close(): void }> => {
    const session = await open();
    await firstEcho(session);
    return { tookMs: performance.now() - started, close: () => session.destroy() };
  };
  const opened = await Promise.all(Array.from({ length: count }, openOne));
  for (const one of opened) one.close();
  const tookMs = opened.map((one) => one.tookMs);
  return { p50Ms: percentile(tookMs, 0.5), maxMs: Math.max(...tookMs) };
}
