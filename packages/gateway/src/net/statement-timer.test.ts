import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import type { Refusal, Termination } from '../errors.ts';
import type { Session } from '../session/session.ts';
import { StatementTimer } from './statement-timer.ts';

describe('the time that a statement may take', () => {
  const told: string[] = [];
  const session = {
    current: 1 as number | undefined,
    giveUp: (error: Refusal) => told.push(`gives up ${error.sqlstate}`),
  };
  let timer: StatementTimer;
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    told.length = 0;
    session.current = 1;
    timer = new StatementTimer({
      session: session as unknown as Session,
      cancel: () => told.push('cancel'),
      timeMs: 300,
      end: (error: Termination) => told.push(`end ${error.sqlstate}`),
    });
    timer.follow();
  });
  afterEach(() => mock.timers.reset());

  it('is its own, not that of the one before it', () => {
    mock.timers.tick(299);
    session.current = 2;
    timer.follow();
    mock.timers.tick(299);
    assert.deepEqual(told, []);
    mock.timers.tick(1);
    assert.deepEqual(told, ['gives up 57014', 'cancel']);
    session.current = undefined;
    timer.follow();
    mock.timers.tick(60_000);
    assert.equal(told.length, 2);
  });

  it('cannot be had again by catching the cancel: in the end the session ends', () => {
    for (let seconds = 0; seconds < 10; seconds += 1) mock.timers.tick(1_000);
    assert.equal(told.filter((each) => each === 'cancel').length, 5);
    assert.deepEqual(
      told.filter((each) => each.startsWith('end')),
      ['end 57014'],
    );
  });
});
