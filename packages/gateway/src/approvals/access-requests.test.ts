import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Refusal, Termination } from '../errors.ts';
import { accessQuestion, minuteUs, openDesk, type TestDesk } from './approvals.fixture.ts';

const hours8 = 8 * 3_600_000;
const us = (ms: number): number => ms * 1000;
const hold = (signal: AbortSignal = new AbortController().signal) =>
  ({ meanwhile: 'hold', durationMs: hours8, signal }) as const;
const refuse = () => ({ ...hold(), meanwhile: 'refuse' }) as const;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function only({ desk }: TestDesk): string {
  const [first, ...others] = desk.list('waiting');
  assert.ok(first !== undefined && others.length === 0);
  return first.id;
}

const approve = (at: TestDesk) => at.desk.vote({ approval: only(at), by: 'alice', vote: 'approve', reason: '' });
const deny = (at: TestDesk) =>
  at.desk.vote({ approval: only(at), by: 'alice', vote: 'deny', reason: 'Not on a Sunday.' });

describe('access that is held', () => {
  it('waits until people approve it, and lasts from then', async (t) => {
    const at = openDesk(t);
    const access = at.desk.access(accessQuestion(), hold());
    await settled();
    at.clock.pass(minuteUs);
    const approval = only(at);
    await approve(at);
    assert.equal(await access, at.clock.nowUs + us(hours8));
    assert.deepEqual(at.recorder.types, ['approval_requested', 'approval_voted', 'approval_ended', 'approval_used']);
    assert.equal(at.recorder.of('approval_ended')[0]?.usableUntil, at.clock.nowUs + us(hours8));
    const [requested] = at.recorder.entries;
    // No session is open yet.
    assert.deepEqual(requested?.chains, { session: '', identity: 'billing-agent' });
    assert.equal(at.recorder.of('approval_requested')[0]?.connection, 'billing');
    assert.equal(at.recorder.of('approval_used')[0]?.approval, approval);
  });

  it('is there at once while an earlier approval lasts, also after a restart of the gateway, and asked for again then', async (t) => {
    const at = openDesk(t);
    const first = at.desk.access(accessQuestion(), hold());
    await settled();
    await approve(at);
    const until = await first;
    at.clock.pass(us(hours8) - minuteUs);
    assert.equal(await at.desk.access(accessQuestion({ session: '0000000000000002' }), hold()), until);
    await at.desk.close();
    const next = openDesk(t, at);
    await next.desk.recover(() => assert.fail('nothing waited'));
    assert.equal(await next.desk.access(accessQuestion(), hold()), until);
    const other = new AbortController();
    const asked = next.desk.access(accessQuestion({ hash: 'c'.repeat(64), role: 'owner' }), hold(other.signal));
    await settled();
    assert.equal(next.desk.list('waiting').length, 1);
    other.abort();
    await assert.rejects(asked);
    next.clock.pass(minuteUs);
    const again = next.desk.access(accessQuestion(), hold());
    await settled();
    assert.equal(next.desk.list('waiting').length, 1);
    await approve(next);
    assert.equal(await again, next.clock.nowUs + us(hours8));
  });

  it('is one question for all sessions that want the same, for as long as one of them waits', async (t) => {
    const at = openDesk(t);
    const clients = [new AbortController(), new AbortController(), new AbortController()];
    const waiting = clients.map(({ signal }) => at.desk.access(accessQuestion(), hold(signal)));
    const results = Promise.allSettled(waiting);
    await settled();
    only(at);
    clients[0]?.abort();
    await settled();
    only(at);
    clients[1]?.abort();
    clients[2]?.abort();
    for (const result of await results) {
      assert.ok(result.status === 'rejected' && result.reason instanceof Termination);
      assert.equal(result.reason.sqlstate, '57014');
    }
    assert.deepEqual(at.recorder.types, ['approval_requested', 'approval_ended']);
    assert.equal(at.recorder.of('approval_ended')[0]?.result, 'client gone');
  });

  it('is not asked for by a client that is gone', async (t) => {
    const at = openDesk(t);
    await assert.rejects(at.desk.access(accessQuestion(), hold(AbortSignal.abort())), Termination);
    assert.deepEqual(at.recorder.entries, []);
  });

  it('is refused with the reason of a denial, or when the time is over', async (t) => {
    const at = openDesk(t);
    const denied = at.desk.access(accessQuestion(), hold());
    await settled();
    await deny(at);
    await assert.rejects(denied, (error) => {
      assert.ok(error instanceof Termination);
      assert.deepEqual([error.sqlstate, error.detail], ['42501', 'Not on a Sunday.']);
      return true;
    });
    const expired = at.desk.access(accessQuestion(), hold());
    await settled();
    at.clock.pass(10 * minuteUs);
    await assert.rejects(expired, { sqlstate: '57014' });
  });

  it('is refused when it cannot be recorded', async (t) => {
    const at = openDesk(t);
    at.recorder.refusal = new Refusal('53100', 'no room');
    await assert.rejects(at.desk.access(accessQuestion(), hold()), (error) => {
      assert.ok(error instanceof Termination);
      assert.equal(error.sqlstate, '53100');
      return true;
    });
  });

  it('is taken back by a revocation, which the sessions on it hear of', async (t) => {
    const at = openDesk(t);
    const access = at.desk.access(accessQuestion(), hold());
    await settled();
    const { id } = await approve(at);
    await access;
    await at.desk.revoke(id, 'operator');
    assert.deepEqual(
      at.revokedAccess.map((approval) => approval.id),
      [id],
    );
    assert.equal(at.recorder.of('approval_ended').at(-1)?.result, 'revoked');
    const asked = at.desk.access(accessQuestion(), refuse());
    await assert.rejects(asked, /waits for approval/);
    await assert.rejects(at.desk.access(accessQuestion(), refuse()), (error: Error) => !error.message.includes(id));
  });
});

describe('access that is refused meanwhile', () => {
  it('names what to wait for, asks once, and lets in whoever comes back', async (t) => {
    const at = openDesk(t);
    await assert.rejects(at.desk.access(accessQuestion(), refuse()), (error) => {
      assert.ok(error instanceof Termination);
      assert.deepEqual(
        [error.sqlstate, error.message],
        ['42501', `access to "billing" waits for approval ${only(at)}`],
      );
      return true;
    });
    const back = [at.desk.access(accessQuestion(), refuse()), at.desk.access(accessQuestion(), refuse())];
    for (const { status } of await Promise.allSettled(back)) assert.equal(status, 'rejected');
    assert.deepEqual(at.recorder.types, ['approval_requested']);
    await approve(at);
    at.clock.pass(minuteUs);
    assert.equal(await at.desk.access(accessQuestion(), refuse()), at.clock.nowUs - minuteUs + us(hours8));
  });

  it('tells a denial to whoever comes back first, and asks anew for the next', async (t) => {
    const at = openDesk(t);
    await assert.rejects(at.desk.access(accessQuestion(), refuse()));
    await deny(at);
    await assert.rejects(at.desk.access(accessQuestion(), refuse()), { detail: 'Not on a Sunday.' });
    await assert.rejects(at.desk.access(accessQuestion(), refuse()), /waits for approval/);
    at.clock.pass(10 * minuteUs);
    await settled();
    await assert.rejects(at.desk.access(accessQuestion(), refuse()), { sqlstate: '57014' });
  });

  it('names it when that is on record, not before', async (t) => {
    const at = openDesk(t);
    at.recorder.isHeld = true;
    const both = [at.desk.access(accessQuestion(), refuse()), at.desk.access(accessQuestion(), refuse())];
    const results = Promise.allSettled(both);
    await settled();
    assert.deepEqual(at.recorder.waiting, ['approval_requested']);
    at.recorder.release(new Refusal('53100', 'no room'));
    for (const result of await results) {
      assert.ok(result.status === 'rejected');
      assert.equal(result.reason.sqlstate, '53100');
    }
  });
});
