import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FollowingCopy, FollowingRows } from './following.ts';
import type { MaskCount } from './mask.ts';

/** A mask that puts its name in the place of what it gets, and counts. */
function named(name: string) {
  let values = 0;
  const put = (): Uint8Array => {
    values += 1;
    return Buffer.from(name);
  };
  const counts = (): readonly MaskCount[] => [
    { column: 0, name: 'a', rule: name.slice(0, 1), action: 'redact', values },
  ];
  return { rows: put, data: put, end: () => Buffer.from(`end of ${name}`), counts };
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const row = Buffer.from('row');

describe('the mask of an answer whose statement changes its meaning', () => {
  it('is planned anew with each meaning, and shows what none hides', () => {
    let means: string | undefined = 'x';
    const rows = new FollowingRows({
      means: () => means,
      plan: (name) => (name === undefined ? undefined : named(name)),
    });
    const seen = [text(rows.rows(row))];
    means = undefined;
    seen.push(text(rows.rows(row)), text(rows.rows(row)));
    means = 'y';
    seen.push(text(rows.rows(row)));
    assert.deepEqual(seen, ['x', 'row', 'row', 'y']);
  });

  it('counts what all of them masked, each rule once', () => {
    let means = 'x1';
    const rows = new FollowingRows({ means: () => means, plan: named });
    rows.rows(row);
    means = 'x2';
    rows.rows(row);
    rows.rows(row);
    means = 'y';
    rows.rows(row);
    assert.deepEqual(
      rows.counts().map(({ rule, values }) => [rule, values]),
      [
        ['x', 3],
        ['y', 1],
      ],
    );
  });

  it('is told whether the answer has begun, and ends as the last one does', () => {
    let means = 'x';
    const begun: boolean[] = [];
    const copy = new FollowingCopy({
      means: () => means,
      plan: (name, has) => {
        begun.push(has);
        return named(name);
      },
    });
    means = 'y';
    assert.equal(text(copy.data(row)), 'y');
    means = 'z';
    assert.equal(text(copy.data(row)), 'z');
    assert.equal(text(copy.end()), 'end of z');
    assert.deepEqual(begun, [false, false, true]);
  });
});
