import { asks, type BypassCase, hides, messages, parse, refuses, type Step, sync } from './bypass-case.ts';
import { ownerRole } from './shop.ts';

const paid = 'select exists (select from payments where id = 100)';
const insert = 'insert into public.payments (id, invoice_id, amount) values (100, 1, 5)';

/** Functions that pay: of a number, of a text, of nothing; and one that says of itself that it can be computed beforehand. */
const payers: readonly Step[] = [
  ...['f(int)', 'f(text)', 'n()'].map(
    (signature) =>
      `create function ${signature} returns int language plpgsql as $f$ begin ${insert}; return 1; end $f$`,
  ),
  'create function early() returns int immutable language plpgsql as $f$ begin perform public.n(); return 1; end $f$',
];

/** Name, way, what is there before, what pays. */
type Row = readonly [name: string, way: string, before: readonly Step[], last: Step, effect?: string];

const checked = 'create domain d as int check (f(value) = 1)';
const castable: readonly Step[] = [
  'create type t as (a int)',
  `create function paying(t) returns text language plpgsql as $f$ begin ${insert}; return 'x'; end $f$`,
  `create function paying(int) returns t language plpgsql as $f$ begin ${insert}; return row(1); end $f$`,
  'create cast (t as text) with function paying(t) as implicit',
  'create cast (int as t) with function paying(int) as implicit',
];

/** Code that runs where no call of it is written. */
const hiddenCalls: readonly Row[] = [
  [
    'a rule with a condition',
    'WHERE of a rule',
    ['create table w (x int)', 'create rule r as on insert to w where n() > 1 do instead nothing'],
    'insert into w values (1)',
  ],
  [
    'a bound of a partition',
    'it is computed at once',
    ['create table w (x int) partition by list (x)'],
    'create table w1 partition of w for values in (n())',
  ],
  [
    'a bound of a partition by range',
    'it is computed at once',
    ['create table w (x int) partition by range (x)'],
    'create table w1 partition of w for values from (0) to (n())',
  ],
  [
    'a domain of a range',
    'its bounds are checked',
    [checked, 'create type r as range (subtype = d)'],
    "select '[5,6]'::r",
  ],
  [
    'a domain of a multirange',
    'its bounds are checked',
    [checked, 'create type r as range (subtype = d)'],
    "select '{[5,6]}'::multirange_of_r".replace('multirange_of_r', 'r_multirange'),
  ],
  ['a row of a table with a domain', 'a literal', [checked, 'create table w (x d)'], "select '(5)'::w"],
  [
    'rows of a table with a domain',
    'a literal of an array',
    [checked, 'create table w (x d)'],
    `select '{"(5)"}'::w[]`,
  ],
  [
    'a column of a function in FROM',
    'jsonb_to_record',
    [checked],
    `select * from jsonb_to_record('{"x": 5}') as r (x d)`,
  ],
  [
    'a column of JSON_TABLE',
    'a type',
    [checked],
    `select * from json_table('[5]'::jsonb, '$[*]' columns (x d path '$'))`,
  ],
  ['a parameter of PREPARE', 'a type', [checked, 'prepare p (d) as select 1'], 'execute p (5)'],
  ['a cast of a parameter of PREPARE', 'a type', [...castable, 'prepare p (t) as select 1'], 'execute p (5)'],
  ['pg_input_is_valid', 'a type by name', [checked], "select pg_input_is_valid('5', 'd')"],
  ['pg_input_error_info', 'a type by name', [checked], "select pg_input_error_info('5', 'd')"],
  ['domain_in', 'a type by OID', [checked], "select domain_in('5', 'd'::regtype, -1) is null"],
  [
    'record_in',
    'a type by OID',
    [checked, 'create type c as (x d)'],
    "select record_in('(5)', 'c'::regtype, -1) is null",
  ],
  [
    'ts_rewrite',
    'a query in a text',
    [],
    "select ts_rewrite('a'::tsquery, 'select ''a''::tsquery, ''b''::tsquery where public.n() = 1')",
  ],
  ['ts_stat', 'a query in a text', [], "select * from ts_stat('select ''a''::tsvector where public.n() = 1')"],
  [
    'brin_summarize_new_values',
    'what an index computes',
    [
      'create function i(int) returns int immutable language plpgsql as $$ begin return 1; end $$',
      'create table w (x int)',
      'create index b on w using brin (i(x)) with (autosummarize = off)',
      'insert into w select g from generate_series(1, 1000000) g where g < 100000',
      'create or replace function i(int) returns int immutable language plpgsql as $$ begin perform public.n(); return 1; end $$',
    ],
    "select brin_summarize_new_values('b')",
  ],
  [
    'statistics that are put back',
    'values of a type',
    [checked, 'create table w (x d)'],
    "select pg_restore_attribute_stats('schemaname', 'public', 'relname', 'w', 'attname', 'x', 'inherited', false, 'version', 180000, 'null_frac', 0::real, 'avg_width', 4, 'n_distinct', 1::real, 'most_common_vals', '{5}'::text, 'most_common_freqs', '{1}'::real[])",
  ],
  [
    'a cast of a row',
    'the row of a table',
    [
      'create table w (x int)',
      'insert into w values (1)',
      `create function paying(w) returns text language plpgsql as $f$ begin ${insert}; return '1'; end $f$`,
      'create cast (w as text) with function paying(w) as implicit',
    ],
    'select lower(w) from w',
  ],
  [
    'a cast of what a function returns',
    'no type is written',
    [...castable, 'create function make() returns t language plpgsql as $$ begin return row(1); end $$'],
    'select lower(make())',
  ],
  [
    'a cast of what a function gives out as a table',
    'TABLE',
    [
      ...castable,
      'create function make() returns table (one t, two int) language plpgsql as $$ begin return query select row(1)::t, 1; end $$',
    ],
    'select lower(one) from make()',
  ],
  [
    'a cast of a number that is inserted',
    'no type is written',
    [...castable, 'create table w (x t)'],
    'insert into w values (1)',
  ],
  [
    'a cast of a number that is set',
    'no type is written',
    [...castable, 'create table w (x t)', 'insert into w values (null)'],
    'update w set x = 1 where x is null',
  ],
  [
    'the difference of ranges',
    'ANALYZE',
    [
      'create function difference(float8, float8) returns float8 immutable language plpgsql as $$ begin perform public.n(); return 1; end $$',
      'create type r as range (subtype = float8, subtype_diff = difference)',
      'create table w (x r)',
      'insert into w select r(g, g + 1) from generate_series(1, 100) g',
    ],
    'analyze w',
  ],
  [
    'a type that changes',
    'ALTER TYPE CASCADE',
    [checked, 'create type t as (a int)', 'create table w of t', 'insert into w values (1)'],
    'alter type t add attribute y d cascade',
  ],
];

/** Types that PL/pgSQL names are used without a call. */
const variables: readonly Row[] = [
  ['a variable', 'a CHECK of its type', [checked], 'do $$ declare x d; begin x := 5; end $$'],
  ['a variable that nothing is put into', 'a CHECK of its type', [checked], 'do $$ declare x d; begin null; end $$'],
  ['a variable with a value', 'a CHECK of its type', [checked], 'do $$ declare x constant d := 5; begin null; end $$'],
  [
    'a variable with a value by =',
    'a CHECK of its type',
    [checked],
    'do $$ declare x d not null = 5; begin null; end $$',
  ],
  ['a variable of an array', 'a CHECK of its type', [checked], "do $$ declare x d[]; begin x := '{5}'; end $$"],
  [
    'a variable as a column',
    '%TYPE',
    [checked, 'create table w (x d)'],
    'do $$ declare x w.x%type; begin x := 5; end $$',
  ],
  [
    'a variable as a column of a schema',
    '%TYPE',
    [checked, 'create table w (x d)'],
    'do $$ declare x public.w.x%type; begin x := 5; end $$',
  ],
  [
    'a variable as a row',
    '%ROWTYPE',
    [checked, 'create table w (x d)'],
    'do $$ declare x w%rowtype; begin x.x := 5; end $$',
  ],
  [
    'a variable as a row by its name',
    'a composite type',
    [checked, 'create table w (x d)'],
    'do $$ declare x w; begin x.x := 5; end $$',
  ],
  ['a variable of a schema', 'a qualified type', [checked], 'do $$ declare x public . d; begin x := 5; end $$'],
  ['a variable in quotes', 'a quoted type', [checked], 'do $$ declare x "d"; begin x := 5; end $$'],
  [
    'a variable by Unicode escapes',
    'a quoted type',
    [checked],
    String.raw`do $$ declare x U&"\0064"; begin x := 5; end $$`,
  ],
  [
    'a variable of an inner block',
    'a CHECK of its type',
    [checked],
    'do $$ begin declare x d; begin x := 5; end; end $$',
  ],
  ['a variable that a query fills', 'SELECT INTO', [checked], 'do $$ declare x d; begin select 5 into x; end $$'],
  ['a variable that is cast', 'an assignment cast', castable, 'do $$ declare x t; begin x := 1; end $$'],
  [
    'a variable that is cast back',
    'an assignment cast',
    castable,
    'do $$ declare x t; y text; begin x := row(1); y := x; end $$',
  ],
  [
    'an argument of a cursor',
    'a CHECK of its type',
    [checked],
    'do $$ declare c cursor (a d) for select a; begin open c(5); end $$',
  ],
  [
    'a variable of a function',
    'a CHECK of its type',
    [checked, 'create function g() returns int language plpgsql as $$ declare x d; begin x := 5; return 1; end $$'],
    'select g()',
  ],
];

/** Planning computes what says that it never changes. */
const planning: readonly Row[] = [
  ['a view', 'EXPLAIN', ['create view v as select early()'], 'explain select * from v'],
  [
    'a view in a view',
    'EXPLAIN',
    ['create view u as select early()', 'create view v as select * from u'],
    'explain select * from v',
  ],
  [
    'a rule',
    'EXPLAIN',
    [
      'create table w (x int)',
      'create table u (x int)',
      'create rule r as on insert to w do also insert into u values (early())',
    ],
    'explain insert into w values (1)',
  ],
  [
    'a condition of a rule',
    'EXPLAIN',
    [
      'create table w (x int)',
      'create table u (x int)',
      'create rule r as on insert to w where early() = 1 do instead insert into u values (1)',
    ],
    'explain insert into w values (1)',
  ],
  [
    'a policy',
    'EXPLAIN',
    [
      'create table w (x int)',
      'create policy p on w using (early() = 1)',
      'alter table w enable row level security',
      'alter table w force row level security',
    ],
    'explain select * from w',
  ],
  [
    'a policy of what is written',
    'EXPLAIN',
    [
      'create table w (x int)',
      'create policy p on w using (early() = 1)',
      'alter table w enable row level security',
      'alter table w force row level security',
    ],
    'explain delete from w where x = 1',
  ],
  ['a prepared statement', 'EXPLAIN EXECUTE', ['prepare p as select early()'], 'explain execute p'],
  [
    'a function that is inlined',
    'EXPLAIN',
    ['create function g() returns int stable language sql as $$ select early() $$'],
    'explain select g()',
  ],
  ['a default', 'EXPLAIN', ['create table w (x int default early())'], 'explain insert into w default values'],
  [
    'a column of a CREATE TABLE AS',
    'EXPLAIN',
    ['create view v as select early()'],
    'explain create table made as select * from v',
  ],
];

/** Names that PREPARE and DECLARE give within code. */
const names: readonly Row[] = [
  [
    'PREPARE within DO',
    'a name that means something else',
    ['prepare p as select 1'],
    `do $$ begin execute 'deallocate p'; execute 'prepare p as ${insert}'; execute 'execute p'; end $$`,
  ],
  [
    'a cursor within DO',
    'a name that means something else',
    ['begin', 'declare c cursor for select 1'],
    "do $$ declare x int; c refcursor := 'c'; begin execute 'close c'; execute 'declare c cursor for select n()'; fetch c into x; end $$; commit",
  ],
];

/** Literals become what they are while a text is parsed, before anybody has run it. */
const literal: readonly Step[] = [checked, 'create type c as (x d)', 'create table w (y c)'];
const parsing: readonly Row[] = [
  ['PREPARE', 'a cast', literal, "prepare p as select '(5)'::c"],
  ['PREPARE of an INSERT', 'a column', literal, "prepare p as insert into w values ('(5)')"],
  [
    'PREPARE of a call',
    'a parameter',
    [...literal, 'create function g(c) returns int language sql as $$ select 1 $$'],
    "prepare p as select g('(5)')",
  ],
  ['CREATE VIEW', 'a cast', literal, "create view v as select '(5)'::c as x"],
  [
    'CREATE FUNCTION',
    'a body that is parsed',
    literal,
    "create function g() returns c language sql as $$ select '(5)'::c $$",
  ],
  [
    'CREATE FUNCTION by RETURN',
    'a body that is parsed',
    literal,
    "create function g() returns c language sql return '(5)'::c",
  ],
  [
    'CREATE FUNCTION with an INSERT',
    'a body that is parsed',
    literal,
    "create function g() returns int language sql as $$ insert into w values ('(5)') returning 1 $$",
  ],
  ['a default', 'a cast', literal, "create table u (x c default '(5)')"],
  ['a default that is set', 'a column', literal, "alter table w alter y set default '(5)'"],
  ['a CHECK', 'a cast', literal, "create table u (x int, check ('(5)'::c is not null))"],
  ['a policy', 'a cast', literal, "create policy p on w using ('(5)'::c is null)"],
  ['a rule', 'a cast', literal, "create rule r as on delete to w do instead select '(5)'::c"],
  [
    'a default of a parameter',
    'a parameter',
    literal,
    "create function g(x c default '(5)') returns int language sql as $$ select 1 $$",
  ],
  [
    'the body of a function in PL/pgSQL',
    'it is not read',
    literal,
    "do $$ begin execute 'prepare p as select ''(5)''::c'; end $$",
  ],
];

const wiped = 'select count(*) = 0 from invoices';
/** Conditions that are true of every row. */
const blind: readonly Row[] = [
  ['a column under two spellings', 'invoices.id = id', [], 'delete from invoices where invoices.id = id', wiped],
  ['an expression', 'it is itself', [], 'delete from invoices where lower(status) = lower(status)', wiped],
  ['alternatives', 'one of them holds', [], 'delete from invoices where id is null or id is not null', wiped],
  ['a number or another', 'one of them holds', [], 'delete from invoices where id = 1 or id <> 1', wiped],
  ['a subquery without a table', 'EXISTS', [], 'delete from invoices where exists (select 1)', wiped],
];

/** What code gives the name of a prepared statement to is not what the session has prepared. */
const renamed = refuses(
  'more rules: a name: PREPARE within a function',
  'a name that means something else',
  [
    'prepare p as select 1',
    `create function g() returns int language plpgsql as $$ begin execute 'deallocate p'; execute 'prepare p as ${insert}'; return 1; end $$`,
    'select g()',
    'execute p',
  ],
  { as: 'payer', effect: paid, states: ['26000'] },
);

/** Queries in texts, which functions of Postgres's own run. */
const shown: readonly BypassCase[] = [
  hides(
    'more rules: ts_rewrite shows',
    'a query in a text',
    "select ts_rewrite('a'::tsquery, 'select ''a''::tsquery, plainto_tsquery(''simple'', email) from public.customers where id = 1')",
  ),
  hides(
    'more rules: ts_stat shows',
    'a query in a text',
    "select word from ts_stat('select to_tsvector(''simple'', email) from public.customers')",
  ),
];

const casesOf = (title: string, rows: readonly Row[]): readonly BypassCase[] =>
  rows.map(([name, way, before, last, effect = paid]) =>
    refuses(`more rules: ${title}: ${name}`, way, [...payers, ...before, last], { as: 'payer', effect }),
  );

/** Trigger functions that are replaced between the statement that sets them off and the one at which they run. */
const deferred: readonly Step[] = [
  'create table w (x int)',
  'create function inner_one() returns int language plpgsql as $$ begin return 1; end $$',
  'create function waiting() returns trigger language plpgsql as $$ begin perform public.inner_one(); return null; end $$',
  'create constraint trigger c after insert on w deferrable initially deferred for each row execute function waiting()',
];
const replacedTrigger = `create or replace function waiting() returns trigger language plpgsql as $f$ begin ${insert}; return null; end $f$`;
const replacedInner = `create or replace function inner_one() returns int language plpgsql as $f$ begin ${insert}; return 1; end $f$`;
const preparesAnew = `create function g() returns int language plpgsql as $$ begin execute 'deallocate p'; execute 'prepare p as ${insert}'; return 1; end $$`;

const meanwhile: readonly Row[] = [
  [
    'at COMMIT',
    'the function is replaced before',
    [...deferred, 'begin', 'insert into w values (1)', replacedTrigger],
    'commit',
  ],
  [
    'at COMMIT, within',
    'a function that it calls is',
    [...deferred, 'begin', 'insert into w values (1)', replacedInner],
    'commit',
  ],
  [
    'at SET CONSTRAINTS',
    'the function is replaced before',
    [...deferred, 'begin', 'insert into w values (1)', replacedTrigger, 'set constraints all immediate'],
    'commit',
  ],
  ['at the end of a Query', 'the function is replaced in it', deferred, `insert into w values (1); ${replacedTrigger}`],
  [
    'OUT',
    'a cast',
    [...castable, 'create function make(out one t, out two int) language plpgsql as $$ begin one := row(1); end $$'],
    'select lower((make()).one)',
  ],
  [
    'OUT of a domain',
    'it is checked',
    [checked, 'create function make(out one d, out two int) language plpgsql as $$ begin one := 5; end $$'],
    'select make()',
  ],
  [
    'INOUT of a domain',
    'it is checked',
    [checked, 'create procedure make(inout one d) language plpgsql as $$ begin one := 5; end $$'],
    'call make(null)',
  ],
  [
    'TABLE of a domain',
    'it is checked',
    [
      checked,
      'create function make() returns table (one d) language plpgsql as $$ begin one := 5; return next; end $$',
    ],
    'select * from make()',
  ],
];

const unpaid = 'select not exists (select from payments)';
const renumbered = 'select exists (select from payments where invoice_id = 500)';
const unreferred =
  "select not exists (select from pg_constraint where conrelid = 'payments'::regclass and contype = 'f')";
const grouped: readonly Step[] = [
  'create table groups (id int primary key)',
  'alter table invoices add column of_group int references groups',
];
const renumbering = (change: string): readonly Step[] => [
  `create function renumber() returns trigger language plpgsql as $$ begin ${change}; return new; end $$`,
  'create trigger renumber before update on invoices for each row execute function renumber()',
];
/** A payment has its number of its invoice's, which is made of another column. */
const generated = `alter table invoices add number int generated always as (amount::int) stored;
  alter table invoices add unique (number);
  alter table payments drop constraint payments_invoice_id_fkey;
  update payments set invoice_id = invoice_id * 10;
  alter table payments add foreign key (invoice_id) references invoices (number) on update cascade`;
const chained = `create table batches (id int primary key);
  alter table batches owner to ${ownerRole};
  insert into batches select id from invoices;
  alter table invoices add foreign key (id) references batches on update cascade`;
const ledger = `create schema ledger authorization ${ownerRole};
  create table ledger.batches (id int primary key);
  alter table ledger.batches owner to ${ownerRole};
  alter table payments add batch int references ledger.batches`;

/** What refers to a table, whatever it does with DELETE, for an agent that meets no rule about code that cannot be read. */
const referring: readonly BypassCase[] = (
  [
    ['TRUNCATE', 'it goes on to what refers', 'truncate invoices cascade', unpaid],
    ['TRUNCATE ONLY', 'the same', 'truncate only invoices cascade', unpaid],
    ['TRUNCATE of two steps', 'keys that only refuse', [...grouped, 'truncate groups cascade'], unpaid],
    ['TRUNCATE in code', 'DO', 'do $$ begin truncate invoices cascade; end $$', unpaid],
    ['DROP TABLE', 'the key of payments goes', 'drop table invoices cascade', unreferred],
    ['DROP CONSTRAINT', 'the same', 'alter table invoices drop constraint invoices_pkey cascade', unreferred],
    ['DROP COLUMN', 'the same', 'alter table invoices drop column id cascade', unreferred],
    ['DROP SCHEMA', 'the same', 'drop schema ledger cascade', "select to_regclass('ledger.batches') is null", ledger],
    [
      'a trigger before',
      'it changes the column that they refer to',
      [...renumbering('new.id := 500'), "update invoices set status = 'x' where id = 2"],
      renumbered,
    ],
    [
      'a trigger before that puts a whole row',
      'the same',
      [
        ...renumbering('new := jsonb_populate_record(new, \'{"id": 500}\')'),
        "update invoices set status = 'x' where id = 2",
      ],
      renumbered,
    ],
    [
      'a generated column',
      'it is made of what is changed',
      'update invoices set amount = 500 where id = 2',
      renumbered,
      generated,
    ],
    ['two steps of ON UPDATE', 'from key to key', 'update batches set id = 500 where id = 2', renumbered, chained],
  ] as const
).map(([name, way, steps, effect, before]) =>
  asks(`more rules: referring: ${name}`, way, steps, { effect, ...(before === undefined ? {} : { before }) }),
);

/** Ways around guard rules and approvals that were looked for when those of bypass-attacks-rules.ts had been closed. */
export const furtherAttacksOnRules: readonly BypassCase[] = [
  ...casesOf('unseen', hiddenCalls),
  ...casesOf('a variable', variables),
  ...casesOf('planned', planning),
  ...casesOf('a name', names),
  ...casesOf('parsed', parsing),
  ...casesOf('blind', blind),
  ...casesOf('meanwhile', meanwhile),
  refuses(
    'more rules: meanwhile: PREPARE within a function',
    'a name means something else behind it in the same Query',
    [...payers, 'prepare p as select 1', preparesAnew, 'select g(); execute p'],
    { as: 'payer', effect: paid, states: ['26000'] },
  ),
  refuses(
    'more rules: parsed: Parse',
    'a literal',
    [...payers, ...literal, messages([parse("select '(5)'::c"), sync])],
    {
      as: 'payer',
      effect: paid,
    },
  ),
  renamed,
  ...shown,
  ...referring,
];
