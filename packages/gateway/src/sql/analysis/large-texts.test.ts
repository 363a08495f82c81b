import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { analysisOf, lines } from './analysis.fixture.ts';

/** `((a JOIN b) AS j0 JOIN b) AS j1 …`: what doubled with each would never end. */
function joins(count: number, condition: string): string {
  const steps = Array.from({ length: count }, (_, at) => ` JOIN customers b${at} ${condition}) AS j${at}`);
  return `${'('.repeat(count)}customers a${steps.join('')}`;
}

describe('texts that are made to be hard', () => {
  test('joins with aliases within joins with aliases', () => {
    const analysis = analysisOf(`SELECT j99.email FROM ${joins(100, 'ON true')}`);
    assert.deepEqual(analysis.commands[0].reads, ['public.customers']);
    assert.deepEqual(analysis.commands[0].readsColumns, ['public.customers.email']);
  });

  test('the same with columns that are compared by name', () => {
    const { readsColumns } = analysisOf(`SELECT 1 FROM ${joins(100, 'USING (id)')}`).commands[0];
    assert.deepEqual(readsColumns, ['public.customers.id']);
    const natural = joins(50, 'ON true').replaceAll(' JOIN', ' NATURAL JOIN').replaceAll(' ON true', '');
    assert.deepEqual(analysisOf(`SELECT 1 FROM ${natural}`).commands[0].readsColumns, [
      'public.customers.email',
      'public.customers.id',
      'public.customers.name',
    ]);
  });

  test('an alias of a join that renames columns hides which they are', () => {
    const join = '((customers a JOIN customers b ON true) AS i (x, y) JOIN log ON true) AS j';
    assert.match(lines(`SELECT j.wipe FROM ${join}`)[0] ?? '', / calls wipe/);
  });

  test('thousands of WITH queries, each of which sees those in front of it only', () => {
    const queries = Array.from({ length: 3_000 }, (_, at) => `c${at} AS (SELECT * FROM c${at - 1})`).slice(1);
    const sql = `WITH c0 AS (SELECT id FROM customers), ${queries.join(', ')} SELECT * FROM c2999`;
    assert.deepEqual(lines(sql), ['select reads customers']);
    assert.deepEqual(lines('WITH a AS (SELECT 1 FROM log), log AS (SELECT 1) SELECT * FROM a'), ['select reads log']);
    assert.deepEqual(lines('WITH RECURSIVE a AS (SELECT 1 FROM log), log AS (SELECT 1) SELECT * FROM a'), ['select']);
  });

  test('thousands of alternatives, and of branches', () => {
    const keys = Array.from({ length: 3_000 }, (_, at) => `(id = ${at} AND name = 'x')`).join(' OR ');
    assert.deepEqual(lines(`SELECT id FROM customers WHERE ${keys}`), ['select reads customers']);
    const branches = Array.from({ length: 3_000 }, (_, at) => `WHEN id = ${at} THEN 'x'`).join(' ');
    assert.deepEqual(lines(`SELECT CASE ${branches} END FROM customers`), ['select reads customers']);
  });

  test('as many set operations and joins as the parser reads', () => {
    const queries = Array.from({ length: 990 }, () => 'SELECT id, name FROM customers').join(' UNION ');
    assert.deepEqual(lines(queries), ['select reads customers']);
    const joined = ' JOIN customers b ON b.id = 1 AND true'.repeat(900);
    assert.deepEqual(lines(`SELECT 1 FROM customers${joined}`), ['select reads customers']);
  });

  test('thousands of FETCH, and of arguments of a cursor', () => {
    const fetches = 'fetch c into x;'.repeat(3_000);
    assert.deepEqual(lines(`DO $$ declare c refcursor; x int; begin open c for select 1; ${fetches} end $$`), [
      'do',
      'select (DO)',
    ]);
    const parameters = Array.from({ length: 5_000 }, (_, at) => `a${at} int`).join(', ');
    assert.deepEqual(lines(`DO $$ declare c cursor (${parameters}) for select 1; begin null; end $$`).length, 2);
  });
});
