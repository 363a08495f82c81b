import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { catalogFixture } from '../catalog.fixture.ts';
import type { Catalog } from '../catalog.ts';
import { analysisOf, shop } from './analysis.fixture.ts';

/** `schema.name (column type, …)` of the table that a statement makes; undefined when it is no simple one. */
function made(sql: string, catalog: Catalog = shop): string | undefined {
  const [effect] = analysisOf(sql, { catalog, searchPath: ['pg_temp_3', 'pg_catalog', 'public'] }).effects;
  if (effect?.type !== 'define' || effect.makes === undefined) return undefined;
  const { schema, name, columns } = effect.makes;
  const listed = columns.map(({ number, name: column, type, generated = '' }) =>
    `${number} ${column} ${type} ${generated}`.trim(),
  );
  return `${schema}.${name} (${listed.join(', ')})`;
}

describe('a table that a statement makes', () => {
  test('has the columns of CREATE TABLE', () => {
    const cases: { readonly [sql: string]: string } = {
      'create table t (a int, b text not null unique, c varchar(3) check (c > lower(c)))':
        '.t (1 a 23, 2 b 25, 3 c 1043)',
      'create temp table t (id bigserial primary key, x int generated always as identity) on commit drop':
        'pg_temp.t (1 id 20, 2 x 23)',
      "create table s.t (a timestamptz default now(), b text[], c date default '2026-01-01', unique (a, c), check (a is null))":
        's.t (1 a 1184 pg_catalog.now(), 2 b 0, 3 c 1082)',
      'create unlogged table t (a timestamptz default current_timestamp)': '.t (1 a 1184)',
      'create table pg_temp.t ()': 'pg_temp.t ()',
    };
    for (const [sql, expected] of Object.entries(cases)) assert.equal(made(sql), expected, sql);
  });

  test('has those of its query', () => {
    const cases: { readonly [sql: string]: string } = {
      'create table t as select id, name n, 1, count(*) from customers group by id, name':
        '.t (1 id 23, 2 n 25, 3 ?column? 0, 4 count 0)',
      'create temp table t (a, b) on commit drop as select * from customers': 'pg_temp.t (1 a 23, 2 b 25, 3 email 25)',
      "create table t as values (1, 'x') with no data": '.t (1 column1 0, 2 column2 0)',
      'select id into temp t from customers': 'pg_temp.t (1 id 23)',
      'select id into t from customers union all select 2': '.t (1 id 0)',
      'create table t as table contacts': '.t (1 id 23, 2 mail 25)',
    };
    for (const [sql, expected] of Object.entries(cases)) assert.equal(made(sql), expected, sql);
  });

  test('is not told where it is bound to another, or to what is there', () => {
    const cases = [
      'create table if not exists t (a int)',
      'create table if not exists t as select 1',
      'create table t (like customers)',
      'create table t () inherits (customers)',
      'create table t partition of payments default',
      'create table t (a int) partition by list (a)',
      'create table t (a int references customers)',
      'create table t (a int, foreign key (a) references customers)',
      'create table t (a int) tablespace x',
      'create table t (a int) using x',
      'create table t of customers',
      'create materialized view t as select 1',
      'create table other.s.t (a int)',
    ];
    for (const sql of cases) assert.equal(made(sql), undefined, sql);
  });

  test('is not told where code of somebody runs with it, or something that reaches further', () => {
    const cases = [
      'create table t (a int default pure(1))',
      'create table t (a int check (pure(a) > 0))',
      'create table t (a int, b int generated always as (a + 1) stored)',
      "create table t (a int default nextval('payments_id_seq'))",
      "create table t (a text default set_config('a', 'b', false))",
      'create table t (a customers)',
      'create table t (a nothing_known)',
      'create table t (a int, exclude using gist (a with =))',
      'create table t as select pure(1)',
      'create table t as select x from guarded',
      'create table t as select * from wiping',
      "create table t as select pg_read_file('x')",
      'create table t as execute p',
    ];
    for (const sql of cases) assert.equal(made(sql), undefined, sql);
  });

  test('is not told where names may mean another type or function, or definitions run code', () => {
    const taken = catalogFixture({ relations: [{ schema: 'pg_temp_3', name: 'uuid', columns: ['id int4'] }] });
    assert.equal(made('create table t (a uuid)', taken), undefined);
    assert.equal(made('create table t (a int)', taken), '.t (1 a 23)');
    const shadowed = catalogFixture({ functions: [{ name: 'now' }] });
    assert.equal(made('create table t (a timestamptz default now())', shadowed), undefined);
    const watched = catalogFixture({ functions: [{ name: 'f' }], eventTriggers: ['public.f'] });
    assert.equal(made('create table t (a int)', watched), undefined);
    const { effects } = analysisOf('create table t (a text)', { catalog: shop, searchPath: ['public', 'pg_catalog'] });
    assert.deepEqual(effects, [{ type: 'define', names: ['public.t'] }]);
  });
});

test('DROP says whether it takes away what it names', () => {
  const drops = (sql: string): unknown => {
    const [effect] = analysisOf(sql, { catalog: shop }).effects;
    return effect?.type === 'define' ? effect.drops : undefined;
  };
  assert.equal(drops('drop table public.orders'), 'surely');
  assert.equal(drops('drop table orders'), 'surely');
  assert.equal(drops('drop table if exists nothing_there'), 'perhaps');
  assert.equal(drops('drop table orders, log'), 'perhaps');
  assert.equal(drops('drop table orders cascade'), undefined);
  assert.equal(drops('drop trigger t on orders'), undefined);
  assert.equal(drops('drop function wipe'), undefined);
});
