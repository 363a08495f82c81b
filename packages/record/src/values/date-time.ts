import { MalformedValue } from './value-reader.ts';

const microseconds = 1_000_000n;
const dayMicroseconds = 86_400n * microseconds;
/** Julian day number of 2000-01-01 (POSTGRES_EPOCH_JDATE). */
const epochDay = 2_451_545;
const minInt64 = -(2n ** 63n);
const maxInt64 = 2n ** 63n - 1n;
const minInt32 = -(2 ** 31);
const maxInt32 = 2 ** 31 - 1;

/** date_out, DateStyle ISO. `days` since 2000-01-01. */
export function formatDate(days: number): string {
  if (days === maxInt32) return 'infinity';
  if (days === minInt32) return '-infinity';
  const { date, era } = calendar(days);
  return date + era;
}

/** timestamp_out, DateStyle ISO. `value` is microseconds since 2000-01-01 00:00. */
export function formatTimestamp(value: bigint): string {
  return timestamp(value, '');
}

/** timestamptz_out, DateStyle ISO, TimeZone UTC. */
export function formatTimestampTz(value: bigint): string {
  return timestamp(value, '+00');
}

function timestamp(value: bigint, zone: string): string {
  if (value === maxInt64) return 'infinity';
  if (value === minInt64) return '-infinity';
  let time = value % dayMicroseconds;
  if (time < 0n) time += dayMicroseconds;
  const { date, era } = calendar(Number((value - time) / dayMicroseconds));
  return `${date} ${formatTime(time)}${zone}${era}`;
}

/** time_out: microseconds since midnight. */
export function formatTime(value: bigint): string {
  if (value < 0n || value > dayMicroseconds) throw new MalformedValue();
  return clock(value);
}

/** timetz_out: the zone is in seconds west of UTC. */
export function formatTimeTz(value: bigint, west: number): string {
  const seconds = Math.abs(west);
  if (seconds >= 16 * 3_600) throw new MalformedValue();
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60].map(two);
  const zone = parts.slice(0, seconds % 60 !== 0 ? 3 : seconds % 3_600 !== 0 ? 2 : 1).join(':');
  return `${formatTime(value)}${west > 0 ? '-' : '+'}${zone}`;
}

/** interval_out, IntervalStyle postgres. */
export function formatInterval(time: bigint, days: number, months: number): string {
  if (time === maxInt64 && days === maxInt32 && months === maxInt32) return 'infinity';
  if (time === minInt64 && days === minInt32 && months === minInt32) return '-infinity';
  const parts: string[] = [];
  let before = false;
  for (const [value, unit] of [
    [Math.trunc(months / 12), 'year'],
    [months % 12, 'mon'],
    [days, 'day'],
  ] as const) {
    if (value === 0) continue;
    parts.push(`${before && value > 0 ? '+' : ''}${value} ${unit}${value === 1 ? '' : 's'}`);
    before = value < 0;
  }
  if (parts.length === 0 || time !== 0n) {
    const sign = time < 0n ? '-' : before ? '+' : '';
    parts.push(sign + clock(time < 0n ? -time : time));
  }
  return parts.join(' ');
}

function clock(value: bigint): string {
  const seconds = value / microseconds;
  const fraction = value % microseconds;
  const [hours, minutes] = [seconds / 3_600n, (seconds / 60n) % 60n].map(two);
  const places = fraction === 0n ? '' : `.${String(fraction).padStart(6, '0').replace(/0+$/, '')}`;
  return `${hours}:${minutes}:${two(seconds % 60n)}${places}`;
}

/** The Gregorian calendar, also before it was invented (j2date in datetime.c); year 0 is 1 BC. */
function calendar(days: number): { readonly date: string; readonly era: string } {
  // Days since 0000-03-01, in cycles of 400 years.
  const fromMarch = days + epochDay - 1_721_120;
  const cycle = Math.floor(fromMarch / 146_097);
  const dayOfCycle = fromMarch - cycle * 146_097;
  const leapDays = Math.floor(dayOfCycle / 1_460) - Math.floor(dayOfCycle / 36_524) + Math.floor(dayOfCycle / 146_096);
  const yearOfCycle = Math.floor((dayOfCycle - leapDays) / 365);
  const leapsBefore = Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100);
  const dayOfYear = dayOfCycle - (365 * yearOfCycle + leapsBefore);
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfCycle + cycle * 400 + (month <= 2 ? 1 : 0);
  const shown = year > 0 ? year : 1 - year;
  return { date: `${String(shown).padStart(4, '0')}-${two(month)}-${two(day)}`, era: year > 0 ? '' : ' BC' };
}

function two(value: number | bigint): string {
  return String(value).padStart(2, '0');
}
