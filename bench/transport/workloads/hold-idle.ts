import type { GatewayEnd } from '../candidate.ts';
import { firstEcho } from './echo.ts';

/** Few enough at a time that what opening costs is not what is held. */
const openingAtOnce = 20;

/** Opens sessions that have echoed once and then do nothing, for as long as the process lives. */
export async function holdIdle(open: GatewayEnd['open'], count: number): Promise<void> {
  for (let held = 0; held < count; held += openingAtOnce)
    await Promise.all(
      Array.from({ length: Math.min(openingAtOnce, count - held) }, async () => firstEcho(await open())),
    );
}
