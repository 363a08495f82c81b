import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WatchEvent, WatchHole } from './connector-gate.ts';
import { RemoteSessions } from './remote-sessions.ts';
import { WatchInbox } from './watch-inbox.ts';

const started = (connection = 'billing'): WatchEvent => ({
  type: 'watch started',
  connection,
  role: 'w',
  pid: 1,
  everyMs: 1000,
  at: 1,
  afresh: true,
  limits: [],
});
const stopped: WatchEvent = { type: 'watch stopped', connection: 'billing', reason: 'x', at: 2 };

/** A sink whose recordings wait until the test lets them go on. */
class Sink {
  readonly recorded: (readonly WatchEvent[] | string)[] = [];
  readonly waiting: PromiseWithResolvers<void>[] = [];
  #wake: () => void = () => {};
  async record(events: readonly WatchEvent[]): Promise<void> {
    await this.#turn();
    this.recorded.push(events);
  }
  async lost(connection: string, { from, reason }: WatchHole): Promise<void> {
    await this.#turn();
    this.recorded.push(`${connection} from ${from}: ${reason}`);
  }
  async next(): Promise<PromiseWithResolvers<void>> {
    for (;;) {
      const turn = this.waiting.shift();
      if (turn !== undefined) return turn;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
  #turn(): Promise<void> {
    const turn = Promise.withResolvers<void>();
    this.waiting.push(turn);
    this.#wake();
    return turn.promise;
  }
}

function inboxOf(watchedElsewhere = false): { inbox: WatchInbox; sink: Sink; acks: number[]; clock: { now: number } } {
  const sink = new Sink();
  const acks: number[] = [];
  const clock = { now: 100 };
  const nowUs = (): number => clock.now;
  const inbox = new WatchInbox({
    connector: 'db-eu',
    instance: 'i1',
    sink,
    sessions: new RemoteSessions(nowUs),
    watchedElsewhere: () => watchedElsewhere,
    nowUs,
    log: () => {},
  });
  inbox.attach((seq) => acks.push(seq));
  return { inbox, sink, acks, clock };
}

/** Everything that can go on without anybody's doing has gone on. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('nothing is acknowledged before it is recorded; what comes meanwhile is recorded together', async () => {
  const { inbox, sink, acks } = inboxOf();
  inbox.push(1, started());
  const first = await sink.next();
  inbox.push(2, stopped);
  inbox.push(3, started());
  assert.deepEqual(acks, []);
  first.resolve();
  (await sink.next()).resolve();
  await inbox.close();
  assert.deepEqual(acks, [1, 3]);
  assert.deepEqual(sink.recorded, [[started()], [stopped, started()]]);
});

test('what is sent again is not recorded again, and acknowledged when it is recorded', async () => {
  const { inbox, sink, acks } = inboxOf();
  inbox.push(1, started());
  const turn = await sink.next();
  const again: number[] = [];
  inbox.attach((seq) => again.push(seq));
  inbox.push(1, started());
  turn.resolve();
  await inbox.close();
  inbox.push(1, started());
  assert.deepEqual(again, [1, 1]);
  assert.deepEqual(acks, []);
  assert.equal(sink.recorded.length, 1);
});

test('a hole begins when the connector was last heard, or when what is not recorded yet came', async () => {
  const { inbox, sink, clock } = inboxOf();
  inbox.push(1, started());
  (await sink.next()).resolve();
  await settled();
  inbox.detach(500, 'gone');
  (await sink.next()).resolve();
  await settled();
  clock.now = 600;
  inbox.push(2, started());
  const turn = await sink.next();
  inbox.detach(900, 'gone again');
  turn.resolve();
  (await sink.next()).resolve();
  await inbox.close();
  assert.deepEqual(sink.recorded, [[started()], 'billing from 500: gone', [started()], 'billing from 600: gone again']);
});

test('only a watch that ran leaves a hole, and only where nobody else watches', async () => {
  const one = inboxOf();
  one.inbox.push(1, started('other'));
  one.inbox.push(2, { ...stopped, connection: 'other' });
  (await one.sink.next()).resolve();
  one.inbox.detach(500, 'gone');
  await one.inbox.close();
  assert.equal(one.sink.recorded.length, 1);
  const two = inboxOf(true);
  two.inbox.push(1, started());
  (await two.sink.next()).resolve();
  await settled();
  two.inbox.push(2, stopped);
  two.inbox.detach(500, 'gone');
  await two.inbox.close();
  assert.deepEqual(two.sink.recorded, [[started()]]);
  assert.deepEqual(two.acks, [1], 'an end that nobody listens to any more is not acknowledged');
});

test('what could not be recorded is tried again, and not acknowledged before', async () => {
  const { inbox, sink, acks } = inboxOf();
  inbox.push(1, started());
  (await sink.next()).reject(new Error('the disk is full'));
  const again = await sink.next();
  assert.deepEqual(acks, []);
  again.resolve();
  await inbox.close();
  assert.deepEqual(acks, [1]);
});

test('closing gives up what cannot be recorded', async () => {
  const { inbox, sink, acks } = inboxOf();
  inbox.push(1, started());
  const turn = await sink.next();
  const closing = inbox.close();
  turn.reject(new Error('the journal is closed'));
  await closing;
  assert.deepEqual(acks, []);
});

test('it does not hold events without end', () => {
  const { inbox } = inboxOf();
  let seq = 0;
  while (inbox.push(seq, stopped)) seq += 1;
  assert.equal(seq, 20_000);
});
