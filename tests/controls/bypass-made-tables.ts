import {
  asks,
  type BypassCase,
  bind,
  execute,
  hides,
  messages,
  on,
  parse,
  query,
  type Step,
  sync,
} from './bypass-case.ts';

/** A schema that is searched first, and that hides what is behind it: everybody may look into it. */
const schema: readonly Step[] = [
  'create schema mine',
  'grant usage on schema mine to public',
  'set search_path = mine, public',
];

/** A view that shows what is masked, in a schema that is searched last; a table of its name can stand in front of it. */
const behind: readonly Step[] = [...schema, 'create view public.w as select id, lower(email) as text from customers'];
const front = 'create table mine.w (id int, text text)';
const look = 'select text from w';

/** The table that was made is gone, or another thing has its name. */
const gone: readonly BypassCase[] = (
  [
    ['rolled back to a savepoint', ['begin', 'savepoint s', front, 'rollback to s', look]],
    [
      'rolled back past a released savepoint',
      ['begin', 'savepoint a', 'savepoint b', front, 'release b', 'rollback to a', look],
    ],
    ['rolled back to a savepoint in one Query', `begin; savepoint s; ${front}; rollback to s; ${look}`],
    ['rolled back', ['begin', front, 'rollback', look]],
    ['rolled back, and the next transaction begun', ['begin', front, 'rollback and chain', look]],
    ['rolled back between two Queries', messages([query(`begin; ${front}`), query('rollback'), query(look)])],
    ['dropped', ['begin', front, 'drop table w', look]],
    ['dropped in one Query', `${front}; drop table mine.w; ${look}`],
    ['dropped by a function', ['begin', front, 'do $$ begin drop table mine.w; end $$', look]],
    ['dropped by dynamic SQL', ['begin', front, "do $$ begin execute 'drop table mine.' || 'w'; end $$", look]],
    ['dropped with its schema', ['begin', front, 'drop schema mine cascade', look]],
    [
      'dropped, renamed onto',
      [
        'begin',
        front,
        'drop table w',
        'alter view public.w rename to v',
        'alter view v set schema mine',
        'select text from v',
      ],
    ],
    ['renamed', ['begin', front, 'alter table mine.w rename to x', look]],
    ['moved', ['begin', front, 'create schema other', 'alter table mine.w set schema other', look]],
    ['in a schema that is renamed', ['begin', front, 'alter schema mine rename to theirs', look]],
    ['not on the path any more', ['begin', front, 'set search_path = public', look]],
    [
      'not on the path any more, by a function',
      ['begin', front, "select set_config('search_path', 'public', true)", look],
    ],
    ['dropped at commit', 'begin; create temp table w (id int, text text) on commit drop; commit; select text from w'],
    ['discarded', ['begin', 'create temp table w (id int, text text)', 'discard temp', look]],
    [
      'discarded in a pipeline',
      [
        'begin',
        messages([
          parse('create temp table w (id int, text text)', 'c'),
          parse('discard temp', 'd'),
          bind({ portal: 'c', statement: 'c' }),
          bind({ portal: 'd', statement: 'd' }),
          execute('c'),
          execute('d'),
          sync,
        ]),
        look,
      ],
    ],
    [
      'undone by an error behind it',
      [
        'begin',
        'savepoint s',
        messages([parse(front), bind(), execute(), parse('select 1 / 0'), bind(), execute(), sync]),
        'rollback to s',
        look,
      ],
    ],
    [
      'dropped by another session once it is committed',
      ['begin', front, 'commit and chain', on('b', 'drop table mine.w'), look],
    ],
  ] satisfies readonly (readonly [string, Step | readonly Step[]])[]
).map(([name, steps]) =>
  hides(`a table just made: ${name}`, 'what stands behind its name', [
    ...behind,
    ...(Array.isArray(steps) ? steps : [steps as Step]),
  ]),
);

/** It was never made, or not there. */
const never: readonly BypassCase[] = (
  [
    [
      'IF NOT EXISTS',
      ['begin', 'create table if not exists public.w (id int, text text)', 'select text from public.w'],
    ],
    [
      'IF NOT EXISTS of a query',
      ['begin', "create table if not exists public.w as select 1 as id, '' as text", 'select text from public.w'],
    ],
    ['EXPLAIN', ['begin', "explain create table mine.w as select 1 as id, '' as text", look]],
    [
      'a function that does not',
      [
        "create function maybe() returns int language plpgsql as 'begin if false then create table mine.w (id int, text text); end if; return 1; end'",
        'begin',
        'select maybe()',
        look,
      ],
    ],
    [
      'a block that does not',
      ['begin', 'do $$ begin if false then create table mine.w (id int, text text); end if; end $$', look],
    ],
    [
      'a procedure that does not',
      [
        "create procedure maybe() language plpgsql as 'begin if false then create table mine.w (id int, text text); end if; end'",
        'begin',
        'call maybe()',
        look,
      ],
    ],
    [
      'an error in front of it',
      [
        'begin',
        'savepoint s',
        messages([parse('select 1 / 0'), bind(), execute(), parse(front), bind(), execute(), sync]),
        'rollback to s',
        look,
      ],
    ],
    [
      'in another schema: the path changes between Bind and Execute',
      [
        'create schema other',
        'begin',
        messages([
          parse('create table w (id int, text text)', 'c'),
          parse('set search_path = other', 's'),
          bind({ portal: 'c', statement: 'c' }),
          bind({ portal: 's', statement: 's' }),
          execute('s'),
          execute('c'),
          sync,
        ]),
        'set search_path = mine, public',
        look,
      ],
    ],
    [
      'after what reads it was bound',
      [
        'begin',
        messages([
          parse(look, 'q'),
          parse(front, 'c'),
          bind({ portal: 'q', statement: 'q' }),
          bind({ portal: 'c', statement: 'c' }),
          execute('c'),
          execute('q'),
          sync,
        ]),
      ],
    ],
  ] satisfies readonly (readonly [string, readonly Step[]])[]
).map(([name, steps]) =>
  hides(`a table that is not made: ${name}`, 'what stands behind its name', [...behind, ...steps]),
);

/** Something else of its name stands in front of it. */
const inFront: readonly BypassCase[] = [
  hides('a view in front of a table just made', 'in the schema of temporary tables', [
    'begin',
    'create table w (id int, text text)',
    'create view pg_temp.w as select id, lower(email) as text from customers',
    look,
  ]),
  hides('a view in front of a table just made, in one Query', 'in the schema of temporary tables', [
    `create table w (id int, text text); create temp view w as select id, lower(email) as text from customers; ${look}`,
  ]),
  hides('a view of another session in front of a table just made', 'committed in between', [
    ...schema,
    'begin',
    'create table public.w (id int, text text)',
    on('b', 'create view mine.w as select id, lower(email) as text from customers'),
    look,
  ]),
  hides('a schema of another session in front of a table just made', 'the one that is called as the role', [
    'begin',
    'create table w (id int, text text)',
    on('b', 'create schema shop_owner'),
    on('b', 'create view shop_owner.w as select id, lower(email) as text from customers'),
    look,
    'select text from shop_owner.w',
  ]),
  hides('a view renamed in front of a table just made', 'ALTER VIEW SET SCHEMA', [
    ...schema,
    'create schema other',
    'create view other.w as select id, lower(email) as text from customers',
    'begin',
    'create table public.w (id int, text text)',
    'alter view other.w set schema mine',
    look,
  ]),
  hides('a table dropped in one schema and made in another', 'the catalog still has the first', [
    ...behind,
    front,
    'create schema other',
    'begin',
    'drop table w',
    'create table other.w (id int, text text)',
    look,
  ]),
];

/** A text that was prepared before the table was made: Postgres does not look its names up again for that. */
const plans: readonly BypassCase[] = (
  [
    ['PREPARE', ['prepare p as select lower(email) from customers'], ['execute p']],
    [
      'Parse',
      [messages([parse('select lower(email) from customers', 'p'), sync])],
      [messages([bind({ statement: 'p' }), execute(), sync])],
    ],
    [
      'PREPARE, bound',
      ['prepare p as select lower(email) from customers'],
      [messages([bind({ statement: 'p' }), execute(), sync])],
    ],
    ['Parse, executed', [messages([parse('select lower(email) from customers', 'p'), sync])], ['execute p']],
    [
      'a function',
      [
        "create function g() returns text language plpgsql as 'begin return (select lower(email) from customers where id = 1); end'",
        'select g()',
      ],
      ["insert into mine.customers values (1, 'x')", 'select g()'],
    ],
  ] satisfies readonly (readonly [string, readonly Step[], readonly Step[]])[]
).flatMap(([name, before, after]) => {
  const made = 'create table mine.customers (id int, email text)';
  return [
    hides(`a plan older than a table: ${name}`, 'made in a transaction', [
      ...schema,
      ...before,
      'begin',
      made,
      ...after,
    ]),
    hides(`a plan older than a table: ${name}, committed`, 'made before', [...schema, ...before, made, ...after]),
  ];
});

const planned: readonly BypassCase[] = [
  hides('a plan and another path in one Query', 'PREPARE, SET and EXECUTE together', [
    ...behind,
    front,
    `prepare p as ${look}; set search_path = public; execute p`,
  ]),
  hides('a plan, a table and EXECUTE in one Query', 'PREPARE, CREATE and EXECUTE together', [
    ...behind,
    `prepare p as ${look}; ${front}; execute p`,
  ]),
];

/** Values that get into it, and code that is read out of it. */
const contents: readonly BypassCase[] = [
  hides('SELECT INTO and read', 'a copy in the transaction', [
    'begin',
    'select id, email as e into kept from customers',
    'select e from kept',
  ]),
  hides('SELECT INTO of a union and read', 'a copy in the transaction', [
    'begin',
    'select id, email as e into kept from customers union select 1, null',
    'select e from kept',
  ]),
  hides('CREATE TABLE AS of a CTE and read', 'a copy in the transaction', [
    'begin',
    'create temp table kept as with c as (select lower(email) as e from customers) select * from c',
    'select e from kept',
  ]),
  hides('INSERT into a table just made', 'a copy in the transaction', [
    'begin',
    'create temp table kept (e text)',
    'insert into kept select lower(email) from customers',
    'select e from kept',
  ]),
  hides('UPDATE of a table just made', 'a copy in the transaction', [
    'begin',
    'create temp table kept as select 1 as id, null::text as e',
    'update kept set e = lower(email) from customers c where c.id = kept.id',
    'select e from kept',
  ]),
  hides('MERGE into a table just made', 'a copy in the transaction', [
    'begin',
    'create temp table kept (id int, e text)',
    'merge into kept using customers c on kept.id = c.id when not matched then insert values (c.id, lower(c.email))',
    'select e from kept',
  ]),
  hides('a trigger that fills a table just made', 'its function is older than the table', [
    'create table kept (id int, e text)',
    "create function fill() returns trigger language plpgsql as 'begin insert into kept select id, lower(email) from public.customers; return new; end'",
    'create trigger fill after insert on wishes for each row execute function fill()',
    'drop table kept',
    'begin',
    'create table kept (id int, e text)',
    "insert into wishes values (1, 'x')",
    'select e from kept',
  ]),
  hides('a default of a table just made', 'a function of somebody', [
    'begin',
    'create temp table kept (id int, e text default customer_email(1))',
    'insert into kept (id) values (1)',
    'select e from kept',
  ]),
  hides('a CHECK of a table just made', 'it tells what it reads', [
    'begin',
    'create temp table kept (id int check (tell_email(id) = 1))',
    'insert into kept values (1)',
  ]),
  hides('a type of a table just made', 'a domain that tells what it reads', [
    "create function tells(int) returns bool language sql as 'select tell_email($1) = 1'",
    'create domain told as int check (tells(value))',
    'begin',
    'create temp table kept (id told)',
    'insert into kept values (1)',
  ]),
  hides('a type of a table just made, hidden by another', 'the type of a temporary table', [
    "create function spy(uuid) returns text stable language sql as 'select lower(email) from public.customers where id = 1'",
    'begin',
    'create temp table uuid (n int)',
    "create function spy(pg_temp.uuid) returns text stable language sql as 'select lower(email) from public.customers where id = 1'",
    'create temp table kept (id uuid)',
    'insert into kept values (row(1))',
    'select (id).spy from kept',
  ]),
  hides('a column renamed in front of a table just made', 'a name that it has no more', [
    'begin',
    'alter table wishes rename text to nothing',
    'create temp table kept as select * from wishes',
    'insert into kept values (1)',
    'select (select text from kept) from (select lower(email) as text from customers) c',
  ]),
  hides('names of columns of a table just made', 'given to fewer than there are', [
    'begin',
    'create temp table kept (x) as select 1 as text, 2 as y',
    'select (select text::text from kept) from (select lower(email) as text from customers) c',
  ]),
  hides('a rule on a table just made', 'what is inserted is something else', [
    'begin',
    'create table kept (e text)',
    'create rule fill as on insert to kept do also update kept set e = (select lower(email) from customers where id = 1)',
    "insert into kept values ('x')",
    'select e from kept',
  ]),
  hides('a policy on a table just made', 'it tells what it reads', [
    'begin',
    'create table kept (id int)',
    'insert into kept values (1)',
    'create policy p on kept using (tell_email(id) = 1)',
    'alter table kept enable row level security',
    'alter table kept force row level security',
    'select id from kept',
  ]),
  hides('a view over a table just made', 'and over what is masked', [
    'begin',
    'create temp table kept as select 1 as id',
    'create temp view v as select lower(email) as e from kept join customers using (id)',
    'select e from v',
  ]),
  hides('a function of the row of a table just made', 'written as a column', [
    'begin',
    'create table kept (id int)',
    'insert into kept values (1)',
    "create function spy(kept) returns text stable language sql as 'select lower(email) from public.customers where id = $1.id'",
    'select kept.spy from kept',
  ]),
  hides('a function of a row in a column of a table just made', 'written as a field', [
    "create function spy(wishes) returns text stable language sql as 'select lower(email) from public.customers where id = $1.id'",
    "insert into wishes values (1, 'x')",
    'begin',
    'create temp table kept as select w as whole from wishes w',
    'select (whole).spy from kept',
    'select (k.whole).spy from kept k',
  ]),
  hides('a function of a row that is computed', 'written as a field', [
    "create function spy(wishes) returns text stable language sql as 'select lower(email) from public.customers where id = $1.id'",
    "insert into wishes values (1, 'x')",
    'select (coalesce(w, w)).spy from wishes w',
    'select ((array_agg(w))[1]).spy from wishes w',
  ]),
  hides('a function of a row made in the transaction', 'written as a column', [
    "insert into wishes values (1, 'x')",
    'begin',
    "create function spy(wishes) returns text stable language sql as 'select lower(email) from public.customers where id = $1.id'",
    'select w.spy from wishes w',
  ]),
  hides('a function of a row made in the transaction, as a field', 'written as a field of what is computed', [
    "insert into wishes values (1, 'x')",
    'begin',
    "create function spy(wishes) returns text stable language sql as 'select lower(email) from public.customers where id = $1.id'",
    'select (coalesce(w, w)).spy from wishes w',
  ]),
  hides('a child of a table just made', 'its rows show with it', [
    'begin',
    'create table kept (id int, email text)',
    'create table child (phone text) inherits (kept)',
    'alter table customers_archive no inherit customers',
    'alter table customers_archive inherit kept',
    'select lower(email) from kept',
  ]),
];

const payment =
  "create function pay(wishes) returns int language sql as 'insert into public.payments (id, invoice_id, amount) values (100, 1, 666) returning id'";
const pay = 'insert into payments (id, invoice_id, amount) values (100, 1, 666)';
const paid = 'select exists (select from public.payments where amount = 666)';
const decoy = 'create table mine.payments (id int, invoice_id int, amount numeric)';

/** A table of the name in front of one that rules are about. */
const rules: readonly BypassCase[] = (
  [
    ['rolled back to a savepoint', ['begin', 'savepoint s', decoy, 'rollback to s', pay, 'commit']],
    ['rolled back to a savepoint in one Query', [`begin; savepoint s; ${decoy}; rollback to s; ${pay}; commit`]],
    ['dropped', ['begin', decoy, 'drop table payments', pay, 'commit']],
    ['renamed', ['begin', decoy, 'alter table payments rename to others', pay, 'commit']],
    ['made after the plan', [`prepare p as ${pay}`, 'begin', decoy, 'execute p', 'commit']],
    [
      'made after the plan, bound',
      [
        messages([parse(pay, 'p'), sync]),
        'begin',
        decoy,
        messages([bind({ statement: 'p' }), execute(), sync]),
        'commit',
      ],
    ],
    ['committed after the plan', [`prepare p as ${pay}`, decoy, 'execute p']],
    ['not on the path any more', ['begin', decoy, 'set local search_path = public', pay, 'commit']],
    [
      'a table of another column',
      [
        'begin',
        'create table mine.payments (id int)',
        'create table others as select 1 as id',
        'drop table mine.payments',
        pay,
        'commit',
      ],
    ],
    ['a view of its name', ['begin', 'create view pg_temp.payments as select * from public.payments', pay, 'commit']],
  ] satisfies readonly (readonly [string, readonly Step[]])[]
).map(([name, steps]) =>
  asks(`money: a decoy ${name}`, 'a table just made stands in front', [...schema, ...steps], {
    as: 'payer',
    effect: paid,
  }),
);

const unseen: readonly BypassCase[] = [
  asks(
    'money: a function just made, written as a column',
    'no call stands in the text',
    ["insert into wishes values (1, 'x')", 'begin', payment, 'select w.pay from wishes w', 'commit'],
    { as: 'payer', effect: paid },
  ),
  asks(
    'money: a function just made, written as a field',
    'no call stands in the text',
    ["insert into wishes values (1, 'x')", 'begin', payment, 'select (coalesce(w, w)).pay from wishes w', 'commit'],
    { as: 'payer', effect: paid },
  ),
];

/** Ways through tables that a session has made and not committed, which no catalog has. */
export const bypassesOfMadeTables: readonly BypassCase[] = [
  ...gone,
  ...never,
  ...inFront,
  ...plans,
  ...planned,
  ...contents,
  ...rules,
  ...unseen,
];
