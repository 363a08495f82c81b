import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadParser, nesting } from './parser.ts';

const parser = await loadParser();

/** Texts that nest `depth` levels, each in another way. */
const shapes: { readonly [name: string]: (depth: number) => string } = {
  negations: (depth) => `select ${'not '.repeat(depth)}true`,
  signs: (depth) => `select ${'- '.repeat(depth)}1`,
  sums: (depth) => `select 1${'+1'.repeat(depth)}`,
  conditions: (depth) => `select a${' and a or a'.repeat(depth)}`,
  calls: (depth) => `select ${'f('.repeat(depth)}1${')'.repeat(depth)}`,
  'calls with arguments': (depth) => `select ${'f(1, '.repeat(depth)}1${')'.repeat(depth)}`,
  subscripts: (depth) => `select ${'a['.repeat(depth)}1${']'.repeat(depth)}`,
  casts: (depth) => `select 1${'::int'.repeat(depth)}`,
  cases: (depth) => `select ${'case when true then '.repeat(depth)}1${' end'.repeat(depth)}`,
  subqueries: (depth) => `select ${'(select 1, '.repeat(depth)}1${')'.repeat(depth)}`,
  unions: (depth) => `select 1${' union select 1'.repeat(depth)}`,
  joins: (depth) => `select 1 from a${' cross join a'.repeat(depth)}`,
  tables: (depth) => `select 1 from ${'(select 1 from '.repeat(depth)}a${') a'.repeat(depth)}`,
};

describe('parse', () => {
  test('parses what it trusts itself with, however it nests', () => {
    for (const [name, shape] of Object.entries(shapes)) {
      let depth = 2_000;
      while (nesting(shape(depth)) > 2_000) depth -= 5;
      assert.ok(depth > 200, `${name}, ${depth} deep`);
      assert.ok(typeof parser.parse(shape(depth)) !== 'string', `${name}, ${depth} deep`);
    }
  });

  test('does not ask the parser for what is deeper, time and again', () => {
    for (let round = 0; round < 40; round += 1) {
      for (const shape of Object.values(shapes)) assert.equal(parser.parse(shape(20_000)), 'too deep');
    }
    assert.ok(typeof parser.parse('select 1; select 2') !== 'string');
  });

  test('counts as nesting only what can nest', () => {
    assert.ok(nesting(`select ${'1, '.repeat(10_000)}1`) < 10);
    assert.ok(nesting(`insert into a values ${"(1, 'x'), ".repeat(10_000)}(1)`) < 20);
    assert.ok(nesting(`${'select 1; '.repeat(10_000)}`) < 10);
    assert.ok(nesting('f(1) + '.repeat(5_000)) > 5_000);
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
