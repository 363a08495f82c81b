import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { analysisOf, analyze, lines, session } from './analysis.fixture.ts';

type Table = { readonly [sql: string]: readonly string[] };

function check(table: Table): void {
  const found = Object.fromEntries(Object.keys(table).map((sql) => [sql, lines(sql)]));
  assert.deepEqual(found, table);
}

const payments = 'payments, payments_2024, payments_2024_q1';

describe('commands', () => {
  test('of a plain statement are one', () => {
    check({
      'select 1': ['select'],
      'select * from customers': ['select reads customers'],
      'select * from PUBLIC."customers" c': ['select reads customers'],
      'select * from U&"c\\0075stomers"': ['select reads customers'],
      'table customers': ['select reads customers'],
      'values (1, (select max(id) from customers))': ['select reads customers calls pg_catalog.max'],
      'select 1 from customers union select total from orders': ['select reads customers, orders'],
      'select (select email from customers limit 1), exists (select from orders)': ['select reads customers, orders'],
      'select * from (select * from customers) x, lateral (select * from orders where orders.id = x.id) y': [
        'select reads customers, orders',
      ],
      'with x as (select * from customers) select * from x': ['select reads customers'],
      'with customers as (select 1) select * from customers': ['select'],
      'with customers as (select 1) select * from public.customers': ['select reads customers'],
      'with customers as (select * from customers) select * from customers': ['select reads customers'],
      'with recursive r as (select 1 from orders union all select 1 from r, customers) select * from r': [
        'select reads customers, orders',
      ],
      'select * from customers for update': ['select reads customers'],
      'select * from archive.customers': ['select reads archive.customers'],
      'insert into customers values (1)': ['insert writes customers: write'],
      'insert into customers select id from orders': ['insert reads orders writes customers: write'],
      'insert into customers (id) values (1) returning id': ['insert reads customers writes customers: write'],
      'update customers set name = 1 where id = 2': ['update reads customers writes customers: write'],
      'update customers set name = 1': ['update writes customers: write blind'],
      'update customers set name = o.total from orders o where o.id = 3': [
        'update reads orders writes customers: write',
      ],
      'delete from customers where id = 1': ['delete reads customers writes customers: write'],
      'delete from customers': ['delete writes customers: write blind'],
      'delete from customers using archive.customers o where o.id = 1': [
        'delete reads archive.customers writes customers: write',
      ],
      'delete from customers where current of c': ['delete writes customers: write'],
      'show all': ['show'],
      'set a.b = 1': ['set'],
      'listen x': ['listen'],
      'notify x': ['notify: write'],
      checkpoint: ['maintenance'],
      'deallocate all': ['deallocate'],
      'close all': ['close'],
      begin: ['transaction'],
    });
  });

  test('say nothing of an empty statement', () => {
    for (const sql of ['', ' ', '-- x', '/* x */', ';']) assert.deepEqual(lines(sql), ['empty'], sql);
  });

  test('tell a WITH query that writes, wherever it stands', () => {
    const gone = 'delete (WITH d) writes customers: write blind';
    check({
      'with d as (delete from customers) select count(*) from orders': [
        'select reads orders calls pg_catalog.count',
        gone,
      ],
      'with a as (select 1), d as (delete from customers) select 1': ['select', gone],
      'with recursive d as (delete from customers) select 1': ['select', gone],
      'with d as (with e as (update orders set total = 1) delete from customers) select 1': [
        'select',
        gone,
        'update (WITH e) writes orders calls log_order: write blind',
        'insert (trigger public.log_order) writes log calls pg_catalog.now: write',
      ],
      'insert into log with d as (delete from customers returning name) select now(), name from d': [
        'insert writes log calls pg_catalog.now: write',
        'delete (WITH d) reads customers writes customers: write blind',
      ],
      'explain analyze with d as (delete from customers) select 1': ['explain', 'select (EXPLAIN ANALYZE)', gone],
      'declare c cursor for with d as (delete from customers) select 1': ['declare', 'select (DECLARE c)', gone],
      'copy (with d as (delete from customers) select 1) to stdout': ['copy', gone],
      'create table t as with d as (delete from customers) select 1': ['ddl writes t: write ddl', gone],
    });
  });

  test('tell what EXPLAIN plans from what EXPLAIN ANALYZE runs', () => {
    check({
      'explain delete from customers': ['explain reads customers'],
      'explain (analyze false) delete from customers': ['explain reads customers'],
      'explain (analyze off, costs) delete from orders': ['explain reads orders'],
      'explain (analyze) delete from customers': ['explain', 'delete (EXPLAIN ANALYZE) writes customers: write blind'],
      'explain (verbose, analyze 1) select wipe_one(1)': [
        'explain',
        'select (EXPLAIN ANALYZE) calls wipe_one: write',
        'delete (function public.wipe_one) reads orders writes orders calls log_order: write',
        'insert (trigger public.log_order) writes log calls pg_catalog.now: write',
      ],
      'explain analyze create table t as select * from customers': [
        'explain',
        'ddl (EXPLAIN ANALYZE) reads customers writes t: write ddl',
      ],
      'explain select wipe()': ['explain'],
    });
    // The planner computes what is called immutable, whatever it does.
    assert.equal(lines('explain select lying()')[0], 'explain calls lying: write');
  });

  test('follow views down, and keep them', () => {
    check({
      'select mail from contacts': ['select reads contacts, customers'],
      'select mail from mails': ['select reads contacts, customers, mails'],
      'select * from summary': ['select reads customers, summary'],
      "update contacts set mail = 'x' where id = 1": [
        'update reads contacts, customers writes contacts, customers: write',
      ],
      'delete from mails': ['delete reads contacts, customers writes contacts, customers, mails: write blind'],
      'select x from loop_a': ['select reads loop_a, loop_b'],
    });
    assert.equal(lines('select * from wiping')[0], 'select reads wiping calls wipe: write');
    assert.equal(
      lines('refresh materialized view summary')[0],
      'maintenance reads customers writes summary calls pg_catalog.count, wipe: write',
    );
  });

  test('name the whole family of a partition', () => {
    check({
      'select 1 from payments': [`select reads ${payments}`],
      'select 1 from only payments': ['select reads payments'],
      'delete from payments_2024 where id = 1': [`delete reads ${payments} writes ${payments}: write`],
      'truncate payments_2024_q1': [`truncate writes ${payments}: write`],
      'drop table payments_2024_q1': [`ddl writes ${payments}: write ddl`],
      'copy payments_2024 from stdin': [`copy writes ${payments}: write`],
      'select 1 from pg_toast.pg_toast_20000': ['select reads pg_toast.pg_toast_20000, customers'],
      'select 1 from remote': ['select reads remote: outside'],
    });
  });

  test('tell what triggers, rules and defaults run', () => {
    check({
      'insert into orders values (1)': [
        'insert writes orders calls log_order: write',
        'insert (trigger public.log_order) writes log calls pg_catalog.now: write',
      ],
      'insert into noted values (1)': [
        'insert writes noted: write',
        'delete (rule on public.noted) reads log writes log: write',
      ],
      'update noted set x = 1': ['update writes noted: write blind'],
      'insert into payments (customer) values (1)': [`insert writes ${payments} calls pg_catalog.nextval: write`],
      'insert into payments (id) values (1)': [`insert writes ${payments}: write`],
      'update computed set x = 1': ['update writes computed calls pure: write blind', 'select (function public.pure)'],
    });
    // What policies, constraints and indexes call is not told apart, and is called by whatever touches the table.
    assert.equal(lines('select x from guarded')[0], 'select reads guarded calls visible: write');
    assert.equal(lines('insert into guarded values (1)')[0], 'insert writes guarded calls visible: write');
    // Nothing can be told of defaults and rules while somebody has the table locked.
    assert.equal(lines('insert into locked values (1)')[0], 'insert writes locked: write opaque');
    assert.equal(lines('update locked set x = 1')[0], 'update writes locked: write opaque blind');
    assert.equal(lines('truncate orders')[0], 'truncate writes orders calls log_order: write');
    assert.equal(lines('insert into computed values (1)')[0], 'insert writes computed calls pure, wipe: write');
    assert.equal(lines('copy computed (x, y) from stdin')[0], 'copy writes computed calls wipe: write');
  });

  test('tell what functions do', () => {
    const wiped = [
      'delete (function public.wipe) writes orders calls log_order: write blind',
      'insert (trigger public.log_order) writes log calls pg_catalog.now: write',
    ];
    check({
      'select wipe()': ['select calls wipe: write', ...wiped],
      'select 1 from customers where wipe() = 1': ['select reads customers calls wipe: write', ...wiped],
      'select * from wipe()': ['select calls wipe: write', ...wiped],
      'select * from rows from (wipe(), wipe())': ['select calls wipe: write', ...wiped],
      'select c.wipe from customers c': ['select reads customers calls wipe: write', ...wiped],
      'select (c).wipe from customers c': ['select reads customers calls wipe: write', ...wiped],
      'select s.wipe from (select * from customers) s': ['select reads customers calls wipe: write', ...wiped],
      'with s as (select * from customers) select s.wipe from s': [
        'select reads customers calls wipe: write',
        ...wiped,
      ],
      'select 1 ~~~ 2': ['select calls wipe: write', ...wiped],
      'select 1 operator(public.~~~) 2': ['select calls wipe: write', ...wiped],
      'select 1 ~~~ any (array[2])': ['select calls wipe: write', ...wiped],
      'select 1 from customers order by id using ~~~': ['select reads customers calls wipe: write', ...wiped],
      'select 1 ~~~ any (select 2)': ['select calls wipe: write', ...wiped],
      'select 1 from customers limit wipe()': ['select reads customers calls wipe: write', ...wiped],
      'select sum(id) filter (where wipe() = 1) over (partition by wipe()) from customers': [
        'select reads customers calls pg_catalog.sum, wipe: write',
        ...wiped,
      ],
      'select case wipe() when 1 then 2 end': ['select calls wipe: write', ...wiped],
      'insert into log values (now(), wipe())': ['insert writes log calls pg_catalog.now, wipe: write', ...wiped],
      'call wipe()': ['call calls wipe: write', ...wiped],
      'select lying()': ['select calls lying: write', 'select (function public.lying) calls wipe: write', ...wiped],
      'create index on customers (wipe())': ['ddl writes customers calls wipe: write ddl', ...wiped],
      'alter table customers alter name type int using wipe()': [
        'ddl writes customers calls wipe: write ddl',
        ...wiped,
      ],
    });
    // The row of a subquery whose columns are known, and an alias, are no calls.
    assert.deepEqual(lines('select s.wipe from (select id as wipe from customers) s'), ['select reads customers']);
    assert.deepEqual(lines('select wipe from (select id as wipe from customers) s'), ['select reads customers']);
    assert.deepEqual(lines('select w.wipe from (values (1)) w(wipe)'), ['select']);
  });

  test('read the bodies of functions', () => {
    const triggered = 'insert (trigger public.log_order) writes log calls pg_catalog.now: write';
    check({
      'select pure(1)': ['select calls pure', 'select (function public.pure)'],
      'select atomic()': [
        'select calls atomic: write',
        'select (function public.atomic) reads customers',
        'update (function public.atomic) writes orders calls log_order: write blind',
        triggered,
      ],
      'select returned()': [
        'select calls returned',
        'select (function public.returned) reads customers calls pg_catalog.max',
      ],
      'select constant()': [
        'select calls constant: write',
        'delete (function public.constant) writes orders calls log_order: write blind',
        triggered,
      ],
      'select dynamic()': [
        'select calls dynamic: write opaque',
        'select (function public.dynamic) calls quote_ident',
        'execute (function public.dynamic): write opaque',
      ],
      'select ping()': [
        'select calls ping: write',
        'select (function public.ping) calls pong: write',
        'select (function public.pong) calls ping: write',
        'update (function public.pong) writes orders calls log_order: write blind',
        triggered,
      ],
      'select python()': ['select calls python: write opaque'],
      'select hidden()': ['select calls hidden: write opaque'],
      'select native()': ['select calls native'],
      'select native_volatile()': ['select calls native_volatile: write opaque'],
      'select uuid_generate_v4()': ['select calls uuid_generate_v4'],
      "select dblink('x')": ['select calls dblink: write opaque outside'],
      'select total_of(id) from customers': ['select reads customers calls total_of: write opaque'],
      'select nobody(1)': ['select calls nobody: write opaque'],
      "select 'x'::checked": ['select calls checked: write opaque'],
      'select cast(null as checked[])': ['select calls checked: write opaque'],
    });
  });

  test('look the names of a body up where it says, or anywhere', () => {
    assert.equal(lines('select pathed()')[1], 'delete (function public.pathed) writes archive.customers: write blind');
    assert.equal(
      lines('select pathless()')[1],
      'delete (function public.pathless) writes archive.customers, customers: write blind',
    );
  });

  test('read DO', () => {
    check({
      'do $$ begin delete from customers; end $$': ['do: write', 'delete (DO) writes customers: write blind'],
      "do language plpgsql 'begin update customers set name = 1 where id = 2; end'": [
        'do: write',
        'update (DO) reads customers writes customers: write',
      ],
      "do $$ begin execute 'x' || 'y'; end $$": ['do: write opaque', 'execute (DO): write opaque'],
      "do $$ begin execute format('drop table %I', 'x'); end $$": [
        'do: write opaque',
        'select (DO) calls pg_catalog.format',
        'execute (DO): write opaque',
      ],
      'do language plpython3u $$ x $$': ['do: write opaque', 'execute (DO): write opaque'],
      'do $$ begin for r in delete from customers returning id loop null; end loop; end $$': [
        'do: write',
        'delete (DO) reads customers writes customers: write blind',
      ],
      'do $$ declare n int := (select count(*) from customers); begin end $$': [
        'do',
        'select (DO) reads customers calls pg_catalog.count',
      ],
      'do $$ begin create table t (x int); end $$': ['do: write', 'ddl (DO) writes t: write ddl'],
      'do $$ begin truncate customers; end $$': ['do: write', 'truncate (DO) writes customers: write'],
    });
  });

  test('split MERGE and upserts into what they do', () => {
    check({
      'merge into customers c using orders o on c.id = o.id when matched then delete': [
        'merge reads customers, orders writes customers: write',
        'delete (MERGE) writes customers: write',
      ],
      'merge into customers c using orders o on true when matched then delete': [
        'merge reads orders writes customers: write blind',
        'delete (MERGE) writes customers: write blind',
      ],
      'merge into customers c using orders o on c.id = o.id when not matched by source then delete': [
        'merge reads customers, orders writes customers: write',
        'delete (MERGE) writes customers: write blind',
      ],
      'merge into customers c using orders o on c.id = o.id when matched then update set name = o.total when not matched then insert values (1)':
        [
          'merge reads customers, orders writes customers: write',
          'update (MERGE) writes customers: write',
          'insert (MERGE) writes customers: write',
        ],
      'insert into customers values (1) on conflict do nothing': ['insert writes customers: write'],
      'insert into customers values (1) on conflict (id) do update set name = excluded.name': [
        'insert writes customers: write',
        'update (ON CONFLICT DO UPDATE) writes customers: write',
      ],
    });
  });

  test('tell reads that do more than read', () => {
    check({
      "select nextval('payments_id_seq')": ['select writes payments_id_seq calls pg_catalog.nextval: write'],
      'select setval(\'public."payments_id_seq"\'::regclass, 1)': [
        'select writes payments_id_seq calls pg_catalog.setval: write',
      ],
      "select ('payments_id_seq'::regclass).nextval": ['select calls pg_catalog.nextval: write'],
      "select set_config('a.b', 'c', false)": ['select calls pg_catalog.set_config'],
      "select pg_notify('a', 'b')": ['select calls pg_catalog.pg_notify: write'],
      'select pg_advisory_lock(1)': ['select calls pg_catalog.pg_advisory_lock'],
      "select pg_read_file('x')": ['select calls pg_catalog.pg_read_file: outside'],
      "select lo_import('x')": ['select writes pg_catalog.pg_largeobject calls pg_catalog.lo_import: write outside'],
      'select lo_get(1)': ['select reads pg_catalog.pg_largeobject calls pg_catalog.lo_get'],
      'select lo_unlink(1)': ['select writes pg_catalog.pg_largeobject calls pg_catalog.lo_unlink: write'],
      'select pg_terminate_backend(1)': ['select calls pg_catalog.pg_terminate_backend: write'],
      "select query_to_xml('delete from customers', true, true, '')": [
        'select calls pg_catalog.query_to_xml',
        'delete (function pg_catalog.query_to_xml) writes customers: write blind',
      ],
      "select query_to_xml('sel' || 'ect', true, true, '')": ['select calls pg_catalog.query_to_xml: write opaque'],
      "select table_to_xml('customers', true, true, '')": ['select reads customers calls pg_catalog.table_to_xml'],
      'select table_to_xml(oid, true, true, $1) from customers': [
        'select reads customers calls pg_catalog.table_to_xml: write opaque',
      ],
      'select random(), now(), clock_timestamp(), gen_random_uuid()': [
        'select calls pg_catalog.clock_timestamp, pg_catalog.gen_random_uuid, pg_catalog.now, pg_catalog.random',
      ],
    });
  });

  test('tell what COPY reads, writes and reaches', () => {
    check({
      'copy customers to stdout': ['copy reads customers'],
      'copy customers from stdin': ['copy writes customers: write'],
      'copy (select * from customers) to stdout': ['copy reads customers'],
      'copy (delete from customers returning id) to stdout': [
        'copy',
        'delete (COPY) reads customers writes customers: write blind',
      ],
      "copy customers to '/tmp/x'": ['copy reads customers: write outside'],
      "copy customers from '/etc/passwd'": ['copy writes customers: write outside'],
      "copy (select 1) to program 'x'": ['copy: write opaque outside'],
      "copy customers from program 'x'": ['copy writes customers: write opaque outside'],
    });
  });

  test('tell what definitions change', () => {
    check({
      'create table t (x int)': ['ddl writes t: write ddl'],
      'create temp table t (x int)': ['ddl writes pg_temp.t: write ddl'],
      'create table t (x int references customers)': ['ddl writes customers, t: write ddl'],
      'create table t (like customers)': ['ddl reads customers writes t: write ddl'],
      'create table t partition of payments for values in (1)': [`ddl writes ${payments}, t: write ddl`],
      'create table t as select email from customers': ['ddl reads customers writes t: write ddl'],
      'select email into t from customers': ['ddl reads customers writes t: write ddl'],
      'create materialized view m as select wipe_one(1)': [
        'ddl writes m calls wipe_one: write ddl',
        'delete (function public.wipe_one) reads orders writes orders calls log_order: write',
        'insert (trigger public.log_order) writes log calls pg_catalog.now: write',
      ],
      'create view v as select email, wipe() from customers': ['ddl reads customers writes v: write ddl'],
      'create or replace view contacts as select 1': ['ddl writes contacts: write ddl'],
      'create rule r as on insert to log do also delete from customers': ['ddl reads customers writes log: write ddl'],
      'create policy p on customers using (exists (select 1 from orders))': [
        'ddl reads orders writes customers: write ddl',
      ],
      'create trigger t before insert on customers execute function wipe()': ['ddl writes customers: write ddl'],
      "create function f() returns int language sql as 'delete from customers'": ['ddl: write ddl'],
      "create function f() returns int language c as 'x'": ['ddl: write ddl outside'],
      'create index on customers (lower(email))': ['ddl writes customers calls pg_catalog.lower: write ddl'],
      'alter table customers rename to people': ['ddl writes customers, people: write ddl'],
      'alter table customers set schema archive': ['ddl writes archive.customers, customers: write ddl'],
      'alter table payments detach partition payments_2024': [`ddl writes ${payments}: write ddl`],
      'alter table customers owner to x': ['ddl writes customers: write ddl'],
      'drop table customers, log': ['ddl writes customers, log: write ddl'],
      'drop table customers cascade': ['ddl writes customers: write ddl opaque'],
      'drop trigger x on orders': ['ddl writes orders: write ddl'],
      'drop schema archive': ['ddl: write ddl'],
      'drop schema archive cascade': ['ddl writes archive.customers: write ddl opaque'],
      'grant all on customers to x': ['ddl writes customers: write ddl'],
      'grant usage on schema archive to x': ['ddl: write ddl'],
      'grant execute on all functions in schema archive to x': ['ddl: write ddl'],
      'import foreign schema a limit to (b) from server s into public': ['ddl: write ddl outside'],
      'grant select on all tables in schema archive to x': ['ddl writes archive.customers: write ddl'],
      "comment on column customers.email is 'x'": ['ddl writes customers: write ddl'],
      "security label on table customers is 'x'": ['ddl writes customers: write ddl'],
      'drop owned by x': ['ddl: write ddl opaque'],
      'create extension x': ['ddl: write ddl opaque'],
      'create role r': ['ddl: write ddl'],
      "alter system set a = 'b'": ['ddl: write ddl outside'],
      "create subscription s connection 'x' publication p": ['ddl: write ddl outside'],
      'create schema s create table t (x int)': ['ddl: write ddl', 'ddl (CREATE SCHEMA) writes s.t: write ddl'],
      'truncate customers, log': ['truncate writes customers, log: write'],
      'truncate customers cascade': ['truncate writes customers: write'],
      'lock customers': ['lock writes customers: write'],
      'lock customers in share mode': ['lock writes customers: write'],
      'lock customers in row share mode': ['lock writes customers'],
      'vacuum full customers': ['maintenance writes customers: write'],
      analyze: [
        'maintenance calls visible: write',
        'select (function public.visible) calls wipe: write',
        'delete (function public.wipe) writes orders calls log_order: write blind',
        'insert (trigger public.log_order) writes log calls pg_catalog.now: write',
      ],
      'reindex table customers': ['maintenance writes customers: write'],
      'cluster customers using i': ['maintenance writes customers: write'],
      "load 'x'": ['maintenance: write opaque outside'],
    });
  });

  test('are refused as a whole when there is no one statement', () => {
    assert.deepEqual(analyze('select 1; select 2', session), { why: 'There is more than one statement.' });
    assert.deepEqual(analyze('selec 1', session), { why: 'The statement cannot be parsed.' });
    const deep = `select ${'('.repeat(3_000)}1${')'.repeat(3_000)}`;
    assert.deepEqual(analyze(deep, session), { why: 'The statement is nested too deeply to be analysed.' });
  });

  test('name columns that are read and given a value', () => {
    const cases: { readonly [sql: string]: readonly [reads: string, writes: string] } = {
      'select email from customers': ['customers.email', ''],
      'select c.b from customers c(a, b)': ['customers.name', ''],
      'select * from customers': ['customers.email customers.id customers.name', ''],
      'select c from customers c': ['customers.email customers.id customers.name', ''],
      'select (c).email from customers c': ['customers.email', ''],
      'select public.customers.email from customers': ['customers.email', ''],
      'select 1 from customers where name = $1 order by id': ['customers.id customers.name', ''],
      'select 1 from orders o where exists (select 1 from customers where customers.id = o.id)': [
        'customers.id orders.id',
        '',
      ],
      'select 1 from customers join orders using (id)': ['customers.id orders.id', ''],
      'select 1 from customers natural join orders': ['customers.id orders.id', ''],
      'select j.email from (customers join orders on true) j': ['customers.email', ''],
      'select c from (customers join log on true) j(a, b, c)': [
        'customers.email customers.id customers.name log.at log.what',
        '',
      ],
      'select j.name from (customers join log on true) j(a, b, name)': [
        'customers.email customers.id customers.name log.at log.what',
        '',
      ],
      'select (select email from (orders o join log on true) j(a, email)) from customers': [
        'customers.email log.at log.what orders.id orders.total',
        '',
      ],
      'select 1 from customers c(i, n, e) natural join (select 1 as e) v': ['customers.email', ''],
      'select 1 from (orders o join log on true) j(a, b) join (select 1 as b) v using (b)': [
        'log.at log.what orders.id orders.total',
        '',
      ],
      'select (email).name from customers email': ['customers.email', ''],
      'select v.email from (customers natural join log v) v': ['customers.email log.at log.what', ''],
      'select v.* from (customers cross join log v) v': [
        'customers.email customers.id customers.name log.at log.what',
        '',
      ],
      'select (select v.name from (log v cross join orders) j) from customers v': [
        'customers.name log.at log.what',
        '',
      ],
      'select (select email from log email) from customers': ['customers.email', ''],
      'select (select public.customers.id from log customers) from customers': ['customers.id', ''],
      'cluster orders using i': ['orders.id orders.total', ''],
      'select id from contacts': ['contacts.id customers.id customers.name', ''],
      'select mail from mails': ['contacts.mail customers.email customers.name mails.mail', ''],
      'insert into customers (id, email) values (1, 2)': ['', 'customers.email customers.id'],
      'insert into customers values (1)': ['', 'customers.email customers.id customers.name'],
      'insert into customers (id) values (1) returning new.email': ['customers.email', 'customers.id'],
      'update customers set email = name': ['customers.name', 'customers.email'],
      "update contacts set mail = 'x'": ['customers.name', 'contacts.mail customers.email'],
      'update customers set (email, name) = (select total, 1 from orders)': [
        'orders.total',
        'customers.email customers.name',
      ],
      'delete from customers where email is null': ['customers.email', ''],
      'copy customers (email) to stdout': ['customers.email', ''],
      'copy customers (email) from stdin': ['', 'customers.email'],
      'alter table customers drop column email': ['', 'customers.email'],
    };
    const short = (names: readonly string[]): string => names.map((name) => name.replace(/^public\./, '')).join(' ');
    for (const [sql, [reads, writes]] of Object.entries(cases)) {
      const [first] = analysisOf(sql).commands;
      assert.deepEqual([short(first.readsColumns), short(first.writesColumns)], [reads, writes], sql);
    }
  });

  test('say which functions are volatile', () => {
    const [first] = analysisOf("select random(), lower('x'), wipe(), pure(1), nobody()").commands;
    assert.deepEqual(first.volatileFunctions, ['nobody', 'pg_catalog.random', 'public.wipe']);
  });
});
