import {
  asks,
  type BypassCase,
  bind,
  close,
  copyData,
  copyDone,
  execute,
  messages,
  on,
  parse,
  query,
  refuses,
  type Step,
  sync,
} from './bypass-case.ts';

const paid = 'select exists (select from public.payments where id = 100)';
const insert = 'insert into public.payments (id, invoice_id, amount) values (100, 1, 5)';
const harmless = 'create function f() returns int language plpgsql as $f$ begin return 1; end $f$';
const paying = `create or replace function f() returns int language plpgsql as $f$ begin ${insert}; return 1; end $f$`;
/** A function that pays, and one that says of itself that it does nothing. */
const payers: readonly Step[] = [
  `create function n() returns int language plpgsql as $f$ begin ${insert}; return 1; end $f$`,
  'create function early() returns int immutable language plpgsql as $f$ begin return public.n(); end $f$',
];
/** A table, and a view of payments that can take its place. */
const table = 'create table w (id int, invoice_id int, amount numeric)';
const view = 'create view v as select id, invoice_id, amount from payments';
const swap: readonly Step[] = ['alter table w rename to w2', 'alter view v rename to w'];
/** A schema in which another table stands. */
const mine: readonly Step[] = [
  'create schema mine',
  'grant usage on schema mine to public',
  'create table mine.payments (id int, invoice_id int, amount numeric)',
  'set search_path = mine, public',
];
const row = 'values (100, 1, 5)';

const bound = (sql: string): Step => messages([parse(sql, 's'), bind({ portal: 'q', statement: 's' }), sync]);
const run = (portal = 'q', rows = 0): Step => messages([execute(portal, rows), sync]);

/** Name, steps, effect: that a payment is made, if it is not said. */
type Row = readonly [name: string, steps: readonly Step[], effect?: string];

/** A portal is judged when it is bound, and runs when it is executed. */
const portals: readonly Row[] = [
  ['its function is replaced', [harmless, 'begin', bound('select f()'), paying, run(), 'commit']],
  [
    'its function is replaced while it is suspended',
    [
      'create function f(int) returns int language plpgsql as $f$ begin return 1; end $f$',
      'begin',
      bound('select f(x) from generate_series(1, 3) x'),
      run('q', 1),
      paying.replace('f()', 'f(int)'),
      run('q', 1),
      'commit',
    ],
  ],
  [
    'its function is replaced by another session',
    [harmless, 'begin', bound('select f()'), on('b', paying), 'select count(*) from tickets', run(), 'commit'],
  ],
  [
    'of what SQL has named, its function is replaced',
    [
      harmless,
      'prepare p as select f()',
      'begin',
      messages([bind({ portal: 'q', statement: 'p' }), sync]),
      paying,
      run(),
      'commit',
    ],
  ],
  [
    'of a cursor that SQL has declared, its function is replaced by another session',
    [
      harmless,
      'begin',
      'declare c cursor for select f()',
      on('b', paying),
      'select count(*) from tickets',
      run('c'),
      'commit',
    ],
  ],
  [
    'a cursor, its function is replaced by another session',
    [
      harmless,
      'begin',
      'declare c cursor for select f()',
      on('b', paying),
      'select count(*) from tickets',
      'fetch c',
      'commit',
    ],
  ],
  [
    'its table gets a trigger',
    [
      'create table w (invoice int, amount numeric)',
      'begin',
      bound('insert into w values (1, 5)'),
      'create trigger t after insert on w for each row execute function pay_by_trigger()',
      run(),
      'commit',
    ],
  ],
  [
    'of EXECUTE, the name is given to another text by SQL',
    ['prepare p as select 1', 'begin', bound('execute p'), 'deallocate p', `prepare p as ${insert}`, run(), 'commit'],
  ],
  [
    'of EXECUTE, the name is given to another text by Parse',
    [
      messages([parse('select 1', 'p'), sync]),
      'begin',
      bound('execute p'),
      messages([close('statement', 'p'), parse(insert, 'p'), sync]),
      run(),
      'commit',
    ],
  ],
  [
    'of TRUNCATE, under another path',
    [...mine, 'begin', bound('truncate payments'), 'set search_path = public', run(), 'commit'],
    'select not exists (select from public.payments)',
  ],
  [
    'of COPY, under another path',
    [
      ...mine,
      'begin',
      bound('copy payments (id, invoice_id, amount) from stdin'),
      'set search_path = public',
      messages([execute('q'), copyData('100\t1\t5\n'), copyDone, sync]),
      'commit',
    ],
  ],
];

const pending: readonly Step[] = [
  table,
  'create table t (x int)',
  `create function tr() returns trigger language plpgsql as $f$ begin insert into public.w ${row}; return null; end $f$`,
  'create constraint trigger tr after insert on t deferrable initially deferred for each row execute function tr()',
];
const writing = `create function h() returns int language plpgsql as $f$ begin insert into public.w ${row}; return 1; end $f$`;

/** What runs at the end of the transaction runs what there is then. */
const late: readonly Row[] = [
  [
    'a cursor WITH HOLD, its function is replaced',
    [harmless, 'begin', 'declare c cursor with hold for select f()', paying, 'commit'],
  ],
  [
    'a cursor WITH HOLD, its function is replaced in one Query',
    [harmless, `begin; declare c cursor with hold for select f(); ${paying}; commit`],
  ],
  [
    'a cursor WITH HOLD, its table becomes a view',
    [table, view, writing, 'begin', 'declare c cursor with hold for select h()', ...swap, 'commit'],
  ],
  ['a trigger, its table becomes a view', [...pending, view, 'begin', 'insert into t values (1)', ...swap, 'commit']],
  [
    'a trigger, a new view takes the place of its table',
    [
      ...pending,
      'begin',
      'insert into t values (1)',
      'alter table w rename to w2',
      view.replace('view v', 'view w'),
      'commit',
    ],
  ],
  [
    'a trigger, its table gets a rule',
    [...pending, 'begin', 'insert into t values (1)', `create rule r as on insert to w do also ${insert}`, 'commit'],
  ],
];

/** Code that gives names another meaning and uses them. */
const within: readonly Row[] = [
  [
    'sets the path',
    [
      table,
      'create schema mine',
      view.replace('view v', 'view mine.w').replace('payments', 'public.payments'),
      `do $$ begin set local search_path = mine, public; insert into w ${row}; end $$`,
    ],
  ],
  [
    'sets the path by a function',
    [
      table,
      'create schema mine',
      view.replace('view v', 'view mine.w').replace('payments', 'public.payments'),
      `do $$ begin perform set_config('search_path', 'mine, public', true); insert into w ${row}; end $$`,
    ],
  ],
  [
    'drops what stands in front',
    [...mine, `do $$ begin drop table mine.payments; insert into payments (id, invoice_id, amount) ${row}; end $$`],
  ],
  ['renames a view', [table, view, `do $$ begin ${swap.join('; ')}; insert into w ${row}; end $$`]],
  [
    'makes a view, in a function',
    [
      `create function k() returns int language plpgsql as $f$ begin ${view.replace('payments', 'public.payments')}; insert into v ${row}; return 1; end $f$`,
      'select k()',
    ],
  ],
  [
    'makes a trigger, in a function',
    [
      'create table w (invoice int, amount numeric)',
      'create function k() returns int language plpgsql as $f$ begin create trigger t after insert on w for each row execute function pay_by_trigger(); insert into w values (1, 5); return 1; end $f$',
      'select k()',
    ],
  ],
  [
    'replaces a function, in a function',
    [
      harmless,
      `create function k() returns int language plpgsql as $k$ begin ${paying}; return f(); end $k$`,
      'select k()',
    ],
  ],
];

const one = 'insert into t (id) values (1)';
/** Tables of the transaction, whose rows are computed. */
const made: readonly Row[] = (
  [
    ['a default', 'create table t (id int, x int default n())'],
    ['a check', 'create table t (id int, check (n() = 1))'],
    ['a generated column', 'create table t (id int, x int generated always as (early()) stored)'],
    ['a default of another table', 'create table t (like w including all)'],
    ['a default of its parent', 'create table t () inherits (w)'],
  ] as const
).map(([name, create]) => [
  name,
  [...payers, 'create table w (id int, x int default n())', 'begin', create, one, 'commit'],
]);

const others: readonly Row[] = [
  [
    'a table of the same Query',
    [...payers, 'create table w (id int, x int default n())', `create table t (like w including defaults); ${one}`],
  ],
  [
    'another name of the schema',
    [
      'alter schema public rename to p2',
      `insert into p2.payments (id, invoice_id, amount) ${row}`,
      'alter schema p2 rename to public',
    ],
  ],
  [
    'a name that was prepared in a transaction that was rolled back',
    ['prepare p as select 1', 'begin', 'deallocate p', `prepare p as ${insert}`, 'rollback', 'execute p'],
  ],
  [
    'the state of a moving aggregate',
    [
      `create function ms(int, int) returns int language plpgsql as $f$ begin ${insert}; return 1; end $f$`,
      'create function sf(int, int) returns int immutable language sql as $$ select 1 $$',
      'create aggregate a(int) (sfunc = sf, stype = int, initcond = 0, msfunc = ms, minvfunc = sf, mstype = int, minitcond = 0)',
      'select a(x) over (order by x rows between 1 preceding and current row) from (values (1)) v (x)',
    ],
  ],
  [
    'COPY with a column that is left out',
    [
      ...payers,
      'create table w (id int, x int default n())',
      messages([query('copy w (id) from stdin'), copyData('1\n'), copyDone]),
    ],
  ],
];

/** Something in front of payments, which goes, or gets another name, along with something else. */
const open: readonly Step[] = [
  'create schema mine',
  'grant usage on schema mine to public',
  'set search_path = mine, public',
];
const shown = 'select 1 as id, 2 as invoice_id, 3 as amount';
const payable = insert.replace('public.', '');
const takingAlong = ([name, before, drop]: readonly [string, readonly Step[], string]): Row => [
  name,
  [...open, ...before, 'begin', drop, payable, 'commit'],
];
const along = (
  [
    ['a sequence', ['create sequence mine.payments'], 'drop sequence mine.payments'],
    ['a sequence, its table', ['create table x (id int)', 'create sequence payments owned by x.id'], 'drop table x'],
    [
      'a sequence, its column',
      ['create table x (id int, c int)', 'create sequence payments owned by x.id'],
      'alter table x drop column id',
    ],
    [
      'a sequence, its identity',
      ['create table x (id int generated always as identity)', 'alter sequence x_id_seq rename to payments'],
      'alter table x alter id drop identity',
    ],
    [
      'a sequence, the schema of its table',
      ['create schema away', 'create table x (id int)', 'create sequence payments owned by x.id'],
      'alter table x set schema away',
    ],
    ['an index', ['create table x (id int)', 'create index payments on x (id)'], 'drop index payments'],
    ['an index, its table', ['create table x (id int)', 'create index payments on x (id)'], 'drop table x'],
    [
      'an index, its constraint',
      ['create table x (id int constraint payments unique)'],
      'alter table x drop constraint payments',
    ],
    [
      'an index, the name of its constraint',
      ['create table x (id int constraint payments unique)'],
      'alter table x rename constraint payments to other',
    ],
    [
      'an index, a constraint that takes it',
      ['create table x (id int)', 'create unique index payments on x (id)'],
      'alter table x add constraint other unique using index payments',
    ],
    ['a type', ['create type mine.payments as (id int)'], 'drop type payments'],
    ['a type, its name', ['create type mine.payments as (id int)'], 'alter type payments rename to other'],
    [
      'a partition',
      ['create table p (id int) partition by list (id)', 'create table payments partition of p default'],
      'drop table p',
    ],
    [
      'a view, a column',
      ['create table x (id int, c int)', `create view payments as ${shown}, c from x`],
      'alter table x drop column c cascade',
    ],
    [
      'a view, a constraint',
      ['create table x (id int primary key, c int)', `create view payments as select id, c from x group by id`],
      'alter table x drop constraint x_pkey cascade',
    ],
    [
      'a view, an attribute',
      ['create type mine.ty as (a int, b int)', `create view payments as ${shown}, (null::mine.ty).b`],
      'alter type mine.ty drop attribute b cascade',
    ],
  ] as const
).map(takingAlong);
/** The same of DROP … CASCADE, about which nobody is asked where no rule is about code that cannot be read. */
const cascades = (
  [
    ['a child', ['create table p (id int)', 'create table payments () inherits (p)'], 'drop table p cascade'],
    [
      'a view, its view',
      [`create view y as ${shown}`, 'create view payments as select * from y'],
      'drop view y cascade',
    ],
    [
      'a view, a type',
      ['create type mine.ty as (a int)', `create view payments as ${shown}, null::mine.ty`],
      'drop type mine.ty cascade',
    ],
    [
      'a table, a type',
      ['create type mine.ty as (id int)', 'create table payments of mine.ty'],
      'drop type mine.ty cascade',
    ],
  ] as const
).map(takingAlong);

const paysBehind = (name: string): string =>
  `create trigger t after insert or update on ${name} for each row execute function pay_by_trigger()`;
const wishes = 'invoice int, amount numeric';
/** A table that becomes part of another one in the transaction has triggers, or gets those of the other. */
const joined: readonly Row[] = [
  [
    'its new partition has a trigger',
    [
      `create table w (${wishes}) partition by list (invoice)`,
      `create table w1 (${wishes})`,
      paysBehind('w1'),
      'begin',
      'alter table w attach partition w1 default',
      'insert into w values (1, 5)',
      'commit',
    ],
  ],
  [
    'its new parent has a trigger',
    [
      `create table w (${wishes}) partition by list (invoice)`,
      `create table w1 (${wishes})`,
      paysBehind('w'),
      'begin',
      'alter table w attach partition w1 default',
      'insert into w1 values (1, 5)',
      'commit',
    ],
  ],
  [
    'its new foreign key changes what has a trigger',
    [
      'create table w (id int primary key)',
      'create table w1 (id int, invoice int, amount numeric)',
      'insert into w values (1)',
      'insert into w1 values (1, 1, 5)',
      paysBehind('w1'),
      'begin',
      'alter table w1 add foreign key (id) references w on update cascade',
      'update w set id = 2 where id = 1',
      'commit',
    ],
  ],
  [
    'its new child has a trigger',
    [
      `create table w (${wishes})`,
      `create table w1 (${wishes})`,
      'insert into w1 values (1, 5)',
      paysBehind('w1'),
      'begin',
      'alter table w1 inherit w',
      'update w set amount = 6 where invoice = 1',
      'commit',
    ],
  ],
];

const groups: readonly (readonly [string, readonly Row[]])[] = [
  ['a portal', portals],
  ['at the end', late],
  ['code that', within],
  ['a table just made', made],
  ['by', others],
  ['goes along', along],
  ['a table', joined],
];

const put = 'create table put_elsewhere (id int)';
const toOwn = 'set search_path = "$user", reporting';
/** A schema that is just made stands in front of the one that may be written to. */
const schemas = (
  [
    ['by the name of a role', ['begin', 'create schema authorization shop_owner', put, 'commit']],
    ['by the role that there is', ['begin', 'create schema authorization current_user', put, 'commit']],
    ['by the role, in one Query', [`create schema authorization shop_owner; ${put}`]],
    ['with a table in it', ['begin', 'create schema shop_owner create table invoices (id int)', put, 'commit']],
    ['with that table in it', [`create schema shop_owner ${put}`]],
    ['by code that uses it', [`do $$ begin create schema shop_owner; ${put}; end $$`]],
    ['by another session', ['begin', on('b', 'create schema shop_owner'), put, 'commit']],
  ] as const
).map(([name, steps]): Row => [name, [toOwn, ...steps], "select to_regclass('shop_owner.put_elsewhere') is not null"]);

const onServer = { as: 'root', effect: paid } as const;

/** Ways around guard rules by what is between the moment when a statement is judged and the one when it runs. */
export const freshBypassesOfRules: readonly BypassCase[] = [
  ...groups.flatMap(([group, rows]) =>
    rows.map(([name, steps, effect = paid]) =>
      refuses(`fresh rules: ${group}: ${name}`, 'judged before it is what it is', [...steps], { as: 'payer', effect }),
    ),
  ),
  asks(
    'fresh rules: an aggregate over a window',
    'another state function runs in a moving frame',
    [
      `create function pays(int, int) returns int strict language plpgsql as $f$ begin ${insert}; return 1; end $f$`,
      'create aggregate a(int) (sfunc = int4pl, stype = int, msfunc = pays, minvfunc = int4mi, mstype = int, minitcond = 0)',
      'select a(x) over (order by x rows between 1 preceding and current row) from generate_series(1, 2) x',
    ],
    onServer,
  ),
  asks(
    'fresh rules: a trigger that is for replicas',
    'session_replication_role',
    [
      'create table w (invoice int, amount numeric)',
      'create trigger t after insert on w for each row execute function pay_by_trigger()',
      'alter table w enable replica trigger t',
      'set session_replication_role = replica',
      'insert into w values (1, 5)',
    ],
    onServer,
  ),
  refuses(
    'fresh rules: tables: a schema that is just made',
    'it stands in front of the one that may be written to',
    [
      'set search_path = "$user", reporting',
      'begin',
      'create schema shop_owner',
      'create table put_elsewhere (id int)',
      'commit',
    ],
    { as: 'clerk', effect: "select to_regclass('shop_owner.put_elsewhere') is not null" },
  ),
  refuses('fresh rules: read_only: what another session has prepared', 'COMMIT PREPARED', "commit prepared 'held'", {
    as: 'reader',
    effect: paid,
    before: `set role shop_owner; begin; ${insert}; prepare transaction 'held'`,
  }),
  ...schemas.map(([name, steps, effect = '']) =>
    refuses(`fresh rules: tables: a schema: ${name}`, 'made, and not in the catalog', [...steps], {
      as: 'clerk',
      effect,
    }),
  ),
  ...cascades.map(([name, steps]) =>
    asks(`fresh rules: goes along: ${name}`, 'DROP … CASCADE', [...steps], { effect: paid }),
  ),
];
