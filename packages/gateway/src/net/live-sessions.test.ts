import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type LiveSession, LiveSessions } from './live-sessions.ts';

const session = (pid: number, key: number[]): LiveSession => ({ pid, key: new Uint8Array(key) }) as LiveSession;

it('a cancel request finds the session whose whole key it has, also where backends of two servers share a pid', () => {
  const live = new LiveSessions();
  const one = session(7, [1, 2, 3, 4]);
  const other = session(7, [1, 2, 3, 5]);
  live.add(one);
  live.add(other);
  assert.equal(live.find(7, new Uint8Array([1, 2, 3, 5])), other);
  assert.equal(live.find(7, new Uint8Array([1, 2, 3])), undefined);
  assert.equal(live.find(8, new Uint8Array([1, 2, 3, 4])), undefined);
  live.remove(other);
  assert.equal(live.find(7, new Uint8Array([1, 2, 3, 5])), undefined);
  assert.deepEqual([...live], [one]);
  live.remove(other);
  assert.equal(live.size, 1);
});
