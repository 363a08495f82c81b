import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatMoment, wallTime } from './wall-time.ts';

test('a time is shown in its zone, to the microsecond', () => {
  const at = Date.UTC(2026, 10, 17, 13, 3, 22, 123) * 1000 + 456;
  assert.deepEqual(wallTime(at, 'Europe/Berlin'), {
    weekday: 'Tuesday',
    date: '2026-11-17',
    time: '14:03:22',
    micros: '123456',
    offset: 'UTC+01:00',
  });
  assert.equal(formatMoment(at, 'Asia/Kolkata'), '2026-11-17 18:33:22.123456 Asia/Kolkata (UTC+05:30)');
  assert.equal(formatMoment(at, 'UTC'), '2026-11-17 13:03:22.123456 UTC');
});

test('what is remembered of a second does not leak into another, another zone or before 1970', () => {
  assert.equal(formatMoment(0, 'UTC'), '1970-01-01 00:00:00.000000 UTC');
  assert.equal(formatMoment(-1, 'UTC'), '1969-12-31 23:59:59.999999 UTC');
  assert.equal(formatMoment(999_999, 'UTC'), '1970-01-01 00:00:00.999999 UTC');
  assert.equal(wallTime(0, 'Asia/Tokyo').time, '09:00:00');
  assert.equal(wallTime(0, 'UTC').time, '00:00:00');
});

test('midnight is 00, and a zone that does not exist is an error', () => {
  assert.equal(wallTime(Date.UTC(2026, 0, 1) * 1000, 'UTC').time, '00:00:00');
  assert.throws(() => wallTime(0, 'Europe/Atlantis'), RangeError);
});
