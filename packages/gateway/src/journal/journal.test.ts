import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import type { ApprovalEnded, Body } from '@onrecord/record';
import { Halt, Refusal } from '../errors.ts';
import {
  agent,
  appended,
  countingClock,
  gatewayItself,
  outcome,
  sessionOpened,
  statement,
  temporaryJournal,
  turn,
} from './journal.fixture.ts';
import { Journal, type JournalOptions } from './journal.ts';
import { errno, LoggedDisk } from './logged-disk.fixture.ts';
import { JournalReader } from './reader.ts';
import { verifyJournal } from './verify-journal.ts';

interface Opened {
  readonly journal: Journal;
  readonly disk: LoggedDisk;
  readonly directory: string;
  readonly halts: Halt[];
}

async function open(test: TestContext, options: Partial<JournalOptions> = {}): Promise<Opened> {
  const directory = options.directory ?? temporaryJournal(test as never);
  const disk = new LoggedDisk();
  const halts: Halt[] = [];
  const journal = await Journal.open({
    directory,
    segmentBytes: 64 * 1024,
    clock: countingClock(),
    disk,
    syncInlineBelowUs: 0,
    onHalt: (halt) => halts.push(halt),
    ...options,
  });
  // The spare segment is there, and out of the way.
  for (let turns = 0; turns < 8; turns += 1) await turn();
  disk.calls.length = 0;
  return { journal, disk, directory, halts };
}

function bodiesIn(directory: string): Body[] {
  const reader = new JournalReader(directory);
  const bodies = [...reader.entries(0)].map(({ entry }) => entry.body);
  reader.close();
  return bodies;
}

describe('Journal', () => {
  it('writes what one turn appended with one write, and syncs once for all who wait', async (test) => {
    const { journal, disk } = await open(test);
    await Promise.all([
      appended(journal, agent, [sessionOpened, statement(1)]),
      appended(journal, gatewayItself, [{ type: 'gap', reason: 'a' }]),
      appended(journal, agent, [statement(2)], 'written'),
    ]);
    assert.deepEqual(disk.calls, ['write', 'fdatasync']);
    await journal.close();
  });

  it('settles what is to be written without waiting for the disk, and what is to be synced only behind the sync', async (test) => {
    const { journal, disk } = await open(test);
    disk.held = true;
    const told: string[] = [];
    journal.append(agent, [sessionOpened], 'synced', () => told.push('synced'));
    journal.append(agent, [statement(1)], 'written', () => told.push('written'));
    assert.deepEqual(told, []);
    await turn();
    await turn();
    assert.deepEqual(told, ['written']);
    assert.ok(journal.pendingBytes > 0);
    disk.release();
    await appended(journal, agent, [statement(2)]);
    assert.deepEqual(told, ['written', 'synced']);
    assert.equal(journal.pendingBytes, 0);
    await journal.close();
  });

  it('gathers what arrives while a sync runs for the next one', async (test) => {
    const { journal, disk } = await open(test);
    disk.held = true;
    const told: number[] = [];
    const append = (n: number): void =>
      journal.append(agent, n === 0 ? [sessionOpened] : [statement(n)], 'synced', () => told.push(n));
    append(0);
    await turn();
    for (let n = 1; n <= 5; n += 1) {
      append(n);
      await turn();
    }
    assert.deepEqual(told, []);
    assert.equal(disk.calls.filter((call) => call === 'fdatasync').length, 0);
    disk.release();
    await appended(journal, agent, [statement(6)]);
    assert.deepEqual(told, [0, 1, 2, 3, 4, 5]);
    assert.equal(disk.calls.filter((call) => call === 'fdatasync').length, 2);
    await journal.close();
  });

  it('syncs on the writing thread once the disk has shown to be fast', async (test) => {
    const { journal, disk } = await open(test, { syncInlineBelowUs: 2000 });
    await appended(journal, agent, [sessionOpened]);
    disk.held = true;
    await appended(journal, agent, [statement(1)]);
    assert.deepEqual(disk.calls, ['write', 'fdatasync', 'write', 'fdatasync']);
    disk.release();
    await journal.close();
  });

  it('gives a receipt with the index of the last of the entries, and lastIndex the last that is written', async (test) => {
    const { journal, directory } = await open(test);
    assert.equal(journal.lastIndex, 0);
    const receipt = await appended(journal, agent, [sessionOpened, statement(1), outcome(1)]);
    assert.deepEqual(receipt, { index: 3 });
    assert.equal(journal.lastIndex, 3);
    assert.deepEqual(
      bodiesIn(directory).map(({ type }) => type),
      ['heads', 'session_opened', 'statement', 'outcome'],
    );
    await journal.close();
  });

  it('syncs what nobody waits for within a second', async (test) => {
    const { journal, disk } = await open(test);
    test.mock.timers.enable({ apis: ['setTimeout'] });
    await appended(journal, agent, [sessionOpened], 'written');
    assert.deepEqual(disk.calls, ['write']);
    test.mock.timers.tick(999);
    for (let turns = 0; turns < 3; turns += 1) await turn();
    assert.deepEqual(disk.calls, ['write', 'fdatasync']);
    test.mock.timers.tick(5000);
    await turn();
    assert.deepEqual(disk.calls, ['write', 'fdatasync']);
    test.mock.timers.reset();
    await journal.close();
  });

  it('syncs what was written while such a sync ran, too', async (test) => {
    const { journal, disk } = await open(test);
    test.mock.timers.enable({ apis: ['setTimeout'] });
    disk.held = true;
    await appended(journal, agent, [sessionOpened], 'written');
    test.mock.timers.tick(999);
    await appended(journal, agent, [statement(1)], 'written');
    test.mock.timers.tick(999);
    disk.release();
    for (let turns = 0; turns < 3; turns += 1) await turn();
    test.mock.timers.tick(999);
    for (let turns = 0; turns < 3; turns += 1) await turn();
    assert.deepEqual(disk.calls, ['write', 'write', 'fdatasync', 'fdatasync']);
    test.mock.timers.reset();
    await journal.close();
  });

  it('goes on to new segments, which verify and read as one journal', async (test) => {
    const { journal, directory } = await open(test, { segmentBytes: 4096 });
    await appended(journal, agent, [sessionOpened]);
    const bodies = Array.from({ length: 200 }, (_, at) =>
      at % 2 === 0 ? statement(at / 2 + 1) : outcome((at + 1) / 2),
    );
    for (const body of bodies)
      await appended(journal, agent, [body], bodies.indexOf(body) % 3 === 0 ? 'synced' : 'written');
    const read = bodiesIn(directory);
    assert.deepEqual(
      read.filter(({ type }) => type !== 'heads').map((body) => body.type),
      ['session_opened', ...bodies.map((body) => body.type)],
    );
    const verified = verifyJournal(directory);
    assert.ok(verified.segments > 5);
    assert.equal(verified.segments, read.filter(({ type }) => type === 'heads').length);
    assert.equal(verified.endIndex, read.length);
    await journal.close();
  });

  it('makes a segment larger for an entry that fits no other', async (test) => {
    const { journal, directory } = await open(test, { segmentBytes: 4096 });
    await appended(journal, agent, [sessionOpened]);
    const large = statement(1, 'x'.repeat(100_000));
    await appended(journal, agent, [large]);
    await appended(journal, agent, [outcome(1)]);
    const read = bodiesIn(directory).find(({ type }) => type === 'statement');
    assert.equal(read?.type === 'statement' && read.sql?.length, 100_000);
    assert.equal(verifyJournal(directory).segments, 3);
    await journal.close();
  });

  it('settles an append that cannot be encoded, or whose session is not open, with the error, and adds nothing', async (test) => {
    const { journal, directory } = await open(test);
    await appended(journal, agent, [sessionOpened]);
    await assert.rejects(appended(journal, agent, [statement(1), statement(-1)]), RangeError);
    await assert.rejects(appended(journal, { session: 'other', identity: 'x' }, [statement(1)]), /is not open/);
    await assert.rejects(
      appended(journal, { ...agent, identity: 'x' }, [statement(1)]),
      /is of identity billing-agent/,
    );
    await appended(journal, agent, [statement(1), { type: 'session_closed', reason: 'client lost', statements: 1 }]);
    await assert.rejects(appended(journal, agent, [statement(2)]), /is not open/);
    assert.equal(verifyJournal(directory).endIndex, 4);
    await journal.close();
  });

  for (const [what, failed] of [
    ['write', 'write'],
    ['sync', 'fdatasync'],
  ] as const) {
    for (const syncInlineBelowUs of [0, 2000]) {
      const where = syncInlineBelowUs === 0 ? 'another thread' : 'the writing thread';
      it(`halts when a ${what} fails with syncs on ${where}: everything settles with it, nothing is tried again`, async (test) => {
        const { journal, disk, halts } = await open(test, { syncInlineBelowUs });
        await appended(journal, agent, [sessionOpened]);
        disk.calls.length = 0;
        disk.failing = ({ call }) => (call === failed ? errno('EIO') : undefined);
        const results = await Promise.allSettled([
          appended(journal, agent, [statement(1)]),
          appended(journal, agent, [statement(2)]),
          ...(failed === 'write' ? [appended(journal, agent, [statement(3)], 'written')] : []),
        ]);
        for (const result of results) assert.ok(result.status === 'rejected' && result.reason instanceof Halt);
        disk.failing = undefined;
        await assert.rejects(appended(journal, agent, [statement(4)]), Halt);
        assert.throws(() => journal.admit(), Halt);
        assert.equal(halts.length, 1);
        assert.match(halts[0]?.message ?? '', new RegExp(`a ${what} of the journal failed: EIO`));
        assert.equal(halts[0]?.sqlstate, '58030');
        await journal.close();
        assert.deepEqual(
          disk.calls.filter((call) => call === failed),
          [failed],
        );
        assert.equal(journal.pendingBytes, 0);
      });
    }
  }

  it('refuses new work on a full disk, closes what is open, and goes on by itself when there is room', async (test) => {
    const { journal, disk, halts, directory } = await open(test, { segmentBytes: 4096 });
    test.mock.timers.enable({ apis: ['setTimeout'] });
    await appended(journal, agent, [sessionOpened]);
    journal.admit();
    disk.failing = ({ call }) => (call === 'zeros' ? errno('ENOSPC') : undefined);
    let n = 1;
    // The spare that is ready already is used up first.
    for (; admitted(journal); n += 1) await appended(journal, agent, [statement(n)]);
    assert.throws(
      () => journal.admit(),
      (error) => error instanceof Refusal && error.sqlstate === '53100' && /ENOSPC/.test(error.message),
    );
    await appended(journal, agent, [outcome(1)]);
    await assert.rejects(appended(journal, agent, [statement(n, 'x'.repeat(4000))]), Refusal);
    test.mock.timers.tick(1000);
    for (let turns = 0; turns < 8; turns += 1) await turn();
    assert.throws(() => journal.admit(), Refusal);
    disk.failing = undefined;
    test.mock.timers.tick(1000);
    for (let turns = 0; turns < 8; turns += 1) await turn();
    journal.admit();
    await appended(journal, agent, [statement(n, 'x'.repeat(4000))]);
    assert.deepEqual(halts, []);
    test.mock.timers.reset();
    await journal.close();
    verifyJournal(directory);
  });

  it('says 58030 when the next segment cannot be made for another reason', async (test) => {
    const { journal, disk } = await open(test, { segmentBytes: 4096 });
    disk.failing = ({ call }) => (call === 'zeros' ? errno('EIO') : undefined);
    await appended(journal, agent, [sessionOpened]);
    for (let n = 1; admitted(journal); n += 1) await appended(journal, agent, [statement(n)]);
    assert.throws(
      () => journal.admit(),
      (error) => error instanceof Refusal && error.sqlstate === '58030',
    );
    await journal.close();
  });

  it('records and syncs everything before it is closed, and leaves nothing but segments behind', async (test) => {
    const { journal, disk, directory } = await open(test);
    const first = appended(journal, agent, [sessionOpened]);
    const second = appended(journal, agent, [statement(1)], 'written');
    await journal.close();
    await Promise.all([first, second]);
    assert.deepEqual(disk.calls.slice(0, 2), ['write', 'fdatasync']);
    await assert.rejects(appended(journal, agent, [statement(2)]), /the journal is closed/);
    assert.deepEqual(readdirSync(directory).sort(), ['0000000000000000.segment', 'lock.sqlite']);
  });
});

function admitted(journal: Journal): boolean {
  try {
    journal.admit();
    return true;
  } catch {
    return false;
  }
}

describe('recovery', () => {
  it('closes on the record what a death left open', async (test) => {
    const { journal, directory } = await open(test);
    await appended(journal, agent, [sessionOpened, statement(1), outcome(1), statement(2), statement(3)]);
    await appended(journal, agent, [{ type: 'statement', n: 4, kind: 'prepare', transactionBefore: 'I' }, outcome(2)]);
    await journal.close();
    const next = await open(test, { directory });
    const bodies = bodiesIn(directory).slice(8);
    assert.deepEqual(bodies, [
      {
        type: 'recovered',
        segment: '0000000000000000.segment',
        entries: 8,
        discardedBytes: 0,
        openSessions: 1,
        openStatements: 1,
      },
      {
        type: 'outcome',
        of: 3,
        outcome: 'unknown',
        rowCount: 0,
        rowBytes: 0,
        reason: 'the gateway died before the outcome was recorded',
      },
      { type: 'session_closed', reason: 'gateway died', statements: 4 },
    ]);
    await next.journal.close();
  });

  it('adds nothing when the gateway had stopped in order', async (test) => {
    const { journal, directory } = await open(test);
    await appended(journal, agent, [sessionOpened, { type: 'session_closed', reason: 'client lost', statements: 0 }]);
    await appended(journal, gatewayItself, [{ type: 'gateway_stopped', reason: 'SIGTERM' }]);
    await journal.close();
    const next = await open(test, { directory });
    assert.equal(next.journal.lastIndex, 3);
    await next.journal.close();
  });

  it('knows sessions and statements that were opened in an earlier segment', async (test) => {
    const { journal, directory } = await open(test, { segmentBytes: 4096 });
    await appended(journal, agent, [sessionOpened, statement(1)]);
    for (let at = 0; at < 60; at += 1)
      await appended(journal, gatewayItself, [{ type: 'gap', reason: 'x'.repeat(100) }]);
    await journal.close();
    assert.ok(verifyJournal(directory).segments > 2);
    const next = await open(test, { directory });
    assert.deepEqual(
      bodiesIn(directory)
        .slice(-2)
        .map((body) => body.type),
      ['outcome', 'session_closed'],
    );
    verifyJournal(directory);
    await next.journal.close();
  });

  it('refuses what waited for approval, with all that waited behind it, and ends the question', async (test) => {
    const { journal, directory } = await open(test);
    await appended(journal, agent, [sessionOpened, statement(1), statement(2), statement(3), requested('appr_1', 2)]);
    await journal.close();
    const { journal: next } = await open(test, { directory });
    assert.deepEqual(bodiesIn(directory).slice(-5), [
      { type: 'approval_ended', approval: 'appr_1', of: 2, result: 'gateway died', by: [] },
      notKnown(1),
      neverForwarded(2),
      neverForwarded(3),
      { type: 'session_closed', reason: 'gateway died', statements: 3 },
    ]);
    await next.close();
  });

  it('refuses what was approved and not used, and does not end the question again', async (test) => {
    const { journal, directory } = await open(test);
    await appended(journal, agent, [sessionOpened, statement(1), requested('appr_1', 1), approved('appr_1', 1)]);
    await journal.close();
    const { journal: next } = await open(test, { directory });
    assert.deepEqual(bodiesIn(directory).slice(-2, -1), [neverForwarded(1)]);
    assert.equal(bodiesIn(directory).filter(({ type }) => type === 'approval_ended').length, 1);
    await next.close();
  });

  it('knows nothing of what an approval was used for', async (test) => {
    const { journal, directory } = await open(test);
    const used: Body = { type: 'approval_used', approval: 'appr_1', of: 1 };
    await appended(journal, agent, [sessionOpened, statement(1), requested('appr_1', 1), approved('appr_1', 1), used]);
    await appended(journal, agent, [statement(2)]);
    await journal.close();
    const { journal: next } = await open(test, { directory });
    assert.deepEqual(bodiesIn(directory).slice(-3, -1), [notKnown(1), notKnown(2)]);
    await next.close();
  });

  it('does not say of a statement that it was never forwarded because of an approval that is over', async (test) => {
    const { journal, directory } = await open(test);
    await appended(journal, agent, [sessionOpened, statement(1), requested('appr_1', 1), approved('appr_1', 1)]);
    // Revoked before it was used; then one that was called off, whose end was not written yet.
    await appended(journal, agent, [outcome(1), statement(2), requested('appr_2', 2), outcome(2), statement(3)]);
    await appended(journal, agent, [requested('appr_3', 3), ended('appr_3', 3, 'denied')]);
    await journal.close();
    const { journal: next } = await open(test, { directory });
    assert.deepEqual(bodiesIn(directory).slice(-3, -1), [
      { type: 'approval_ended', approval: 'appr_2', of: 2, result: 'gateway died', by: [] },
      notKnown(3),
    ]);
    await next.close();
  });

  it('knows what waited for approval from an earlier segment', async (test) => {
    const { journal, directory } = await open(test, { segmentBytes: 4096 });
    const prepared: Body = { type: 'statement', n: 2, kind: 'bind', transactionBefore: 'I' };
    await appended(journal, agent, [sessionOpened, statement(1), prepared, statement(3), requested('appr_1', 2)]);
    await appended(journal, { ...agent, session: 'approved00000000' }, [sessionOpened, statement(1)]);
    await appended(journal, { ...agent, session: 'approved00000000' }, [requested('appr_2', 1), approved('appr_2', 1)]);
    for (let at = 0; at < 60; at += 1)
      await appended(journal, gatewayItself, [{ type: 'gap', reason: 'x'.repeat(100) }]);
    await journal.close();
    assert.ok(verifyJournal(directory).segments > 2);
    const { journal: next } = await open(test, { directory });
    assert.deepEqual(bodiesIn(directory).slice(-6), [
      { type: 'approval_ended', approval: 'appr_1', of: 2, result: 'gateway died', by: [] },
      notKnown(1),
      neverForwarded(3),
      { type: 'session_closed', reason: 'gateway died', statements: 3 },
      neverForwarded(1),
      { type: 'session_closed', reason: 'gateway died', statements: 1 },
    ]);
    verifyJournal(directory);
    await next.close();
  });

  it('ends what was asked outside of every session, once', async (test) => {
    const { journal, directory } = await open(test);
    const asking = { ...gatewayItself, identity: 'billing-agent' };
    await appended(journal, asking, [requested('appr_1'), requested('appr_2'), approved('appr_2')]);
    await journal.close();
    for (let run = 0; run < 2; run += 1) {
      const { journal: next } = await open(test, { directory });
      await appended(next, gatewayItself, [{ type: 'gateway_stopped', reason: 'SIGTERM' }]);
      await next.close();
    }
    const ends = bodiesIn(directory).filter((body) => body.type === 'approval_ended');
    assert.deepEqual(ends, [
      ended('appr_2', undefined, 'approved'),
      { type: 'approval_ended', approval: 'appr_1', result: 'gateway died', by: [] },
    ]);
    verifyJournal(directory);
    const reader = new JournalReader(directory);
    const last = [...reader.entries(0)].findLast(({ entry }) => entry.body.type === 'approval_ended');
    reader.close();
    assert.deepEqual([last?.entry.session, last?.entry.identity], ['', 'billing-agent']);
  });
});

function requested(approval: string, of?: number): Body {
  const question = { hash: 'ab', asks: [{ rule: 'r', group: 'finance', count: 1 }], expiresAt: 1 };
  if (of === undefined) return { type: 'approval_requested', approval, scope: 'session', ...question };
  return { type: 'approval_requested', approval, scope: 'statement', of, ...question };
}

function ended(approval: string, of: number | undefined, result: ApprovalEnded['result']): Body {
  return { type: 'approval_ended', approval, ...(of === undefined ? {} : { of }), result, by: ['alice'] };
}

function approved(approval: string, of?: number): Body {
  return ended(approval, of, 'approved');
}

function neverForwarded(of: number): Body {
  const reason = 'the gateway died while it waited for approval';
  return { type: 'outcome', of, outcome: 'refused', rowCount: 0, rowBytes: 0, reason };
}

function notKnown(of: number): Body {
  const reason = 'the gateway died before the outcome was recorded';
  return { type: 'outcome', of, outcome: 'unknown', rowCount: 0, rowBytes: 0, reason };
}
