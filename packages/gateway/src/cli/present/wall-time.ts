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

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      calendar: 'iso8601',
      weekday: 'long',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
      timeZoneName: 'longOffset',
    });
    formats.set(timeZone, format);
  }
  return format;
}

/** The time `at` (µs) in a zone. Throws RangeError for a zone that does not exist. */
export function wallTime(at: number, timeZone: string): WallTime {
  const ms = Math.floor(at / 1000);
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {};
  for (const { type, value } of formatOf(timeZone).formatToParts(ms)) parts[type] = value;
  const { weekday = '', year = '', month = '', day = '', hour = '', minute = '', second = '' } = parts;
  return {
    weekday,
    date: `${year.padStart(4, '0')}-${month}-${day}`,
    time: `${hour}:${minute}:${second}`,
    micros: String(((at % 1_000_000) + 1_000_000) % 1_000_000).padStart(6, '0'),
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
