import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Refusal } from '../errors.ts';
import { answerError } from './answer-error.ts';
import { accessQuestion, askFor, entriesOf, minuteUs, moneyMoves, openDesk, question } from './approvals.fixture.ts';
import type { Withdrawal } from './question.ts';

const yes = (approval: string, by: string) => ({ approval, by, vote: 'approve' as const, reason: '' });
const no = (approval: string, by: string, reason = 'Not today.') => ({ approval, by, vote: 'deny' as const, reason });
const diskFull = new Refusal('53100', 'no room');

describe('a question', () => {
  it('is on record before anybody can answer it, and approved by one person of the group', async (t) => {
    const { desk, recorder, clock } = openDesk(t);
    const { approval, answer } = await desk.ask(question({ reason: 'month end' }));
    assert.match(approval, /^appr_[0-9a-hjkmnp-tv-z]{12}$/);
    const [requested] = recorder.entries;
    assert.deepEqual(requested, {
      chains: { session: '0000000000000001', identity: 'billing-agent' },
      body: {
        type: 'approval_requested',
        approval,
        scope: 'statement',
        of: 3,
        hash: 'a'.repeat(64),
        asks: [{ rule: 'money moves', group: 'finance', count: 1 }],
        expiresAt: clock.nowUs + 10 * minuteUs,
        reason: 'month end',
      },
    });
    clock.pass(minuteUs);
    const decided = await desk.vote({ ...yes(approval, 'alice'), reason: 'Agreed with the bank.' });
    assert.deepEqual(await answer, { type: 'approved', approval, by: ['alice'] });
    assert.equal(decided.end?.result, 'approved');
    assert.deepEqual(recorder.types, ['approval_requested', 'approval_voted', 'approval_ended']);
    assert.deepEqual(recorder.of('approval_voted')[0], {
      type: 'approval_voted',
      approval,
      of: 3,
      by: 'alice',
      vote: 'approve',
      reason: 'Agreed with the bank.',
      votedAt: clock.nowUs,
    });
    assert.deepEqual(recorder.of('approval_ended')[0], {
      type: 'approval_ended',
      approval,
      of: 3,
      result: 'approved',
      by: ['alice'],
    });
  });

  it('is not asked when it cannot be recorded', async (t) => {
    const { desk, recorder } = openDesk(t);
    recorder.isHeld = true;
    const asked = desk.ask(question());
    assert.deepEqual(recorder.waiting, ['approval_requested']);
    recorder.release(diskFull);
    await assert.rejects(asked, diskFull);
    assert.deepEqual(desk.list('all'), []);
    recorder.refusal = diskFull;
    await assert.rejects(desk.ask(question()), diskFull);
    assert.deepEqual(desk.list('all'), []);
  });

  it('is answered when the end is on record, not before', async (t) => {
    const { desk, recorder } = openDesk(t);
    const { approval, answer } = await desk.ask(question());
    let answered = false;
    void answer.then(() => {
      answered = true;
    });
    recorder.isHeld = true;
    const voted = desk.vote(yes(approval, 'alice'));
    await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([answered, recorder.waiting], [false, ['approval_voted', 'approval_ended']]);
    await assert.rejects(desk.use(approval, question()), { sqlstate: '42501' });
    recorder.release();
    await voted;
    assert.equal((await answer).type, 'approved');
  });

  it('is denied at once by a single no, for which a reason is needed', async (t) => {
    const { desk, recorder } = openDesk(t);
    const { approval, answer } = await desk.ask(question({ asks: [{ ...moneyMoves, count: 2 }] }));
    await desk.vote(yes(approval, 'alice'));
    await assert.rejects(desk.vote(no(approval, 'bob', ' ')), { sqlstate: '22023' });
    await assert.rejects(desk.vote(no(approval, 'bob', 'x'.repeat(2_000))), { sqlstate: '54000' });
    await desk.vote(no(approval, 'bob', 'Twice already this week.'));
    const denied = await answer;
    assert.deepEqual(denied, { type: 'denied', approval, by: 'bob', reason: 'Twice already this week.' });
    assert.ok(denied.type === 'denied');
    const { sqlstate, detail } = answerError(denied);
    assert.deepEqual([sqlstate, detail], ['42501', 'Twice already this week.']);
    assert.equal(recorder.of('approval_ended')[0]?.result, 'denied');
    await assert.rejects(desk.use(approval, question()), { sqlstate: '42501' });
  });

  it('needs as many people as the rule says', async (t) => {
    const { desk, recorder } = openDesk(t);
    const { approval, answer } = await desk.ask(question({ asks: [{ ...moneyMoves, count: 2 }] }));
    const first = await desk.vote(yes(approval, 'alice'));
    assert.equal(first.end, undefined);
    await desk.vote(yes(approval, 'bob'));
    assert.deepEqual(await answer, { type: 'approved', approval, by: ['alice', 'bob'] });
    assert.deepEqual(recorder.types, ['approval_requested', 'approval_voted', 'approval_voted', 'approval_ended']);
  });

  it('of two rules is approved by one person who is in both groups, or by one of each', async (t) => {
    const { desk } = openDesk(t);
    const asks = [moneyMoves, { ...moneyMoves, rule: 'secrets', group: 'security' }];
    const both = await desk.ask(question({ asks }));
    await desk.vote(yes(both.approval, 'alice'));
    assert.equal((await both.answer).type, 'approved');
    const each = await desk.ask(question({ asks }));
    assert.equal((await desk.vote(yes(each.approval, 'bob'))).end, undefined);
    await desk.vote(yes(each.approval, 'carol'));
    assert.equal((await each.answer).type, 'approved');
  });

  it('counts nobody who has left the group since', async (t) => {
    const { desk, identities } = openDesk(t);
    const { approval, answer } = await desk.ask(question({ asks: [{ ...moneyMoves, count: 2 }] }));
    const alice = identities.get('alice');
    assert.ok(alice !== undefined);
    await desk.vote(yes(approval, 'alice'));
    identities.set('alice', { ...alice, groups: [] });
    assert.equal((await desk.vote(yes(approval, 'bob'))).end, undefined);
    identities.set('alice', alice);
    identities.set('dave', { ...alice, name: 'dave' });
    await desk.vote(yes(approval, 'dave'));
    assert.equal((await answer).type, 'approved');
  });
});

describe('a vote does not count', () => {
  const who: readonly (readonly [name: string, why: RegExp, change?: Parameters<typeof question>[0]])[] = [
    ['nobody', /no identity "nobody"/],
    ['mallory', /"mallory" is not in the group "finance"/],
    ['carol', /"carol" is not in the group "finance"/],
    ['billing-agent', /only a person decides/],
    ['other-agent', /only a person decides/],
    ['alice', /"alice" asked for it/, { identity: 'alice', identityKind: 'person' }],
    ['alice', /"alice" asked for it/, { onBehalfOf: 'alice' }],
    ['alice', /"alice" asked for it/, { onBehalfOf: 'Alice@example.com' }],
  ];
  for (const [name, why, change] of who) {
    it(`of ${name} when ${change === undefined ? 'billing-agent asks' : JSON.stringify(change)}`, async (t) => {
      const { desk, recorder } = openDesk(t);
      const { approval } = await desk.ask(question(change));
      await assert.rejects(desk.vote(yes(approval, name)), (error: Error) => why.test(error.message));
      await assert.rejects(desk.vote(no(approval, name)), { sqlstate: '42501' });
      assert.deepEqual(recorder.types, ['approval_requested']);
    });
  }

  it('of the same person twice, whatever it says', async (t) => {
    const { desk, recorder } = openDesk(t);
    const { approval } = await desk.ask(question({ asks: [{ ...moneyMoves, count: 2 }] }));
    const results = await Promise.allSettled([desk.vote(yes(approval, 'alice')), desk.vote(yes(approval, 'alice'))]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    );
    await assert.rejects(desk.vote(no(approval, 'alice')), /has decided on it already/);
    assert.equal(recorder.of('approval_voted').length, 1);
  });

  it('for what there is not', async (t) => {
    await assert.rejects(openDesk(t).desk.vote(yes('appr_000000000000', 'alice')), { sqlstate: '42704' });
  });

  it('when it could not be recorded; it can be given again', async (t) => {
    const { desk, recorder } = openDesk(t);
    const { approval } = await desk.ask(question({ asks: [{ ...moneyMoves, count: 2 }] }));
    recorder.isHeld = true;
    const voted = desk.vote(yes(approval, 'alice'));
    await new Promise((resolve) => setImmediate(resolve));
    recorder.release(diskFull);
    await assert.rejects(voted, diskFull);
    assert.deepEqual(desk.get(approval).votes, []);
    await desk.vote(yes(approval, 'alice'));
    assert.equal(desk.get(approval).votes.length, 1);
  });
});

describe('of two ends there is one', () => {
  const ends: { readonly [name: string]: (at: Race) => unknown } = {
    'an approval': ({ desk, approval }) => desk.vote(yes(approval, 'alice')),
    'a second approval': ({ desk, approval }) => desk.vote(yes(approval, 'bob')),
    'a denial': ({ desk, approval }) => desk.vote(no(approval, 'bob')),
    'the time': ({ clock }) => clock.pass(10 * minuteUs),
    'the client': ({ withdraw }) => withdraw('client gone'),
    'a cancel': ({ withdraw }) => withdraw('cancelled'),
    'a revocation': ({ desk, approval }) => desk.revoke(approval, 'operator'),
    'the identity': ({ desk }) => desk.endWhere(({ identity }) => identity === 'billing-agent', 'it was removed'),
    'the stop of the gateway': ({ desk }) => desk.close(),
  };
  type Race = Pick<ReturnType<typeof openDesk>, 'desk' | 'clock'> & {
    readonly approval: string;
    readonly withdraw: (why: Withdrawal) => void;
  };
  for (const [first, start] of Object.entries(ends)) {
    for (const [second, follow] of Object.entries(ends)) {
      if (first === second) continue;
      it(`when ${first} comes just before ${second}`, async (t) => {
        const opened = openDesk(t);
        const { desk, clock, recorder } = opened;
        const { approval, answer, withdraw } = await askFor(desk, question());
        const race = { desk, clock, approval, withdraw };
        recorder.isHeld = true;
        const settled = Promise.allSettled([start(race)]);
        // A vote looks at the question a turn later.
        await new Promise((resolve) => setImmediate(resolve));
        const followed = Promise.allSettled([follow(race)]);
        await new Promise((resolve) => setImmediate(resolve));
        recorder.release();
        const [[one], [two]] = [await settled, await followed];
        assert.equal(one?.status, 'fulfilled');
        const late = await answer;
        const recorded = recorder.of('approval_ended');
        const revokedAfter = first.includes('approval') && second === 'a revocation';
        assert.equal(recorded.length, revokedAfter ? 2 : 1);
        const [end] = recorded;
        assert.equal(late.type === 'ended' ? 'ended' : late.type, expected[first]?.[0]);
        assert.equal(end?.result, expected[first]?.[1]);
        if (votes.has(second)) {
          assert.equal(two?.status, 'rejected');
          assert.match(String(two.status === 'rejected' && two.reason), /is over already: /);
        }
        assert.equal(recorder.of('approval_voted').length, votes.has(first) ? 1 : 0);
        assert.equal(desk.list('waiting').length, 0);
      });
    }
  }
  const votes = new Set(['an approval', 'a second approval', 'a denial']);
  const expected: { readonly [name: string]: readonly [answer: string, result: string] } = {
    'an approval': ['approved', 'approved'],
    'a second approval': ['approved', 'approved'],
    'a denial': ['denied', 'denied'],
    'the time': ['expired', 'expired'],
    'the client': ['ended', 'client gone'],
    'a cancel': ['ended', 'cancelled'],
    'a revocation': ['ended', 'revoked'],
    'the identity': ['ended', 'revoked'],
    'the stop of the gateway': ['ended', 'gateway stopped'],
  };

  it('also when a vote comes late and the alarm later still', async (t) => {
    const { desk, recorder, clock } = openDesk(t);
    const { approval, answer } = await desk.ask(question());
    clock.jump(10 * minuteUs);
    await assert.rejects(desk.vote(yes(approval, 'alice')), /over already: expired/);
    clock.pass(0);
    const expired = await answer;
    assert.deepEqual(expired, { type: 'expired', approval, afterMs: 600_000 });
    assert.ok(expired.type === 'expired');
    const { sqlstate, message } = answerError(expired);
    assert.deepEqual([sqlstate, message], ['57014', `approval ${approval} expired after 10m`]);
    assert.deepEqual(recorder.types, ['approval_requested', 'approval_ended']);
  });

  it('and no answer that says yes when it could not be recorded', async (t) => {
    const { desk, recorder, logged } = openDesk(t);
    const { approval, answer } = await desk.ask(question());
    recorder.isHeld = true;
    const voted = desk.vote(yes(approval, 'alice'));
    await new Promise((resolve) => setImmediate(resolve));
    const late = desk.vote(yes(approval, 'bob'));
    await new Promise((resolve) => setImmediate(resolve));
    recorder.release(diskFull);
    await assert.rejects(voted, diskFull);
    await assert.rejects(late, diskFull);
    assert.equal((await answer).type, 'ended');
    assert.match(String(logged), /could not be recorded/);
    await assert.rejects(desk.use(approval, question()), { sqlstate: '42501' });
    await assert.rejects(desk.vote(yes(approval, 'bob')), /its end could not be recorded/);
  });

  it('and none that says yes when one of its votes could not be recorded', async (t) => {
    const { desk, recorder } = openDesk(t);
    const { approval, answer } = await desk.ask(question({ asks: [{ ...moneyMoves, count: 2 }] }));
    recorder.isHeld = true;
    const first = desk.vote(yes(approval, 'alice'));
    await new Promise((resolve) => setImmediate(resolve));
    const second = desk.vote(yes(approval, 'bob'));
    await new Promise((resolve) => setImmediate(resolve));
    recorder.failFirst(diskFull);
    await assert.rejects(first, diskFull);
    await assert.rejects(second, diskFull);
    assert.equal((await answer).type, 'ended');
    await assert.rejects(desk.use(approval, question()), { sqlstate: '42501' });
  });

  it('in the own chain of the gateway when the session has closed meanwhile', async (t) => {
    const { desk, recorder } = openDesk(t);
    const { answer, withdraw } = await askFor(desk, question());
    recorder.closedSessions.add('0000000000000001');
    withdraw('session ended');
    assert.equal((await answer).type, 'ended');
    assert.deepEqual(recorder.entries.at(-1)?.chains, { session: '', identity: 'billing-agent' });
  });

  it('in the session, when it is withdrawn before it is on record that it was asked', async (t) => {
    const { desk, recorder } = openDesk(t);
    recorder.isHeld = true;
    const withdrawn = new AbortController();
    const asked = desk.ask(question(), withdrawn.signal);
    withdrawn.abort('session ended');
    recorder.closedSessions.add('0000000000000001');
    recorder.release();
    assert.equal((await (await asked).answer).type, 'ended');
    assert.deepEqual(
      recorder.entries.map(({ body, chains }) => [body.type, chains.session]),
      [
        ['approval_requested', '0000000000000001'],
        ['approval_ended', '0000000000000001'],
      ],
    );
  });

  it('never, when it was withdrawn before anybody was asked', async (t) => {
    const { desk, recorder } = openDesk(t);
    await assert.rejects(desk.ask(question(), AbortSignal.abort('session ended')), { sqlstate: '57014' });
    assert.deepEqual([recorder.entries, desk.list('all')], [[], []]);
  });
});

describe('an approval', () => {
  it('is used once, by the session that asked, and that is on record', async (t) => {
    const { desk, recorder } = openDesk(t);
    const { approval, answer } = await desk.ask(question());
    await desk.vote(yes(approval, 'alice'));
    await answer;
    await assert.rejects(desk.use(approval, question({ hash: 'c'.repeat(64) })), {
      detail: 'It was given for something else.',
    });
    await assert.rejects(desk.use(approval, question({ session: '0000000000000002' })), { sqlstate: '42501' });
    await assert.rejects(desk.use(approval, question({ scope: 'session' })), { sqlstate: '42501' });
    await assert.rejects(desk.use(approval, question({ asks: [{ ...moneyMoves, count: 2 }] })), { sqlstate: '42501' });
    const uses = await Promise.allSettled([desk.use(approval, question()), desk.use(approval, question())]);
    assert.deepEqual(
      uses.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    );
    await assert.rejects(desk.use(approval, question()), { sqlstate: '42501', detail: 'Its state: used.' });
    assert.deepEqual(recorder.of('approval_used'), [{ type: 'approval_used', approval, of: 3 }]);
    await assert.rejects(desk.vote(yes(approval, 'bob')), /over already: used by alice/);
  });

  it('is used up although that could not be recorded', async (t) => {
    const { desk, recorder } = openDesk(t);
    const { approval } = await desk.ask(question());
    await desk.vote(yes(approval, 'alice'));
    recorder.isHeld = true;
    const used = desk.use(approval, question());
    recorder.release(diskFull);
    await assert.rejects(used, diskFull);
    await assert.rejects(desk.use(approval, question()), { sqlstate: '42501' });
    assert.deepEqual(recorder.of('approval_used'), []);
  });

  it('that nobody uses runs out within a minute', async (t) => {
    const { desk, clock } = openDesk(t);
    const { approval } = await desk.ask(question());
    await desk.vote(yes(approval, 'alice'));
    clock.pass(minuteUs);
    await assert.rejects(desk.use(approval, question()), { detail: 'Its state: unused.' });
    assert.equal(clock.alarms, 0);
  });

  it('with reuse answers the same question again until its time is over, in any session', async (t) => {
    const { desk, clock, recorder } = openDesk(t);
    const asks = [{ ...moneyMoves, reuseMs: 1_800_000 }];
    const { approval, answer } = await desk.ask(question({ asks }));
    await desk.vote(yes(approval, 'alice'));
    await answer;
    assert.equal(recorder.of('approval_ended')[0]?.usableUntil, clock.nowUs + 30 * minuteUs);
    await desk.use(approval, question({ asks }));
    const again = question({ asks, session: '0000000000000002', statement: 1 });
    const covered = await askFor(desk, again);
    assert.deepEqual(
      [covered.approval, await covered.answer],
      [approval, { type: 'approved', approval, by: ['alice'] }],
    );
    covered.withdraw('client gone');
    await desk.use(approval, again);
    assert.equal(recorder.of('approval_used').length, 2);
    const other = await desk.ask({ ...again, hash: 'c'.repeat(64) });
    assert.notEqual(other.approval, approval);
    const stricter = await desk.ask({ ...again, asks: [...asks, { ...moneyMoves, rule: 'new', group: 'security' }] });
    assert.notEqual(stricter.approval, approval);
    clock.pass(30 * minuteUs);
    await assert.rejects(desk.use(approval, again), { sqlstate: '42501' });
    assert.notEqual((await desk.ask(again)).approval, approval);
  });

  it('of rules of which one lets it be used once only is used once', async (t) => {
    const { desk } = openDesk(t);
    const asks = [
      { ...moneyMoves, reuseMs: 1_800_000 },
      { ...moneyMoves, rule: 'secrets', group: 'security' },
    ];
    const { approval } = await desk.ask(question({ asks }));
    await desk.vote(yes(approval, 'alice'));
    await desk.use(approval, question({ asks }));
    assert.notEqual((await desk.ask(question({ asks }))).approval, approval);
  });

  it('that is revoked covers nothing any more', async (t) => {
    const { desk, recorder } = openDesk(t);
    const asks = [{ ...moneyMoves, reuseMs: 1_800_000 }];
    const { approval } = await desk.ask(question({ asks }));
    await desk.vote(yes(approval, 'alice'));
    recorder.isHeld = true;
    const revoked = desk.revoke(approval, 'operator');
    await new Promise((resolve) => setImmediate(resolve));
    await assert.rejects(desk.use(approval, question({ asks })), { detail: 'Its state: revoked.' });
    recorder.release();
    await revoked;
    assert.deepEqual(
      recorder.of('approval_ended').map(({ result, by }) => [result, by]),
      [
        ['approved', ['alice']],
        ['revoked', ['operator']],
      ],
    );
    await assert.rejects(desk.revoke(approval, 'operator'), { sqlstate: '55000' });
  });
});

describe('bounds', () => {
  it('of an identity and of all, each with what to do about it', async (t) => {
    const { desk, settings } = openDesk(t);
    settings.waiting = 3;
    settings.waitingOfIdentity = 2;
    const first = await askFor(desk, question());
    await desk.ask(question());
    await assert.rejects(desk.ask(question()), { sqlstate: '53300', hint: /approvals\.waiting_of_identity/ });
    await desk.ask(question({ identity: 'other-agent' }));
    await assert.rejects(desk.ask(question({ identity: 'alice' })), {
      sqlstate: '53300',
      hint: /approvals\.waiting\./,
    });
    first.withdraw('client gone');
    await desk.ask(question());
  });

  it('hold for questions that come together', async (t) => {
    const { desk, settings, recorder } = openDesk(t);
    settings.waitingOfIdentity = 1;
    const results = await Promise.allSettled([desk.ask(question()), desk.ask(question())]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    );
    assert.equal(recorder.entries.length, 1);
  });

  it('of what is kept for people to read: the record has it whole', async (t) => {
    const { desk } = openDesk(t);
    const { approval } = await desk.ask(
      question({ sql: ['x'.repeat(1 << 20)], parameters: ['y'.repeat(1 << 20), null] }),
    );
    const kept = desk.get(approval).question;
    assert.ok(JSON.stringify(kept).length < 32 * 1024);
    assert.match(kept.sql[0] ?? '', /more characters\)$/);
    assert.equal(kept.parameters[1], null);
    const many = await desk.ask(question({ sql: Array.from({ length: 103 }, (_, at) => `SELECT ${at}`) }));
    const { sql } = desk.get(many.approval).question;
    assert.deepEqual([sql.length, sql.at(-1)], [101, '… (3 more are not shown)']);
  });
});

describe('evidence', () => {
  it('is on record and shown; of what has ended it is not', async (t) => {
    const { desk, recorder } = openDesk(t);
    const { approval, withdraw } = await askFor(desk, question());
    await desk.attach(approval, { explain: 'Update on payments', rows: 12, locks: ['RowExclusiveLock payments'] });
    assert.equal(desk.get(approval).evidence?.rows, 12);
    assert.equal(recorder.of('approval_evidence')[0]?.of, 3);
    withdraw('cancelled');
    await desk.attach(approval, { rows: 13 });
    assert.equal(recorder.of('approval_evidence').length, 1);
  });
});

describe('a change of the configuration', () => {
  it('ends the questions of those who may not ask any more', async (t) => {
    const { desk, identities, recorder } = openDesk(t);
    const gone = await desk.ask(question());
    const stays = await desk.ask(question({ identity: 'other-agent' }));
    identities.delete('billing-agent');
    desk.reload();
    assert.equal((await gone.answer).type, 'ended');
    assert.deepEqual(
      desk.list('waiting').map(({ id }) => id),
      [stays.approval],
    );
    assert.equal(recorder.of('approval_ended')[0]?.result, 'revoked');
  });
});

describe('after the death of the gateway', () => {
  it('what waited has ended, on record once, and is not asked again', async (t) => {
    const before = openDesk(t);
    const { approval } = await before.desk.ask(question());
    const after = openDesk(t, before);
    await after.desk.recover(entriesOf(after));
    assert.deepEqual(after.recorder.of('approval_ended'), [
      { type: 'approval_ended', approval, of: 3, result: 'gateway died', by: [] },
    ]);
    assert.deepEqual(after.recorder.entries.at(-1)?.chains, { session: '', identity: 'billing-agent' });
    assert.equal(after.desk.get(approval).end?.result, 'gateway died');
    await assert.rejects(after.desk.vote(yes(approval, 'alice')), /over already: gateway died/);
    const next = openDesk(t, after);
    await next.desk.recover(() => assert.fail('there is nothing to look for'));
    assert.equal(next.recorder.of('approval_ended').length, 1);
  });

  it('an end that is on record is not written again, whoever wrote it', async (t) => {
    const before = openDesk(t);
    const { approval } = await before.desk.ask(question());
    const after = openDesk(t, before);
    const body = { type: 'approval_ended', approval, of: 3, result: 'gateway died', by: [] } as const;
    after.recorder.entries.push({ chains: { session: '', identity: '' }, body });
    await after.desk.recover(entriesOf(after));
    assert.equal(after.recorder.of('approval_ended').length, 1);
    assert.equal(after.desk.get(approval).end?.result, 'gateway died');
  });

  it('what was never on record was never asked', async (t) => {
    const before = openDesk(t);
    before.recorder.isHeld = true;
    before.desk.ask(question()).catch(() => {});
    const after = openDesk(t, before);
    assert.equal(after.desk.list('all').length, 1);
    await after.desk.recover(entriesOf(after));
    assert.deepEqual([after.desk.list('all'), after.recorder.entries], [[], []]);
  });

  it('an approval that was on record and not in the state yet is in force for as long as it says', async (t) => {
    const before = openDesk(t);
    const asks = [{ ...moneyMoves, reuseMs: 1_800_000 }];
    const { approval } = await before.desk.ask(question({ asks }));
    const after = openDesk(t, before);
    const usableUntil = after.clock.nowUs + 30 * minuteUs;
    const body = { type: 'approval_ended', approval, of: 3, result: 'approved', by: ['alice'], usableUntil } as const;
    after.recorder.entries.push({ chains: { session: '', identity: '' }, body });
    await after.desk.recover(entriesOf(after));
    assert.equal((await after.desk.ask(question({ asks }))).approval, approval);
    after.clock.pass(30 * minuteUs);
    assert.notEqual((await after.desk.ask(question({ asks }))).approval, approval);
  });

  it('what could be used once cannot be used, what could be used again can, what was revoked cannot', async (t) => {
    const before = openDesk(t);
    const asks = [{ ...moneyMoves, reuseMs: 1_800_000 }];
    const ids: string[] = [];
    for (const asked of [
      question(),
      question({ asks, hash: 'd'.repeat(64) }),
      question({ asks, hash: 'e'.repeat(64) }),
    ]) {
      const { approval } = await before.desk.ask(asked);
      await before.desk.vote(yes(approval, 'alice'));
      ids.push(approval);
    }
    const [once = '', again = '', revoked = ''] = ids;
    await before.desk.revoke(revoked, 'operator');
    const after = openDesk(t, before);
    await after.desk.recover(() => assert.fail('nothing waited'));
    await assert.rejects(after.desk.use(once, question()), { sqlstate: '42501' });
    await after.desk.use(again, question({ asks, hash: 'd'.repeat(64) }));
    await assert.rejects(after.desk.use(revoked, question({ asks, hash: 'e'.repeat(64) })), { sqlstate: '42501' });
  });
});

describe('what is remembered', () => {
  it('is the newest first, and bounded in number and in time', async (t) => {
    const { desk, clock, state } = openDesk(t);
    const first = await askFor(desk, question());
    first.withdraw('client gone');
    await first.answer;
    const body = JSON.stringify(desk.get(first.approval));
    const later = clock.nowUs + minuteUs;
    state.database
      .prepare(
        `WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1005)
         INSERT INTO approvals SELECT 'appr_' || n, ? + n, -1, 0, json_set(?, '$.id', 'appr_' || n) FROM n`,
      )
      .run(later, body);
    clock.pass(2 * minuteUs);
    const { approval } = await desk.ask(question());
    const all = desk.list('all').map(({ id }) => id);
    assert.deepEqual([all.length, ...all.slice(0, 2), all.at(-1)], [1_001, approval, 'appr_1005', 'appr_6']);
    assert.throws(() => desk.get(first.approval), { sqlstate: '42704' });
    clock.jump(31 * 24 * 60 * minuteUs);
    const last = await desk.ask(question());
    assert.deepEqual(
      desk.list('all').map(({ id }) => id),
      [last.approval, approval],
    );
  });
});

describe('after the end of the gateway', () => {
  it('nothing can be asked', async (t) => {
    const { desk, clock } = openDesk(t);
    await desk.close();
    await assert.rejects(desk.ask(question()), { sqlstate: '57P01' });
    const { signal } = new AbortController();
    await assert.rejects(desk.access(accessQuestion(), { meanwhile: 'hold', durationMs: 1, signal }), {
      sqlstate: '57P01',
    });
    assert.equal(clock.alarms, 0);
  });
});
