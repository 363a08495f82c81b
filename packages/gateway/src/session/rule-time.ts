import type { Variation } from '../policy/variations.ts';

const minuteUs = 60_000_000;

/**
 * The time as far as rules ask for it, given wall-clock microseconds: the same number as long as the time alone makes no other
 * verdict. By the minute since 1970, or to the microsecond; 0 where no rule asks.
 */
export function ruleTime(variesBy: ReadonlySet<Variation>): (wallUs: () => number) => number {
  if (variesBy.has('moment')) return (wallUs) => wallUs();
  if (variesBy.has('minute')) return (wallUs) => Math.floor(wallUs() / minuteUs);
  return () => 0;
}
