import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Body, SessionOpened } from '@onrecord/record';
import { Refusal } from '../errors.ts';
import type { Receipt, Recorder } from '../journal/receipt.ts';
import type { Session } from '../session/session.ts';
import { systemClock } from './clock.ts';
import { OwnRecord } from './own-record.ts';

const opened = { type: 'session_opened' } as SessionOpened;
const statement = { type: 'statement' } as Body;
const outcome = { type: 'outcome' } as Body;

/** A record over a recorder that keeps what each append held, and fails while it is told to. */
function setting(): { record: OwnRecord; appends: string[][]; state: { fails: boolean; pending: number } } {
  const appends: string[][] = [];
  const state = { fails: false, pending: 0 };
  const recorder: Pick<Recorder, 'append'> = {
    append: (_chains, bodies, durable, settled) => {
      assert.equal(durable, 'synced');
      if (!state.fails) appends.push(bodies.map(({ type }) => type));
      settled(state.fails ? new Refusal('53100', 'the disk is full') : ({ index: appends.length } as Receipt));
    },
  };
  const session = {
    get pending() {
      return state.pending;
    },
    abandon: () => ({ entries: [] }),
    statements: 1,
  } as unknown as Session;
  const chains = { session: 's', identity: 'onrecord' };
  return { record: new OwnRecord({ recorder, chains, clock: systemClock(), session, opened }), appends, state };
}

describe('the record of a session of the gateway’s own', () => {
  it('opens with the first thing that is recorded, in one append', async () => {
    const { record, appends } = setting();
    await record.append([statement]);
    await record.append([outcome]);
    await record.close();
    assert.deepEqual(appends, [['session_opened', 'statement'], ['outcome'], ['session_closed']]);
  });

  it('is opened and closed when nothing happened in it', async () => {
    const { record, appends } = setting();
    await record.close();
    await record.close();
    assert.deepEqual(appends, [['session_opened', 'session_closed']]);
  });

  it('closes with the last answer, where there is to be no other', async () => {
    const { record, appends, state } = setting();
    state.pending = 1;
    await record.appendLast([statement]);
    state.pending = 0;
    await record.appendLast([outcome]);
    await record.close();
    assert.deepEqual(appends, [
      ['session_opened', 'statement'],
      ['outcome', 'session_closed'],
    ]);
  });

  it('has nothing behind what could not be recorded', async () => {
    const { record, appends, state } = setting();
    state.fails = true;
    await assert.rejects(record.append([statement]), /the disk is full/);
    state.fails = false;
    await assert.rejects(record.append([statement]), /the disk is full/);
    await record.close();
    assert.deepEqual(appends, []);
  });
});
