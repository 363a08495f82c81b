/**
 * Times in zones, for conditions. cel-js asks for the whole local time as text and reads it back in the zone of the process: a
 * third of a millisecond each, and wrong where that zone's clocks change. Here the zone's offset is asked for once in a
 * quarter of an hour: no zone has changed its clocks in the middle of one since 1972.
 */
const quarterMs = 15 * 60_000;

/** What CEL's methods of a timestamp say, from a date whose UTC fields are the local ones. */
const fields: { readonly [method: string]: (local: Date) => number } = {
  getFullYear: (local) => local.getUTCFullYear(),
  getMonth: (local) => local.getUTCMonth(),
  getDate: (local) => local.getUTCDate(),
  getDayOfMonth: (local) => local.getUTCDate() - 1,
  getDayOfWeek: (local) => local.getUTCDay(),
  getDayOfYear: (local) => Math.floor((local.getTime() - Date.UTC(local.getUTCFullYear(), 0, 1)) / 86_400_000),
  getHours: (local) => local.getUTCHours(),
  getMinutes: (local) => local.getUTCMinutes(),
  getSeconds: (local) => local.getUTCSeconds(),
  getMilliseconds: (local) => local.getUTCMilliseconds(),
};

/** Methods of a timestamp that take a zone. */
export const zonedMethods: readonly string[] = Object.keys(fields);

/** Those among them that say the same of any moment of a minute: offsets of zones are whole minutes since 1972. */
export const minuteMethods: ReadonlySet<string> = new Set(
  zonedMethods.filter((method) => method !== 'getSeconds' && method !== 'getMilliseconds'),
);

/** What the method says of a time in a zone. Throws a RangeError for a zone that does not exist. */
export function zonedField(method: string, time: Date, zone: string): bigint {
  const field = fields[method];
  if (field === undefined) throw new Error(`a timestamp has no method ${method}`);
  return BigInt(field(new Date(time.getTime() + offsetMs(time, zone))));
}

/** True when there is a zone of that name. */
export function isZone(zone: string): boolean {
  try {
    zoneOf(zone);
    return true;
  } catch {
    return false;
  }
}

interface Zone {
  readonly format: Intl.DateTimeFormat;
  quarter: number;
  offsetMs: number;
}

/** Zones are texts in conditions: there are no more than the configuration has. */
const zones = new Map<string, Zone>();

function zoneOf(name: string): Zone {
  const known = zones.get(name);
  if (known !== undefined) return known;
  const two = '2-digit';
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: two,
    day: two,
    hour: two,
    minute: two,
  });
  const zone = { format, quarter: Number.NaN, offsetMs: 0 };
  zones.set(name, zone);
  return zone;
}

function offsetMs(time: Date, name: string): number {
  const zone = zoneOf(name);
  const quarter = Math.floor(time.getTime() / quarterMs);
  if (zone.quarter !== quarter) {
    const start = new Date(quarter * quarterMs);
    const parts = new Map(zone.format.formatToParts(start).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
    const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'));
    zone.offsetMs = local - start.getTime();
    zone.quarter = quarter;
  }
  return zone.offsetMs;
}
