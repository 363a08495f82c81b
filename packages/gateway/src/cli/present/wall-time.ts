import { zoneFormats } from '../time/zone-format.ts';

/** Recorded times (microseconds since 1970, UTC) as wall-clock times of a zone. */

export interface WallTime {
  /** `Tuesday`. */
  readonly weekday: string;
  /** `2026-11-17`. */
  readonly date: string;
  /** `14:03:22`. */
  readonly time: string;
  /** The six digits behind the second. */
  readonly micros: string;
  /** `UTC+01:00`, `UTC`. */
  readonly offset: string;
}

const formatOf = zoneFormats({
  weekday: 'long',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZoneName: 'longOffset',
});

/** Neighbours in a timeline share their second, and a second takes Intl as long as the rest of a line together. */
const latest = new Map<string, { readonly second: number; readonly shown: Omit<WallTime, 'micros'> }>();

/** The time `at` (µs) in a zone. Throws RangeError for a zone that does not exist. */
export function wallTime(at: number, timeZone: string): WallTime {
  const second = Math.floor(at / 1_000_000);
  const known = latest.get(timeZone);
  const shown = known?.second === second ? known.shown : showSecond(second, timeZone);
  if (known?.second !== second) latest.set(timeZone, { second, shown });
  return { ...shown, micros: String(at - second * 1_000_000).padStart(6, '0') };
}

function showSecond(second: number, timeZone: string): Omit<WallTime, 'micros'> {
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {};
  for (const { type, value } of formatOf(timeZone).formatToParts(second * 1000)) parts[type] = value;
  const { weekday = '', year = '', month = '', day = '', hour = '', minute = '', second: seconds = '' } = parts;
  return {
    weekday,
    date: `${year.padStart(4, '0')}-${month}-${day}`,
    time: `${hour}:${minute}:${seconds}`,
    offset: (parts.timeZoneName ?? 'GMT').replace('GMT', 'UTC'),
  };
}

/** `2026-11-17 14:03:22.123456 Europe/Berlin (UTC+01:00)`. */
export function formatMoment(at: number, timeZone: string): string {
  const { date, time, micros, offset } = wallTime(at, timeZone);
  return `${date} ${time}.${micros} ${formatZone(timeZone, offset)}`;
}

/** `Europe/Berlin (UTC+01:00)`; `UTC` alone. */
export function formatZone(timeZone: string, offset: string): string {
  return timeZone === 'UTC' ? timeZone : `${timeZone} (${offset})`;
}
