import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WatchEvent } from '../watch/watch-event.ts';
import { WatchOutbox } from './watch-outbox.ts';

function ended(pid: number, connection = 'billing'): WatchEvent {
  return { type: 'session ended', connection, pid, startedAt: 0, lastSeenAt: pid };
}

const seqs = (outbox: WatchOutbox): readonly number[] => outbox.kept.map(({ seq }) => seq);

test('events are numbered without holes, and kept until they are acknowledged', () => {
  const outbox = new WatchOutbox();
  for (const pid of [1, 2, 3]) assert.equal(outbox.add(ended(pid))?.seq, pid);
  assert.deepEqual(outbox.acknowledge(2), []);
  assert.deepEqual(seqs(outbox), [3]);
  outbox.acknowledge(2);
  assert.deepEqual(seqs(outbox), [3]);
  outbox.acknowledge(99);
  assert.deepEqual(seqs(outbox), []);
  assert.equal(outbox.add(ended(4))?.seq, 4);
});

test('what there is no room for is lost, and told as a hole of its watch as soon as there is room', () => {
  const outbox = new WatchOutbox(2);
  outbox.add(ended(1));
  outbox.add(ended(2));
  for (const pid of [3, 4]) assert.equal(outbox.add(ended(pid)), undefined);
  assert.equal(outbox.add(ended(5, 'crm')), undefined);
  assert.deepEqual(outbox.acknowledge(1), []);
  // There is room, but what came before is lost: an event after it would hide the hole.
  assert.equal(outbox.add(ended(6)), undefined);
  const reason = (count: number): string =>
    `${count} events were lost, because the gateway could not record them for too long`;
  assert.deepEqual(outbox.acknowledge(2), [
    { type: 'watch', seq: 3, event: { type: 'watch stopped', connection: 'billing', reason: reason(3), at: 3 } },
    { type: 'watch', seq: 4, event: { type: 'watch stopped', connection: 'crm', reason: reason(1), at: 5 } },
  ]);
  assert.deepEqual(seqs(outbox), [3, 4]);
  assert.equal(outbox.add(ended(7)), undefined);
});
