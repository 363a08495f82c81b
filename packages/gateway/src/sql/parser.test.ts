import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nesting } from './nesting.ts';
import { loadParser } from './parser.ts';

const parser = await loadParser();

/** Texts that nest `depth` levels, each in another way. */
const shapes: { readonly [name: string]: (depth: number) => string } = {
  negations: (depth) => `select ${'not '.repeat(depth)}true`,
  signs: (depth) => `select ${'- '.repeat(depth)}1`,
  sums: (depth) => `select 1${'+1'.repeat(depth)}`,
  calls: (depth) => `select ${'f('.repeat(depth)}1${')'.repeat(depth)}`,
  'calls with arguments': (depth) => `select ${'f(1, '.repeat(depth)}1${')'.repeat(depth)}`,
  subscripts: (depth) => `select ${'a['.repeat(depth)}1${']'.repeat(depth)}`,
  casts: (depth) => `select 1${'::int'.repeat(depth)}`,
  cases: (depth) => `select ${'case when true then '.repeat(depth)}1${' end'.repeat(depth)}`,
  subqueries: (depth) => `select ${'(select 1, '.repeat(depth)}1${')'.repeat(depth)}`,
  unions: (depth) => `select 1, 2${' union select 1, 2'.repeat(depth)}`,
  joins: (depth) => `select 1 from a${' join a on b and c'.repeat(depth)}`,
  ranges: (depth) => `select a${' between 1 and not a'.repeat(depth)}`,
  functions: (depth) =>
    `${'create function f() returns int begin atomic select 1; '.repeat(depth)}${'end;'.repeat(depth)}`,
  tables: (depth) => `select 1 from ${'(select 1 from '.repeat(depth)}a${') a'.repeat(depth)}`,
};

/** How deep a text of the shape may be that the parser is asked about. */
function deepest(shape: (depth: number) => string): number {
  let [low, high] = [0, 2_001];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (nesting(shape(middle)) > 2_000) high = middle;
    else low = middle;
  }
  return low;
}

describe('parse', () => {
  test('parses what it trusts itself with, however it nests', () => {
    for (const [name, shape] of Object.entries(shapes)) {
      const depth = deepest(shape);
      assert.ok(depth >= 195, `${name}, ${depth} deep`);
      assert.ok(typeof parser.parse(shape(depth)) !== 'string', `${name}, ${depth} deep`);
    }
  });

  test('does not ask the parser for what is deeper, time and again', () => {
    for (let round = 0; round < 40; round += 1) {
      for (const shape of Object.values(shapes)) assert.equal(parser.parse(shape(20_000)), 'too deep');
    }
    assert.ok(typeof parser.parse('select 1; select 2') !== 'string');
  });

  test('takes NUL for the end of a text that is none', () => {
    assert.equal(parser.parse('select 1\0'), 'syntax error');
    assert.deepEqual(parser.parse(''), []);
  });

  test('gives offsets in bytes of UTF-8', () => {
    const parsed = parser.parse("select 'é'; select 2");
    assert.ok(typeof parsed !== 'string');
    const offsets = parsed.map(({ location, length }) => [location, length]);
    assert.deepEqual(offsets, [
      [0, 11],
      [13, 0],
    ]);
  });
});
