import type { Clock } from './clock.ts';

/** Clocks are set, machines sleep, and a timer of Node's takes 2^31 ms at most: look again at least this often. */
const lookMs = 3_600_000;

/** Calls back once when the wall clock has reached `atUs` (microseconds since 1970); the function that it returns stops it. */
export function atWallClock(atUs: number, clock: Pick<Clock, 'wallUs'>, ring: () => void): () => void {
  let timer: NodeJS.Timeout;
  const look = (): void => {
    const leftMs = Math.ceil((atUs - clock.wallUs()) / 1000);
    if (leftMs <= 0) {
      ring();
      return;
    }
    timer = setTimeout(look, Math.min(leftMs, lookMs));
    timer.unref();
  };
  timer = setTimeout(look, 0);
  timer.unref();
  return () => clearTimeout(timer);
}
