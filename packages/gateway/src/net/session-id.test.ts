import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createSessionId } from './session-id.ts';

it('a session id has sixteen characters that nobody confuses, and sorts by time', () => {
  const ids = [0, 1, 1_763_000_000_000, 1_763_000_000_001, 2 ** 48 - 1].map((ms) => createSessionId(ms));
  for (const id of ids) assert.match(id, /^[0-9a-hjkmnp-tv-z]{16}$/);
  assert.deepEqual(ids.toSorted(), ids);
});

it('session ids of one millisecond differ', () => {
  assert.equal(new Set(Array.from({ length: 1000 }, () => createSessionId(1))).size, 1000);
});
