import { asks, type BypassCase, hides, refuses, type Step } from './bypass-case.ts';
import { bypassesOfMadeTables } from './bypass-made-tables.ts';

const wiped = 'select count(*) = 0 from invoices';
const unpaid = 'select not exists (select from payments where invoice_id = 2)';
const moved = 'select exists (select from payments where invoice_id = 500)';

/** A type with a cast that tells a value, and a table with a column of it. */
const keys: readonly Step[] = [
  'create type key as (id int)',
  "create function told(key) returns text language sql as 'select email from public.customers where id = $1.id'",
  'create cast (key as text) with function told(key) as implicit',
  'create table keys (k key)',
  'insert into keys values (row(1))',
];

/** Casts and operator classes that stand in no text. */
const types: readonly BypassCase[] = [
  hides('a cast of a column', 'the type is that of a column', [...keys, 'select k::text from keys']),
  hides('a cast that is not written', 'an argument is cast by itself', [...keys, 'select lower(k) from keys']),
  hides('a cast of special syntax', 'SUBSTRING casts', [...keys, 'select substring(k from 1) from keys']),
  hides('a cast of an assignment', 'INSERT casts', [
    ...keys,
    'insert into wishes (id, text) select 1, k from keys',
    'select text from wishes',
  ]),
  hides('a cast of an assignment, returned', 'INSERT casts and gives back', [
    ...keys,
    'insert into wishes (id, text) select 1, k from keys returning text',
  ]),
  hides('a cast of elements', 'an array of it', [
    ...keys,
    'select array[k]::text[] from keys',
    'select array_agg(k)::text[] from keys',
  ]),
  hides('a cast of a field', 'a row of it', [...keys, "select (row(k, 'x')::wish).text from (select 1 as n) s, keys"], {
    before: 'create type public.wish as (text text, more text)',
  }),
  hides('a cast of a view', 'a view over the column', [
    ...keys,
    'create view v as select k as x from keys',
    'select lower(x) from v',
  ]),
  hides('a cast of a result', 'a function gives a value of the type', [
    ...keys,
    "create function made() returns key language sql as 'select row(1)::key'",
    'select lower(made())',
  ]),
  hides('a cast made in the transaction', 'nobody else knows it yet', [
    'create type key as (id int)',
    'create table keys (k key)',
    'insert into keys values (row(1))',
    'begin',
    "create function told(key) returns text language sql as 'select email from public.customers where id = $1.id'",
    'create cast (key as text) with function told(key) as implicit',
    'select lower(k) from keys',
    'commit',
  ]),
  hides(
    'an operator class of its own type',
    'ORDER BY calls a function for each pair',
    [
      'create type key as (id int)',
      "create function compared(key, key) returns int immutable language plpgsql as $$ begin raise notice '%', (select email from public.customers where id = 1); return $1.id - $2.id; end $$",
      "create function less(key, key) returns bool immutable language sql as 'select $1.id < $2.id'",
      'create operator <<< (leftarg = key, rightarg = key, function = less)',
      "create function same(key, key) returns bool immutable language sql as 'select $1.id = $2.id'",
      'create operator === (leftarg = key, rightarg = key, function = same)',
      'create operator class key_ops default for type key using btree as operator 1 <<<, operator 3 ===, function 1 compared(key, key)',
      'create table keys (k key)',
      'insert into keys values (row(1)), (row(2))',
      'select (k).id from keys order by k',
      'select max(n) from (select row_number() over (order by k) n from keys) s',
    ],
    { as: 'root' },
  ),
];

/** Names that mean something else before anybody knows. */
const names: readonly BypassCase[] = [
  hides('a view in front of a table', 'made in the transaction, in a schema that is searched first', [
    'create schema mine',
    'begin',
    'create view mine.wishes as select id, lower(email) as text from customers',
    'set local search_path = mine, public',
    'select text from wishes',
    'rollback',
  ]),
  hides(
    'a function in front of another',
    'made and called in one message',
    "create function public.lower(int) returns text language sql as 'select email from public.customers where id = $1'; select lower(1)",
  ),
  hides('a function moved in front', 'ALTER FUNCTION SET SCHEMA in the transaction', [
    'create schema mine',
    "create function mine.upper(int) returns text language sql as 'select email from public.customers where id = $1'",
    'begin',
    'alter function mine.upper(int) set schema public',
    'select upper(1)',
    'rollback',
  ]),
  hides('a schema in front', 'ALTER SCHEMA RENAME in the transaction', [
    'create schema mine',
    'create view mine.wishes as select id, lower(email) as text from customers',
    'set search_path = other, public',
    'begin',
    'alter schema mine rename to other',
    'select text from wishes',
    'rollback',
  ]),
  hides('a view given another query', 'CREATE OR REPLACE of one that was there', [
    'create or replace view customer_list as select id, name, reverse(email) as email, upper(phone) as phone, card, note, credit, country from customers',
    'select email, phone from customer_list',
  ]),
  hides('a view given another query in the transaction', 'CREATE OR REPLACE, not yet committed', [
    'begin',
    "create or replace view invoice_list as select id, customer_id, (select email from customers where customers.id = 1) || '' as status from invoices",
    'select status from invoice_list',
    'rollback',
  ]),
  hides('a rule on a view', 'it sees the rows under the view', [
    'create view v as select id, email from customers',
    'create rule spy as on update to v do instead insert into wishes values (old.id, old.email)',
    'update v set id = id where id = 1',
    'select text from wishes',
  ]),
];

/** Code that runs by itself. */
const unseen: readonly BypassCase[] = [
  hides('a default argument of a column', 'a function written as a column, with a default', [
    "create function spy(w wishes, x text default customer_email(1)) returns text language sql as 'select $2'",
    "insert into wishes values (1, 'x')",
    'select w.spy from wishes w',
  ]),
  hides('a default argument of a procedure', 'CALL gives it back', [
    "create procedure spy(inout x text default customer_email(1)) language sql as 'select $1'",
    'call spy()',
  ]),
  hides(
    'an event trigger that copies',
    'DDL writes the value elsewhere',
    [
      'create function spy() returns event_trigger language plpgsql as $$ begin insert into public.wishes select id, email from public.customers; end $$',
      'create event trigger spy on ddl_command_end execute function spy()',
      'create table t ()',
      'select text from wishes',
    ],
    { as: 'root' },
  ),
  refuses('blind delete: an event trigger', 'DDL deletes', ['create table t ()'], {
    as: 'payer',
    effect: wiped,
    before:
      'create function public.spy() returns event_trigger language plpgsql as $$ begin delete from public.invoices; end $$; create event trigger spy on ddl_command_end execute function public.spy()',
  }),
  refuses(
    'blind delete: a default argument',
    'a function whose default deletes',
    ["create function f(n bigint default wipe()) returns bigint language sql as 'select $1'", 'select f()'],
    { as: 'payer', effect: wiped },
  ),
  refuses(
    'blind delete: a domain',
    'a CHECK deletes when a row is stored',
    [
      "create function f(text) returns bool language sql as 'select wipe() >= 0'",
      'create domain d as text check (f(value))',
      'create table t (x d)',
      "insert into t values ('x')",
    ],
    { as: 'payer', effect: wiped },
  ),
  refuses(
    'blind delete: a cast of an argument',
    'an argument is cast by itself',
    [
      'create type k as (id int)',
      'create type l as (id int)',
      "create function to_l(k) returns l language sql as 'select row(wipe()::int)::l'",
      'create cast (k as l) with function to_l(k) as implicit',
      "create function f(l) returns int language plpgsql as 'begin return 1; end'",
      'select f(row(1)::k)',
    ],
    { as: 'payer', effect: wiped },
  ),
];

/** Foreign keys that change payments. */
const cascades: readonly BypassCase[] = (
  [
    ['through a view', 'the table is under a view', 'delete from invoice_list where id = 2', unpaid],
    ['of a CTE', 'under SELECT', 'with d as (delete from invoices where id = 2 returning 1) select * from d', unpaid],
    [
      'of a MERGE',
      'WHEN MATCHED THEN DELETE',
      'merge into invoices i using (select 2 as id) s on i.id = s.id when matched then delete',
      unpaid,
    ],
    [
      'of an upsert',
      'ON CONFLICT DO UPDATE',
      'insert into invoices (id, amount) values (2, 1) on conflict (id) do update set id = 500',
      moved,
    ],
    ['of several columns', 'SET (a, b) = …', "update invoices set (status, id) = ('x', 500) where id = 2", moved],
    [
      'of a function',
      'a function deletes',
      ["create function f() returns void language sql as 'delete from invoices where id = 2'", 'select f()'],
      unpaid,
    ],
    [
      'of two steps',
      'a table above the other',
      [
        'create table groups (id int primary key)',
        'insert into groups values (1)',
        'alter table invoices add column of_group int references groups on delete cascade',
        'update invoices set of_group = 1 where id = 2',
        'delete from groups where id = 1',
      ],
      unpaid,
    ],
  ] as const
).map(([name, way, steps, effect]) => asks(`money: a cascade ${name}`, way, steps, { as: 'payer', effect }));

/** Questions about a value by an expression, where that is denied. */
const questions: readonly BypassCase[] = (
  [
    ['an error in a list', 'a division by zero', 'select 1 / (ascii(email) - 97) from customers'],
    [
      'an error nobody asks for',
      'a volatile column of a subquery',
      'select 1 from (select 1 / (ascii(email) - 97 + (random() * 0)::int) from customers) s',
    ],
    [
      'an error in a view',
      'a volatile column of a view',
      ['create view v as select 1 / (ascii(email) - 97 + (random() * 0)::int) as x from customers', 'select 1 from v'],
    ],
    ['a cast', 'as much of it as one likes', 'select email::varchar(3) from customers'],
    ['time in a list', 'as long as the value', 'select pg_sleep(length(email) / 1000.0) from customers'],
    [
      'RETURNING',
      'an expression of a write',
      "update customers set country = 'FR' where id = 1 returning 1 / (ascii(email) - 200)",
    ],
    [
      'an assignment',
      'a column made of itself',
      'update customers set email = left(email, 1 / (ascii(email) - 200)) where id = 1',
    ],
    ['EXPLAIN ANALYZE', 'it is run to be explained', 'explain analyze select 1 / (ascii(email) - 200) from customers'],
    [
      'a cursor',
      'an expression of a cursor',
      ['begin', 'declare c cursor for select ascii(email) from customers', 'fetch all from c', 'commit'],
    ],
    ['a count', 'how many are not NULL', 'select count(email) from customers'],
  ] as const
).map(([name, way, steps]) => refuses(`probe: ${name} (expression)`, way, steps, { as: 'prober' }));

/** Further ways: through code and casts that stand in no text, names that change, tables just made, and foreign keys. */
export const furtherBypasses: readonly BypassCase[] = [
  ...types,
  ...names,
  ...unseen,
  ...cascades,
  ...questions,
  ...bypassesOfMadeTables,
];
