import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Ours } from './ours.ts';
import type { Backend, Poll } from './poll.ts';
import { reconcile, type WatchState } from './reconcile.ts';
import { ServerModel } from './server-model.fixture.ts';
import type { WatchEvent } from './watch-event.ts';

const second = 1_000_000;
const acts = {
  dial: (model: ServerModel) => model.dial(),
  accept: (model: ServerModel) => model.accept(),
  ready: (model: ServerModel) => model.ready(),
  fail: (model: ServerModel) => model.fail(),
  close: (model: ServerModel) => model.close(),
  reap: (model: ServerModel) => model.reap(),
  come: (model: ServerModel) => model.come(),
  go: (model: ServerModel) => model.go(),
  look: (model: ServerModel) => model.look(),
  lookWhileOneComes: (model: ServerModel) => model.look(() => model.come()),
  lookWhileOneGoes: (model: ServerModel) => model.look(() => model.go()),
  lookWhileOursOpens: (model: ServerModel) =>
    model.look(() => {
      model.dial();
      model.accept();
      model.ready();
    }),
  lookWhileOursCloses: (model: ServerModel) =>
    model.look(() => {
      model.close();
      model.reap();
    }),
  wait: (model: ServerModel) => model.pass(second),
  waitLong: (model: ServerModel) => model.pass(12 * second),
} as const;
const names = Object.keys(acts) as (keyof typeof acts)[];

/** Numbers between 0 and 1 that depend on the seed only. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function unseenOf(events: readonly WatchEvent[]): number {
  return events.reduce((sum, event) => sum + (event.type === 'sessions unseen' ? event.count : 0), 0);
}

function nameOf({ pid, startedAt }: { readonly pid: number; readonly startedAt: number }): string {
  return `${pid} ${startedAt}`;
}

function namesOf(events: readonly WatchEvent[], type: 'session seen' | 'session ended'): string[] {
  return events.flatMap((event) => (event.type === type && 'startedAt' in event ? [nameOf(event)] : []));
}

describe('reconcile', () => {
  it('reports every stranger once, never one of ours, and counts those that no look has met', () => {
    const history = fc.record({
      seed: fc.nat(),
      offsetSeconds: fc.integer({ min: -100_000, max: 100_000 }),
      did: fc.array(fc.constantFrom(...names), { minLength: 5, maxLength: 80 }),
    });
    fc.assert(
      fc.property(history, ({ seed, offsetSeconds, did }) => {
        const model = new ServerModel(randomFrom(seed), offsetSeconds * second);
        model.look();
        for (const name of did) {
          acts[name](model);
          const unmet = model.strangers.filter(({ wasLookedAt }) => !wasLookedAt).length;
          assert.ok(unseenOf(model.events) <= unmet + model.givenUp, 'no more are counted than there were');
        }
        model.settle();
        const seen = namesOf(model.events, 'session seen');
        assert.equal(new Set(seen).size, seen.length, 'each is seen once');
        assert.deepEqual(namesOf(model.events, 'session ended').sort(), seen.toSorted());
        const met = new Set(model.strangers.filter(({ wasLookedAt }) => wasLookedAt).map(nameOf));
        // What is left of a dial that was given up cannot be told from a stranger of the same role at the same time.
        const mistaken = seen.filter((name) => !met.has(name)).length;
        assert.ok(mistaken <= model.givenUp, `${mistaken} of ours were reported, ${model.givenUp} dials given up`);
        const missed = model.strangers.length - seen.length - unseenOf(model.events);
        assert.ok(missed >= 0 && missed <= model.givenUp, `${missed} were missed, ${model.givenUp} dials given up`);
      }),
      { numRuns: 1_000 },
    );
  });
});

const session: Backend = {
  pid: 100,
  startedAt: 500 * second,
  user: 'eve',
  databaseOid: 5,
  database: 'app',
  address: '10.0.0.9',
  application: 'psql',
  kind: 'client backend',
  idleSince: undefined,
  transactionAt: undefined,
};

/** A look at second `at` of every clock. */
function look(at: number, backends: readonly Backend[], sessions: number | undefined = 7): Poll {
  const us = at * second;
  const databases = [{ oid: 5, name: 'app', sessions, resetAt: undefined }];
  return { sentAt: us, receivedAt: us + 1000, at: us + 1000, serverAt: us + 500, databases, backends };
}

class Watch {
  now = 0;
  readonly ours = new Ours({ monotonicUs: () => this.now });
  #state: WatchState | undefined;

  look(poll: Poll, collector = false): readonly WatchEvent[] {
    this.now = poll.receivedAt;
    const around = { connection: 'db', ours: this.ours, life: 'life', bookkeeping: { collector } };
    const { state, events } = reconcile(this.#state, poll, around);
    this.#state = state;
    return events;
  }
}

describe('a watch', () => {
  it('says of a stranger what the server knows', () => {
    const watch = new Watch();
    watch.look(look(499, []));
    const [seen] = watch.look(look(501, [session]));
    const at = 501 * second + 1000;
    assert.deepEqual(seen, {
      ...{ type: 'session seen', connection: 'db', pid: 100, startedAt: 500 * second, seenAt: at, user: 'eve' },
      ...{ database: 'app', address: '10.0.0.9', application: 'psql', kind: 'client backend' },
    });
    assert.deepEqual(watch.look(look(502, [session])), []);
    const [ended] = watch.look(look(503, []));
    const lastSeenAt = 502 * second + 1000;
    assert.deepEqual(ended, { type: 'session ended', connection: 'db', pid: 100, startedAt: 500 * second, lastSeenAt });
  });

  it('takes a session that was there before it for a stranger', () => {
    assert.deepEqual(
      new Watch().look(look(501, [session])).map(({ type }) => type),
      ['session seen'],
    );
  });

  it('knows a session of ours under whatever address it was dialled', () => {
    const watch = new Watch();
    watch.now = 499.9 * second;
    const opening = watch.ours.opening({ address: 'localhost:5432', database: 'app', user: 'eve' });
    watch.now = 500.1 * second;
    opening.opened(100);
    assert.deepEqual(watch.look(look(501, [session])), []);
  });

  it('does not take a stranger with the process id of a session on another server for ours', () => {
    const watch = new Watch();
    watch.now = 499.9 * second;
    const opening = watch.ours.opening({ address: 'other:5432', database: 'app', user: 'eve' });
    watch.ours.learn('other:5432', 'another life');
    opening.opened(100);
    assert.deepEqual(
      watch.look(look(501, [session])).map(({ type }) => type),
      ['session seen'],
    );
  });

  it('knows a session of ours by its process id when the clock of the server was set', () => {
    const watch = new Watch();
    watch.ours.learn('db:5432', 'life');
    watch.now = 490 * second;
    watch.ours.opening({ address: 'db:5432', database: 'app', user: 'eve' }).opened(100);
    assert.deepEqual(watch.look(look(501, [session])), []);
  });

  it('sees the stranger that has the process id of a session of ours which is over', () => {
    const watch = new Watch();
    watch.ours.learn('db:5432', 'life');
    watch.now = 490 * second;
    const opening = watch.ours.opening({ address: 'db:5432', database: 'app', user: 'eve' });
    opening.opened(100);
    opening.closed();
    assert.deepEqual(
      watch.look(look(501, [session])).map(({ type }) => type),
      ['session seen'],
    );
  });

  it('waits for a dial that is under way before it judges', () => {
    const watch = new Watch();
    watch.ours.learn('db:5432', 'life');
    watch.now = 499.9 * second;
    const opening = watch.ours.opening({ address: 'db:5432', database: 'app', user: 'eve' });
    assert.deepEqual(watch.look(look(501, [session])), []);
    opening.opened(101);
    assert.deepEqual(
      watch.look(look(502, [])).map(({ type }) => type),
      ['session seen', 'session ended'],
    );
  });

  it('does not report what is left of a dial that was given up', () => {
    const watch = new Watch();
    watch.ours.learn('db:5432', 'life');
    watch.now = 499.9 * second;
    const opening = watch.ours.opening({ address: 'db:5432', database: 'app', user: 'eve' });
    watch.now = 500.1 * second;
    opening.lost();
    assert.deepEqual(watch.look(look(501, [session])), []);
    assert.deepEqual(watch.look(look(530, [])), []);
    assert.deepEqual(watch.look(look(590, [], 8)), []);
  });

  it('reports it when it does not go', () => {
    const watch = new Watch();
    watch.now = 499.9 * second;
    const opening = watch.ours.opening({ address: 'db:5432', database: 'app', user: 'eve' });
    watch.now = 500.1 * second;
    opening.lost();
    watch.look(look(501, [session]));
    assert.deepEqual(
      watch.look(look(511, [session])).map(({ type }) => type),
      ['session seen'],
    );
  });

  it('has no count before Postgres 14', () => {
    const watch = new Watch();
    watch.look(look(1, [], undefined));
    assert.deepEqual(watch.look(look(2, [], undefined)), []);
  });

  it('gives a collector time to count', () => {
    const watch = new Watch();
    watch.look(look(499, []), true);
    watch.look(look(501, [session]), true);
    watch.look(look(502, []), true);
    // The one that was seen is counted late: that is not another one.
    assert.deepEqual(watch.look(look(505, [], 8), true), []);
    watch.look(look(520, [], 8), true);
    assert.equal(unseenOf(watch.look(look(521, [], 9), true)), 1);
  });

  it('lets no session that was there for long hide a short one', () => {
    const watch = new Watch();
    const idle = { ...session, idleSince: 510 * second };
    const busy = { ...session, pid: 101, transactionAt: 900 * second };
    watch.look(look(1_000, [idle, busy]));
    assert.equal(unseenOf(watch.look(look(1_001, [idle, busy], 8))), 1);
  });

  it('cannot tell a short session from the late count of one that was there before, and says nothing', () => {
    const watch = new Watch();
    watch.look(look(501, [session]));
    assert.equal(unseenOf(watch.look(look(502, [session], 8))), 0);
    assert.equal(unseenOf(watch.look(look(503, [session], 9))), 1);
  });

  it('says when a counter was reset, and counts on from there', () => {
    const watch = new Watch();
    watch.look(look(1, []));
    assert.deepEqual(watch.look(look(2, [], 1)), [
      { type: 'counter reset', connection: 'db', database: 'app', at: 2 * second + 1000 },
    ]);
    assert.equal(unseenOf(watch.look(look(3, [], 2))), 1);
  });

  it('counts the sessions of a database from its beginning', () => {
    const watch = new Watch();
    watch.look({ ...look(1, []), databases: [] });
    assert.equal(unseenOf(watch.look(look(2, [], 3))), 3);
  });

  it('starts to count anew when sessions of ours were forgotten meanwhile', () => {
    const watch = new Watch();
    watch.look(look(1, []));
    const opening = watch.ours.opening({ address: 'db:5432', database: 'app', user: 'eve' });
    opening.opened(100);
    opening.closed();
    watch.now = 500 * second;
    watch.ours.opening({ address: 'db:5432', database: 'app', user: 'eve' }).lost();
    assert.deepEqual(watch.look(look(600, [], 8)), []);
  });
});
