import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startHeartbeat } from './heartbeat.ts';

test('an end that says something in every third interval lives, and one that stops is dead at the fourth', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let beats = 0;
  let deaths = 0;
  const heartbeat = startHeartbeat({ beat: () => (beats += 1), dead: () => (deaths += 1), intervalMs: 10 });
  for (let round = 0; round < 4; round += 1) {
    t.mock.timers.tick(30);
    heartbeat.heard();
  }
  assert.deepEqual([beats, deaths], [12, 0]);
  t.mock.timers.tick(30);
  assert.deepEqual([beats, deaths], [15, 0]);
  t.mock.timers.tick(100);
  assert.deepEqual([beats, deaths], [15, 1]);
});

test('a process that slept for long does not take the other end for dead at once', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const heartbeat = startHeartbeat({ beat: () => {}, dead: () => assert.fail('dead'), intervalMs: 10 });
  // A late timer fires once, however late it is.
  t.mock.timers.tick(10);
  heartbeat.heard();
  t.mock.timers.tick(30);
  heartbeat.stop();
  t.mock.timers.tick(1_000);
});
