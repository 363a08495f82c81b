import type { FrontendMessage } from '@onrecord/wire';
import {
  type BypassCase,
  bind,
  close,
  copyData,
  copyDone,
  execute,
  hides,
  type Messages,
  messages,
  on,
  parse,
  query,
  refuses,
  type Step,
  sync,
} from './bypass-case.ts';

const stolen = 'select text from wishes';
const body = (name: string, code: string, declared = ''): string =>
  `create function ${name} returns void language plpgsql as $$ ${declared} begin ${code} end $$`;

/** A join whose columns have other names than its tables' own. */
const joined = '(public.customers c join public.invoices i using (id)) as n(id, name, mail)';

/** Functions that copy what they read by a name that is not the column's. */
const byOtherNames: readonly BypassCase[] = [
  hides('a column of a join with names of its own', 'the alias of a join names its columns', [
    body('copies()', `insert into public.wishes select id, mail from ${joined};`),
    'select copies()',
    stolen,
  ]),
  hides('a column of a join that has the name of another', 'an alias gives it the name of an unmasked one', [
    body(
      'copies()',
      'insert into public.wishes select id, name from (public.customers c join public.invoices i using (id)) as n(id, x, name);',
    ),
    'select copies()',
    stolen,
  ]),
  hides('a column of a join in a function in SQL', 'qualified by the alias', [
    `create function copies() returns int language sql as 'insert into public.wishes select n.id, n.mail from ${joined} returning 1'`,
    'select copies()',
    stolen,
  ]),
  hides('a column of a join in a cursor', 'the query of a cursor that the function declares', [
    body(
      'copies()',
      'for r in c(1) loop insert into public.wishes values (100, r.mail); end loop;',
      `declare r record; c cursor (k int) for select mail from ${joined} where n.id = k;`,
    ),
    'select copies()',
    stolen,
  ]),
  hides('a column of a join within joins', 'the alias stands in the middle', [
    body(
      'copies()',
      `insert into public.wishes select 100, mail from public.payments p join (${joined} cross join (values (1)) v(one)) on p.id = n.id and p.id = 1;`,
    ),
    'select copies()',
    stolen,
  ]),
  hides('a column of a join in a view', 'a function copies from the view', [
    `create view mails as select n.id, n.mail from ${joined}`,
    body('copies()', 'insert into public.wishes select id, mail from public.mails where id > 0;'),
    'select copies()',
    'select mail from mails',
    'insert into wishes select id + 10, mail from mails',
    stolen,
  ]),
  hides('names that mean something else in a function', 'columns before rows, and aliases that hide others', [
    body('one()', 'insert into public.wishes select id, (email).name from public.customers email;'),
    'select one()',
    body(
      'two()',
      'insert into public.wishes select 10 + v.id, v.email from (public.customers natural left join public.wishes v) v;',
    ),
    'select two()',
    body(
      'three()',
      'insert into public.wishes select 20 + id, (select email from public.invoices email limit 1) from public.customers;',
    ),
    'select three()',
    body(
      'four()',
      'insert into public.wishes select 30 + c.id, (select v.email from (public.invoices v cross join public.cleanups) j right join (values (1)) o(n) on true limit 1) from public.customers c join public.customers v on v.id = c.id;',
    ),
    'select four()',
    stolen,
  ]),
  hides('rows that writes in a function give back', 'RETURNING of tables and views, by other names', [
    body(
      'one()',
      'update public.customers c set country = country where id = 1 returning with (old as id, new as n) n.* into r; insert into public.wishes values (1, r::text);',
      'declare r record;',
    ),
    'select one()',
    body(
      'two()',
      'update public.customer_list l set country = country where id = 1 returning new into r; insert into public.wishes values (2, r::text);',
      'declare r record;',
    ),
    'select two()',
    body(
      'three()',
      'for r in update public.customer_list l set country = country from public.invoices i where l.id = i.id returning i.id, l.* loop insert into public.wishes values (3, r::text) on conflict do nothing; end loop;',
      'declare r record;',
    ),
    'select three()',
    body(
      'four()',
      'with w as (update public.customers set country = country where id = 1 returning *) select i.id, w into r from w join public.invoices i using (id); insert into public.wishes values (4, r::text);',
      'declare r record;',
    ),
    'select four()',
    stolen,
  ]),
];

/** What Postgres computes for a plan, and the plan shows. */
const plans: readonly BypassCase[] = [
  hides('an argument of an EXECUTE that is explained', 'the plan has its value', [
    'prepare shows(text) as select $1',
    'explain (verbose) execute shows(customer_email(1))',
    'prepare compares(text) as select 1 from invoices where status = $1',
    'explain execute compares(customer_email(1))',
    'explain (verbose) create table t as execute shows(customer_email(1))',
  ]),
  hides(
    'a question by an EXECUTE that is explained',
    'the plan says whether its argument is true',
    [
      "create function f() returns bool stable language sql as 'select email like ''Vq%'' from public.customers where id = 1'",
      'prepare asks(bool) as select 1 where $1',
      'explain execute asks(f())',
    ],
    { as: 'prober', shows: ['Result  (cost'] },
  ),
  hides('an operator that the planner tries', 'on values of the statistics, to see how many it lets through', [
    'create function keep(text, text) returns bool language plpgsql as $$ begin insert into public.wishes values (100 + ascii($1), $1) on conflict do nothing; return true; end $$',
    'create operator <<< (leftarg = text, rightarg = text, function = keep, restrict = scalarltsel)',
    "explain select 1 from customers where email <<< 'x'",
    stolen,
  ]),
];

/** The file that holds the rows of customers, told to a program of the server. */
function ofTheFile(sql: (path: string) => string): Messages {
  return {
    answers: 1,
    bytes: async (ask) =>
      messages([query(sql(await ask("select pg_relation_filepath('customers')")))]).bytes as Uint8Array,
  };
}

const printable = 'LC_ALL=C tr -c "[:alnum:]@. " "[\\\\n*]"';

const outside: readonly BypassCase[] = [
  hides(
    'the file of the table, by a program',
    'COPY FROM PROGRAM reads it',
    [
      'create table mine (t text)',
      'checkpoint',
      ofTheFile((path) => `copy mine from program '${printable.replaceAll("'", "''")} < ${path}'`),
      'select t from mine',
    ],
    { as: 'root', before: 'select 1' },
  ),
  hides(
    'the file of the table, by another file',
    'a program writes what COPY FROM reads',
    ({ dataDirectory }) => [
      'create table mine (t text)',
      'checkpoint',
      ofTheFile((path) => `copy (select 1) to program '${printable} < ${path} > taken'`),
      `copy mine from '${dataDirectory}/taken'`,
      'select t from mine',
    ],
    { as: 'root', before: 'select 1' },
  ),
];

const path: readonly Step[] = [
  'create schema mine',
  'create view mine.wishes as select id, lower(email) as text from customers',
  "insert into wishes values (1, 'x')",
];
const plain = 'select id, name from customers';
const masked = 'select id, lower(email) from customers';
const ran = (sql: string) => [parse(sql), bind({ portal: 'x' }), execute('x'), close('portal', 'x')];
/** A portal that is bound now and executed later. */
const bound = (sql: string) => [parse(sql, 'f'), bind({ portal: 'p', statement: 'f' })];
const later = messages([execute('p'), sync]);

/** Portals that come to run something else than when they were bound. */
const portals: readonly BypassCase[] = [
  hides('a portal that fetches, and another cursor', 'the cursor of that name is declared anew', [
    'begin',
    `declare c cursor for ${plain}`,
    messages([...bound('fetch all from c'), sync]),
    'close c',
    `declare c cursor for ${masked}`,
    later,
    'rollback',
  ]),
  hides('a portal that fetches, and another cursor, in a pipeline', 'all of it before the Sync', [
    'begin',
    `declare c cursor for ${plain}`,
    messages([
      ...bound('fetch all from c'),
      ...ran('close c'),
      ...ran(`declare c cursor for ${masked}`),
      execute('p'),
      sync,
    ]),
    'rollback',
  ]),
  hides('a portal that executes, and another statement', 'the statement of that name is prepared anew', [
    `prepare q as ${plain}`,
    'begin',
    messages([...bound('execute q'), sync]),
    'deallocate q',
    `prepare q as ${masked}`,
    later,
    'commit',
  ]),
  hides('a portal that executes, and another statement of the protocol', 'Close and Parse in between', [
    messages([parse(plain, 'q'), sync]),
    'begin',
    messages([...bound('execute q'), close('statement', 'q'), parse(masked, 'q'), execute('p'), sync]),
    'commit',
  ]),
  hides('a portal that explains, and another statement', 'the plan of another', [
    `prepare q as ${plain}`,
    'begin',
    messages([...bound('explain (verbose) execute q'), sync]),
    'deallocate q',
    'prepare q as select peek()',
    later,
    'commit',
  ]),
  hides('a portal that makes a table, and another statement', 'CREATE TABLE AS EXECUTE', [
    `prepare q as ${plain}`,
    'begin',
    messages([...bound('create temp table made as execute q'), sync]),
    'deallocate q',
    `prepare q as ${masked}`,
    later,
    'commit',
    'select * from made',
  ]),
  hides('a portal that copies, and another path', 'COPY looks up names when it runs', [
    ...path,
    'begin',
    messages([
      ...bound('copy (select text from wishes) to stdout'),
      ...ran('set local search_path = mine, public'),
      execute('p'),
      sync,
    ]),
    'rollback',
  ]),
];

const innocent = 'create function shown(n int) returns text language plpgsql as $$ begin return n; end $$';
const guilty =
  'create or replace function shown(n int) returns text language plpgsql as $$ begin return (select email from public.customers where id = 1); end $$';

/** Functions that are replaced while what calls them has rows left. */
const replaced: readonly BypassCase[] = [
  hides('a portal with rows left, and another function', 'it is called anew for each row', [
    innocent,
    'select shown(1)',
    'begin',
    messages([...bound('select shown(id) from invoices'), execute('p', 1), sync]),
    guilty,
    messages([execute('p', 1), sync]),
    later,
    'commit',
  ]),
  hides('a cursor with rows left, and a function of a function', 'the inner one is replaced', [
    innocent,
    'create function outer_one(n int) returns text language plpgsql as $$ begin return public.shown(n); end $$',
    'begin',
    'declare c cursor for select outer_one(id) from invoices',
    'fetch 1 from c',
    guilty,
    'fetch 1 from c',
    messages([parse('fetch 1 from c'), bind(), execute(), sync]),
    messages([execute('c', 1), sync]),
    'commit',
  ]),
  hides('a cursor with rows left, and a function of another session', 'the session does not define anything', [
    innocent,
    'select shown(1)',
    'begin',
    "declare c cursor for select shown(id), pg_relation_size('wishes') from invoices",
    'fetch 1 from c',
    on('b', guilty),
    'fetch 2 from c',
    'commit',
  ]),
];

/** A Query that waits for a lock on invoices while another session changes what it calls. */
const waiting = (sql: string, meanwhile: string): readonly Step[] => [
  on('b', 'begin'),
  on('b', 'lock table invoices in access exclusive mode'),
  { bytes: messages([query(`select count(*) from invoices; ${sql}`)]).bytes, answers: 0 },
  on('b', meanwhile),
  on('b', 'commit'),
  { bytes: new Uint8Array(0), answers: 1 },
];

/** Until the first session waits for the lock of the second. */
const lockAwaited = on(
  'b',
  "do $$ begin while not exists (select from pg_locks where locktype = 'advisory' and not granted) loop perform pg_sleep(0.01); end loop; end $$",
);

/** A Query that stops at its third row while another session changes what it calls. */
const streaming = (sql: string): readonly Step[] => [
  innocent,
  'select shown(1)',
  on('b', 'select pg_advisory_lock(9)'),
  { bytes: messages([query(sql)]).bytes, answers: 0 },
  lockAwaited,
  on('b', guilty),
  on('b', 'select pg_advisory_unlock(9)'),
  { bytes: new Uint8Array(0), answers: 1 },
];

/** Its rows are as long as what the server sends at once. With a relation that it opens it hears of what others have defined. */
const rowByRow =
  "select shown(id), case id when 3 then pg_advisory_lock(9)::text end, pg_relation_size('wishes'), repeat('x', 9000) from generate_series(1, 5) id";

const changes: readonly BypassCase[] = [
  hides('a function replaced while one waits', 'it showed nothing but its argument', [
    innocent,
    'select shown(1)',
    ...waiting('select shown(1)', guilty),
  ]),
  hides('a function replaced while rows come', 'the first of them showed nothing', streaming(rowByRow)),
  hides('a function replaced while COPY data comes', 'as for rows', streaming(`copy (${rowByRow}) to stdout`)),
  hides('a view put in front while one waits', 'in a schema of the path', [
    ...path.slice(0, 1),
    ...path.slice(2),
    'set search_path = mine, public',
    stolen,
    ...waiting(stolen, 'create view mine.wishes as select id, phone as text from public.customers'),
  ]),
  hides('a cast replaced while one waits', 'its function is not named in the text', [
    'create type key as (id int)',
    "create function told(key) returns text language plpgsql as $$ begin return 'x'; end $$",
    'create cast (key as text) with function told(key)',
    'select row(1)::key::text',
    ...waiting(
      'select row(1)::key::text',
      'create or replace function told(key) returns text language plpgsql as $$ begin return (select email from public.customers where id = 1); end $$',
    ),
  ]),
  hides('a trigger replaced while one waits', 'RETURNING shows the row that it leaves', [
    'create table mine (t text)',
    'create function change() returns trigger language plpgsql as $$ begin return new; end $$',
    'create trigger t before insert on mine for each row execute function change()',
    "insert into mine values ('a')",
    ...waiting(
      "insert into mine values ('b') returning t",
      'create or replace function change() returns trigger language plpgsql as $$ begin new.t := (select email from public.customers where id = 1); return new; end $$',
    ),
  ]),
  hides('a rule made while one waits', 'it adds a result', [
    'create table mine (t text)',
    "insert into mine values ('a')",
    ...waiting(
      "insert into mine values ('b')",
      'create rule r as on insert to mine do also select lower(email) from customers',
    ),
  ]),
];

/** A part that `partial` would show of a value that is cut. */
const cut: readonly BypassCase[] = [
  hides(
    'partial of a value that types cut',
    'rows, arrays, domains and unions of a shorter type',
    [
      'create type short as (a varchar(8), b text)',
      'select (row(email, 1)::short).a from customers where id = 1',
      'select a from customers c, lateral (select (row(c.email, 1)::short).*) x where c.id = 1',
      'select (array[email]::varchar(8)[])[1], unnest(array[email]::varchar(8)[]) from customers where id = 1',
      'create domain shorter as varchar(8)',
      'select email::shorter, cast(email as character varying(8)), email::text::varchar(8)::text from customers where id = 1',
      "select e from (select 'x'::varchar(8) as e union all select email::varchar(8) from customers where id = 1) s",
      'with recursive r(e, n) as (select email::varchar(8), 1 from customers where id = 1 union all select e, n + 1 from r where n < 2) select e from r',
      'select b.e from customers a, lateral (values (a.email::varchar(8))) b(e) where a.id = 1',
      'create view cut_off as select id, email::varchar(8) as e from customers',
      'select e from cut_off where id = 1',
    ],
    { shows: ['Kmtz'] },
  ),
];

const expressions: readonly BypassCase[] = [
  hides('rows of domains', 'a domain over the row of the table', [
    'create domain of_row as customers',
    'select (c::of_row).email from customers c',
    'select x.email from customers c, lateral (select (c::of_row).*) x',
    'select email from jsonb_populate_record(null::of_row, (select to_jsonb(c) from customers c where id = 1))',
    'select * from jsonb_populate_recordset(null::of_row, (select jsonb_agg(c) from customers c))',
    'create table mine (d of_row)',
    'insert into mine select c from customers c',
    'select (d).email from mine',
  ]),
  hides('joins that merge', 'columns of joins of joins, by alias and by name', [
    'select email from (values (1, null)) v(id, email) right join customers using (id, email)',
    "select v.email, customers.email, j.id from (values (1, 'x')) v(id, email) full join customers using (id) as j",
    'select x.email, x.* from (customers c join invoices i using (id) as j) x',
    'select to_jsonb(x) from (customers c natural join invoices i) x',
    'select n, email from ((customers c join invoices i using (id)) join (values (1)) v(id) using (id)) as q(id, n, email)',
    'select b.archived, email from customers a natural full join customers_archive b',
    'select c.* from customers c natural left join invoices i natural join (select email as other from customers) q',
  ]),
  hides('functions side by side', 'ROWS FROM, unnest of several arrays, and column definitions', [
    'select * from rows from (jsonb_to_recordset((select jsonb_agg(c) from customers c)) as (email text, id int), generate_series(1, 3)) with ordinality as r(a, b, c, d)',
    'select a from rows from (generate_series(1, 3), jsonb_to_recordset((select jsonb_agg(c) from customers c)) as (id int, email text)) as r(x, y, a)',
    'select b, a from unnest(array(select id from customers), array(select email from customers)) as u(a, b)',
    'select * from unnest(array(select c from customers c), array[1, 2]) as u',
    'select key from jsonb_each((select jsonb_object_agg(email, id) from customers))',
  ]),
  hides("queries within SQL's own JSON and XML", 'constructors, PASSING, DEFAULT and NAMESPACES', [
    'select json_array(select email from customers)',
    "select json_object('a' value (select email from customers where id = 1) absent on null with unique keys returning jsonb)",
    'select json_array(email, phone null on null returning bytea) from customers',
    "select x.* from json_table('[1]', '$[*]' passing (select email from customers where id = 1) as e columns (a text path '$e')) x",
    "select x.* from json_table('[1]', '$[*]' columns (a text path '$.x' default (select min(email) from customers) on empty)) x",
    "select * from xmltable(xmlnamespaces('x' as y), '/a' passing (select xmlelement(name a, xmlagg(xmlelement(name b, email))) from customers) columns e text path 'b[1]', d text path 'zz' default (select max(email) from customers))",
    'select xmlconcat(xmlelement(name a, email), xmlcomment(phone)) from customers',
  ]),
];

const f =
  "create function f() returns bool immutable language sql as 'select email like ''Vq%'' from public.customers where id = 1'";
const right = "select 'guess-was-' || 'right'";

/** Questions where none may be asked, that stand in no condition of a query. */
const questions: readonly BypassCase[] = [
  hides(
    'a question by the order of rows',
    'CLUSTER puts a row of ones own between them',
    [
      "insert into customers (id, name, email) values (900, 'x', 'Vq0')",
      'cluster customers using customers_email_key',
      "select string_agg(id::text, '-') from only customers",
    ],
    { as: 'prober', shows: ['2-900-1'] },
  ),
  hides(
    'a question by a unique index on a copy',
    'it is made if no two rows have the same',
    [
      'create unique index alike on customer_cache (email)',
      "select 'no-two-' || 'alike' from pg_class where relname = 'alike'",
    ],
    { as: 'prober', shows: ['no-two-alike'] },
  ),
  hides(
    'a question by statistics',
    'the correlation of two rows says which value is greater',
    [
      "insert into customers_archive (id, name, email) values (901, 'x', 'A')",
      'analyze customers_archive',
      "select 'greater-' || correlation, n_distinct from pg_stats where tablename = 'customers_archive' and attname = 'email'",
      "select correlation from pg_stats where tablename = 'customers_archive' and attname = 'email'",
    ],
    { as: 'prober', shows: ['greater--1'] },
  ),
  hides(
    'a question by what is computed once',
    'indexes, bounds, types, generated columns, checks and copies',
    [
      f,
      'create table mine (id int, t text)',
      'insert into mine values (1)',
      'create index some on mine (id) where f()',
      `${right} from pg_class where relname = 'some' and reltuples > 0`,
      'alter table mine add column ok bool default f()',
      `${right} from mine where ok`,
      'alter table mine alter column t type text using f()::text',
      `${right} from mine where t = 'true'`,
      'create table parts (b bool) partition by list (b)',
      'create table part partition of parts for values in (f())',
      `${right} from pg_class where pg_get_expr(relpartbound, oid) like '%true%'`,
      'create table made as select 1 where f()',
      `${right} from made`,
      'create table computed (id int, ok bool generated always as (f()) stored)',
      'insert into computed values (1)',
      `${right} from computed where ok`,
      messages([query('copy mine from stdin where f()'), copyData('7\tx\n'), copyDone]),
      `${right} from mine where id = 7`,
    ],
    { as: 'prober', shows: ['guess-was-right'] },
  ),
  hides(
    'a question by a cursor of a function',
    'it is opened by code, and fetched by the session',
    [
      "create function opens() returns refcursor language plpgsql as $$ declare c refcursor := 'c'; begin open c for select 'guess-was-' || 'right' from public.customers where email like 'Vq%'; return c; end $$",
      'begin',
      'select opens()',
      'fetch all from c',
      'commit',
    ],
    { as: 'prober', shows: ['guess-was-right'] },
  ),
];

/** Tables of the names of masked ones, which stand in front of those until they are gone. */
const inFront: readonly Step[] = [
  'create schema mine',
  'grant usage on schema mine to public',
  'create table mine.customers (id int primary key, email text unique)',
  'create table mine.customers_archive ()',
  'set search_path = mine, public',
  'begin',
];
const gone = [...inFront, 'drop table mine.customers'];
const asked = "select to_regclass('public.asked') is not null";
const renamed = "select to_regclass('public.customers') is null";

const keeper = body('keeps()', 'insert into public.wishes values (new.id, new.email); return null;').replace(
  'returns void',
  'returns trigger',
);
const keepsAll = 'create trigger t after update on customers for each row execute function keeps()';
const unbound = 'alter table customers_archive no inherit customers';

/** A masked table is changed by a name that meant another one when the transaction began. */
const uncovered: readonly BypassCase[] = (
  [
    [
      'a trigger on a masked table',
      [keeper, ...gone, keepsAll, 'commit', 'update customers set name = name where id = 1', stolen],
    ],
    [
      'a rule on a masked table',
      [
        ...gone,
        'create rule r as on update to customers do also insert into wishes values (new.id, new.email)',
        'commit',
        'update customers set name = name where id = 1',
        stolen,
      ],
    ],
    [
      'a child that leaves a masked table',
      [...gone, 'drop table mine.customers_archive', unbound, 'commit', 'select email from public.customers_archive'],
    ],
    [
      'a child that leaves a masked table, in one Query',
      [
        ...inFront,
        `drop table customers; drop table customers_archive; ${unbound}`,
        'commit',
        'select email from public.customers_archive',
      ],
    ],
    [
      'other names for a masked table and its column',
      [
        ...gone,
        'alter table customers rename column email to x',
        'alter table customers rename to y',
        'commit',
        'select x from public.y',
      ],
    ],
    [
      'other names for a masked table and its column, once a schema has one',
      [
        ...inFront,
        'alter schema mine rename to theirs',
        'alter table customers rename column email to x',
        'alter table customers rename to y',
        'commit',
        'select x from public.y',
      ],
    ],
    [
      'another session takes away what is in front',
      [
        keeper,
        ...inFront,
        on('b', 'drop table mine.customers'),
        keepsAll,
        'commit',
        'update public.customers set name = name where id = 1',
        stolen,
      ],
    ],
  ] satisfies readonly (readonly [string, readonly Step[]])[]
).map(([name, steps]) => hides(`uncovered: ${name}`, 'a table in front of it is dropped, in one transaction', steps));

/** Definitions behind others in one transaction: what tells nothing of values runs, and nothing else does. */
const migrations: readonly BypassCase[] = (
  [
    ['a unique index on a masked table', [...gone, 'create unique index asked on customers (email)', 'commit'], asked],
    ['an index on a masked table', [...gone, 'create index asked on customers (email, name)', 'commit'], asked],
    ['another name for a masked table', [...gone, 'alter table customers rename to asked', 'commit'], renamed],
    [
      'another name for a masked table, once the one in front has one',
      [...inFront, 'alter table customers rename to c', 'alter table customers rename to asked', 'commit'],
      renamed,
    ],
    [
      'another name for a masked table, once the one in front has moved',
      [
        ...inFront,
        'create schema theirs',
        'alter table customers set schema theirs',
        'alter table customers rename to asked',
        'commit',
      ],
      renamed,
    ],
    [
      'another name for a masked table, once a function has taken away the one in front',
      [
        'create function clears() returns void language plpgsql as $$ begin drop table mine.customers; end $$',
        ...inFront,
        'select clears()',
        'alter table customers rename to asked',
        'commit',
      ],
      renamed,
    ],
    [
      'a foreign key to a masked column',
      [...gone, 'create table public.asked (mail text references customers (email))', 'commit'],
      asked,
    ],
    [
      'a foreign key to a masked column, added to a table just made',
      [
        ...gone,
        'create table public.asked (mail text)',
        'alter table public.asked add foreign key (mail) references customers (email)',
        'commit',
      ],
      "select exists (select from pg_constraint where contype = 'f' and conrelid = to_regclass('public.asked'))",
    ],
    [
      'a masked column that goes with its constraints',
      [...gone, 'alter table customers drop constraint customers_email_key', 'commit'],
      "select not exists (select from pg_constraint where conname = 'customers_email_key' and conrelid = 'public.customers'::regclass)",
    ],
    [
      'a unique index on copies of a masked column',
      [
        'begin',
        'alter materialized view customer_cache rename to cache',
        'create unique index asked on cache (email)',
        'commit',
      ],
      asked,
    ],
    [
      'an index on copies of a masked column, renamed as a table is',
      ['begin', 'alter table customer_cache rename to cache', 'create index asked on cache (email)', 'commit'],
      asked,
    ],
    [
      'an index on copies of a masked column, renamed by a function',
      [
        'create function renames() returns void language plpgsql as $$ begin alter materialized view public.customer_cache rename to cache; end $$',
        'begin',
        'select renames()',
        'create unique index asked on cache (email)',
        'commit',
      ],
      asked,
    ],
    [
      'masked values in a table just made',
      [
        'begin',
        'create table asked (id int references invoices (id), mail text unique)',
        'insert into asked select id, email from customers',
        'create unique index on asked (mail)',
        'commit',
      ],
      asked,
    ],
    [
      'a new type whose values are checked by masked ones',
      [
        "create function differs(text) returns bool language sql as 'select not exists (select from public.customers where email like $1)'",
        'begin',
        'create domain guess as text check (differs(value))',
        'create table asked as select 1 as id',
        "alter table asked add column mail guess default 'no such'",
        'commit',
      ],
      asked,
    ],
    [
      'an expression over a table just changed, by a function that asks',
      [
        "create function asks(int) returns int immutable language sql as 'select 1 / (length(email) - $1) from public.customers where id = 1'",
        'begin',
        'alter table cleanups add column n int default 1',
        'create index asked on cleanups (asks(id))',
        'commit',
      ],
      asked,
    ],
    [
      'a default that asks, of a column of a table just changed',
      [
        "create function asks(int) returns int language sql as 'select 1 / (length(email) - $1) from public.customers where id = 1'",
        'begin',
        'alter table cleanups rename to asked',
        'alter table asked add column n int default asks(0)',
        'commit',
      ],
      "select exists (select from pg_attribute where attrelid = to_regclass('public.asked') and attname = 'n')",
    ],
  ] satisfies readonly (readonly [string, readonly Step[], string])[]
).map(([name, steps, effect]) =>
  refuses(`a migration: ${name}`, 'its names mean something else by then', steps, { as: 'prober', effect }),
);

/** Which of two things an INSERT did says whether somebody has the address. */
const upsert = (constraint: string, id: number): string =>
  `insert into customers (id, name, email) values (${id}, 'x', 'own') on conflict on constraint ${constraint} do update set country = 'guess-was-' || 'right' returning country`;
const ownAddress = "insert into customers (id, name, email) values (900, 'x', 'own')";

const keysAndAggregates: readonly BypassCase[] = [
  hides(
    'a question by the name of a constraint',
    'ON CONFLICT ON CONSTRAINT names no column',
    [ownAddress, upsert('customers_email_key', 901)],
    { as: 'prober', shows: ['guess-was-right'] },
  ),
  hides(
    'a question by the name of a constraint that has just been made',
    'the catalog does not know it',
    [
      ownAddress,
      'begin',
      'alter table customers add constraint fresh unique (name, email)',
      upsert('fresh', 901),
      'commit',
    ],
    { as: 'prober', shows: ['guess-was-right'] },
  ),
  hides('an aggregate that sets a setting', 'its state function is one of Postgres', [
    "create aggregate kept(text, bool) (sfunc = set_config, stype = text, initcond = 'leak.it')",
    'select kept(email, false) is null from customers where id = 1',
    "select current_setting('leak.it')",
  ]),
  hides('a namesake of what keeps', 'a harmless function has the name of one that sets a setting', [
    "create function set_config(int) returns int immutable language sql as 'select 1'",
    "select set_config('leak.it', email, false) is null from customers where id = 1",
    "select current_setting('leak.it')",
  ]),
  hides('an aggregate over a window', 'another state function runs in a moving frame', [
    'create function tells(text, text) returns text immutable language plpgsql as $$ begin return (select email from public.customers where id = 1); end $$',
    'create function forgets(text, text) returns text immutable language sql as $$ select $1 $$',
    'create aggregate told(text) (sfunc = textcat, stype = text, msfunc = tells, minvfunc = forgets, mstype = text)',
    "select told('x') over (order by n rows between 1 preceding and current row) from generate_series(1, 3) n",
  ]),
];

/** The last step is sent, and stops at its third row while another session changes what it calls. */
const stopping = (before: readonly Step[], last: readonly FrontendMessage[]): readonly Step[] => [
  innocent,
  'select shown(1)',
  ...before,
  on('b', 'select pg_advisory_lock(9)'),
  { bytes: messages(last).bytes, answers: 0 },
  lockAwaited,
  on('b', guilty),
  on('b', 'select pg_advisory_unlock(9)'),
  { bytes: new Uint8Array(0), answers: 1 },
];

const first = messages([...bound(rowByRow), execute('p', 1), sync]);
const setting = 'set local search_path = public, pg_catalog';

const judgedAgain: readonly BypassCase[] = [
  hides(
    'a function replaced while rows of a portal come that was judged again, by a setting',
    'the portal has rows left',
    stopping(['begin', first, setting], [execute('p'), sync]),
  ),
  hides(
    'a function replaced while rows of a portal come that was judged again, by a definition',
    'the portal has rows left',
    stopping(['begin', first, 'create temp table other (id int)'], [execute('p'), sync]),
  ),
  hides(
    'a function replaced while rows of a cursor come that was judged again',
    'an Execute fetches from it',
    stopping(['begin', `declare c cursor for ${rowByRow}`, 'fetch 1 from c', setting], [execute('c'), sync]),
  ),
  hides(
    'a function replaced while rows come, with a parameter of a type of users',
    'what the type runs is added to what the text means',
    stopping(
      [
        "create function fits(int) returns bool language sql as 'select true'",
        'create domain fitting as int check (fits(value))',
        {
          answers: 1,
          bytes: async (ask) => {
            const type = Number(await ask("select 'fitting'::regtype::oid"));
            const sql = rowByRow.replace(' from ', ', $1 from ');
            return messages([{ ...parse(sql, 's'), parameterTypes: [type] } as FrontendMessage, sync])
              .bytes as Uint8Array;
          },
        },
      ],
      [bind({ statement: 's', parameters: ['1'] }), execute(), sync],
    ),
  ),
];

/** A cast to JSON that there was not when the statement began: what makes JSON looks for one at each value. */
const toldByCast = (answer: (rows: string) => string): readonly Step[] => [
  "create type key as enum ('1', '2', '3', '4', '5')",
  'create function told(key) returns json language plpgsql as $$ begin return to_json((select email from public.customers where id = 1)); end $$',
  'create table keys (id int, k key)',
  'insert into keys select n, n::text::key from generate_series(1, 5) n',
  on('b', 'select pg_advisory_lock(9)'),
  {
    bytes: messages([
      query(
        answer(
          "case id when 3 then pg_advisory_lock(9)::text end, pg_relation_size('wishes'), repeat('x', 9000) from keys",
        ),
      ),
    ]).bytes,
    answers: 0,
  },
  lockAwaited,
  on('b', 'create cast (key as json) with function told(key)'),
  on('b', 'select pg_advisory_unlock(9)'),
  { bytes: new Uint8Array(0), answers: 1 },
];

const casts: readonly BypassCase[] = (
  [
    ['of a column', (rows) => `select to_json(k), ${rows}`],
    ['of a row', (rows) => `select to_json(keys), ${rows}`],
    ['in an array', (rows) => `select json_array(k), ${rows}`],
    ['of COPY', (rows) => `copy (select jsonb_build_object(1, k), ${rows}) to stdout`],
  ] satisfies readonly (readonly [string, (rows: string) => string])[]
).map(([name, answer]) =>
  hides(`a cast to JSON made while rows come: ${name}`, 'nothing that is called has changed', toldByCast(answer)),
);

/** Ways to what masks hide, found by going through the grammar, the protocol, and what happens between two messages. */
export const freshBypassesOfMasks: readonly BypassCase[] = [
  ...byOtherNames,
  ...plans,
  ...outside,
  ...portals,
  ...replaced,
  ...changes,
  ...cut,
  ...expressions,
  ...questions,
  ...uncovered,
  ...migrations,
  ...keysAndAggregates,
  ...judgedAgain,
  ...casts,
];
