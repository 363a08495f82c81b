import { zoneFormats } from './zone-format.ts';

/**
 * Wall-clock times of an IANA zone and the instants they name. A zone's clock skips and repeats hours, so a wall-clock
 * time names one instant, two or none. Pure, over `Intl`.
 */

/** A wall-clock time as microseconds since 1970 had the clock always shown UTC. */
export type CivilUs = number;

const formatOf = zoneFormats({
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
  minute: 'numeric',
  second: 'numeric',
});

/** This system's zone; UTC where `TZ` names none, of which `Intl` then knows nothing, whatever its types say. */
export function systemTimeZone(): string {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions() as { readonly timeZone: string | undefined };
  return timeZone ?? 'UTC';
}

export function isTimeZone(timeZone: string): boolean {
  try {
    formatOf(timeZone);
    return true;
  } catch {
    return false;
  }
}

/** How far the zone's clock is ahead of UTC at an instant, in microseconds. */
export function offsetUs(instantUs: number, timeZone: string): number {
  const second = Math.floor(instantUs / 1_000_000) * 1000;
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const { type, value } of formatOf(timeZone).formatToParts(second)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second: seconds = 0 } = parts;
  return (Date.UTC(year, month - 1, day, hour, minute, seconds) - second) * 1000;
}

export function civilOf(instantUs: number, timeZone: string): CivilUs {
  return instantUs + offsetUs(instantUs, timeZone);
}

export const dayUs = 86_400_000_000;

/**
 * The instants at which the zone's clock shows a time, earlier first; and, when there is none, the instant at which the
 * clock skipped it.
 */
export function instantsOf(
  civil: CivilUs,
  timeZone: string,
): { readonly instants: readonly number[]; readonly skippedAt: number | undefined } {
  // No zone is further from UTC than a day, and none changes twice within two.
  const offsets = new Set([offsetUs(civil - dayUs, timeZone), offsetUs(civil + dayUs, timeZone)]);
  const instants = [...offsets]
    .map((offset) => civil - offset)
    .filter((instant) => civilOf(instant, timeZone) === civil)
    .sort((a, b) => a - b);
  return { instants, skippedAt: instants.length > 0 ? undefined : changeAround(civil, timeZone) };
}

/** The second at which the clock jumped over `civil`, by bisection. */
function changeAround(civil: CivilUs, timeZone: string): number {
  let before = civil - 2 * dayUs;
  let after = civil + 2 * dayUs;
  while (after - before > 1_000_000) {
    const middle = Math.floor((before + after) / 2_000_000) * 1_000_000;
    if (civilOf(middle, timeZone) > civil) after = middle;
    else before = middle;
  }
  return Math.floor(after / 1_000_000) * 1_000_000;
}
