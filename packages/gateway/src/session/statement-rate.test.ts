import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Judged } from './guard.ts';
import { type GuardFixture, guarded, noNames, toJudge } from './policy-guard.fixture.ts';

/** A guard that lets so many more statements through. */
function limited(left: number): GuardFixture & { counted: number } {
  const fixture = guarded({
    rate: () => {
      counter.counted += 1;
      return counter.counted > left ? 1_000_000 : 0;
    },
  });
  const counter = Object.assign(fixture, { counted: 0 });
  return counter;
}

/** Decisions on what comes in one Query; `inBlock`: as the server has said last. */
function decisions({ guard }: GuardFixture, texts: readonly string[], inBlock: boolean): readonly string[] {
  const query = texts.map((text) => ({ ...toJudge(text), inTransaction: inBlock }));
  const judged: readonly Judged[] = guard.judge(query, noNames, 0) ?? [];
  return judged.map(({ verdict }) => verdict.decision);
}

describe('a rate of statements', () => {
  it('lets the end of an open block through, and does not count it', () => {
    for (const text of ['commit', 'end', 'rollback', 'abort', 'rollback work']) {
      const fixture = limited(0);
      fixture.guard.ready('T');
      assert.deepEqual(decisions(fixture, ['select 1'], true), ['deny']);
      assert.deepEqual(decisions(fixture, [text], true), ['allow'], text);
      assert.equal(fixture.counted, 1, text);
    }
  });

  it('lets it through a second time when the text has been seen before', () => {
    const fixture = limited(2);
    for (let round = 0; round < 2; round += 1) {
      assert.deepEqual(decisions(fixture, ['begin'], false), ['allow']);
      fixture.guard.ready('T');
      assert.deepEqual(decisions(fixture, ['commit'], true), ['allow']);
      fixture.guard.ready('I');
    }
    assert.equal(fixture.counted, 2);
  });

  it('does not count what is judged again', () => {
    const fixture = limited(1);
    const again = { ...toJudge('select 1'), isAgain: true } as const;
    assert.deepEqual(decisions(fixture, ['select 1'], false), ['allow']);
    for (let round = 0; round < 2; round += 1)
      assert.equal(fixture.guard.judge([again], noNames, 0)?.[0]?.verdict.decision, 'allow');
    assert.deepEqual([fixture.counted, fixture.guard.recent(0)], [1, ['select 1']]);
  });

  it('counts what ends no block, and what leaves one open or its locks taken', () => {
    assert.deepEqual(decisions(limited(0), ['commit'], false), ['deny']);
    for (const text of [
      'commit and chain',
      'rollback and chain',
      'rollback to s',
      'release s',
      'savepoint s',
      "prepare transaction 'p'",
      "commit prepared 'p'",
    ])
      assert.deepEqual(decisions(limited(0), [text], true), ['deny'], text);
  });

  it('knows of a block that a statement in front of it has begun', () => {
    const fixture = limited(2);
    assert.deepEqual(decisions(fixture, ['begin', 'select 1', 'commit'], false), ['allow', 'allow', 'allow']);
    assert.equal(fixture.counted, 2);
    const pipelined = limited(2);
    assert.deepEqual(decisions(pipelined, ['select 1'], false), ['allow']);
    assert.deepEqual(decisions(pipelined, ['begin'], false), ['allow']);
    pipelined.guard.ready('I');
    assert.deepEqual(decisions(pipelined, ['select 1'], false), ['deny']);
    assert.deepEqual(decisions(pipelined, ['commit'], false), ['allow']);
  });

  it('lets one end of a block through, not those behind it', () => {
    const fixture = limited(0);
    assert.deepEqual(decisions(fixture, ['commit', 'commit', 'rollback'], true), ['allow', 'deny', 'deny']);
    assert.deepEqual(decisions(fixture, ['commit'], true), ['deny'], 'in a pipeline');
    fixture.guard.ready('E');
    assert.deepEqual(decisions(fixture, ['rollback'], true), ['allow'], 'it has not come to that: the block is open');
  });
});
