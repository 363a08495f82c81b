import {
  type BypassCase,
  bind,
  close,
  copyData,
  copyDone,
  describe,
  execute,
  flush,
  messages,
  parse,
  query,
  refuses,
  type Step,
  sync,
} from './bypass-case.ts';

const paid = 'select exists (select from payments where id = 100)';
const payment = '(id, invoice_id, amount) values (100, 1, 5)';
const pay = `insert into payments ${payment}`;
const payFunction = (name: string, args = ''): string =>
  `create function ${name}(${args}) returns int language plpgsql as $f$ begin insert into public.payments ${payment}; return 1; end $f$`;

/** Name, way, steps, effect: that a payment is made, if it is not said. */
type Row = readonly [name: string, way: string, steps: Step | readonly Step[], effect?: string];

const hidden = "select '\\', pay(1, 5)::text, ' --'";

/** Settings that change how a text reads between the moment when Postgres reads it and the one when it runs. */
const readings: readonly Row[] = [
  [
    'parsed before standard_conforming_strings',
    'the tree of Parse is kept, the setting is not',
    [
      messages([parse(hidden, 's'), sync]),
      'set standard_conforming_strings = off',
      messages([bind({ statement: 's' }), execute(), sync]),
    ],
  ],
  [
    'standard_conforming_strings in the same Query',
    'Postgres reads the whole Query before it runs any of it',
    `set standard_conforming_strings = off; ${hidden}`,
  ],
  [
    'prepared before standard_conforming_strings',
    'the tree of PREPARE is kept, the setting is not',
    [`prepare p as ${hidden}`, 'set standard_conforming_strings = off', 'execute p'],
  ],
  [
    'prepared before standard_conforming_strings, in a pipeline',
    'all at once',
    messages([
      parse(hidden, 's'),
      parse('set standard_conforming_strings = off'),
      bind(),
      execute(),
      bind({ statement: 's' }),
      execute(),
      sync,
    ]),
  ],
];

const mine = 'create schema mine';
const decoy = 'create table mine.payments (id int, invoice_id int, amount numeric)';
const path = 'set search_path = mine, public';

/** A harmless name that means payments by the time it is used. */
const shadows: readonly Row[] = [
  [
    'a shadow dropped',
    'the name falls back to the next schema',
    [mine, decoy, path, 'begin', 'drop table mine.payments', pay, 'commit'],
  ],
  ['a shadow dropped in the same Query', 'one message', [mine, decoy, path, `drop table mine.payments; ${pay}`]],
  [
    'a shadow dropped with its schema',
    'DROP SCHEMA',
    [mine, decoy, path, 'begin', 'drop schema mine cascade', pay, 'commit'],
  ],
  [
    'a shadow renamed',
    'ALTER TABLE RENAME',
    [mine, decoy, path, 'begin', 'alter table mine.payments rename to other', pay, 'commit'],
  ],
  [
    'a shadow moved',
    'SET SCHEMA',
    [mine, decoy, path, 'create schema z', 'begin', 'alter table mine.payments set schema z', pay, 'commit'],
  ],
  [
    'a schema of a shadow renamed',
    'ALTER SCHEMA RENAME',
    [mine, decoy, path, 'begin', 'alter schema mine rename to z', pay, 'commit'],
  ],
  [
    'a shadow dropped by code',
    'DO',
    [mine, decoy, path, 'begin', "do $$ begin execute 'drop table mine.pay' || 'ments'; end $$", pay, 'commit'],
  ],
  [
    'a shadow dropped by a function',
    'SELECT of a function',
    [
      mine,
      decoy,
      path,
      'create function d() returns void language plpgsql as $$ begin drop table mine.payments; end $$',
      `select d(); ${pay}`,
    ],
  ],
  [
    'a shadow dropped by a savepoint',
    'ROLLBACK TO',
    [
      mine,
      path,
      'begin',
      'savepoint a',
      decoy,
      `insert into payments values (1, 1, 1)`,
      'rollback to a',
      pay,
      'commit',
    ],
  ],
  [
    'a shadow closed',
    'REVOKE USAGE',
    [mine, decoy, path, 'begin', 'revoke usage on schema mine from shop_owner', pay, 'commit'],
  ],
  [
    'a shadow closed for good',
    'REVOKE USAGE, committed',
    [mine, decoy, path, 'revoke usage on schema mine from shop_owner', pay],
  ],
  [
    'a shadow closed in the same Query',
    'REVOKE USAGE',
    [mine, decoy, path, `revoke usage on schema mine from shop_owner; ${pay}`],
  ],
  [
    'a temporary shadow dropped',
    'pg_temp',
    [
      'create temp table payments (id int, invoice_id int, amount numeric)',
      'begin',
      'drop table pg_temp.payments',
      pay,
      'commit',
    ],
  ],
  [
    'a temporary shadow dropped by its plain name',
    'pg_temp',
    [
      'create temp table payments (id int, invoice_id int, amount numeric)',
      'begin',
      'drop table payments',
      pay,
      'commit',
    ],
  ],
  [
    'a temporary shadow discarded',
    'DISCARD TEMP',
    ['create temp table payments (id int, invoice_id int, amount numeric)', 'begin', 'discard temp', pay, 'commit'],
  ],
  [
    'a temporary shadow discarded in the same Query',
    'DISCARD TEMP',
    ['create temp table payments (id int, invoice_id int, amount numeric)', `discard temp; ${pay}`],
  ],
  [
    'a temporary shadow discarded before',
    'DISCARD ALL',
    ['create temp table payments (id int, invoice_id int, amount numeric)', 'discard all', pay],
  ],
  [
    'a temporary shadow of a pipeline',
    'dropped and used in one pipeline',
    [
      'create temp table payments (id int, invoice_id int, amount numeric)',
      messages([parse('discard temp'), bind(), execute(), parse(pay), bind(), execute(), sync]),
    ],
  ],
  [
    'a view in the place of a table',
    'names swapped in a transaction',
    [
      'create view v as select * from payments',
      'create table w (id int, invoice_id int, amount numeric)',
      'begin',
      'drop table w',
      'alter view v rename to w',
      `insert into w ${payment}`,
      'commit',
    ],
  ],
  [
    'a view in the place of a table, from another schema',
    'SET SCHEMA',
    [
      mine,
      'create view mine.w as select * from payments',
      'create table w (id int, invoice_id int, amount numeric)',
      'begin',
      'drop table w',
      'alter view mine.w set schema public',
      `insert into w ${payment}`,
      'commit',
    ],
  ],
  [
    'schemas swapped',
    'ALTER SCHEMA RENAME twice',
    [
      mine,
      'create schema yours',
      'create view mine.w as select * from payments',
      'create table yours.w (id int, invoice_id int, amount numeric)',
      'begin',
      'alter schema yours rename to z',
      'alter schema mine rename to yours',
      `insert into yours.w ${payment}`,
      'commit',
    ],
  ],
  [
    'a schema swapped in',
    'ALTER SCHEMA RENAME once',
    [
      mine,
      'create view mine.w as select * from payments',
      'create table w (id int, invoice_id int, amount numeric)',
      'set search_path = yours, public',
      'begin',
      'alter schema mine rename to yours',
      `insert into w ${payment}`,
      'commit',
    ],
  ],
  [
    'a view changed',
    'CREATE OR REPLACE VIEW',
    [
      'create view w as select 0 as id, 0 as invoice_id, 0::numeric(10, 2) as amount',
      'begin',
      'create or replace view w as select id, invoice_id, amount from payments',
      `insert into w ${payment}`,
      'commit',
    ],
  ],
  [
    'a rule on a new table',
    'CREATE RULE',
    [
      'create table w (id int)',
      'begin',
      `create rule r as on insert to w do also insert into payments ${payment}`,
      'insert into w values (1)',
      'commit',
    ],
  ],
  [
    'a trigger on a table',
    'CREATE TRIGGER, in one transaction',
    [
      'create table w (invoice int, amount numeric)',
      'begin',
      'create trigger t after insert on w for each row execute function pay_by_trigger()',
      'insert into w values (1, 1)',
      'commit',
    ],
  ],
  [
    'a trigger on a table, in one Query',
    'CREATE TRIGGER, in one Query',
    [
      'create table w (invoice int, amount numeric)',
      'create trigger t after insert on w for each row execute function pay_by_trigger(); insert into w values (1, 1)',
    ],
  ],
  [
    'a trigger enabled',
    'ALTER TABLE ENABLE TRIGGER',
    [
      'create table w (invoice int, amount numeric)',
      'create trigger t after insert on w for each row execute function pay_by_trigger()',
      'alter table w disable trigger t',
      'begin',
      'alter table w enable trigger t',
      'insert into w values (1, 1)',
      'commit',
    ],
  ],
  [
    'a default',
    'ALTER TABLE SET DEFAULT, in one transaction',
    [
      payFunction('f'),
      'create table w (id int, x int)',
      'begin',
      'alter table w alter x set default f()',
      'insert into w values (1)',
      'commit',
    ],
  ],
  [
    'a function replaced',
    'CREATE OR REPLACE FUNCTION, in one transaction',
    [
      'create function f() returns int language sql as $$ select 1 $$',
      'begin',
      payFunction('f').replace('create', 'create or replace'),
      'select f()',
      'commit',
    ],
  ],
  [
    'a function renamed',
    'ALTER FUNCTION RENAME, in one transaction',
    [
      'create function g() returns int language sql as $$ select 1 $$',
      payFunction('f'),
      'begin',
      'drop function g()',
      'alter function f() rename to g',
      'select g()',
      'commit',
    ],
  ],
  [
    'a function moved',
    'ALTER FUNCTION SET SCHEMA, in one transaction',
    [
      mine,
      payFunction('mine.lower', 'text'),
      'set search_path = public, pg_catalog',
      'begin',
      'alter function mine.lower(text) set schema public',
      "select lower('x')",
      'commit',
    ],
  ],
  [
    'a function uncovered',
    'DROP FUNCTION of the harmless one',
    [
      mine,
      payFunction('f'),
      'create function mine.f() returns int language sql as $$ select 1 $$',
      path,
      'begin',
      'drop function mine.f()',
      'select f()',
      'commit',
    ],
  ],
  [
    'an operator made',
    'CREATE OPERATOR, in one transaction',
    [
      payFunction('f', 'text, text'),
      'begin',
      'create operator + (leftarg = text, rightarg = text, function = f)',
      "select 'a'::text + 'b'::text",
      'commit',
    ],
  ],
  [
    'a partition attached',
    'ATTACH PARTITION',
    [
      "create table w (id int not null, invoice_id int, amount numeric(10, 2) not null, paid date not null default '2027-03-01')",
      'begin',
      "alter table payments attach partition w for values from ('2027-01-01') to ('2028-01-01')",
      `insert into w ${payment}`,
      'commit',
    ],
  ],
];

/** With functions that pay: of nothing, of a number, of a text. */
const called = (name: string, way: string, before: readonly Step[], last: Step): Row => [
  name,
  way,
  [payFunction('f', 'int'), payFunction('f', 'text'), payFunction('n'), ...before, last],
];

/** Code that runs where no call of it is written. */
const hiddenCalls: readonly Row[] = [
  called(
    'a column that is a function',
    'w.f is f(w)',
    [payFunction('f', 'wishes'), "insert into wishes values (1, 'x')"],
    'select w.f from wishes w',
  ),
  called(
    'a field that is a function',
    '(row).f is f(row)',
    [payFunction('f', 'wishes'), "insert into wishes values (1, 'x')"],
    'select (w).f from wishes w',
  ),
  called(
    'a field of a subquery',
    '(select w).f',
    [payFunction('f', 'wishes'), "insert into wishes values (1, 'x')"],
    'select (select w from wishes w).f',
  ),
  called(
    'a default of a parameter',
    'the default pays',
    ['create function g(x int default n()) returns int language sql as $$ select $1 $$'],
    'select g()',
  ),
  called(
    'a default of a parameter of PL/pgSQL',
    'the default pays',
    ['create function g(x int default n()) returns int language plpgsql as $$ begin return x; end $$'],
    'select g()',
  ),
  called(
    'a default of a parameter of a procedure',
    'the default pays',
    ['create procedure g(x int default n()) language plpgsql as $$ begin end $$'],
    'call g()',
  ),
  called('a CHECK of a domain', 'a cast pays', ['create domain d as int check (f(value) = 1)'], 'select 5::d'),
  called(
    'a CHECK of a domain of a column',
    'an INSERT pays',
    ['create domain d as int check (f(value) = 1)', 'create table w (x d)'],
    'insert into w values (1)',
  ),
  called(
    'a default of a domain',
    'an INSERT pays',
    ['create domain d as int default n()', 'create table w (id int, x d)'],
    'insert into w values (1)',
  ),
  called(
    'a CHECK of a domain in an array',
    'a cast pays',
    ['create domain d as int check (f(value) = 1)'],
    "select '{5}'::d[]",
  ),
  called(
    'a CHECK of a domain in a composite',
    'a literal pays',
    ['create domain d as int check (f(value) = 1)', 'create type t as (x d)'],
    "select '(5)'::t",
  ),
  called(
    'a CHECK of a domain by parameter',
    'Bind pays',
    ['create domain d as int check (f(value) = 1)'],
    messages([parse('select $1::d'), bind({ parameters: ['5'] }), execute(), sync]),
  ),
  called(
    'a CHECK of a domain by JSON',
    'json_populate_record pays',
    ['create domain d as int check (f(value) = 1)', 'create type t as (x d)'],
    'select json_populate_record(null::t, \'{"x": 5}\')',
  ),
  called(
    'a CHECK of a domain of an argument',
    'a call pays',
    [
      'create domain d as int check (f(value) = 1)',
      'create function g(d) returns int language plpgsql as $$ begin return 1; end $$',
    ],
    'select g(5)',
  ),
  called(
    'a CHECK of a domain of a result',
    'a return pays',
    ['create domain d as int check (f(value) = 1)', 'create function g() returns d language sql as $$ select 1 $$'],
    'select g()',
  ),
  called(
    'an assignment cast',
    'no cast is written',
    [
      'create type t as (a int)',
      `create function tf(t) returns int language sql as $$ insert into public.payments ${payment} returning 1 $$`,
      'create cast (t as int) with function tf(t) as assignment',
      'create table w (x int)',
    ],
    'insert into w select row(1)::t',
  ),
  called(
    'an implicit cast',
    'no cast is written',
    [
      'create type t as (a int)',
      `create function tf(t) returns int language sql as $$ insert into public.payments ${payment} returning 1 $$`,
      'create cast (t as int) with function tf(t) as implicit',
      'create table w (x t)',
      'insert into w values (row(1))',
    ],
    'select x + 1 from w',
  ),
  called(
    'an implicit cast of an argument',
    'no cast is written',
    [
      'create type t as (a int)',
      `create function tf(t) returns int language sql as $$ insert into public.payments ${payment} returning 1 $$`,
      'create cast (t as int) with function tf(t) as implicit',
      'create table w (x t)',
      'insert into w values (row(1))',
    ],
    'select abs(x) from w',
  ),
  called(
    'an aggregate',
    'its state function pays',
    [
      'create function s(int, int) returns int language sql as $$ select f($2) $$',
      'create aggregate a(int) (sfunc = s, stype = int)',
    ],
    'select a(1)',
  ),
  called(
    'an aggregate, in the end',
    'its final function pays',
    ['create aggregate a(int) (sfunc = int4pl, stype = int, finalfunc = f)'],
    'select a(1)',
  ),
  called(
    'an operator',
    'an operator of its own',
    [
      'create function o(text, text) returns int language sql as $$ select n() $$',
      'create operator + (leftarg = text, rightarg = text, function = o)',
    ],
    "select 'a'::text + 'b'",
  ),
  ...(
    [
      ['IN', '=', 'select x in (y) from (select row(1)::t as x, row(2)::t as y) q'],
      ['NOT IN', '<>', 'select x not in (y) from (select row(1)::t as x, row(2)::t as y) q'],
      ['IN of a subquery', '=', 'select x in (select row(2)::t) from (select row(1)::t as x) q'],
      ['= ANY', '=', 'select row(1)::t = any (array[row(2)::t])'],
      ['IS DISTINCT FROM', '=', 'select x is distinct from y from (select row(1)::t as x, row(2)::t as y) q'],
      ['NULLIF', '=', 'select nullif(row(1)::t, row(2)::t)'],
      ['CASE', '=', 'select case row(1)::t when row(2)::t then 1 end'],
      ['BETWEEN', '>=', 'select row(1)::t between row(2)::t and row(3)::t'],
      ['LIKE', '~~', 'select row(1)::t like row(2)::t'],
      ['ILIKE', '~~*', 'select row(1)::t ilike row(2)::t'],
      ['USING', '=', 'select count(*) from (select row(1)::t as x) a join (select row(2)::t as x) b using (x)'],
      ['NATURAL JOIN', '=', 'select count(*) from (select row(1)::t as x) a natural join (select row(2)::t as x) b'],
    ] as const
  ).map(([name, operator, sql]) =>
    called(
      `an operator in ${name}`,
      `${name} is ${operator}`,
      [
        'create type t as (a int)',
        `create function o(t, t) returns boolean language sql as $$ select n() = 1 $$`,
        `create operator public.${operator} (leftarg = t, rightarg = t, function = o)`,
        'set search_path = public, pg_catalog',
      ],
      sql,
    ),
  ),
  called(
    'a function in front of a built-in one',
    'public before pg_catalog',
    [
      'create function public.abs(int) returns int language sql as $$ select n() $$',
      'set search_path = public, pg_catalog',
    ],
    'select abs(1)',
  ),
  called(
    'a better match than a built-in function',
    'another type of argument',
    ['create function public.abs(text) returns int language sql as $$ select n() $$'],
    "select abs('1'::text)",
  ),
  called(
    'a variadic match',
    'VARIADIC',
    ['create function public.upper(variadic int[]) returns int language sql as $$ select n() $$'],
    'select upper(1, 2)',
  ),
  called(
    'a function in a special form',
    'EXTRACT, OVERLAY and their like are calls in pg_catalog',
    [
      'create function public.pg_collation_for(int) returns int language sql as $$ select n() $$',
      'create function public.substring(int, int) returns int language sql as $$ select n() $$',
      'set search_path = public, pg_catalog',
    ],
    'select substring(1, 2)',
  ),
  called(
    'REFRESH',
    'a materialized view that calls',
    [
      'create materialized view m as select 1 as x with no data',
      'drop materialized view m',
      'create materialized view m as select n() as x with no data',
    ],
    'refresh materialized view m',
  ),
  called(
    'ANALYZE',
    'statistics over a call',
    [
      'create function i(int) returns int immutable language plpgsql as $f$ begin if exists (select from public.wishes) then perform public.n(); end if; return 1; end $f$',
      'create table w (x int)',
      'insert into w values (1), (2)',
      'create statistics s on (i(x)), x from w',
      "insert into wishes values (1, 'x')",
    ],
    'analyze w',
  ),
  called(
    'REINDEX',
    'an index over a call',
    [
      'create function i(int) returns int immutable language plpgsql as $f$ begin if exists (select from public.wishes) then perform public.n(); end if; return 1; end $f$',
      'create table w (x int)',
      'create index on w (i(x))',
      'insert into w values (1)',
      "insert into wishes values (1, 'x')",
    ],
    'reindex table w',
  ),
  called(
    'CLUSTER',
    'an index over a call',
    [
      'create function i(int) returns int immutable language plpgsql as $f$ begin if exists (select from public.wishes) then perform public.n(); end if; return 1; end $f$',
      'create table w (x int)',
      'create index wi on w (i(x))',
      'insert into w values (1)',
      "insert into wishes values (1, 'x')",
    ],
    'cluster w using wi',
  ),
  called(
    'VACUUM FULL',
    'an index over a call',
    [
      'create function i(int) returns int immutable language plpgsql as $f$ begin if exists (select from public.wishes) then perform public.n(); end if; return 1; end $f$',
      'create table w (x int)',
      'create index wi on w (i(x))',
      'insert into w values (1)',
      "insert into wishes values (1, 'x')",
    ],
    'vacuum full w',
  ),
  called(
    'an expression index',
    'INSERT calls it',
    [
      'create function i(int) returns int immutable language plpgsql as $f$ begin perform public.n(); return 1; end $f$',
      'create table w (x int)',
      'create index on w (i(x))',
    ],
    'insert into w values (1)',
  ),
  called(
    'a partial index',
    'INSERT calls it',
    [
      'create function i(int) returns boolean immutable language plpgsql as $f$ begin perform public.n(); return true; end $f$',
      'create table w (x int)',
      'create index on w (x) where i(x)',
    ],
    'insert into w values (1)',
  ),
  called(
    'a generated column',
    'INSERT calls it',
    [
      'create function i(int) returns int immutable language plpgsql as $f$ begin perform public.n(); return 1; end $f$',
      'create table w (x int, y int generated always as (i(x)) stored)',
    ],
    'insert into w values (1)',
  ),
  called(
    'a generated column, virtual',
    'SELECT computes it',
    [
      'create function i(int) returns int immutable language plpgsql as $f$ begin perform public.n(); return 1; end $f$',
      'create table w (x int, y int check (y > 0))',
      'alter table w add constraint c check (i(x) > 0)',
    ],
    'insert into w values (1)',
  ),
  called(
    'a default of a column',
    'INSERT calls it',
    ['create table w (x int, y int default n())'],
    'insert into w (x) values (1)',
  ),
  called(
    'a default of a view',
    'INSERT calls it',
    ['create table w (x int, y int)', 'create view v as select * from w', 'alter view v alter y set default n()'],
    'insert into v (x) values (1)',
  ),
  called(
    'DEFAULT in UPDATE',
    'UPDATE calls it',
    ['create table w (x int, y int default n())', 'insert into w values (1, 1)'],
    'update w set y = default where x = 1',
  ),
  called(
    'a partition key',
    'an expression that routes',
    [
      'create function i(int) returns int immutable language plpgsql as $f$ begin perform public.n(); return 1; end $f$',
      'create table w (x int) partition by list (i(x))',
      'create table w1 partition of w for values in (1)',
    ],
    'insert into w values (1)',
  ),
  called(
    'an exclusion constraint',
    'INSERT calls it',
    [
      'create function i(int) returns int immutable language plpgsql as $f$ begin perform public.n(); return 1; end $f$',
      'create table w (x int, exclude (i(x) with =))',
    ],
    'insert into w values (1)',
  ),
  called(
    'a policy',
    'SELECT calls it',
    [
      'create table w (x int)',
      'insert into w values (1)',
      'alter table w enable row level security',
      'alter table w force row level security',
      'create policy p on w using (f(x) = 1)',
    ],
    'select * from w',
  ),
  called(
    'a trigger with WHEN',
    'its condition calls',
    [
      'create table w (x int)',
      'create function nothing() returns trigger language plpgsql as $f$ begin return new; end $f$',
      'create trigger t before insert on w for each row when (f(new.x) = 2) execute function nothing()',
    ],
    'insert into w values (1)',
  ),
  called(
    'a constraint trigger',
    'at COMMIT',
    [
      'create table w (invoice int, amount numeric)',
      'create constraint trigger t after insert on w deferrable initially deferred for each row execute function pay_by_trigger()',
      'begin',
      'insert into w values (1, 1)',
    ],
    'commit',
  ),
  called(
    'a trigger by TRUNCATE',
    'TRUNCATE fires',
    [
      'create table w (x int)',
      'create function g() returns trigger language plpgsql as $f$ begin perform public.n(); return null; end $f$',
      'create trigger t after truncate on w execute function g()',
    ],
    'truncate w',
  ),
  called(
    'a trigger by cascade',
    'a row that a foreign key deletes fires',
    [
      'create table a (x int primary key)',
      'create table b (x int references a on delete cascade)',
      'create function g() returns trigger language plpgsql as $f$ begin perform public.n(); return null; end $f$',
      'create trigger t after delete on b for each row execute function g()',
      'insert into a values (1)',
      'insert into b values (1)',
    ],
    'delete from a where x = 1',
  ),
  called(
    'a trigger by INSERT of a partition',
    'the parent is written',
    [
      'create table w (x int) partition by list (x)',
      'create table w1 partition of w default',
      'create function g() returns trigger language plpgsql as $f$ begin perform public.n(); return null; end $f$',
      'create trigger t after insert on w1 for each row execute function g()',
    ],
    'insert into w values (1)',
  ),
  called(
    'COPY into a table with a trigger',
    'COPY fires',
    [],
    messages([query('copy payment_wishes from stdin'), copyData('1\t1\n'), copyDone]),
  ),
  called(
    'COPY into a view with a trigger',
    'COPY fires INSTEAD OF',
    [],
    messages([query('copy payment_requests from stdin'), copyData('1\t1\n'), copyDone]),
  ),
  called(
    'ALTER TABLE ADD COLUMN',
    'a default is computed',
    ['create table w (x int)', 'insert into w values (1)'],
    'alter table w add y int default n()',
  ),
  called(
    'ALTER TABLE ADD COLUMN of a domain',
    'a CHECK is computed',
    ['create domain d as int check (f(value) = 1)', 'create table w (x int)', 'insert into w values (1)'],
    'alter table w add y d default 5',
  ),
  called(
    'ALTER TABLE TYPE',
    'USING is computed',
    ['create table w (x int)', 'insert into w values (1)'],
    'alter table w alter x type int using f(x)',
  ),
  called(
    'ALTER TABLE ADD CHECK',
    'it is checked',
    ['create table w (x int)', 'insert into w values (1)'],
    'alter table w add check (f(x) = 1)',
  ),
  called(
    'VALIDATE CONSTRAINT',
    'it is checked',
    ['create table w (x int)', 'insert into w values (1)', 'alter table w add constraint c check (f(x) = 1) not valid'],
    'alter table w validate constraint c',
  ),
  called(
    'ALTER DOMAIN ADD CHECK',
    'it is checked',
    ['create domain d as int', 'create table w (x d)', 'insert into w values (1)'],
    'alter domain d add check (f(value) = 1)',
  ),
  called(
    'ALTER DOMAIN VALIDATE',
    'it is checked',
    [
      'create domain d as int',
      'create table w (x d)',
      'insert into w values (1)',
      'alter domain d add constraint c check (f(value) = 1) not valid',
    ],
    'alter domain d validate constraint c',
  ),
  called(
    'CREATE UNIQUE INDEX',
    'it is computed',
    [
      'create function i(int) returns int immutable language plpgsql as $f$ begin perform public.n(); return 1; end $f$',
      'create table w (x int)',
      'insert into w values (1)',
    ],
    'create index on w (i(x))',
  ),
  called('CREATE TABLE AS EXECUTE', 'EXECUTE', ['prepare p as select n()'], 'create table w as execute p'),
  called('EXPLAIN ANALYZE EXECUTE', 'EXECUTE', ['prepare p as select n()'], 'explain (analyze) execute p'),
  called(
    'EXPLAIN ANALYZE CREATE TABLE AS EXECUTE',
    'EXECUTE',
    ['prepare p as select n()'],
    'explain (analyze) create table w as execute p',
  ),
  called('EXPLAIN ANALYZE DECLARE', 'DECLARE', [], 'explain (analyze) declare c cursor for select n()'),
  called('EXPLAIN ANALYZE TRUE', 'the value of the option', [], 'explain (analyze 1) select n()'),
  called('EXPLAIN ANALYZE twice', 'the last counts', [], 'explain (analyze off, analyze) select n()'),
  called('EXPLAIN "analyze"', 'in quotes', [], 'explain ("analyze") select n()'),
  called('EXECUTE with arguments', 'an argument calls', ['prepare p(int) as select $1'], 'execute p(n())'),
  called('DECLARE WITH HOLD', 'COMMIT runs it', ['begin', 'declare c cursor with hold for select n()'], 'commit'),
  called('MOVE', 'MOVE runs a cursor', ['begin', 'declare c cursor for select n()'], 'move all from c; commit'),
  called('LIMIT', 'a call in LIMIT', [], 'select 1 limit n()'),
  called('OFFSET', 'a call in OFFSET', [], 'select 1 offset n()'),
  called('FETCH FIRST', 'a call in FETCH FIRST', [], 'select 1 fetch first (n()) rows only'),
  called('TABLESAMPLE', 'a call in TABLESAMPLE', [], 'select 1 from invoices tablesample system (n())'),
  called('REPEATABLE', 'a call in REPEATABLE', [], 'select 1 from invoices tablesample system (100) repeatable (n())'),
  called(
    'a window frame',
    'a call in its bounds',
    [],
    'select count(*) over (order by id rows n() preceding) from invoices',
  ),
  called('a filter', 'a call in FILTER', [], 'select count(*) filter (where n() = 1)'),
  called('an order within', 'a call in ORDER BY', [], 'select array_agg(1 order by n())'),
  called(
    'ON CONFLICT',
    'a call in its WHERE',
    ["insert into wishes values (1, 'x')"],
    "insert into wishes values (1, 'y') on conflict (id) do update set text = 'z' where n() = 1",
  ),
  called('RETURNING', 'a call', [], "insert into wishes values (1, 'y') returning n()"),
  called(
    'MERGE',
    'a call in a condition',
    [],
    'merge into wishes w using invoices i on w.id = i.id when not matched and n() = 2 then insert values (i.id, null)',
  ),
  called(
    'MERGE RETURNING',
    'a call',
    [],
    "merge into wishes w using (values (1)) i(id) on w.id = i.id when not matched then insert values (i.id, 'x') returning n()",
  ),
  called(
    'JSON_TABLE',
    'a call in PASSING',
    [],
    "select * from json_table('[1]'::jsonb, '$[*] ? (@ < $x)' passing n() as x columns (a int path '$'))",
  ),
  called(
    'JSON_VALUE',
    'a call in DEFAULT',
    [],
    "select json_value('{}'::jsonb, '$.a' returning int default n() on empty)",
  ),
  called(
    'XMLTABLE',
    'a call in DEFAULT',
    [],
    "select * from xmltable('/a' passing xmlelement(name a) columns x int path 'b' default n())",
  ),
  called('GROUPING SETS', 'a call in GROUP BY', [], 'select 1 from invoices group by grouping sets ((n() + id), ())'),
  called(
    'SEARCH and CYCLE',
    'a call in a recursive term',
    [],
    'with recursive r(x) as (select 1 union all select x + n() from r where x < 2) search depth first by x set o select * from r',
  ),
  called('VALUES in LATERAL', 'a call', [], 'select * from invoices, lateral (values (n())) v(x)'),
  called('an array subscript', 'a call', [], 'select (array[1, 2])[n()]'),
  called(
    'a subscript assigned to',
    'a call',
    ['create table w (x int[])', "insert into w values ('{1}')"],
    'update w set x[n()] = 1 where true is not null',
  ),
  called('AT TIME ZONE', 'a call', [], "select now() at time zone (n() || ' h')::interval"),
  called('COLLATE', 'a call', [], 'select n()::text collate "C"'),
  called(
    'COPY WHERE',
    'a call in COPY WHERE',
    [],
    messages([query('copy wishes from stdin where n() = 1'), copyData('1\tx\n'), copyDone]),
  ),
  called(
    'CALL with an argument',
    'an argument calls',
    ['create procedure c(int) language plpgsql as $f$ begin end $f$'],
    'call c(n())',
  ),
  called(
    'SET in a function',
    'a path of its own',
    ['create function public.g() returns int language sql set search_path = public as $f$ select n() $f$'],
    'select g()',
  ),
  called('a body RETURN', 'RETURN', ['create function g() returns int return n()'], 'select g()'),
  called(
    'a body BEGIN ATOMIC',
    'BEGIN ATOMIC',
    ['create function g() returns int begin atomic select 1; select case when true then n() end; end'],
    'select g()',
  ),
  called('a view of a function', 'SELECT from a view', ['create view v as select n() as x'], 'select x from v'),
  called(
    'a view in a view',
    'SELECT from a view of a subquery',
    ['create view v as select n() as x', 'create view u as select (select x from v) as y'],
    'table u',
  ),
  called('a call by name', 'a function-call message in words', [], 'select x from rows from (n()) as t(x)'),
  called('a call by regprocedure', 'ts_stat, query_to_xml', [], "select query_to_xml('select n()', true, false, '')"),
  called(
    'cursor_to_xml',
    'a cursor by name',
    ['begin', 'declare c cursor for select n()'],
    "select cursor_to_xml('c', 1, true, false, ''); commit",
  ),
  called(
    'schema_to_xml',
    'a view of the schema',
    ['create schema x', 'create view x.v as select public.n()'],
    "select schema_to_xml('x', true, false, '')",
  ),
  called(
    'database_to_xml',
    'a view of the database',
    ['create view v as select public.n()'],
    "select length(database_to_xml(true, false, '')::text)",
  ),
  called('table_to_xml', 'a view', ['create view v as select public.n()'], "select table_to_xml('v', true, false, '')"),
  called(
    'pg_get_viewdef and its like',
    'pg_relation_size does not run',
    ['create view v as select public.n()'],
    'copy (table v) to stdout',
  ),
  called(
    'a table function in UPDATE FROM',
    'a call',
    ["insert into wishes values (1, 'x')"],
    "update wishes set text = 'y' from n() g where wishes.id = g",
  ),
  called(
    'DELETE USING',
    'a call',
    ["insert into wishes values (1, 'x')"],
    'delete from wishes using n() g where wishes.id = g',
  ),
];

const block = (name: string, body: string, declare = ''): Row =>
  called(`PL/pgSQL: ${name}`, body, [], `do $$ ${declare === '' ? '' : `declare ${declare} `}begin ${body} end $$`);

/** Every place of PL/pgSQL in which an expression can stand. */
const plpgsql: readonly Row[] = [
  block('PERFORM', 'perform n();'),
  block('a declaration', 'null;', 'x int := n();'),
  block('a declaration with =', 'null;', 'x int = n();'),
  block('a declaration with DEFAULT', 'null;', 'x constant int not null default n();'),
  block('a declaration with %TYPE', 'null;', 'x invoices.id%type := n();'),
  block('a declaration COLLATE', 'null;', `x text collate "C" := n();`),
  block('an inner declaration', 'declare y int := n(); begin null; end;'),
  block('a labelled block', '<<l>> declare y int := n(); begin null; end l;'),
  block('an assignment', 'x := n();', 'x int;'),
  block('an assignment with =', 'x = n();', 'x int;'),
  block('an assignment to a subscript', 'x[n()] := 1;', 'x int[];'),
  block('an assignment to a field', 'x.id := n();', 'x invoices;'),
  block('IF', 'if n() = 1 then null; end if;'),
  block('ELSIF', 'if false then null; elsif n() = 1 then null; end if;'),
  block('ELSEIF', 'if false then null; elseif n() = 1 then null; end if;'),
  block('CASE', 'case n() when 1 then null; end case;'),
  block('WHEN', 'case 1 when 2, n() then null; end case;'),
  block('CASE WHEN', 'case when n() = 1 then null; end case;'),
  block('WHILE', 'while n() = 2 loop null; end loop;'),
  block('EXIT WHEN', 'loop exit when n() = 1; end loop;'),
  block('CONTINUE WHEN', 'for i in 1..1 loop continue when n() = 1; end loop;'),
  block('FOR of numbers', 'for i in n()..1 loop null; end loop;'),
  block('FOR to', 'for i in 1..n() loop null; end loop;'),
  block('FOR BY', 'for i in 1..1 by n() loop null; end loop;'),
  block('FOR REVERSE', 'for i in reverse n()..1 loop null; end loop;'),
  block('FOR of a query', 'for r in select n() loop null; end loop;', 'r record;'),
  block('FOR of a cursor', 'for r in c(n()) loop null; end loop;', 'c cursor (a int) for select a;'),
  block('FOR IN EXECUTE', "for r in execute 'select n()' loop null; end loop;", 'r record;'),
  block('FOR IN EXECUTE USING', "for r in execute 'select $1' using n() loop null; end loop;", 'r record;'),
  block('FOREACH', 'foreach x in array array[n()] loop null; end loop;', 'x int;'),
  block('FOREACH SLICE', 'foreach x slice 1 in array array[array[n()]] loop null; end loop;', 'x int[];'),
  block('OPEN', 'open c(n()); fetch c into x;', 'c cursor (a int) for select a; x int;'),
  block('OPEN by name', 'open c(a := n()); fetch c into x;', 'c cursor (a int) for select a; x int;'),
  block('OPEN FOR', 'open c for select n(); fetch c into x;', 'c refcursor; x int;'),
  block('OPEN FOR EXECUTE', "open c for execute 'select n()'; fetch c into x;", 'c refcursor; x int;'),
  block('a bound cursor', 'open c; fetch c into x;', 'c cursor for select n(); x int;'),
  block('a bound cursor, IS', 'open c; move c;', 'c scroll cursor is select n();'),
  block('FETCH RELATIVE', 'open c; fetch relative n() from c into x;', 'c scroll cursor for select 1; x int;'),
  block('EXECUTE', "execute 'select n()';"),
  block('EXECUTE INTO USING', "execute 'select $1' into x using n();", 'x int;'),
  block('EXECUTE of a sum', "execute 'sel' || 'ect n()';"),
  block('RAISE', "raise notice '%', n();"),
  block('RAISE USING', 'raise notice using message = n()::text;'),
  block('RAISE log', "raise log '%', n();"),
  block('ASSERT', 'assert n() = 1;'),
  block('an exception handler', 'begin perform 1 / 0; exception when division_by_zero then perform n(); end;'),
  called(
    'PL/pgSQL: CALL',
    'an argument of CALL',
    ['create procedure c(int) language plpgsql as $f$ begin end $f$'],
    'do $$ begin call c(n()); end $$',
  ),
  block('INSERT', `insert into payments ${payment};`),
  block('a comment in between', `insert /* ; */ into -- ;\n payments ${payment};`),
  block('a dollar quote', `execute $q$insert into payments ${payment}$q$;`),
  block('SELECT INTO', 'select n() into x;', 'x int;'),
  block('SELECT INTO STRICT', 'select into strict x n();', 'x int;'),
  block('WITH', 'with a as (select n() as y) select y into x from a;', 'x int;'),
  block('RETURNING INTO', "insert into wishes values (n(), 'x') returning id into x;", 'x int;'),
  block('a loop with a label', '<<a>> loop perform n(); exit a; end loop a;'),
];

/** Names of statements and portals. */
const names: readonly Row[] = [
  [
    'a name by Unicode escapes',
    'DEALLOCATE and PREPARE of U&"p"',
    ['prepare p as select 1', 'deallocate U&"\\0070"', `prepare U&"\\0070" as ${pay}`, 'execute p'],
  ],
  [
    'a name in one Query',
    'DEALLOCATE, PREPARE, EXECUTE',
    ['prepare p as select 1', `deallocate p; prepare p as ${pay}; execute p`],
  ],
  [
    'a name of the protocol in one Query',
    'DEALLOCATE, PREPARE, EXECUTE',
    [messages([parse('select 1', 'p'), sync]), `deallocate p; prepare p as ${pay}; execute p`],
  ],
  [
    'a name deallocated by ALL',
    'DEALLOCATE ALL in one Query',
    ['prepare p as select 1', `deallocate all; prepare p as ${pay}; execute p`],
  ],
  [
    'a name discarded',
    'DISCARD ALL and PREPARE',
    ['prepare p as select 1', 'discard all', `prepare p as ${pay}`, 'execute p'],
  ],
  [
    'a name cut',
    'names of 63 bytes and more',
    [
      `prepare ${'a'.repeat(63)} as select 1`,
      `deallocate ${'a'.repeat(64)}`,
      `prepare ${'a'.repeat(70)} as ${pay}`,
      `execute ${'a'.repeat(63)}`,
    ],
  ],
  [
    'a name cut in a character',
    'names of 63 bytes and more, é',
    [
      `prepare "${'é'.repeat(31)}" as select 1`,
      `deallocate "${'é'.repeat(32)}"`,
      `prepare "${'é'.repeat(32)}" as ${pay}`,
      `execute "${'é'.repeat(31)}"`,
    ],
  ],
  [
    'a name cut, by message',
    'Parse keeps 63 bytes',
    [
      messages([
        parse('select 1', 'b'.repeat(63)),
        sync,
        close('statement', 'b'.repeat(80)),
        sync,
        parse(pay, 'b'.repeat(90)),
        bind({ statement: 'b'.repeat(63) }),
        execute(),
        sync,
      ]),
    ],
  ],
  ['a name in capitals', 'folding', ['prepare p as select 1', `prepare "P" as ${pay}`, 'execute "P"']],
  [
    'a name with comments',
    'words apart',
    ['prepare p as select 1', 'deallocate /* */ p', `prepare /**/ p --\n as ${pay}`, 'execute/**/p'],
  ],
  [
    'a name behind a comment',
    'a comment in front',
    [
      'prepare p as select 1',
      '/* a */ -- b\n deallocate prepare p',
      `-- x\n/* /* */ */ prepare p as ${pay}`,
      'execute p',
    ],
  ],
  [
    'a cursor of the same name',
    'CLOSE and DECLARE in one Query',
    ['begin', 'declare c cursor for select 1', 'close c; declare c cursor for select pay(1, 5); fetch c; commit'],
  ],
  [
    'a portal bound again',
    'Bind of the same name',
    messages([
      query('begin'),
      parse('select 1', 's'),
      parse(pay, 't'),
      bind({ portal: 'p', statement: 's' }),
      close('portal', 'p'),
      bind({ portal: 'p', statement: 't' }),
      execute('p'),
      sync,
      query('commit'),
    ]),
  ],
  [
    'the unnamed portal bound again',
    'Bind of the unnamed portal',
    messages([
      parse('select 1', 's'),
      parse(pay, 't'),
      bind({ statement: 's' }),
      bind({ statement: 't' }),
      execute(),
      sync,
    ]),
  ],
  [
    'the unnamed statement parsed again',
    'Parse of the unnamed statement',
    messages([parse('select 1'), parse(pay), bind(), execute(), sync]),
  ],
  [
    'a statement parsed again after an error',
    'the first Parse stays',
    [
      messages([parse(pay, 's'), sync]),
      messages([parse('select 1', 's'), sync]),
      messages([bind({ statement: 's' }), execute(), sync]),
    ],
  ],
  [
    'a statement whose Parse was skipped',
    'the old text stays',
    [
      messages([parse(pay, 's'), sync]),
      messages([parse('syntax error'), close('statement', 's'), parse('select 1', 's'), sync]),
      messages([bind({ statement: 's' }), execute(), sync]),
    ],
  ],
  [
    'a statement whose Close was skipped, in one pipeline',
    'the old text stays',
    messages([
      parse(pay, 's'),
      sync,
      parse('syntax error'),
      close('statement', 's'),
      parse('select 1', 's'),
      sync,
      bind({ statement: 's' }),
      execute(),
      sync,
    ]),
  ],
  [
    'Execute of a cursor by message',
    'DECLARE, then Execute',
    ['begin', 'declare c cursor for select pay(1, 5)', messages([execute('c'), sync]), 'commit'],
  ],
  [
    'Bind of a PREPARE',
    'PREPARE, then Bind',
    [`prepare p as ${pay}`, messages([bind({ statement: 'p' }), execute(), sync])],
  ],
  [
    'Bind with Flush',
    'Flush instead of Sync',
    [`prepare p as ${pay}`, messages([bind({ statement: 'p' }), flush, execute(), flush, sync])],
  ],
  [
    'Describe in front',
    'Describe of a portal',
    messages([parse(pay), bind(), describe('portal'), flush, execute(), sync]),
  ],
];

const role = 'mine_role';
/** Roles and paths that mean something else. */
const paths: readonly Row[] = [
  [
    'a path as one string',
    'one identifier with a comma',
    [mine, decoy, "set search_path = 'mine, public'", pay.replace('into payments', 'into public.payments')],
  ],
  [
    'a path by set_config',
    'a list in a string',
    [mine, decoy, "select set_config('search_path', '\"mine, public\", public', false)", pay],
  ],
  [
    'a path of a schema that is not there',
    'it is passed over',
    [mine, decoy, 'set search_path = nowhere, public, mine', pay],
  ],
  ['a path in capitals', 'quotes', [mine, decoy, 'set search_path = "MINE", public', pay]],
  ['a path of a failed Query', 'SET is undone', [mine, decoy, `${path}; select 1 / 0`, pay]],
  ['a path of a failed transaction', 'SET is undone', [mine, decoy, 'begin', path, 'select 1 / 0', 'rollback', pay]],
  [
    'a path of a savepoint',
    'SET is undone',
    [mine, decoy, 'begin', 'savepoint a', path, 'rollback to a', pay, 'commit'],
  ],
  [
    'a path of a released savepoint',
    'SET is undone by the outer one',
    [mine, decoy, 'begin', 'savepoint a', 'savepoint b', path, 'release b', 'rollback to a', pay, 'commit'],
  ],
  [
    'a path of SET LOCAL',
    'it ends with the transaction',
    [mine, decoy, 'begin', path.replace('set', 'set local'), 'commit', pay],
  ],
  [
    'a path of SET LOCAL without a transaction',
    'it ends at once',
    [mine, decoy, path.replace('set', 'set local'), pay],
  ],
  [
    'a path of SET LOCAL in one Query',
    'it ends at COMMIT',
    [mine, decoy, `begin; ${path.replace('set', 'set local')}; commit; ${pay}`],
  ],
  [
    'a path chained',
    'COMMIT AND CHAIN',
    [mine, decoy, 'begin', path.replace('set', 'set local'), 'commit and chain', pay, 'commit'],
  ],
  [
    'a path rolled back and chained',
    'ROLLBACK AND CHAIN',
    [mine, decoy, 'begin', path, 'rollback and chain', pay, 'commit'],
  ],
  ['a path of a rolled back Query', 'an implicit transaction', [mine, decoy, `${path}; rollback; ${pay}`]],
  [
    'a path by a function',
    'set_config in PL/pgSQL',
    [
      mine,
      decoy,
      path,
      "create function back() returns void language plpgsql as $$ begin perform set_config('search_path', 'public', false); end $$",
      'select back()',
      pay,
    ],
  ],
  [
    'a path by a function in the same statement',
    'set_config beside it',
    [mine, decoy, path, `select set_config('search_path', 'public', false); ${pay}`],
  ],
  [
    'a path by SET FROM CURRENT',
    'a function that keeps a path',
    [
      'create function mine_pay() returns void language plpgsql set search_path from current as $f$ begin insert into payments (id, invoice_id, amount) values (100, 1, 5); end $f$',
      mine,
      decoy,
      path,
      'select public.mine_pay()',
    ],
  ],
  ['a path of a role', 'ALTER ROLE SET, RESET', [mine, decoy, path, 'reset search_path', pay]],
  ['a path of DISCARD ALL', 'it is reset', [mine, decoy, path, 'discard all', pay]],
  [
    '"$user" in the path',
    'SET ROLE',
    [
      `create role mine; grant mine to shop_owner; create schema mine; grant usage on schema mine to mine; create table mine.payments (id int, invoice_id int, amount numeric); grant all on mine.payments to mine`,
      'set role mine',
      'reset role',
      pay,
    ],
  ],
  [
    'a role that may not look',
    'SET ROLE',
    [
      mine,
      decoy,
      path,
      `create role ${role}; grant ${role} to shop_owner; grant all on public.payments to ${role}; grant usage on schema public to ${role}`,
      `set role ${role}`,
      pay,
    ],
  ],
  [
    'a role that may not look, LOCAL',
    'SET LOCAL ROLE',
    [
      mine,
      decoy,
      path,
      `create role ${role}; grant ${role} to shop_owner; grant all on public.payments to ${role}; grant usage on schema public to ${role}`,
      'begin',
      `set local role ${role}`,
      pay,
      'commit',
    ],
  ],
];

const made = ([name, way, steps, effect = paid]: Row): BypassCase =>
  refuses(`rules: ${name}`, way, steps as Step[], {
    as: 'payer',
    effect,
    ...(steps.toString().includes('create role')
      ? {
          after:
            "do $$ declare r record; begin for r in select rolname from pg_roles where rolname in ('mine', 'mine_role') loop execute format('drop owned by %I cascade; drop role %I', r.rolname, r.rolname); end loop; end $$",
        }
      : {}),
  });

/** Ways around guard rules and approvals that were found by trying to break them. */
export const bypassAttacksOnRules: readonly BypassCase[] = [
  ...readings,
  ...shadows,
  ...hiddenCalls,
  ...plpgsql,
  ...names,
  ...paths,
].map(made);
