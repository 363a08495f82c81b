/**
 * Formats of one kind, one for each zone, made when they are first needed: making one takes Intl longer than using it a
 * hundred times. The returned function throws RangeError for a zone that does not exist.
 */
export function zoneFormats(options: Intl.DateTimeFormatOptions): (timeZone: string) => Intl.DateTimeFormat {
  const formats = new Map<string, Intl.DateTimeFormat>();
  return (timeZone) => {
    let format = formats.get(timeZone);
    if (format === undefined) {
      format = new Intl.DateTimeFormat('en-GB', { ...options, timeZone, calendar: 'iso8601', hourCycle: 'h23' });
      formats.set(timeZone, format);
    }
    return format;
  };
}
