import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { catalogFixture } from '../catalog.fixture.ts';
import type { Catalog } from '../catalog.ts';
import { analysisOf, lines } from './analysis.fixture.ts';

const early = { name: 'early', language: 'plpgsql', volatility: 'immutable', returns: 'int4' } as const;

/** Functions that say that they never change, and do. */
const catalog: Catalog = catalogFixture({
  relations: [
    { name: 'log', columns: ['x int4'] },
    { name: 'plain', columns: ['x int4'] },
    { name: 'seen', columns: ['x int4'], definition: 'SELECT public.early() AS x' },
    { name: 'outer_seen', columns: ['x int4'], definition: 'SELECT seen.x FROM public.seen' },
    { name: 'wiping', columns: ['x int4'], definition: 'SELECT public.wipe() AS x' },
    {
      name: 'conditional',
      columns: ['x int4'],
      rules: [
        'CREATE RULE r AS ON INSERT TO public.conditional WHERE (public.wipe() > 1) DO INSTEAD NOTHING',
        'CREATE RULE s AS ON DELETE TO public.conditional DO INSTEAD INSERT INTO public.log VALUES (public.early())',
      ],
    },
    { name: 'indexed', columns: ['x int4'], attached: ['public.early'] },
  ],
  functions: [
    { ...early, body: 'begin delete from public.log; return 1; end' },
    { name: 'wipe', language: 'plpgsql', returns: 'int4', body: 'begin delete from public.log; return 1; end' },
  ],
  codeTypes: ['checked'],
});

const wipes = (sql: string): boolean => lines(sql, { catalog }).some((line) => line.startsWith('delete (function'));

describe('what is planned', () => {
  test('computes what says that it never changes, wherever it stands', () => {
    assert.ok(wipes('EXPLAIN SELECT * FROM seen'));
    assert.ok(wipes('EXPLAIN SELECT * FROM outer_seen'));
    assert.ok(wipes('EXPLAIN DELETE FROM conditional'));
    assert.ok(wipes('EXPLAIN INSERT INTO indexed VALUES (1)'));
    const prepared = (): ReturnType<typeof analysisOf> => analysisOf('SELECT early()', { catalog });
    const explained = analysisOf('EXPLAIN EXECUTE p', { catalog, prepared });
    assert.ok(explained.commands.some(({ via }) => via === 'function public.early'));
  });

  test('runs nothing else, and writes nothing', () => {
    assert.deepEqual(lines('EXPLAIN SELECT * FROM wiping', { catalog }), ['explain reads wiping']);
    assert.deepEqual(lines('EXPLAIN INSERT INTO conditional VALUES (1)', { catalog }), ['explain reads conditional']);
    const prepared = (): ReturnType<typeof analysisOf> => analysisOf('SELECT wipe()', { catalog });
    assert.deepEqual(lines('EXPLAIN EXECUTE p', { catalog, prepared }), ['explain reads log']);
  });

  test('computes the arguments of EXECUTE, as if it were executed', () => {
    const prepared = (): ReturnType<typeof analysisOf> => analysisOf('SELECT $1::int', { catalog });
    for (const sql of ['EXPLAIN EXECUTE p(wipe())', 'EXPLAIN CREATE TABLE t AS EXECUTE p(wipe())']) {
      const { commands } = analysisOf(sql, { catalog, prepared });
      assert.ok(commands[0].isWrite, sql);
      assert.ok(
        commands.some(({ via, writes }) => via === 'function public.wipe' && writes.length > 0),
        sql,
      );
    }
  });
});

test('the condition of a rule runs with what sets it off', () => {
  assert.ok(wipes('INSERT INTO conditional VALUES (1)'));
});

test('the bounds of a partition are computed when it is made', () => {
  assert.ok(wipes('CREATE TABLE p PARTITION OF plain FOR VALUES IN (wipe())'));
  assert.ok(wipes('CREATE TABLE p PARTITION OF plain FOR VALUES FROM (0) TO (wipe())'));
});

describe('types that run code', () => {
  const runs = (sql: string): boolean => analysisOf(sql, { catalog }).commands.some(({ isOpaque }) => isOpaque);

  test('do so while a text is parsed that is not run', () => {
    for (const sql of [
      `PREPARE p AS SELECT '5'::checked`,
      `CREATE VIEW v AS SELECT '5'::checked`,
      `CREATE TABLE t (x int CHECK ('5'::checked IS NULL))`,
      `CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT '5'::checked $$`,
      `CREATE RULE r AS ON DELETE TO plain DO INSTEAD SELECT '5'::checked`,
    ]) {
      assert.ok(runs(sql), sql);
    }
    assert.ok(!runs('PREPARE p AS SELECT wipe()'));
    assert.ok(!runs('CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT wipe() $$'));
  });

  test('do so for the parameters of PREPARE when it is executed', () => {
    const { names } = analysisOf('PREPARE p (int, checked) AS SELECT 1', { catalog });
    assert.ok(names?.analysis.commands.some(({ isOpaque }) => isOpaque));
    assert.ok(!analysisOf('PREPARE p (int) AS SELECT 1', { catalog }).names?.analysis.commands[0].isOpaque);
  });

  test('do so for variables of PL/pgSQL, however the type is written', () => {
    for (const declared of [
      'x checked;',
      'x constant checked := 5;',
      'x checked not null default 5;',
      'x checked collate "C";',
      'x public . "checked"[];',
      String.raw`x U&"\0063hecked";`,
      'x checked%rowtype;',
      'c cursor (a int, b checked) for select a;',
    ]) {
      assert.ok(runs(`DO $$ declare ${declared} begin null; end $$`), declared);
    }
    for (const declared of [
      'x int := 1;',
      'x plain.x%type;',
      'y numeric(10, 2)[] = null;',
      'x plain%rowtype;',
      'r record;',
      'y alias for x;',
      'c cursor (a int, b double precision) for select a;',
    ]) {
      assert.ok(!runs(`DO $$ declare ${declared} begin null; end $$`), declared);
    }
  });

  test('do so for functions that make values of a type that they are told', () => {
    assert.ok(runs(`SELECT pg_input_is_valid('5', 'x')`));
    assert.ok(runs(`SELECT domain_in('5', 1, -1)`));
  });
});

test('a query in a text is read where the function runs it', () => {
  assert.ok(wipes(`SELECT ts_rewrite('a'::tsquery, 'SELECT ''a''::tsquery, ''b''::tsquery WHERE public.wipe() = 1')`));
  const harmless = `SELECT ts_rewrite('a'::tsquery, 'a'::tsquery, 'b'::tsquery)`;
  assert.deepEqual(lines(harmless, { catalog }), ['select calls ts_rewrite']);
});

test('a block of code does not go by what names of the session stand for', () => {
  const prepared = (): ReturnType<typeof analysisOf> => analysisOf('SELECT 1', { catalog });
  const [command] = analysisOf(`DO $$ begin execute 'execute p'; end $$`, { catalog, prepared }).commands;
  assert.ok(command.isOpaque);
});
