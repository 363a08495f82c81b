/** The gateway's time: wall-clock microseconds since 1970 (UTC), and microseconds of a clock that never goes back. */
export interface Clock {
  wallUs(): number;
  monotonicUs(): number;
}

const anchorForUs = 1_000_000;

/**
 * Wall time with microseconds: `Date.now()` has milliseconds only, so it is read once a second (the system clock may be
 * set) and the monotonic clock counts on from there.
 */
export function systemClock(): Clock {
  let anchorWallUs = 0;
  let anchorUs = -anchorForUs - 1;
  const monotonicUs = (): number => Math.round(performance.now() * 1000);
  return {
    monotonicUs,
    wallUs(): number {
      const us = monotonicUs();
      if (us - anchorUs > anchorForUs) {
        // Never step back by less than what the last anchor has already handed out, unless the clock was set back.
        const wall = Date.now() * 1000;
        const counted = anchorWallUs + us - anchorUs;
        anchorWallUs = Math.abs(counted - wall) < 2000 ? counted : wall;
        anchorUs = us;
      }
      return anchorWallUs + us - anchorUs;
    },
  };
}
