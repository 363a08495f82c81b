/**
 * What a person's words for a time mean: a period (`yesterday`, `2026-11`) or a moment (`2026-11-03 14:00`, `15m ago`).
 * A text is understood as a whole or not at all. Pure: the zone's clock comes from `Intl`, the time now is given.
 */
import * as chrono from 'chrono-node';
import { type CivilUs, civilOf, dayUs } from './zone.ts';

/** `period`: from one wall-clock time to another. `moment`: a wall-clock time. `instant`: the clock plays no part. */
export type TimeWords =
  | { readonly type: 'period'; readonly from: CivilUs; readonly until: CivilUs }
  | { readonly type: 'moment'; readonly civil: CivilUs }
  | { readonly type: 'instant'; readonly us: number };

/** The text was not understood, or could mean two things. */
export interface NotUnderstood {
  readonly type: 'not understood';
  readonly reason: string;
  readonly hint: string;
}

export interface Now {
  readonly us: number;
  readonly timeZone: string;
}

const exampleHint = 'Write for example 2026-11-03, "2026-11-03 14:00", yesterday, "last tuesday" or "15m ago".';

/** Reads one time. Words are those of English; the first day of a week is Monday. */
export function readTime(input: string, now: Now): TimeWords | NotUnderstood {
  const text = input.trim().replace(/\s+/g, ' ').toLowerCase();
  if (text === '') return notUnderstood('it is empty');
  const today = startOfDay(civilOf(now.us, now.timeZone));
  return (
    readRefused(text) ??
    readIso(text, today) ??
    readAgo(text, now) ??
    readWrittenDate(text, today) ??
    readDayWords(text, today) ??
    notUnderstood('it is not a time that is understood as a whole')
  );
}

function notUnderstood(reason: string, hint = exampleHint): NotUnderstood {
  return { type: 'not understood', reason, hint };
}

/** Forms that look clear and are not. */
function readRefused(text: string): NotUnderstood | undefined {
  if (/\d+[/.]\d+[/.]\d+|^\d+\/\d+|^\d{1,2}-\d{1,2}-\d{2,4}\b/.test(text)) {
    return notUnderstood(
      'day and month could be either way round',
      'Write the date as 2026-11-03 or "3 november 2026".',
    );
  }
  if (/^\d+$/.test(text)) {
    return notUnderstood('a bare number could be an hour, a day or a year', exampleHint);
  }
  return undefined;
}

const iso =
  /^(\d{4})-(\d{2})(?:-(\d{2})(?:[t ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,6})\d*)?)? ?(z|utc|[+-]\d{2}(?::?\d{2})?)?)?)?$/;

function readIso(text: string, today: CivilUs): TimeWords | NotUnderstood | undefined {
  const clock = clockOf(text);
  if (clock !== undefined) return typeof clock === 'number' ? { type: 'moment', civil: today + clock } : clock;
  const match = iso.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second = '0', fraction = '', offset] = match;
  const date = civilDate(Number(year), Number(month), Number(day ?? 1));
  if (date === undefined) return notUnderstood('there is no such date');
  if (day === undefined) return { type: 'period', from: date, until: addMonths(date, 1) };
  if (hour === undefined) return { type: 'period', from: date, until: date + dayUs };
  const time = timeOfDay(Number(hour), Number(minute), Number(second));
  if (time === undefined) return notUnderstood('there is no such time of day');
  const civil = date + time + Number(fraction.padEnd(6, '0'));
  if (offset === undefined) return { type: 'moment', civil };
  if (offset === 'z' || offset === 'utc') return { type: 'instant', us: civil };
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d{2}):?(\d{2})?$/.exec(offset) ?? [];
  const ahead = (Number(hours) * 60 + Number(minutes)) * 60_000_000;
  if (Number(hours) > 15 || Number(minutes) > 59) return notUnderstood('there is no such offset from UTC');
  return { type: 'instant', us: civil - (sign === '-' ? -ahead : ahead) };
}

/** `14:00`, `14:00:05`, `9am`, `9:30 pm`, `noon`, `midnight`: microseconds into the day; undefined when it is none. */
function clockOf(text: string): number | NotUnderstood | undefined {
  if (text === 'noon') return 12 * 3_600_000_000;
  if (text === 'midnight') return 0;
  const match = /^(\d{1,2})(?::(\d{2})(?::(\d{2}))?)? ?(am|pm)?$/.exec(text);
  if (match === null) return undefined;
  const [, hour, minute, second, half] = match;
  if (minute === undefined && half === undefined) return undefined;
  const twelve = Number(hour);
  if (half !== undefined && (twelve < 1 || twelve > 12)) return notUnderstood('there is no such time of day');
  const time = timeOfDay(
    half === undefined ? twelve : (twelve % 12) + (half === 'pm' ? 12 : 0),
    Number(minute ?? 0),
    Number(second ?? 0),
  );
  return time ?? notUnderstood('there is no such time of day');
}

/** 24:00 is the end of the day. */
function timeOfDay(hour: number, minute: number, second: number): number | undefined {
  if (hour > 24 || minute > 59 || second > 59 || (hour === 24 && minute + second > 0)) return undefined;
  return ((hour * 60 + minute) * 60 + second) * 1_000_000;
}

const unitNames: { readonly [Unit in 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year']: RegExp } = {
  second: /^(s|sec|secs|seconds?)$/,
  minute: /^(m|min|mins|minutes?)$/,
  hour: /^(h|hr|hrs|hours?)$/,
  day: /^(d|days?)$/,
  week: /^(w|wk|wks|weeks?)$/,
  month: /^(mo|months?)$/,
  year: /^(y|yrs?|years?)$/,
};

/**
 * `now`, `now-15m`, `15m`, `2 hours ago`, `1h 30m ago`. Hours and smaller are a span of time; days and larger go back on
 * the calendar, to the same time of day.
 */
function readAgo(text: string, now: Now): TimeWords | undefined {
  if (text === 'now') return { type: 'instant', us: now.us };
  const amount = /^(?:now ?- ?)?(\d.*?|an? [a-z]+)(?: ago)?$/.exec(text)?.[1]?.replace(/^an? /, '1 ');
  if (amount === undefined || !/^(\d+ ?[a-z]+(?:,? (?:and )?|$)?)+$/.test(amount)) return undefined;
  // An article needs its "ago" ("a day" is no time), and nothing is said twice.
  if (text.endsWith(' ago') ? text.startsWith('now') : /^an? /.test(text)) return undefined;
  let span = 0;
  let months = 0;
  let days = 0;
  for (const [, count, name = ''] of amount.replaceAll(/,| and /g, ' ').matchAll(/(\d+) ?([a-z]+)/g)) {
    const number = Number(count);
    if (number > 100_000_000) return undefined;
    if (unitNames.second.test(name)) span += number * 1_000_000;
    else if (unitNames.minute.test(name)) span += number * 60_000_000;
    else if (unitNames.hour.test(name)) span += number * 3_600_000_000;
    else if (unitNames.day.test(name)) days += number;
    else if (unitNames.week.test(name)) days += number * 7;
    else if (unitNames.month.test(name)) months += number;
    else if (unitNames.year.test(name)) months += number * 12;
    else return undefined;
  }
  if (months === 0 && days === 0) return { type: 'instant', us: now.us - span };
  return { type: 'moment', civil: addMonths(civilOf(now.us - span, now.timeZone), -months) - days * dayUs };
}

const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/** `today`, `yesterday`, `last tuesday`, `tuesday`, `this week`, `last month`; a day also with a time behind it. */
function readDayWords(text: string, today: CivilUs): TimeWords | NotUnderstood | undefined {
  const weekday = (new Date(today / 1000).getUTCDay() + 6) % 7;
  const monday = today - weekday * dayUs;
  const month = addMonths(today, 0, 1);
  const year = addMonths(month, -new Date(today / 1000).getUTCMonth());
  const periods: Readonly<Record<string, readonly [CivilUs, CivilUs]>> = {
    'this week': [monday, monday + 7 * dayUs],
    'last week': [monday - 7 * dayUs, monday],
    'this month': [month, addMonths(month, 1)],
    'last month': [addMonths(month, -1), month],
    'this year': [year, addMonths(year, 12)],
    'last year': [addMonths(year, -12), year],
  };
  const period = periods[text];
  if (period !== undefined) return { type: 'period', from: period[0], until: period[1] };
  const match = /^(today|yesterday|(?:last |on )?[a-z]+day)(?:,? (?:at )?(.+))?$/.exec(text);
  if (match?.[1] === undefined) return undefined;
  const day = dayCalled(match[1].replace(/^on /, ''), today);
  if (day === undefined || typeof day !== 'number') return day;
  if (match[2] === undefined) return { type: 'period', from: day, until: day + dayUs };
  const clock = clockOf(match[2]);
  if (clock === undefined || typeof clock !== 'number') return clock;
  return { type: 'moment', civil: day + clock };
}

/** `last tuesday` is the latest Tuesday before today: on a Tuesday, the one seven days ago. */
function dayCalled(name: string, today: CivilUs): CivilUs | NotUnderstood | undefined {
  if (name === 'today') return today;
  if (name === 'yesterday') return today - dayUs;
  const last = name.startsWith('last ');
  const wanted = weekdays.indexOf(last ? name.slice(5) : name);
  if (wanted === -1) return undefined;
  const back = (new Date(today / 1000).getUTCDay() - wanted + 7) % 7;
  if (back === 0 && !last) {
    return notUnderstood(`today is a ${capitalized(name)}, so it could mean today`, `Write today or "last ${name}".`);
  }
  return today - (back === 0 ? 7 : back) * dayUs;
}

function capitalized(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}

const months =
  'jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?';
const written = new RegExp(
  `^(?:(?:${weekdays.join('|')}),? )?(?:(?:\\d{1,2}(?:st|nd|rd|th)? )?(?:of )?(?:${months})|(?:${months}) \\d{1,2}(?:st|nd|rd|th)?)(?:,? \\d{4})?(?:,? (?:at )?(?<clock>[\\d:]+ ?(?:am|pm)?|noon|midnight))?$`,
);

/**
 * `3 november 2026`, `nov 3rd`, `november 2026`, `3 nov at 14:00`. Without a year it is the latest such date that is not
 * behind today. The calendar words are chrono's to read; what it may be asked is decided here, because by itself it
 * takes what it knows and drops the rest.
 */
function readWrittenDate(text: string, today: CivilUs): TimeWords | NotUnderstood | undefined {
  const clockText = written.exec(text)?.groups?.['clock'];
  if (!written.test(text)) return undefined;
  const dateText = clockText === undefined ? text : text.slice(0, -clockText.length).replace(/,? (at )?$/, '');
  const clock = clockText === undefined ? undefined : clockOf(clockText);
  if (clockText !== undefined && typeof clock !== 'number') return clock;
  const year = new Date(today / 1000).getUTCFullYear();
  // 29 February may lie up to eight years back.
  const dated = /\d{4}$/.test(dateText) ? [dateText] : Array.from({ length: 9 }, (_, i) => `${dateText} ${year - i}`);
  const readings = dated.map((text) => calendarDate(text)).filter((reading) => reading !== undefined);
  const reading = readings.find(({ date }) => dated.length === 1 || date <= today);
  if (reading === undefined) return notUnderstood('there is no such date');
  const { date, wholeMonth } = reading;
  const weekday = weekdays.find((name) => text.startsWith(name));
  const actual = weekdays[new Date(date / 1000).getUTCDay()];
  if (weekday !== undefined && !wholeMonth && weekday !== actual) {
    return notUnderstood(`that day is a ${capitalized(actual ?? '')}`);
  }
  if (wholeMonth) {
    if (weekday !== undefined) return undefined;
    return clock === undefined ? { type: 'period', from: date, until: addMonths(date, 1) } : undefined;
  }
  if (typeof clock === 'number') return { type: 'moment', civil: date + clock };
  return { type: 'period', from: date, until: date + dayUs };
}

/** A date or month with its year, in words; undefined unless chrono understands all of it and nothing else. */
function calendarDate(text: string): { readonly date: CivilUs; readonly wholeMonth: boolean } | undefined {
  const [result, ...more] = chrono.en.casual.parse(text, { instant: new Date(0), timezone: 0 });
  if (result === undefined || more.length > 0 || result.text !== text || result.end) return undefined;
  const { start } = result;
  if (!start.isCertain('year') || !start.isCertain('month') || start.isCertain('hour')) return undefined;
  const wholeMonth = !start.isCertain('day');
  const date = civilDate(start.get('year') ?? 0, start.get('month') ?? 0, wholeMonth ? 1 : (start.get('day') ?? 0));
  return date === undefined ? undefined : { date, wholeMonth };
}

function startOfDay(civil: CivilUs): CivilUs {
  return Math.floor(civil / dayUs) * dayUs;
}

/** Undefined for 30 February and the like. */
function civilDate(year: number, month: number, day: number): CivilUs | undefined {
  const date = new Date(Date.UTC(year, month - 1, day));
  if (year < 1970 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return date.getTime() * 1000;
}

/** The same day and time some months on, or the last day of a month that is too short; with `day`, on that day. */
function addMonths(civil: CivilUs, count: number, day?: number): CivilUs {
  const date = new Date(startOfDay(civil) / 1000);
  const first = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + count, 1));
  const length = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  const wanted = Math.min(day ?? date.getUTCDate(), length);
  return first.getTime() * 1000 + (wanted - 1) * dayUs + (day === undefined ? civil - startOfDay(civil) : 0);
}
