import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { nesting } from './nesting.ts';
import { loadParser } from './parser.ts';

const parser = await loadParser();

/** Nodes and lists that lie within each other. */
function depthOf(tree: unknown): number {
  if (typeof tree !== 'object' || tree === null) return 0;
  return 1 + Math.max(0, ...Object.values(tree).map(depthOf));
}

/** What may stand around a condition, a query, a table: texts in front of it and behind it. */
const around = {
  condition: [
    ['not ', ''],
    ['- ', ''],
    ['', '::int'],
    ['', ' + f(1, 2)'],
    ['', ' in (1, 2)'],
    ['a or ', ''],
    ['', ' and b'],
    ['(', ')'],
    ['f(1, ', ', 2)'],
    ['a between b and not ', ''],
    ['a is distinct from not ', ''],
    ['case when a.end and ', ' then b else c end'],
    ['case a.case when b or c then ', ' end'],
    ['(select 1, 2 end from t where a and ', ' or b)'],
    ['exists (select 1 from t join u on a and ', ', v)'],
  ],
  query: [
    ['select 1, 2 union ', ''],
    ['', ' except select a.union, b where c and d'],
    ['select 1 from (', ') a, b'],
    ['with a as (select 1), b as (', ') select 1, 2'],
  ],
  table: [
    ['', ' join a on b and c'],
    ['a join ', ' on b or c.join'],
    ['(select 1, 2 from ', ') a'],
  ],
} as const;

/** The same within itself, `depth` times. */
type Nested = (depth: number) => string;

function nested(what: keyof typeof around, [before, behind]: readonly [string, string]): fc.Arbitrary<Nested> {
  const pieces = fc.array(fc.constantFrom(...around[what]), { minLength: 1, maxLength: 4 });
  return pieces.map((chosen) => {
    const fronts = chosen.map(([front]) => front).join('');
    const backs = chosen
      .map(([, back]) => back)
      .reverse()
      .join('');
    return (depth) => `${before}${fronts.repeat(depth)}${innermost[what]}${backs.repeat(depth)}${behind}`;
  });
}

const innermost = { condition: 'x', query: 'select x', table: 'x' } as const;

const texts = fc.oneof(
  nested('condition', ['select 1 where ', '']),
  nested('query', ['', '']),
  nested('table', ['select 1 from ', '']),
);

describe('nesting', () => {
  test('is no less than what the parser nests', () => {
    let parsed = 0;
    const grows = fc.property(texts, (nest) => {
      const trees = [parser.parse(nest(5)), parser.parse(nest(25))];
      if (trees.some((tree) => typeof tree === 'string')) return;
      parsed += 1;
      const [less = 0, more = 0] = trees.map(depthOf);
      const counted = nesting(nest(25)) - nesting(nest(5));
      // A node is an object in an object, and may be in a list.
      assert.ok(
        more - less <= 4 * counted,
        `${(more - less) / 20} levels each time, and ${counted / 20} are counted: ${nest(2)}`,
      );
    });
    fc.assert(grows, { numRuns: 1_000 });
    assert.ok(parsed > 300, String(parsed));
  });

  test('grows with all that nests, whatever stands between', () => {
    const shapes = {
      operators: 'f(1) + ',
      unions: 'select 1, 2 union ',
      'joins with conditions': 'join a on b and c or d ',
      'ranges with NOT': 'between 1 and not a ',
      'functions with statements': 'create function f() returns int set a = b, c begin atomic select 1 end; ',
      'cases that seem to end': 'case when a.end and b then 1 else ',
      'names that are keywords': 'a.and + a.or + ',
    };
    for (const [name, shape] of Object.entries(shapes)) assert.ok(nesting(shape.repeat(1_000)) > 1_000, name);
  });

  test('does not grow with what is flat', () => {
    const shapes = {
      lists: '1, ',
      rows: "(1, 'x'), ",
      statements: 'select 1; ',
      'keys of several columns': '(a = 1 and b = 2) or ',
      'one condition beside the other': 'a = 1 and b between 2 and 3 and ',
    };
    for (const [name, shape] of Object.entries(shapes)) assert.ok(nesting(`select ${shape.repeat(10_000)}`) < 20, name);
    const branches = `select case ${'when a = 1 and b then c '.repeat(10_000)} end`;
    assert.ok(nesting(branches) < 30);
  });
});
