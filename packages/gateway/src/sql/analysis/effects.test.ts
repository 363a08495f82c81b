import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CopyForm, Effect } from '../analysis.ts';
import { catalogFixture } from '../catalog.fixture.ts';
import { analysisOf, session } from './analysis.fixture.ts';

const set = (name: string, value: string | undefined, local = false): Effect => ({ type: 'set', name, value, local });
const define = (...names: string[]): Effect => ({ type: 'define', names });
const defineAny: Effect = { type: 'define', names: undefined };
/** Without what becomes of the names (simple-table.test.ts). */
const named = (effect: Effect): Effect => (effect.type === 'define' ? { type: 'define', names: effect.names } : effect);
const anything: Effect = { type: 'anything' };
const does = (what: Extract<Effect, { type: 'transaction' }>['does']): Effect => ({ type: 'transaction', does: what });

describe('effects', () => {
  test('of SET are the value as the setting will have it', () => {
    const cases: { readonly [sql: string]: readonly Effect[] } = {
      'set search_path to a, "B", "$user"': [set('search_path', 'a, "B", "$user"')],
      "set search_path = 'a, b'": [set('search_path', '"a, b"')],
      "set search_path = ''": [set('search_path', '""')],
      'set local Search_Path = a': [set('search_path', 'a', true)],
      'set search_path to default': [set('search_path', undefined)],
      'reset search_path': [set('search_path', undefined)],
      "set schema 'a'": [set('search_path', 'a')],
      'set DateStyle to ISO, MDY': [set('datestyle', 'iso, mdy')],
      'set a.b = 1': [set('a.b', '1')],
      'set enable_seqscan = off': [set('enable_seqscan', 'off')],
      'set role x': [set('role', 'x')],
      'set role none': [set('role', 'none')],
      'reset role': [set('role', undefined)],
      'set session authorization x': [set('session_authorization', 'x')],
      'reset session authorization': [set('session_authorization', undefined)],
      "set time zone 'UTC'": [set('timezone', 'UTC')],
      "set time zone interval '1' hour": [set('timezone', undefined)],
      "set names 'utf8'": [set('client_encoding', 'utf8')],
      'reset all': [{ type: 'reset all' }],
      'discard all': [{ type: 'reset all' }],
      'discard temp': [],
      'set transaction read write': [set('transaction_read_only', 'off', true)],
      'set transaction isolation level serializable, read only': [
        set('transaction_isolation', 'serializable', true),
        set('transaction_read_only', 'on', true),
      ],
      "set transaction snapshot 'x'": [],
      'set session characteristics as transaction read write': [set('default_transaction_read_only', 'off')],
      'set constraints all deferred': [],
    };
    for (const [sql, expected] of Object.entries(cases)) assert.deepEqual(analysisOf(sql).effects, expected, sql);
  });

  test('of a transaction are those of its modes as well', () => {
    const cases: { readonly [sql: string]: readonly Effect[] } = {
      begin: [does('begin')],
      'start transaction read only': [does('begin'), set('transaction_read_only', 'on', true)],
      commit: [does('commit')],
      'commit and chain': [does('commit'), does('begin')],
      rollback: [does('rollback')],
      abort: [does('rollback')],
      end: [does('commit')],
      'savepoint s': [does('savepoint')],
      'release s': [does('release')],
      'rollback to s': [does('rollback to')],
      "prepare transaction 'x'": [does('prepare')],
      "commit prepared 'x'": [{ type: 'define', names: undefined }],
    };
    for (const [sql, expected] of Object.entries(cases)) assert.deepEqual(analysisOf(sql).effects, expected, sql);
  });

  test('of set_config are certain only where it surely runs', () => {
    const cases: { readonly [sql: string]: readonly Effect[] } = {
      "select set_config('search_path', 'a', false)": [set('search_path', 'a')],
      "select pg_catalog.set_config('Search_Path', 'a', true)": [set('search_path', 'a', true)],
      "select set_config('search_path', $1, false)": [set('search_path', undefined)],
      "select set_config('search_path', 'a', $1)": [set('search_path', undefined)],
      "select set_config('search_path', 'a', false) where false": [set('search_path', undefined)],
      "select set_config('search_path', 'a', false) from customers": [set('search_path', undefined)],
      "select coalesce('x', set_config('search_path', 'a', false))": [set('search_path', undefined)],
      "select 1 where set_config('search_path', 'a', false) = ''": [set('search_path', undefined)],
      "select set_config('search' || '_path', 'a', false)": [anything],
    };
    for (const [sql, expected] of Object.entries(cases)) assert.deepEqual(analysisOf(sql).effects, expected, sql);
  });

  test('of code that cannot be read are anything', () => {
    const cases: { readonly [sql: string]: readonly Effect[] } = {
      'select python()': [anything],
      'select dynamic()': [anything],
      'call committing()': [anything],
      'select setting()': [set('search_path', undefined)],
      'do $$ begin set search_path = x; end $$': [set('search_path', undefined)],
      "do $$ begin execute 'x' || 'y'; end $$": [anything],
      'do $$ begin commit; end $$': [anything],
      "do $$ begin execute 'prepare p as delete from customers'; end $$": [anything],
      'do $$ declare c cursor for select 1; begin open c; end $$': [anything],
      "do $$ declare c refcursor := 'c'; begin open c for select 1; end $$": [anything],
      'execute nothing': [anything],
      'select wipe()': [],
      'select pure(1), native()': [],
    };
    for (const [sql, expected] of Object.entries(cases)) assert.deepEqual(analysisOf(sql).effects, expected, sql);
  });

  test('of definitions name what they define', () => {
    const cases: { readonly [sql: string]: readonly Effect[] } = {
      'create table t (x int)': [define('public.t')],
      'create table s.t (x int)': [define('s.t')],
      'create temp table t (x int)': [define('pg_temp.t')],
      'create table t as select 1': [define('public.t')],
      'select 1 into t': [define('public.t')],
      'select 1 into t union select 2': [define('public.t')],
      'create view v as select 1 from customers': [define('public.v')],
      'create function s.f() returns int language sql as $$ select 1 $$': [define('s.f')],
      'drop function f, g(int)': [define('public.f', 'public.g')],
      'drop table customers': [define('public.customers')],
      'drop table customers cascade': [defineAny],
      'alter table customers rename to people': [define('public.customers', 'public.people')],
      'alter table customers set schema s': [define('public.customers', 's.customers')],
      'alter table customers rename column a to b': [define('public.customers')],
      'create index on customers (id)': [define('public.customers')],
      'create index i on customers (id)': [define('public.customers', 'public.i')],
      'create table t (id serial, i int generated always as identity, n s.x)': [
        define('public.t', 'public.t_i_seq', 'public.t_id_seq'),
      ],
      'create table t (id s.x primary key, a int unique, b int, constraint k unique (a, b), unique (b, a))': [
        define('public.k', 'public.t', 'public.t_a_key', 'public.t_b_a_key', 'public.t_pkey'),
      ],
      'alter table customers add x serial, add constraint k unique (id), alter id add generated always as identity (sequence name s.n)':
        [define('public.customers', 'public.customers_x_seq', 'public.k', 's.n')],
      'create schema if not exists s': [define('s')],
      'create schema s create table t (x int)': [define('s'), define('s.t'), defineAny],
      'create schema authorization someone': [define('someone')],
      'drop schema s': [defineAny],
      "create type e as enum ('a')": [define('public.e')],
      "alter type s.e add value 'b'": [define('s.e')],
      'drop type if exists e, s.d': [define('public.e', 's.d')],
      'drop domain e': [define('public.e')],
      'drop type e cascade': [defineAny],
      'create type r as range (subtype = int4)': [defineAny],
      'create trigger t before insert on log execute function f()': [define('public.log')],
      'create extension x': [defineAny],
      'drop owned by x': [defineAny],
      'create role r': [],
      'grant all on customers to x': [],
      "comment on table customers is 'x'": [],
      'alter role r set search_path = x': [],
      'truncate customers': [],
      'explain create table t as select 1': [],
      'explain analyze create table t as select 1': [define('public.t')],
    };
    for (const [sql, expected] of Object.entries(cases))
      assert.deepEqual(analysisOf(sql).effects.map(named), expected, sql);
  });

  test('of a plain table name what comes along with it', () => {
    const context = { searchPath: ['pg_temp_3', 'pg_catalog', 'public'] };
    const cases: { readonly [sql: string]: readonly [listed: string, ...names: string[]] } = {
      'create table t (id bigserial primary key, n int unique)': [
        'public.t',
        'public.t',
        'public.t_id_seq',
        'public.t_n_key',
        'public.t_pkey',
      ],
      'create temp table t as select 1 as id': ['pg_temp.t', 'pg_temp.t'],
    };
    for (const [sql, [listed, ...names]] of Object.entries(cases)) {
      const [effect] = analysisOf(sql, context).effects;
      assert.ok(effect?.type === 'define', sql);
      assert.deepEqual([effect.makes?.listed, effect.names], [listed, names], sql);
    }
  });

  describe('of definitions', () => {
    const searchPath = ['pg_temp_3', 'pg_catalog', 'public', 'archive'];
    const effectOf = (sql: string): Extract<Effect, { type: 'define' }> => {
      const [effect] = analysisOf(sql, { searchPath }).effects;
      assert.ok(effect?.type === 'define', sql);
      return effect;
    };

    test('are plain where they run no code and compute nothing over rows', () => {
      const cases = [
        'create index on log (what)',
        'create unique index concurrently if not exists i on log using btree (what desc nulls last, at text_pattern_ops) include (at) with (fillfactor = 70)',
        'create table if not exists t (id bigserial primary key, c int references customers (id) deferrable, m mood not null)',
        "create table t (id int default 1 check (id > 0), s text default now() check (s <> lower('X')), at date default '2026-01-01'::date)",
        'alter table log add column n int, add column s varchar(20) default null::text, add m mood',
        "alter table log add column n int not null default 1, add at timestamptz default current_timestamp, add t text default 'x'",
        'alter table log drop column what cascade, alter at drop default, alter at set default 1, alter what set not null',
        'alter table log add primary key (at), add constraint k unique (what), drop constraint y, owner to x',
        'alter table log add constraint k foreign key (what) references public.customers (name) not valid',
        'alter table log rename to l',
        'alter table log rename what to w',
        'alter table log rename constraint a to b',
        'alter index a rename to b',
        'alter view contacts set schema archive',
        'drop table log',
        'drop table log cascade',
        'drop index if exists a, b',
        'create sequence s',
        'alter sequence payments_id_seq owned by payments.id',
        'create trigger t before update on log for each row execute function log_order()',
      ];
      for (const sql of cases) assert.notEqual(effectOf(sql).plain, undefined, sql);
    });

    test('are not plain where they ask, or may run what nobody sees', () => {
      const cases = [
        'create index on log (lower(what))',
        'create index on log (at) where at is null',
        'create index on log (what my_ops)',
        'create index on log (what public.text_pattern_ops)',
        'create index on log using gist (what)',
        'create table t (a int default wipe())',
        'create table t (a int check (pure(a) > 0))',
        "create table t (a mood default 'x')",
        "create table t (a mood, check (a > 'x'))",
        "create table t (a text default ('x'::mood)::text)",
        'create table t (like log)',
        'create table t () inherits (log)',
        'create table t partition of payments default',
        'create table t (a int) partition by range (pure(a))',
        'create table t (a int, exclude (a with =))',
        'alter table log add column n int check (n > 0)',
        'alter table log add column n int generated always as (1) stored',
        'alter table log add column n serial',
        'alter table log add column n int generated always as identity',
        'alter table log add column n float default random()',
        "alter table log add column n mood default 'x'",
        "alter table log alter what set default 'x'",
        'alter table log alter what type int',
        'alter table log alter what type int using 1',
        'alter table log add check (what is null)',
        'alter table log validate constraint c',
        'alter table payments attach partition log default',
        'alter table log enable trigger t',
        'alter schema archive rename to b',
        'alter domain d rename to e',
        'drop schema archive cascade',
        'create trigger t before update on log for each row when (true) execute function log_order()',
        'create domain d as int',
        'create view v as select 1',
      ];
      for (const sql of cases) assert.equal(effectOf(sql).plain, undefined, sql);
      const [effect] = analysisOf('drop table log', {
        catalog: catalogFixture({ relations: [], eventTriggers: ['public.f'], functions: [{ name: 'f' }] }),
      }).effects;
      assert.equal(effect?.type === 'define' && effect.plain, undefined);
    });

    test('tell what stands behind the names', () => {
      const change = effectOf('alter table customers add unique (name)');
      assert.deepEqual([change.names?.[0], change.behind], ['public.customers', ['archive.customers']]);
      assert.deepEqual(change.plain === 'unknown' ? 0 : change.plain?.size, 4);
      assert.equal(effectOf('alter table public.customers add unique (name)').behind, undefined);
      assert.deepEqual(effectOf('drop table customers').behind, ['archive.customers']);
      assert.deepEqual(effectOf('create trigger t before update on customers execute function log_order()').behind, [
        'archive.customers',
      ]);
      assert.equal(effectOf('create table customers (id int)').behind, undefined);
      assert.deepEqual(effectOf('create table t (c int references customers)').behind, ['archive.customers']);
      assert.notDeepEqual(effectOf('alter view contacts rename to c').plain, new Set(), 'columns behind a view');
    });
  });

  test('of definitions name every schema in which they may be made', () => {
    const context = {
      catalog: catalogFixture({ relations: [], closedSchemas: ['agent'] }),
      searchPath: ['pg_temp_3', 'pg_catalog', 'agent', 'public', 'other'],
    };
    const cases: { readonly [sql: string]: readonly string[] } = {
      'create table t (x s.y)': ['agent.t', 'public.t'],
      'create table s.t (x s.y)': ['s.t'],
      'create table t (x int)': ['agent.t'],
      'create materialized view t as select 1': ['agent.t', 'public.t'],
      'create function f() returns int language sql as $$ select 1 $$': ['agent.f', 'public.f'],
      'create index i on t (x)': ['agent.i', 'agent.t', 'public.i'],
    };
    for (const [sql, names] of Object.entries(cases))
      assert.deepEqual(analysisOf(sql, context).effects.map(named), [define(...names)], sql);
  });

  test('of DISCARD are the temporary tables that go', () => {
    const catalog = catalogFixture({ relations: [{ schema: 'pg_temp_3', name: 't', columns: ['x int4'] }] });
    assert.deepEqual(analysisOf('discard temp', { catalog }).effects, [define('pg_temp_3.t')]);
    assert.deepEqual(analysisOf('discard all', { catalog }).effects, [{ type: 'reset all' }, define('pg_temp_3.t')]);
  });
});

test('COPY says how its data reads', () => {
  const text: CopyForm = {
    direction: 'out',
    withClient: true,
    format: 'text',
    delimiter: '\t',
    nullText: '\\N',
    header: false,
    quote: '"',
    escape: '"',
  };
  const csv: CopyForm = { ...text, format: 'csv', delimiter: ',', nullText: '' };
  const cases: { readonly [sql: string]: CopyForm | undefined } = {
    'copy customers to stdout': text,
    'copy customers from stdin': { ...text, direction: 'in' },
    "copy customers to '/x'": { ...text, withClient: false },
    "copy customers to program 'x'": { ...text, withClient: false },
    "copy customers to stdout delimiter '|' null 'x'": { ...text, delimiter: '|', nullText: 'x' },
    'copy customers to stdout csv': csv,
    'copy customers to stdout with csv header': { ...csv, header: true },
    "copy (select 1) to stdout (format csv, header false, quote '''', delimiter e'\\t')": {
      ...csv,
      quote: "'",
      escape: "'",
      delimiter: '\t',
    },
    "copy customers to stdout (format csv, header match, escape '\\')": { ...csv, header: true, escape: '\\' },
    'copy customers to stdout (format csv, header 1)': { ...csv, header: true },
    'copy customers to stdout (format csv, header 0)': csv,
    'copy customers to stdout binary': { ...text, format: 'binary' },
    'copy customers to stdout (format binary)': { ...text, format: 'binary' },
    'select 1': undefined,
    'do $$ begin copy customers to stdout; end $$': undefined,
  };
  for (const [sql, expected] of Object.entries(cases)) assert.deepEqual(analysisOf(sql).copy, expected, sql);
});

test('PREPARE and DECLARE say what their names mean', () => {
  const { names } = analysisOf('prepare p (int) as delete from customers where id = $1');
  assert.deepEqual(
    [names?.type, names?.name, names?.analysis.commands.map(({ kind }) => kind)],
    ['prepare', 'p', ['delete']],
  );
  const declared = analysisOf('declare "C" cursor for select * from customers').names;
  assert.deepEqual(
    [declared?.type, declared?.name, declared?.analysis.commands[0].reads],
    ['declare', 'C', ['public.customers']],
  );
  assert.equal(analysisOf('explain analyze declare c cursor for select 1').names, undefined);
  const analysis = analysisOf('delete from customers');
  const context = { ...session, prepared: () => analysis, cursor: () => analysis };
  assert.deepEqual(
    [
      'execute p(wipe_one(1))',
      'fetch all in c',
      'move c',
      'explain analyze execute p',
      'create table t as execute p',
      'explain execute p',
    ].map((sql) =>
      analysisOf(sql, context)
        .commands.map(({ kind, via }) => `${kind} ${via ?? ''}`.trim())
        .slice(0, 3),
    ),
    [
      ['execute', 'delete function public.wipe_one', 'insert trigger public.log_order'],
      ['fetch', 'delete FETCH c'],
      ['fetch', 'delete FETCH c'],
      ['explain', 'execute EXPLAIN ANALYZE', 'delete EXECUTE p'],
      ['ddl', 'execute CREATE TABLE AS', 'delete EXECUTE p'],
      ['explain'],
    ],
  );
});
