import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { condense } from './condense.ts';
import { kindOf } from './kind.ts';
import { loadParser } from './parser.ts';
import { createTablesReader } from './tables.ts';

const tablesOf = await createTablesReader();
const parser = await loadParser();

const names = (sql: string): string[] | undefined =>
  tablesOf(sql)?.map(({ schema, name }) => (schema === '' ? name : `${schema}.${name}`));

describe('tablesOf', () => {
  test('names what a statement reads and writes, as it comes', () => {
    const cases: { readonly [sql: string]: readonly string[] } = {
      'select 1': [],
      'select * from a, s.b join "C" using (x) left join lateral (select * from d) e on true': ['a', 's.b', 'C', 'd'],
      'select (select max(x) from a) from b where exists (select from c) order by (select y from d)': [
        'a',
        'b',
        'c',
        'd',
      ],
      'insert into a select * from b on conflict do nothing returning (select 1 from c)': ['a', 'b', 'c'],
      'update a set x = (select y from b) from c where a.i = c.i': ['a', 'b', 'c'],
      'delete from a using b where a.i = b.i': ['a', 'b'],
      'merge into a using b on a.i = b.i when matched then delete': ['a', 'b'],
      'copy a (x) from stdin': ['a'],
      'copy (select * from a) to stdout': ['a'],
      'truncate a, b': ['a', 'b'],
      'lock table a': ['a'],
      'explain analyze select * from a': ['a'],
      'prepare p as select * from a where x = $1': ['a'],
      'declare c cursor for select * from a': ['a'],
      'create table a as select * from b': ['a', 'b'],
      'select * into a from b': ['a', 'b'],
      'create view v as select * from a': ['v', 'a'],
      'create table a (x int references b, like c)': ['a', 'b', 'c'],
      'alter table a add foreign key (x) references s.b': ['a', 's.b'],
      'create index on a (x)': ['a'],
      'drop table a, s.b': ['a', 's.b'],
      'drop trigger t on s.a': ['s.a'],
      'comment on column s.a.x is null': ['s.a'],
      'grant select on a to r': ['a'],
      'vacuum a, b': ['a', 'b'],
      'select * from a for update of b': ['a'],
      'select * from a; select * from A': ['a'],
      'table a union (values (1) except select 1 from b)': ['a', 'b'],
      'create function f() returns int begin atomic select 1 from a; select 2 from b; end': ['a', 'b'],
      'select * from täbelle, "漢字"': ['täbelle', '漢字'],
    };
    for (const [sql, expected] of Object.entries(cases)) assert.deepEqual(names(sql), expected, sql);
  });

  test('leaves out WITH queries where, and only where, they are in force', () => {
    const cases: { readonly [sql: string]: readonly string[] } = {
      'with a as (select * from b) select * from a': ['b'],
      'with a as (select * from a) select * from a': ['a'],
      'with recursive a as (select 1 from b union select 1 from a) select * from a': ['b'],
      'with a as (select 1), c as (select * from a, d) select * from c, s.a': ['d', 's.a'],
      'with c as (select * from a), a as (select 1) select * from a, c': ['a'],
      'select * from (with a as (select 1) select * from a) x, a': ['a'],
      'with a as (select 1) select (select 1 from (select 1 from a) y)': [],
      'with a as (select 1) insert into a select * from a': ['a'],
      'with gone as (delete from a returning *) insert into b select * from gone': ['a', 'b'],
      'with a as (select 1) update b set x = 1 from a': ['b'],
    };
    for (const [sql, expected] of Object.entries(cases)) assert.deepEqual(names(sql), expected, sql);
  });

  test('cannot tell when the text does not parse', () => {
    for (const sql of ['selec 1', "select 'x", 'select * from a where']) assert.equal(names(sql), undefined, sql);
    assert.deepEqual(names(''), []);
  });

  test('reads bulk inserts of any size', () => {
    const row = "(1, 'it''s', null, -3.5e1, true, default),";
    assert.deepEqual(names(`insert into s.a values ${row.repeat(50_000)} (1) returning (select 1 from b)`), [
      's.a',
      'b',
    ]);
    assert.deepEqual(names(`insert into a values ('${'x'.repeat(3_000_000)}'), ((select 1 from b))`), ['a', 'b']);
    assert.deepEqual(names(`/* ${'x'.repeat(1_000_000)} */ delete from a -- ${'y'.repeat(1_000_000)}\n where x = 1`), [
      'a',
    ]);
  });

  test('gives up a long and deep text without harm', () => {
    assert.equal(names(`select * from a where ${'x = 1 or '.repeat(100_000)} true`), undefined);
    assert.deepEqual(names(`select 1 from a where x in (${'1,'.repeat(20_000)} 2)`), ['a']);
  });
});

describe('condense', () => {
  test('keeps the meaning of what it shortens', () => {
    assert.equal(
      condense(
        "insert into a /* c */ values (1, 'b'), (2, 'c'), (f(3), 'd'), (4, E'e\\'') on conflict do nothing -- x",
      ),
      "insert into a  values ( 1 , '' ) , ( f ( 3 ) , '' ) , ( 4 , E'' ) on conflict do nothing  ",
    );
    assert.equal(
      condense("select B'101', $x$y$x$, U&'z', \"q\" from t"),
      "select B'0' , $x$$x$ , U&'' , \"q\" from t ",
    );
  });
});

describe('kindOf', () => {
  test('tells what a statement does', () => {
    const cases: { readonly [sql: string]: string } = {
      'select 1': 'select',
      'values (1)': 'select',
      'table a': 'select',
      'select 1 into a': 'ddl',
      'insert into a default values': 'insert',
      'update a set x = 1': 'update',
      'delete from a': 'delete',
      'merge into a using b on true when matched then do nothing': 'merge',
      'with x as (delete from a returning *) select * from x': 'select',
      'copy a from stdin': 'copy',
      'truncate a': 'truncate',
      'create table a (x int)': 'ddl',
      'create table a as select 1': 'ddl',
      'drop view v': 'ddl',
      'grant select on a to b': 'ddl',
      'create role r': 'ddl',
      begin: 'transaction',
      'commit prepared $$x$$': 'transaction',
      'savepoint s': 'transaction',
      "set x.y = 'z'": 'set',
      'reset all': 'set',
      'set constraints all deferred': 'set',
      'show all': 'show',
      'discard all': 'discard',
      'prepare p as select 1': 'prepare',
      'execute p': 'execute',
      'deallocate p': 'deallocate',
      'declare c cursor for select 1': 'declare',
      'fetch all from c': 'fetch',
      'close c': 'close',
      'explain delete from a': 'explain',
      'call p()': 'call',
      'do $$ $$': 'do',
      'lock a': 'lock',
      'listen x': 'listen',
      'notify x': 'notify',
      'vacuum a': 'maintenance',
      analyze: 'maintenance',
    };
    for (const [sql, kind] of Object.entries(cases)) {
      const parsed = parser.parse(sql);
      assert.ok(typeof parsed !== 'string' && parsed[0] !== undefined, sql);
      assert.equal(kindOf(parsed[0]), kind, sql);
    }
  });
});
