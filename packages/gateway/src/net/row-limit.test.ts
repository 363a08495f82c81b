import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { RowLimit } from './row-limit.ts';

describe('a statement that returns too many rows', () => {
  let cancels = 0;
  const session = { current: 1 as number | undefined, statements: 1 };
  let limit: RowLimit;
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    cancels = 0;
    session.current = session.statements = 1;
    limit = new RowLimit({ session, cancel: () => (cancels += 1) });
  });
  afterEach(() => mock.timers.reset());

  it('is cancelled at once when it is the last one', () => {
    limit.exceeded();
    assert.equal(cancels, 1);
  });

  it('may end by itself where another would be cancelled in its place', () => {
    session.statements = 2;
    limit.exceeded();
    mock.timers.tick(999);
    session.current = 2;
    limit.follow();
    mock.timers.tick(60_000);
    assert.equal(cancels, 0);
  });

  it('is cancelled when it does not', () => {
    session.statements = 2;
    limit.exceeded();
    mock.timers.tick(500);
    limit.follow();
    mock.timers.tick(500);
    assert.equal(cancels, 1);
    mock.timers.tick(60_000);
    assert.equal(cancels, 1);
  });

  it('is forgotten with its session', () => {
    session.statements = 2;
    limit.exceeded();
    limit.stop();
    mock.timers.tick(60_000);
    assert.equal(cancels, 0);
  });
});
