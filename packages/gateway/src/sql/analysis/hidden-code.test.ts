import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type CatalogSpec, catalogFixture } from '../catalog.fixture.ts';
import { analysisOf, lines } from './analysis.fixture.ts';

const functions = [
  { name: 'wipe', body: 'delete from public.orders where id = 1' },
  { name: 'greets', body: 'select $1', defaults: { expressions: `'x'::text, public.wipe()`, parameters: 2 } },
  { name: 'of_coin', body: 'select 1', attached: [30_002] },
  { name: 'takes_coin', body: 'select 1', attached: [30_002] },
  {
    name: 'on_ddl',
    language: 'plpgsql',
    returns: 'trigger',
    body: 'begin delete from public.orders where id = 2; end',
  },
];
const relations = [
  { oid: 20_000, name: 'orders', columns: ['id int4'] },
  {
    oid: 20_001,
    name: 'buyers',
    columns: ['id int4', 'name text'],
    referredBy: [
      { relation: 20_000, referring: ['buyer'], onDelete: 'delete', onUpdate: 'update', columns: ['id'] } as const,
    ],
  },
  { oid: 20_002, name: 'sellers', columns: ['id int4'] },
  {
    name: 'buyer_names',
    definition: 'SELECT buyers.id AS no, buyers.name FROM public.buyers',
    columns: ['no int4', 'name text'],
  },
  { oid: 20_010, name: 'wishes', columns: ['id int4', 'text text = public.wipe()'] },
  {
    name: 'my_wishes',
    definition: 'SELECT w.id AS no, w.text FROM public.wishes w',
    columns: ['no int4', 'text text'],
  },
  {
    name: 'stars',
    columns: ['id int4'],
    referredBy: [
      { relation: 20_010, referring: ['id'], onDelete: 'update', columns: ['id'], setsDefault: true } as const,
    ],
  },
  {
    name: 'guarded',
    columns: ['id int4'],
    policies: ['((SELECT b.name FROM public.buyers b WHERE b.id = guarded.id) = CURRENT_USER)'],
  },
  { name: 'twice_guarded', columns: ['id int4'], policies: ['(EXISTS (SELECT FROM public.guarded WHERE true))'] },
  { name: 'untold', columns: ['id int4'], policies: [''] },
  { name: 'around', columns: ['id int4'], policies: ['(EXISTS (SELECT FROM public.around WHERE true))'] },
  { name: 'events', kind: 'partitioned table', columns: ['id int4'] },
  { name: 'events_2026', columns: ['id int4'], parents: ['public.events'] },
] as const;

function found(sql: string, more: Partial<CatalogSpec> = {}): readonly string[] {
  return lines(sql, { catalog: catalogFixture({ relations, functions, ...more }) });
}

describe('code that no text names', () => {
  test('stands for arguments that are left out', () => {
    assert.deepEqual(
      found("select greets('a')").at(-1),
      'delete (function public.wipe) reads orders writes orders: write',
    );
    assert.deepEqual(found("select greets('a', 'b')"), ['select calls greets', 'select (function public.greets)']);
  });

  test('casts values to and from the types of parameters, once', () => {
    assert.match(found('select takes_coin(null)')[0] ?? '', /calls of_coin, takes_coin/);
    assert.match(found('select of_coin(null)')[0] ?? '', /calls of_coin/);
  });

  test('keeps foreign keys', () => {
    const cascade = 'delete (foreign key of public.buyers) writes orders: write';
    const goes = cascade.replace('buyers', 'orders');
    assert.deepEqual(found('delete from buyers where id = 1').at(-1), goes);
    assert.deepEqual(found('delete from buyer_names where no = 1').at(-1), goes);
    const changed = 'update (foreign key of public.orders) writes orders: write';
    assert.deepEqual(found('update buyers set id = 2 where id = 1').at(-1), changed);
    assert.deepEqual(found('update buyer_names set no = 2 where no = 1').at(-1), changed);
    for (const sql of [
      "update buyers set name = 'x' where id = 1",
      'delete from sellers where id = 1',
      'explain delete from buyers',
    ])
      assert.equal(found(sql).length, 1, sql);
  });

  test('stands for values that are left out, also of what is under a view, and where a statement asks for it', () => {
    const wipes = 'delete (function public.wipe) reads orders writes orders: write';
    for (const sql of [
      'insert into wishes (id) values (1)',
      'insert into my_wishes (no) values (1)',
      "insert into wishes (id, text) values (1, 'x'), (2, default)",
      'update wishes set text = default where id = 1',
      'update my_wishes set (no, text) = row(1, default) where no = 1',
      'merge into wishes w using sellers s on w.id = s.id when matched then update set text = default',
      'merge into wishes w using sellers s on w.id = s.id when not matched then insert (id, text) values (s.id, default)',
      'delete from stars where id = 1',
    ])
      assert.equal(found(sql).at(-1), wipes, sql);
    for (const sql of [
      "insert into wishes (id, text) values (1, 'x')",
      "insert into my_wishes (no, text) values (1, 'x')",
      "update wishes set text = 'x' where id = 1",
      'update stars set id = 2 where id = 1',
    ])
      assert.equal(found(sql).includes(wipes), false, sql);
  });

  test('is what conditions of row security read, which is no read of the statement', () => {
    const catalog = catalogFixture({ relations, functions });
    const conditions = (sql: string): unknown => analysisOf(sql, { catalog }).commands[0].conditionsRead;
    const read = ['public.buyers.id', 'public.buyers.name'];
    for (const sql of [
      'select from guarded',
      'insert into guarded values (1)',
      'copy guarded to stdout',
      'select from twice_guarded',
    ])
      assert.deepEqual(conditions(sql), sql.includes('twice') ? [...read, 'public.guarded'] : read, sql);
    assert.deepEqual(lines('select from guarded', { catalog }), ['select reads guarded']);
    assert.equal(conditions('select from untold'), 'unknown');
    assert.deepEqual(conditions('select from around'), ['public.around']);
    assert.equal(conditions('select from orders'), undefined);
  });

  test('runs with definitions', () => {
    const eventTriggers = ['public.on_ddl'];
    const runs = 'delete (trigger public.on_ddl) reads orders writes orders: write';
    for (const sql of [
      'create table t ()',
      'create table t as select 1',
      'grant all on orders to x',
      'drop table orders',
    ])
      assert.equal(found(sql, { eventTriggers }).at(-1), runs, sql);
    assert.equal(found('select 1', { eventTriggers }).length, 1);
  });
});

describe('what is defined', () => {
  test('of a view is its own, but what sees rows is put on its tables', () => {
    assert.deepEqual(found('drop view buyer_names'), ['ddl writes buyer_names: write ddl']);
    const rows = 'ddl writes buyer_names, buyers: write ddl';
    assert.deepEqual(found('create trigger t instead of update on buyer_names execute function on_ddl()'), [rows]);
    assert.deepEqual(found('create rule r as on update to buyer_names do instead nothing'), [rows]);
  });

  test('cannot be told of what other texts do not name', () => {
    for (const sql of [
      'create operator + (leftarg = text, rightarg = text, function = wipe)',
      'create cast (orders as text) with function wipe(orders)',
      'create domain d as text',
      'alter schema public rename to private',
      'create event trigger e on ddl_command_end execute function on_ddl()',
    ])
      assert.deepEqual(
        analysisOf(sql).effects.find(({ type }) => type === 'define'),
        { type: 'define', names: undefined },
        sql,
      );
  });
});

describe('partitions', () => {
  test('are listed with their parents', () => {
    const { commands } = analysisOf('select from events', { catalog: catalogFixture({ relations, functions }) });
    assert.deepEqual(commands[0].partOf, new Map([['public.events_2026', ['public.events']]]));
    assert.equal(analysisOf('select 1').commands[0].partOf, undefined);
  });
});

describe('an aggregate', () => {
  const made = (madeOf: readonly string[]): readonly string[] =>
    found('select total(id) from orders', {
      functions: [...functions, { name: 'total', kind: 'aggregate', language: 'internal', madeOf }],
    });

  test('calls what it is made of', () => {
    assert.deepEqual(made(['pg_catalog.int4', 'pg_catalog.abs']), [
      'select reads orders calls pg_catalog.abs, pg_catalog.int4, total',
    ]);
    assert.deepEqual(made(['pg_catalog.int4', 'public.wipe']), [
      'select reads orders calls pg_catalog.int4, total, wipe: write',
      'delete (function public.wipe) reads orders writes orders: write',
    ]);
    assert.deepEqual(made(['pg_catalog.lo_put']), [
      'select reads orders writes pg_catalog.pg_largeobject calls pg_catalog.lo_put, total: write',
    ]);
  });

  test('is given more than a text says', () => {
    assert.deepEqual(made(['pg_catalog.query_to_xml']), [
      'select reads orders calls pg_catalog.query_to_xml, total: write opaque',
    ]);
  });
});
