import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { blindSession, recordBlindDay } from './blind-day.fixture.ts';
import type { BlindFilter } from './blind-view.ts';
import { JournalFixture } from './journal.fixture.ts';
import { morning, second } from './recorded-day.fixture.ts';
import { type BlindAnswer, Store } from './store.ts';

describe('Store.blind', () => {
  let journal: JournalFixture;
  let store: Store;

  before(async () => {
    journal = new JournalFixture();
    recordBlindDay(journal);
    store = new Store(journal.data);
    await store.catchUp();
  });
  after(() => {
    store.close();
    journal.remove();
  });

  const pids = async (filter: BlindFilter = {}): Promise<number[]> =>
    (await store.blind(filter)).sessions.map(({ backendPid }) => backendPid);
  const holes = ({ watches }: BlindAnswer): unknown[] =>
    watches.flatMap(({ connection, holes: all }) =>
      all.map(({ fromAt, untilAt }) => [connection, seconds(fromAt), seconds(untilAt)]),
    );
  const seconds = (at: number | undefined): number | undefined => at && (at - morning) / second;

  it('lists each session once, in the order of first sight, with what the server said of it', async () => {
    const { sessions } = await store.blind({});
    assert.deepEqual(
      sessions.map(({ backendPid, firstSeenAt }) => [backendPid, seconds(firstSeenAt)]),
      [
        [100, 1],
        [102, 3],
        [103, 4],
        [101, 15],
      ],
    );
    const { type: _, seenAt, ...said } = blindSession();
    const ended = { type: 'ended', lastSeenAt: morning + 7 * second };
    assert.deepEqual(sessions[0], { index: 5, ...said, firstSeenAt: seenAt, end: ended });
  });

  it('knows which are there still, and of which nobody saw the end', async () => {
    const { sessions } = await store.blind({});
    assert.deepEqual(
      sessions.map(({ end }) => end),
      [
        { type: 'ended', lastSeenAt: morning + 7 * second },
        { type: 'not known', sinceAt: morning + 9 * second, untilAt: morning + 13 * second },
        { type: 'there' },
        { type: 'there' },
      ],
    );
  });

  it('finds those that were there at some time of a range', async () => {
    assert.deepEqual(await pids({ untilUs: morning + second }), [100]);
    assert.deepEqual(await pids({ fromUs: morning + 7 * second }), [100, 102, 103, 101]);
    assert.deepEqual(await pids({ fromUs: morning + 7 * second + 1 }), [102, 103, 101]);
    assert.deepEqual(await pids({ fromUs: morning + 13 * second + 1 }), [103, 101]);
    assert.deepEqual(await pids({ fromUs: morning + 2 * second, untilUs: morning + 13 * second }), [100, 102, 103]);
    assert.deepEqual(await pids({ connection: 'support' }), []);
  });

  it('counts those that nobody saw, where their time touches the range', async () => {
    const count = async (filter: BlindFilter): Promise<number[]> =>
      (await store.blind(filter)).unseen.map((unseen) => unseen.count);
    assert.deepEqual(await count({}), [12]);
    assert.deepEqual(await count({ fromUs: morning + 60 * second }), []);
    assert.deepEqual(await count({ untilUs: morning }), []);
    assert.deepEqual(await count({ connection: 'support' }), []);
  });

  it('says when nobody watched, and what a watch cannot see', async () => {
    const all = await store.blind({});
    assert.deepEqual(holes(all), [
      ['billing', undefined, 2],
      ['billing', 9, 13],
      ['legacy', undefined, undefined],
      ['support', undefined, 3],
    ]);
    assert.deepEqual(
      all.watches.map(({ limits }) => limits),
      [[], [], ['It sees no names of others.']],
    );
    assert.deepEqual(holes(await store.blind({ fromUs: morning + 13 * second })), [['legacy', undefined, undefined]]);
    assert.deepEqual(holes(await store.blind({ connection: 'billing', fromUs: morning + 5 * second })), [
      ['billing', 9, 13],
    ]);
  });

  it('lets a watch end with the last that is known of a gateway that died', async () => {
    const other = new JournalFixture();
    recordBlindDay(other);
    const died = { segment: 'x', entries: 1, discardedBytes: 0, openSessions: 0, openStatements: 0 };
    other.append({ at: morning + 3600 * second, body: { type: 'recovered', ...died } });
    const again = new Store(other.data);
    await again.catchUp();
    const answer = await again.blind({ connection: 'billing' });
    assert.deepEqual(holes(answer).at(-1), ['billing', 16, undefined]);
    const there = answer.sessions.find(({ backendPid }) => backendPid === 101);
    assert.deepEqual(there?.end, { type: 'not known', sinceAt: morning + 16 * second, untilAt: undefined });
    again.close();
    other.remove();
  });

  it('names connections that were watched, and none of them as a hole in what was recorded', async () => {
    assert.deepEqual(await store.names('connections'), ['billing', 'legacy', 'support']);
    assert.deepEqual((await store.reservations({}, morning)).holes, []);
  });
});
