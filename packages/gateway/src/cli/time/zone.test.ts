import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { civilOf, instantsOf, isTimeZone, systemTimeZone } from './zone.ts';

const us = (text: string): number => Date.parse(`${text}Z`) * 1000;
const shown = (civil: string, zone: string): { instants: string[]; skippedAt: string | undefined } => {
  const { instants, skippedAt } = instantsOf(us(civil), zone);
  const iso = (instant: number): string => new Date(instant / 1000).toISOString().slice(0, 19);
  return { instants: instants.map(iso), skippedAt: skippedAt === undefined ? undefined : iso(skippedAt) };
};

test('an ordinary time is one instant', () => {
  assert.deepEqual(shown('2026-11-17T14:00:00', 'Europe/Berlin'), {
    instants: ['2026-11-17T13:00:00'],
    skippedAt: undefined,
  });
});

test('a repeated hour is two instants, the earlier first', () => {
  assert.deepEqual(shown('2026-10-25T02:30:00', 'Europe/Berlin').instants, [
    '2026-10-25T00:30:00',
    '2026-10-25T01:30:00',
  ]);
  // Half an hour, in summer time that ends in April.
  assert.deepEqual(shown('2026-04-05T01:45:00', 'Australia/Lord_Howe').instants, [
    '2026-04-04T14:45:00',
    '2026-04-04T15:15:00',
  ]);
});

test('a skipped time is no instant, and tells when the clock jumped', () => {
  assert.deepEqual(shown('2026-03-29T02:30:00', 'Europe/Berlin'), { instants: [], skippedAt: '2026-03-29T01:00:00' });
  // A whole day that Samoa left out to change sides of the date line.
  assert.deepEqual(shown('2011-12-30T12:00:00', 'Pacific/Apia'), { instants: [], skippedAt: '2011-12-30T10:00:00' });
});

test('every instant is among those that its own wall-clock time names', () => {
  const zones = [
    'UTC',
    'Europe/Berlin',
    'America/St_Johns',
    'Asia/Kathmandu',
    'Australia/Lord_Howe',
    'Africa/Cairo',
    'Pacific/Apia',
  ];
  fc.assert(
    fc.property(
      fc.integer({ min: us('1990-01-01T00:00:00') / 1e6, max: us('2035-01-01T00:00:00') / 1e6 }),
      fc.constantFrom(...zones),
      (second, zone) => {
        const instant = second * 1_000_000;
        assert.ok(instantsOf(civilOf(instant, zone), zone).instants.includes(instant));
      },
    ),
    { numRuns: 500 },
  );
});

test('a zone is one that Intl knows', () => {
  assert.equal(isTimeZone('Europe/Berlin'), true);
  assert.equal(isTimeZone('Europe/Atlantis'), false);
  assert.equal(isTimeZone(''), false);
});

test("takes UTC for this system's zone where TZ names none", () => {
  const before = process.env['TZ'];
  try {
    process.env['TZ'] = 'Nowhere/Land';
    assert.equal(systemTimeZone(), 'UTC');
    process.env['TZ'] = 'Asia/Tokyo';
    assert.equal(systemTimeZone(), 'Asia/Tokyo');
  } finally {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  }
});
