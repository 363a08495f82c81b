import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseRange, type RangeOptions, TimeNotUnderstood } from './parse-range.ts';

/** Tuesday 24 November 2026, 22:30 in Berlin. */
const now = new Date('2026-11-24T21:30:00Z');

function range(options: Omit<RangeOptions, 'now'> & { readonly now?: Date }): readonly [string, string] {
  const { fromUs, untilUs } = parseRange({ tz: 'Europe/Berlin', now, ...options });
  const iso = (us: number | undefined): string =>
    us === undefined ? 'open' : new Date(us / 1000).toISOString().replace('.000Z', 'Z');
  return [iso(fromUs), iso(untilUs)];
}

function echo(options: Omit<RangeOptions, 'now'> & { readonly now?: Date }): string {
  return parseRange({ tz: 'Europe/Berlin', now, ...options }).echo;
}

function refusal(options: Omit<RangeOptions, 'now'>): TimeNotUnderstood {
  try {
    const { echo } = parseRange({ tz: 'Europe/Berlin', now, ...options });
    return assert.fail(`understood as ${echo}`);
  } catch (error) {
    assert.ok(error instanceof TimeNotUnderstood, String(error));
    assert.notEqual(error.hint, '');
    return error;
  }
}

test('a day is from midnight to midnight in the zone', () => {
  assert.deepEqual(range({ on: '2026-11-17' }), ['2026-11-16T23:00:00Z', '2026-11-17T23:00:00Z']);
  assert.deepEqual(range({ on: '2026-11-17', tz: 'UTC' }), ['2026-11-17T00:00:00Z', '2026-11-18T00:00:00Z']);
  assert.deepEqual(range({ on: '2026-11-17', tz: 'Asia/Kolkata' }), ['2026-11-16T18:30:00Z', '2026-11-17T18:30:00Z']);
  assert.equal(echo({ on: '2026-11-17' }), 'Tuesday 2026-11-17 00:00 – 24:00 Europe/Berlin (UTC+01:00)');
  assert.equal(echo({ on: '2026-11-17', tz: 'UTC' }), 'Tuesday 2026-11-17 00:00 – 24:00 UTC');
  assert.equal(
    echo({ on: '2026-11-17', tz: 'America/St_Johns' }),
    'Tuesday 2026-11-17 00:00 – 24:00 America/St_Johns (UTC-03:30)',
  );
});

test('today and yesterday are those of the zone', () => {
  assert.match(echo({ on: 'today' }), /^Tuesday 2026-11-24 /);
  assert.match(echo({ on: 'Yesterday' }), /^Monday 2026-11-23 /);
  assert.match(echo({ on: 'today', tz: 'Asia/Tokyo' }), /^Wednesday 2026-11-25 /);
});

test('last tuesday is the latest one before today: on a Tuesday, seven days ago', () => {
  assert.match(echo({ on: 'last tuesday' }), /^Tuesday 2026-11-17 /);
  assert.match(echo({ on: 'Last  Monday' }), /^Monday 2026-11-23 /);
  assert.match(echo({ on: 'last wednesday' }), /^Wednesday 2026-11-18 /);
  // It is Wednesday in Tokyo already, and Tuesday was yesterday.
  assert.match(echo({ on: 'last tuesday', tz: 'Asia/Tokyo' }), /^Tuesday 2026-11-24 /);
});

test('a bare weekday is the latest one, and on that weekday ambiguous', () => {
  assert.match(echo({ on: 'monday' }), /^Monday 2026-11-23 /);
  assert.match(echo({ on: 'wednesday' }), /^Wednesday 2026-11-18 /);
  assert.match(refusal({ on: 'tuesday' }).message, /today is a Tuesday/);
});

test('a day on which the clock changes has 23 or 25 hours, and says so', () => {
  assert.deepEqual(range({ on: '2026-03-29' }), ['2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z']);
  assert.equal(
    echo({ on: '2026-03-29' }),
    'Sunday 2026-03-29 00:00 – 24:00 Europe/Berlin (UTC+01:00, then UTC+02:00), 23 hours long',
  );
  assert.deepEqual(range({ on: '2026-10-25' }), ['2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z']);
  assert.equal(
    echo({ on: '2026-10-25' }),
    'Sunday 2026-10-25 00:00 – 24:00 Europe/Berlin (UTC+02:00, then UTC+01:00), 25 hours long',
  );
});

test('a day whose midnight the clock skips begins when the clock does', () => {
  assert.deepEqual(range({ on: '2026-04-24', tz: 'Africa/Cairo' }), ['2026-04-23T22:00:00Z', '2026-04-24T21:00:00Z']);
  assert.match(
    echo({ on: '2026-04-24', tz: 'Africa/Cairo' }),
    /the clock skipped 2026-04-24 00:00, taken as 2026-04-24 01:00/,
  );
});

test('a midnight that comes twice begins the day the first time and ends the day before', () => {
  assert.deepEqual(range({ on: '2026-11-01', tz: 'America/Havana' }), ['2026-11-01T04:00:00Z', '2026-11-02T05:00:00Z']);
  assert.deepEqual(range({ on: '2026-10-31', tz: 'America/Havana' }), ['2026-10-31T04:00:00Z', '2026-11-01T04:00:00Z']);
});

test('a day that did not happen is refused', () => {
  assert.match(refusal({ on: '2011-12-30', tz: 'Pacific/Apia' }).message, /did not happen in Pacific\/Apia/);
});

test('a time that came twice is taken so that nothing is left out', () => {
  assert.deepEqual(range({ since: '2026-10-25 02:30', until: '2026-10-25 02:40' }), [
    '2026-10-25T00:30:00Z',
    '2026-10-25T01:40:00Z',
  ]);
  assert.match(
    echo({ since: '2026-10-25 02:30', until: '2026-10-25 02:40' }),
    /2026-10-25 02:30 came twice, taken from the first; 2026-10-25 02:40 came twice, taken until the second$/,
  );
});

test('a time that the clock skipped is the moment it jumped', () => {
  assert.deepEqual(range({ since: '2026-03-29 02:30', until: '2026-03-29 04:00' }), [
    '2026-03-29T01:00:00Z',
    '2026-03-29T02:00:00Z',
  ]);
  assert.match(echo({ since: '2026-03-29 02:30' }), /the clock skipped 2026-03-29 02:30, taken as 2026-03-29 03:00$/);
});

test('since and until take moments, and the whole of a day', () => {
  assert.deepEqual(range({ since: '2026-11-03 14:00' }), ['2026-11-03T13:00:00Z', 'open']);
  assert.equal(echo({ since: '2026-11-03 14:00' }), 'Tuesday 2026-11-03 14:00 – now Europe/Berlin (UTC+01:00)');
  assert.deepEqual(range({ until: 'yesterday' }), ['open', '2026-11-23T23:00:00Z']);
  assert.equal(echo({ until: 'yesterday' }), 'the beginning – Monday 2026-11-23 24:00 Europe/Berlin (UTC+01:00)');
  assert.equal(
    echo({ since: 'last monday', until: 'today 09:30' }),
    'Monday 2026-11-23 00:00 – Tuesday 2026-11-24 09:30 Europe/Berlin (UTC+01:00)',
  );
  assert.equal(
    echo({ since: '2026-11-03T14:00:05.25', until: '2026-11-03T24:00' }),
    'Tuesday 2026-11-03 14:00:05.25 – 24:00 Europe/Berlin (UTC+01:00)',
  );
});

test('an offset in the text counts instead of the zone', () => {
  assert.deepEqual(range({ since: '2026-11-03T14:00:00Z' }), ['2026-11-03T14:00:00Z', 'open']);
  assert.deepEqual(range({ since: '2026-11-03 14:00+05:30' }), ['2026-11-03T08:30:00Z', 'open']);
  assert.deepEqual(range({ since: '2026-11-03 14:00 -0800' }), ['2026-11-03T22:00:00Z', 'open']);
});

test('microseconds are kept', () => {
  assert.equal(
    parseRange({ since: '2026-11-03T14:00:00.123456Z', now }).fromUs,
    Date.UTC(2026, 10, 3, 14) * 1000 + 123_456,
  );
});

test('spans back from now are exact, calendar units keep the time of day', () => {
  for (const text of [
    '2 hours ago',
    '2h',
    'now-2h',
    'now - 2 hours',
    '120 min ago',
    '1h 60m ago',
    '1 hour and 60 minutes ago',
  ]) {
    assert.deepEqual(range({ since: text }), ['2026-11-24T19:30:00Z', 'open'], text);
  }
  assert.deepEqual(range({ since: '15m ago' }), ['2026-11-24T21:15:00Z', 'open']);
  assert.deepEqual(range({ since: 'an hour ago' }), ['2026-11-24T20:30:00Z', 'open']);
  assert.deepEqual(range({ since: '2 months ago' }), ['2026-09-24T20:30:00Z', 'open']);
  assert.deepEqual(range({ since: '30 days ago', until: 'now' }), ['2026-10-25T21:30:00Z', '2026-11-24T21:30:00Z']);
  assert.deepEqual(range({ since: '1 month ago', now: new Date('2026-03-31T10:00:00Z'), tz: 'UTC' }), [
    '2026-02-28T10:00:00Z',
    'open',
  ]);
});

test('on some days ago is that day; on any other moment is refused', () => {
  assert.match(echo({ on: '2 days ago' }), /^Sunday 2026-11-22 00:00 – 24:00 /);
  assert.match(refusal({ on: '2 hours ago' }).message, /a moment \(2026-11-24 20:30\)/);
  assert.match(refusal({ on: '2026-11-03 14:00' }).message, /a moment/);
  assert.match(refusal({ on: '15m' }).message, /a moment/);
});

test('weeks begin on Monday; months and years are calendar ones', () => {
  assert.deepEqual(range({ on: 'last week' }), ['2026-11-15T23:00:00Z', '2026-11-22T23:00:00Z']);
  assert.equal(
    echo({ on: 'last week' }),
    'Monday 2026-11-16 00:00 – Sunday 2026-11-22 24:00 Europe/Berlin (UTC+01:00)',
  );
  assert.match(echo({ on: 'this month' }), /^Sunday 2026-11-01 00:00 – Monday 2026-11-30 24:00 /);
  assert.match(
    echo({ on: 'last month' }),
    /^Thursday 2026-10-01 00:00 – Saturday 2026-10-31 24:00 .*then UTC\+01:00\)$/,
  );
  assert.match(echo({ on: '2026-02' }), /^Sunday 2026-02-01 00:00 – Saturday 2026-02-28 24:00 /);
  assert.match(echo({ on: 'last year' }), /^Wednesday 2025-01-01 00:00 – Wednesday 2025-12-31 24:00 /);
});

test('written dates are understood, without a year as the latest such day', () => {
  for (const text of [
    '3 november 2026',
    'November 3, 2026',
    'nov 3rd',
    '3 Nov',
    'tuesday 3 november 2026',
    '3rd of november',
  ]) {
    assert.match(echo({ on: text }), /^Tuesday 2026-11-03 00:00 – 24:00 /, text);
  }
  assert.match(echo({ on: '5 december' }), /^Friday 2025-12-05 /);
  assert.match(echo({ on: '29 february' }), /^Thursday 2024-02-29 /);
  assert.match(echo({ on: 'november 2026' }), /^Sunday 2026-11-01 00:00 – Monday 2026-11-30 24:00 /);
  assert.match(echo({ since: '3 nov 2026 at 2:30pm' }), /^Tuesday 2026-11-03 14:30 /);
  assert.match(refusal({ on: 'monday 3 november 2026' }).message, /that day is a Tuesday/);
});

test('a time of day alone is today', () => {
  assert.match(echo({ since: '14:00', until: 'today 3pm' }), /^Tuesday 2026-11-24 14:00 – 15:00 /);
  assert.match(echo({ since: 'yesterday noon' }), /^Monday 2026-11-23 12:00 /);
});

test('what is ambiguous is refused with the reason', () => {
  for (const text of ['03/11/2026', '3.11.2026', '11/3', '3-11-2026', '2026/11/03']) {
    assert.match(refusal({ on: text }).message, /either way round/, text);
  }
  assert.match(refusal({ since: '2026' }).message, /bare number/);
});

test('what is only half understood is refused', () => {
  const halves = [
    'now-15m-ish',
    'now-',
    'now+15m',
    'a few hours ago',
    'nov 3 14:00 EST',
    'nov 3 - nov 5',
    'yesterday or so',
    'last tuesday foo',
    'next friday',
    'tomorrow',
    'the other day',
    'a day',
    'now-2h ago',
    'last blursday',
    '2026-11-03 14:00 Berlin',
    '2026-11-3',
    '15x ago',
    '15m 3',
    '',
    'x'.repeat(10_000),
    `${'1h '.repeat(10_000)}x`,
  ];
  for (const text of halves) assert.match(refusal({ since: text }).message, /^--since /, text.slice(0, 40));
});

test('dates and times that do not exist are refused', () => {
  for (const text of [
    '2026-02-30',
    '2026-13-01',
    '31 november',
    '2026-11-03 25:00',
    '2026-11-03 14:60',
    '13pm',
    '0am',
  ]) {
    assert.match(refusal({ since: text }).message, /there is no such|not a time/, text);
  }
  assert.match(refusal({ since: 'today', tz: 'Europe/Atlantis' }).message, /no such time zone/);
});

test('the future, an empty range and options that exclude each other are refused', () => {
  assert.match(refusal({ since: '23:00' }).message, /lies in the future/);
  assert.match(refusal({ on: '2026-11-25' }).message, /lies in the future/);
  assert.match(refusal({ since: 'today', until: 'yesterday' }).message, /is not before/);
  assert.match(refusal({ on: 'today', since: 'yesterday' }).message, /cannot stand with --since/);
  assert.match(refusal({ on: 'today', until: 'yesterday' }).message, /cannot stand with --until/);
});

test('without options everything is asked for', () => {
  assert.deepEqual(range({}), ['open', 'open']);
  assert.equal(echo({ tz: 'UTC' }), 'everything up to now, UTC');
});

test('whatever is written, it is understood or refused', () => {
  const words = ['now', 'last', 'tuesday', '3', '2026', '-', '15', 'm', 'ago', ':', 'at', '/', 'h', 'today', ',', 'of'];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...words)), fc.constantFrom('', ' '), (parts, joint) => {
      try {
        const { fromUs } = parseRange({ since: parts.join(joint), now, tz: 'Europe/Berlin' });
        assert.ok(fromUs !== undefined && fromUs <= now.getTime() * 1000);
      } catch (error) {
        assert.ok(error instanceof TimeNotUnderstood, String(error));
      }
    }),
  );
});

test('consecutive days leave no moment out and count none twice, in any zone', () => {
  const zones = ['Europe/Berlin', 'America/Havana', 'Africa/Cairo', 'Australia/Lord_Howe', 'Asia/Beirut'];
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 6000 }), fc.constantFrom(...zones), (day, tz) => {
      const date = (offset: number): string => new Date(Date.UTC(2010, 0, 1 + day + offset)).toISOString().slice(0, 10);
      assert.equal(parseRange({ on: date(0), tz, now }).untilUs, parseRange({ on: date(1), tz, now }).fromUs);
    }),
  );
});
