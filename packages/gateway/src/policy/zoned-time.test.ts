import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isZone, zonedField, zonedMethods } from './zoned-time.ts';

function all(time: string, zone: string): string {
  return zonedMethods.map((method) => zonedField(method, new Date(time), zone)).join(' ');
}

describe('a time in a zone', () => {
  it('has the fields of its clocks there', () => {
    // Year, month from 0, date, day of the month and of the week and of the year from 0, hours … milliseconds.
    assert.equal(all('2026-11-29T20:45:30.123Z', 'UTC'), '2026 10 29 28 0 332 20 45 30 123');
    assert.equal(all('2026-11-29T20:45:30.123Z', 'Asia/Kathmandu'), '2026 10 30 29 1 333 2 30 30 123');
    assert.equal(all('2026-01-01T03:00:00Z', 'America/New_York'), '2025 11 31 30 3 364 22 0 0 0');
  });

  it('follows clocks that change, whichever way it is asked', () => {
    const hours = (time: string): number => Number(zonedField('getHours', new Date(time), 'Europe/Berlin'));
    assert.deepEqual(['2026-03-29T00:59:59Z', '2026-03-29T01:00:00Z', '2026-03-29T00:59:59Z'].map(hours), [1, 3, 1]);
    assert.deepEqual(['2026-10-25T00:59:00Z', '2026-10-25T01:00:00Z'].map(hours), [2, 2]);
  });

  it('needs a zone that exists', () => {
    assert.ok(isZone('Europe/Berlin'));
    assert.ok(!isZone('Europe/Berlinn'));
    assert.ok(!isZone(''));
  });
});
