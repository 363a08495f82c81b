import { createHash } from 'node:crypto';
import { Writer } from '@onrecord/wire';
import {
  asks,
  type BypassCase,
  bind,
  call,
  close,
  copyData,
  copyDone,
  describe,
  execute,
  extended,
  flush,
  hides,
  messages,
  on,
  type Place,
  parse,
  query,
  rawQuery,
  refuses,
  type Step,
  sync,
} from './bypass-case.ts';
import { customers } from './canaries.ts';

const { email, phone } = customers[0] ?? { email: '', phone: '' };
const codes = [...email].map((letter) => letter.charCodeAt(0));

const wiped = 'select count(*) = 0 from invoices';
const hacked = "select exists (select from invoices where status = 'hacked')";
/** An allowed statement beside a denied one took effect, or the denied one did. */
const touched = "select count(*) = 0 or bool_or(status = 'hacked') from invoices";
const overwritten = "select count(*) = 0 from invoices where status <> 'hacked'";
const paid = 'select exists (select from payments where id = 100)';

/** Of many cases that differ in little: name, way, steps, effect (empty: there is none to look at). */
type Row = readonly [name: string, way: string, steps: Step | readonly Step[], effect?: string];

const remote = ({ port, database, password }: Place): string =>
  `host=127.0.0.1 port=${port} dbname=${database} user=postgres password=''${password}''`;

/** Columns that are masked, read in every way that a row can be. */
const reads: readonly BypassCase[] = [
  hides('all columns', 'SELECT *', 'select * from customers'),
  hides('the column, aliased', 'another name for it', 'select email as e, phone as "p h", card c from customers as x'),
  hides(
    'the column, aliased by the table',
    'column aliases of a table hide the names',
    'select a, b, d from customers as x(i, a, n, b, d)',
  ),
  hides(
    'a subquery of subqueries',
    'names change at each level',
    "select z from (select y as z from (select email || '' as y from customers) a) b",
  ),
  hides(
    'a CTE',
    'the value passes through WITH',
    "with a as (select email e from customers), b(x) as (select e || '' from a) select x from b",
  ),
  hides(
    'a CTE named as a column',
    'the same name for different things',
    "with email as (select phone as email from customers) select email.email || '' from email",
  ),
  hides(
    'a recursive CTE',
    'the value goes around a few times',
    "with recursive r(n, t) as (select 0, email from customers union all select n + 1, t || '' from r where n < 2) select t from r where n = 2",
  ),
  hides(
    'a recursive CTE, late',
    'the recursive term alone reads it',
    "with recursive r(n, t) as (select 0, '' union all select n + 1, (select c.email from customers c where c.id = n + 1) from r where n < 3) select t from r",
  ),
  hides(
    'a scalar subquery',
    'a subquery is a value',
    'select (select email from customers where id = 1), (select lower(phone) from customers where id = 1)',
  ),
  hides('an array of a subquery', 'ARRAY(SELECT …)', 'select array(select email from customers)'),
  hides(
    'VALUES',
    'a row made of subqueries',
    'values ((select email from customers where id = 1)), ((select phone from customers where id = 2))',
  ),
  hides('TABLE', 'TABLE instead of SELECT', 'table customers'),
  hides(
    'LATERAL',
    'a lateral subquery hands the value on',
    'select l.x from invoices i, lateral (select upper(c.email) x from customers c where c.id = i.customer_id) l',
  ),
  hides(
    'LATERAL VALUES',
    'columns become rows',
    "select v.x from customers c cross join lateral (values ('a', c.email), ('b', c.note)) as v(k, x)",
  ),
  hides(
    'USING',
    'a merged column of a join',
    'select email from customers a join (select email from customers) b using (email)',
  ),
  hides(
    'NATURAL JOIN with an alias',
    'a merged column named by the alias of the join',
    'select j.email from (customers a natural join customers b) as j',
  ),
  hides(
    'FULL JOIN USING',
    'a merged column is a COALESCE',
    "select email from customers full join (select 'x'::text as email) b using (email)",
  ),
  hides(
    'UNION',
    'the second branch hides behind the first',
    "select name from invoices, (select 'x' as name) x union all select email from customers",
  ),
  hides(
    'UNION with NULL',
    'the first branch is NULL and without a source',
    'select null::text as n union all select email from customers',
  ),
  hides(
    'EXCEPT and INTERSECT',
    'set operations pass rows on',
    'select email from customers except select null intersect select name from customers',
  ),
  hides('a whole row', 'the table as a value', 'select c from customers c'),
  hides('a whole row as text', 'the table cast to text', 'select c::text from customers c'),
  hides('row_to_json', 'the row as JSON', 'select row_to_json(c) from customers c'),
  hides('to_jsonb and a key', 'the row as JSON, and a field of it', "select to_jsonb(c) ->> 'email' from customers c"),
  hides('a field of a row', 'field selection on a subquery', 'select (select c from customers c where id = 1).email'),
  hides('all fields of a row', '(row).*', 'select (c).* from (select c from customers c) x'),
  hides('a column as a function', 'email(c) is c.email', "select email(c) || '' from customers c"),
  hides('a record of a row', 'ROW(c.*)', 'select row(c.*), row(c.email, 1) from customers c'),
  hides('an array of rows', 'array_agg of the table', 'select array_agg(c) from customers c'),
  hides(
    'a row unnested',
    'rows in an array, taken apart again',
    'select u.phone from (select array_agg(c) a from customers c) x, unnest(a) u',
  ),
  hides(
    'json_populate_record',
    'a row through JSON and back',
    'select (jsonb_populate_record(null::customers, to_jsonb(c))).email from customers c',
  ),
  hides('jsonb_each', 'the row as keys and values', 'select e.value from customers c, jsonb_each_text(to_jsonb(c)) e'),
  hides('hstore', 'the row as an hstore', ['create extension hstore', "select hstore(c) -> 'email' from customers c"], {
    as: 'root',
  }),
  hides('jsonb_path_query', 'JSON paths over the row', "select jsonb_path_query(to_jsonb(c), '$.*') from customers c"),
  hides(
    'JSON constructors',
    "SQL's own JSON",
    "select json_object('e': email, 'p': phone), json_array(card, note), json_scalar(note) from customers",
  ),
  hides(
    'JSON_TABLE',
    'the row as JSON as a table',
    "select j.e from customers c, json_table(to_jsonb(c), '$' columns (e text path '$.email')) j",
  ),
  hides(
    'JSON_QUERY',
    'the row as JSON, asked',
    "select json_query(to_jsonb(c), '$.email'), json_value(to_jsonb(c), '$.phone') from customers c",
  ),
  hides(
    'json_object_agg',
    'an aggregate of keys and values',
    'select json_object_agg(id, email), jsonb_object_agg(email, id) from customers',
  ),
  hides('json_agg', 'an aggregate of rows', 'select json_agg(c), jsonb_agg(c.email) from customers c'),
  hides('string_agg', 'an aggregate of text', "select string_agg(email, ',' order by id) from customers"),
  hides(
    'min and max',
    'an aggregate that gives one of the values',
    'select min(email), max(phone), min(credit), any_value(note) from customers',
  ),
  hides(
    'mode and percentile',
    'ordered-set aggregates',
    'select mode() within group (order by email), percentile_disc(0.5) within group (order by phone), percentile_disc(0.1) within group (order by credit) from customers',
  ),
  hides('array_agg', 'an aggregate of arrays', 'select array_agg(email), (array_agg(phone))[1] from customers'),
  hides('xmlagg', 'an aggregate of XML', 'select xmlagg(xmlelement(name e, email)) from customers'),
  hides(
    'lag and lead',
    'window functions that look aside',
    'select lag(email) over (order by id), lead(phone) over (order by id) from customers',
  ),
  hides(
    'first_value',
    'window functions that pick one',
    'select first_value(email) over w, nth_value(card, 2) over w from customers window w as (order by id)',
  ),
  hides(
    'sum of one',
    'an aggregate over a single number',
    'select sum(credit), avg(credit), max(credit) from customers group by id',
  ),
  hides('GROUP BY the column', 'the groups are the values', 'select email, count(*) from customers group by email'),
  hides(
    'GROUPING SETS',
    'the groups are the values, in sets',
    "select coalesce(email, ''), phone from customers group by grouping sets ((email), (phone))",
  ),
  hides('DISTINCT ON', 'the distinct values', 'select distinct on (email) email from customers'),
  hides('CASE', 'one of two branches', 'select case when id > 0 then email else name end from customers'),
  hides(
    'CASE x WHEN',
    'a branch chosen by another column',
    "select case country when 'DE' then phone else 'x' end from customers",
  ),
  hides(
    'COALESCE and NULLIF',
    'conditional functions',
    "select coalesce(null, email), nullif(phone, ''), greatest(email, ''), least(card, 'zzz') from customers",
  ),
  hides(
    'casts',
    'other types of it',
    'select email::varchar(100), email::bpchar, email::name, credit::float8, credit::int8, credit::text from customers',
  ),
  hides('bytea', 'its bytes', "select email::bytea, convert_to(phone, 'UTF8') from customers"),
  hides(
    'a cast to char(n)',
    'most of it',
    'select email::char(20), substr(phone, 1, 12), left(email, 15), right(email, -8) from customers',
  ),
  hides('upper, lower, initcap', 'case', 'select upper(email), initcap(phone), lower(card) from customers'),
  hides('reverse', 'backwards', 'select reverse(email), reverse(phone) from customers'),
  hides(
    'encode',
    'hexadecimal and base64',
    "select encode(email::bytea, 'hex'), encode(phone::bytea, 'base64'), encode(('x' || card)::bytea, 'base64') from customers",
  ),
  hides(
    'concatenation',
    'other text around it',
    "select 'a' || email, concat(phone, 1), concat_ws('-', card, note), format('%s and %L', email, phone) from customers",
  ),
  hides(
    'translate and replace',
    'letters for letters',
    "select translate(email, '@', '#'), replace(phone, ' ', '-'), overlay(email placing '..' from 8) from customers",
    {
      shows: [phone.replaceAll(' ', '-')],
    },
  ),
  hides(
    'rot13',
    'a substitution that can be undone',
    "select translate(lower(email), 'abcdefghijklmnopqrstuvwxyz', 'nopqrstuvwxyzabcdefghijklm') from customers",
    {
      shows: [
        email
          .toLowerCase()
          .replaceAll(/[a-z]/g, (letter) => String.fromCharCode(((letter.charCodeAt(0) - 84) % 26) + 97)),
      ],
    },
  ),
  hides(
    'regular expressions',
    'parts of it as matches',
    "select (regexp_match(email, '(.*)@'))[1], regexp_replace(phone, 'x', 'x'), regexp_substr(card, '.+') from customers",
  ),
  hides(
    'regexp_split_to_table',
    'parts of it as rows',
    "select regexp_split_to_table(email, '@'), string_to_table(note, '|') from customers",
  ),
  hides(
    'string_to_array',
    'parts of it as an array',
    "select string_to_array(email, '@'), split_part(email, '@', 1) from customers",
  ),
  hides(
    'character by character',
    'each letter a row',
    'select substr(email, n, 1) from customers, generate_series(1, 29) n where id = 1 order by n',
    {
      shows: [new RegExp([...email.slice(0, 6)].map((letter) => `${letter}[^]{0,20}`).join(''))],
    },
  ),
  hides(
    'character codes',
    'each letter a number',
    "select string_agg(ascii(substr(email, n, 1))::text, ',' order by n) from customers, generate_series(1, 29) n where id = 1",
    {
      shows: [codes.slice(0, 8).join(',')],
    },
  ),
  hides(
    'bits',
    'each letter as bits',
    'select (email::bytea)::text, get_byte(email::bytea, 0), get_byte(email::bytea, 1) from customers where id = 1',
  ),
  hides(
    'a hash of it',
    'what can be compared with guesses',
    'select md5(email), sha256(email::bytea), hashtext(email) from customers where id = 1',
    {
      shows: [createHash('md5').update(email).digest('hex')],
    },
  ),
  hides('its length', 'how long it is', "select 'length ' || length(email) from customers where id = 1", {
    shows: ['length 29'],
  }),
  hides('a comparison', 'whether it is a guess', "select 'is ' || (email > 'V')::text from customers where id = 1", {
    shows: [/is (true|false)/],
  }),
  hides('to_tsvector', 'its words', "select to_tsvector('simple', note), to_tsvector('simple', email) from customers"),
  hides(
    'ts_headline',
    'its words in their surroundings',
    "select ts_headline('simple', note, to_tsquery('simple', 'vexq')) from customers",
  ),
  hides(
    'ts_stat',
    'a function that runs a query',
    "select word from ts_stat('select to_tsvector(''simple'', email) from customers')",
  ),
  hides(
    'ts_rewrite',
    'a function that runs a query for its argument',
    "select ts_rewrite('a'::tsquery, 'select ''a''::tsquery, plainto_tsquery(''simple'', email) from customers where id = 1')",
  ),
  hides(
    'arithmetic',
    'sums that can be undone',
    'select credit + 1, credit * 1.0, -credit, round(credit), credit - 0.0001, credit::numeric(20, 3) from customers',
  ),
  hides(
    'to_char',
    'a number as text',
    "select to_char(credit, 'FM9999999999.99'), credit::money::text from customers",
    { shows: ['7,390,518,264.57'] },
  ),
  hides(
    'a range',
    'a value in a range',
    "select numrange(credit, credit + 1), textrange(email, email || 'x') from customers",
    {
      before: 'create type public.textrange as range (subtype = text)',
    },
  ),
  hides(
    'a polymorphic array',
    'arrays made and taken apart',
    'select (array[email, phone])[n] from customers, generate_series(1, 2) n',
  ),
  hides(
    'array functions',
    'arrays to text',
    "select array_to_string(array_append(array[email], phone), ';'), array_to_json(array[note]) from customers",
  ),
  hides(
    'unnest WITH ORDINALITY',
    'a set-returning function in FROM',
    'select x from unnest(array(select email from customers)) with ordinality as t(x, n)',
  ),
  hides(
    'ROWS FROM',
    'several functions side by side',
    'select a from rows from (unnest(array(select email from customers)), generate_series(1, 3)) as t(a, b)',
  ),
  hides(
    'a set-returning function in SELECT',
    'generate_series with a value of it',
    'select generate_series(credit::bigint, credit::bigint + 1) from customers',
  ),
  hides('TABLESAMPLE', 'a sample of everything', "select email || '' from customers tablesample system (100)"),
  hides(
    'ONLY and *',
    'ways to name a parent',
    "select email || '' from only customers union all select email || '' from customers *",
  ),
  hides('a child of the table', 'the rows of an inheritance child', "select email, phone || '' from customers_archive"),
  hides('FOR UPDATE', 'a locking read', 'select email from customers for update'),
  hides(
    'DISTINCT in a subquery with LIMIT',
    'one at a time',
    'select (select distinct lower(email) from customers order by 1 limit 1 offset 1)',
  ),
  hides(
    'an EXISTS with output',
    'a row that is made where it matches',
    'select i.id, c.e from invoices i left join (select id, email e from customers) c on c.id = i.id',
  ),
  hides(
    'system columns beside it',
    'ctid and the table itself',
    "select ctid, tableoid::regclass, email || '' from customers",
  ),
  hides(
    'a quoted name',
    'names in quotes, with the schema',
    'select "public"."customers"."email" || \'\' from "public"."customers"',
  ),
  hides('upper case', 'keywords and names in another case', "SELECT EMAIL || '' FROM PUBLIC.CUSTOMERS"),
  hides('the database in front', 'a name with the catalog', ({ database }) => [
    `select "${database}".public.customers.email || '' from "${database}".public.customers`,
  ]),
  hides(
    'Unicode escapes',
    'U& identifiers',
    'select U&"\\0065mail" || \'\', U&"!0070hone" uescape \'!\' || \'\' from U&"custo\\006d\\+000065rs"',
  ),
  hides('comments', 'comments instead of spaces', "select/**/email/* /* nested */ */||''--\nfrom/*x*/customers"),
  hides('dollar quotes', 'quotes that end elsewhere', "select $a$'$a$ || email || $$ -- $$ from customers"),
  hides(
    'a string that looks like its end',
    'quotes within quotes',
    "select 'it''s -- ' || email || E'\\'' from customers",
  ),
  hides('text over lines', 'a string constant over two lines', "select 'a'\n'b' || email from customers"),
  hides('an operator named by schema', 'OPERATOR()', "select email operator(pg_catalog.||) '' from customers"),
  hides(
    'a function named by schema',
    'pg_catalog in front',
    'select pg_catalog.lower(email), "pg_catalog"."upper"(phone) from customers',
  ),
  hides(
    'named arguments',
    'arguments by name',
    "select regexp_replace(string => email, pattern => 'x', replacement => 'y') from customers",
  ),
  hides('VARIADIC', 'an array as arguments', "select concat(variadic array[email, '']) from customers"),
  hides(
    'special syntax',
    'functions with words as arguments',
    "select substring(email from 1 for 20), trim(both 'x' from phone), overlay(card placing '' from 20), normalize(note), email collate \"C\" from customers",
  ),
  hides(
    'AT TIME ZONE and COLLATE',
    'clauses that are functions',
    'select (email collate "POSIX") || \'\' from customers order by 1',
  ),
];

/** Views and what stands for a table. */
const views: readonly BypassCase[] = [
  hides('a view', 'a view over the table', 'select email from customer_list'),
  hides('a view over a view', 'its value, changed on the way', 'select address from customer_emails'),
  hides('a view of whole rows', 'a row as a column of a view', "select (whole).email || '' from customer_rows"),
  hides('a view in another schema', 'a name that says nothing of the table', 'select * from reporting.customer_names'),
  hides('a materialized view', 'a copy that was made before', 'select email, phone from customer_cache'),
  hides('a view made now', 'a view that no catalog knew', [
    "create view v as select id, email || '' as e from customers",
    'select e from v',
  ]),
  hides('a view made in the same transaction', 'nobody else can see it yet', [
    'begin',
    'create view v as select lower(email) as e, phone as p from customers',
    'select e, p from v',
    'rollback',
  ]),
  hides(
    'a view in one Query',
    'made, used and dropped in one message',
    'create view v as select lower(email) as e from customers; select e from v; drop view v',
  ),
  hides('a temporary view', 'a view that only this session has', [
    'create temp view v as select lower(email) as e from customers',
    'select e from v',
  ]),
  hides('a view replaced behind a plan', 'a prepared statement is planned anew', [
    'create view v as select id, name as e from customers',
    'prepare p as select lower(e) from v',
    'execute p',
    'create or replace view v as select id, email as e from customers',
    'execute p',
  ]),
  hides('a view replaced by another session', 'a prepared statement of one session, a view of another', [
    'create view v as select id, name as e from customers',
    messages([parse('select lower(e) from v', 's'), sync]),
    messages([bind({ statement: 's' }), execute(), sync]),
    on('b', 'create or replace view v as select id, email as e from customers'),
    messages([bind({ statement: 's' }), execute(), sync]),
  ]),
  hides('a recursive view', 'CREATE RECURSIVE VIEW', [
    'create recursive view v (n, t) as select 1, email from customers union all select n + 1, lower(t) from v where n < 2',
    'select t from v',
  ]),
  hides('a materialized view made now', 'a copy of the column', [
    'create materialized view m as select lower(email) as e from customers',
    'select e from m',
  ]),
  hides('a table made of it', 'CREATE TABLE AS', [
    'create table t as select email as e, phone as p from customers',
    'select e, p from t',
  ]),
  hides('a temporary table made of it', 'CREATE TEMP TABLE AS with an expression', [
    'create temp table t as select lower(email) as e from customers',
    'select e from t',
  ]),
  hides('SELECT INTO', 'the other way to make a table', ['select email as e into t from customers', 'select e from t']),
  hides('CREATE TABLE AS EXECUTE', 'a table made of a prepared statement', [
    'prepare p as select lower(email) as e from customers',
    'create table t as execute p',
    'select e from t',
  ]),
  hides('CREATE TABLE AS TABLE', 'a copy of everything', [
    'create table t as table customers',
    'select email, phone from t',
  ]),
  hides(
    'a table made in one Query',
    'the copy is read in the same message',
    'create temp table t as select email as e from customers; select e from t',
  ),
  hides('INSERT SELECT', 'a copy into a table that was there', [
    'insert into wishes select id, email from customers',
    'select text from wishes',
  ]),
  hides('INSERT VALUES', 'a copy by a subquery', [
    'insert into wishes values (1, (select phone from customers where id = 1))',
    'select text from wishes',
  ]),
  hides('INSERT of a CTE', 'a copy by a CTE', [
    'with c as (select id, lower(email) e from customers) insert into wishes select * from c',
    'select text from wishes',
  ]),
  hides(
    'a copy by RETURNING',
    'the value comes back at once',
    'insert into wishes select id, email from customers returning text',
  ),
  hides('a writing CTE that copies', 'the copy stands under a SELECT', [
    'with w as (insert into wishes select id, email from customers returning text) select count(*) from w',
    'select text from wishes',
  ]),
  hides('UPDATE SET', 'a copy into another column', [
    'update customers set name = email where id = 1',
    'select name from customers',
  ]),
  hides('UPDATE FROM', 'a copy into another table', [
    'update invoices i set status = c.email from customers c where c.id = i.id',
    'select status from invoices',
  ]),
  hides('UPDATE of several columns', 'SET (a, b) = (SELECT …)', [
    'update invoices set (customer_id, status) = (select id, email from customers where id = 1) where id = 1',
    'select status from invoices',
  ]),
  hides('UPDATE through a view', 'an updatable view', [
    'update customer_list set name = email where id = 1',
    'select name from customer_list',
  ]),
  hides(
    'UPDATE RETURNING',
    'an update that changes nothing',
    'update customers set name = name where id = 1 returning *',
  ),
  hides(
    'RETURNING old and new',
    'names of Postgres 18 for both rows',
    "update customers set name = name where id = 1 returning old.email || '', new.phone || ''",
  ),
  hides('DELETE RETURNING', 'the rows that go', 'delete from customers where id = 1 returning lower(email)'),
  hides(
    'RETURNING with aliases',
    'other names for old and new',
    "update customers set name = name where id = 1 returning with (old as before) before.email || ''",
  ),
  hides(
    'ON CONFLICT RETURNING',
    'an upsert that finds the row',
    "insert into customers (id, name) values (1, 'x') on conflict (id) do update set country = 'FR' returning email, lower(phone)",
  ),
  hides('ON CONFLICT copies', 'an upsert that copies within the row', [
    "insert into customers (id, name) values (1, 'x') on conflict (id) do update set name = customers.email",
    'select name from customers',
  ]),
  hides(
    'MERGE RETURNING',
    'the rows of a MERGE',
    "merge into customers c using (select 1 as id) s on c.id = s.id when matched then update set country = 'FR' returning merge_action(), c.email, lower(c.phone)",
  ),
  hides('MERGE copies', 'a MERGE from the table', [
    'merge into wishes w using customers c on w.id = c.id when not matched then insert values (c.id, c.email)',
    'select text from wishes',
  ]),
  hides('a renamed column', 'the column by another name', [
    'alter table customers rename column email to address',
    'select address from customers',
    'select lower(address) from customers',
  ]),
  hides('a renamed column in a transaction', 'renamed, read, and taken back', [
    'begin',
    'alter table customers rename column email to address',
    'select address, lower(address) from customers',
    'rollback',
  ]),
  hides(
    'renamed in one Query',
    'renamed and read in one message',
    'alter table customers rename column email to address; select lower(address), address from customers',
  ),
  hides('a renamed table', 'the table by another name', [
    'alter table customers rename to people',
    'select email from people',
    'select lower(email) from people',
  ]),
  hides('names exchanged', 'two tables exchange their names', [
    'alter table customers rename to c2',
    'alter table wishes rename to customers',
    'select lower(email), phone from c2',
  ]),
  hides('a table in another schema', 'SET SCHEMA', [
    'create schema elsewhere',
    'alter table customers set schema elsewhere',
    'select email, lower(phone) from elsewhere.customers',
  ]),
  hides('a schema renamed', 'the schema by another name', [
    'alter schema public rename to private',
    'select email, lower(phone) from private.customers',
  ]),
  hides('ALTER TYPE USING', 'another column becomes a copy', [
    'alter table customers add column k int',
    'alter table customers alter column k type text using email',
    'select k from customers',
  ]),
  hides('the column, of another type', 'its own type changes', [
    'alter table customers alter column email type varchar(80)',
    'select email, lower(email) from customers',
  ]),
  hides('a generated column', 'a column that is computed from it', [
    'alter table customers add column spy text generated always as (lower(email)) stored',
    'select spy from customers',
  ]),
  hides('a virtual generated column', 'computed when it is read', [
    'alter table customers add column spy text generated always as (lower(email)) virtual',
    'select spy from customers',
  ]),
  hides('a default that reads', 'a function as a default', [
    'alter table wishes alter column text set default customer_email(1)',
    'insert into wishes (id) values (1)',
    'select text from wishes',
  ]),
  hides('a default, returned', 'a function as a default, and RETURNING', [
    'alter table wishes alter column text set default customer_email(1)',
    'insert into wishes (id) values (1) returning text',
  ]),
  hides('a column added with a default', 'ADD COLUMN runs the default once', [
    'alter table wishes add column spy text default customer_email(1)',
    'insert into wishes (id) values (1)',
    'select spy from wishes',
  ]),
  hides('a parent put above', 'the table becomes a child of another', [
    'create table above (email text, phone text)',
    'alter table customers inherit above',
    'select email, lower(phone) from above',
  ]),
  hides('a partition of another', 'the table becomes a partition', [
    'alter table customers_archive no inherit customers',
    'create table parted (like customers_archive) partition by list (country)',
    'alter table parted attach partition customers_archive default',
    'select email, lower(phone) from parted',
  ]),
  hides('CREATE TABLE LIKE and a copy', 'the same columns, another table', [
    'create table t (like customers)',
    'insert into t select * from customers',
    'select email from t',
  ]),
  hides('a rule that reads', 'ON UPDATE DO ALSO SELECT gives a second result', [
    'create rule spy as on update to wishes do also select email, lower(phone) from customers',
    "insert into wishes values (1, 'a')",
    "update wishes set text = 'b' where id = 1",
  ]),
  hides('a rule instead', 'ON INSERT DO INSTEAD SELECT', [
    'create rule spy as on insert to wishes do instead select lower(email) from customers',
    "insert into wishes values (1, 'a')",
  ]),
  hides('a table turned into a view', 'a view in the place of a table of the same name', [
    'prepare p as select text from wishes',
    'drop table wishes cascade',
    'create view wishes as select id, lower(email) as text from customers',
    'execute p',
  ]),
  hides('LISTEN to it', 'NOTIFY with the value', ['listen c', "select pg_notify('c', email) from customers"]),
  hides('NOTIFY from code', 'DO sends it', [
    'listen c',
    "do $$ begin perform pg_notify('c', (select email from customers where id = 1)); end $$",
  ]),
  hides('NOTIFY made of text', 'dynamic NOTIFY', [
    'listen c',
    "do $$ begin execute format('notify c, %L', (select email from customers where id = 1)); end $$",
  ]),
  hides('NOTIFY to another session', 'somebody else listens', [
    on('b', 'listen c'),
    "select pg_notify('c', email) from customers where id = 1",
    on('b', 'select 1'),
  ]),
];

/** The other ways out of the server: settings, messages, errors, files. */
const exits: readonly BypassCase[] = [
  hides('a setting of ones own', 'set_config and SHOW', [
    "select set_config('a.b', email, false) from customers where id = 1",
    'show a.b',
  ]),
  hides('a setting, read by a function', 'set_config and current_setting', [
    "select set_config('a.b', email, false) is null from customers where id = 1",
    "select current_setting('a.b')",
  ]),
  hides(
    'a setting that is reported',
    'application_name comes back as ParameterStatus',
    "select length(set_config('application_name', email, false)) > 0 from customers where id = 1",
  ),
  hides('a setting set by code', 'DO sets it, SHOW shows it', [
    "do $$ begin perform set_config('a.b', (select email from customers where id = 1), false); end $$",
    'show a.b',
  ]),
  hides('a reported setting set by code', 'DO sets application_name', [
    "do $$ begin perform set_config('application_name', (select email from customers where id = 1), false); end $$",
  ]),
  hides('a setting set by dynamic code', 'EXECUTE in DO', [
    "do $$ begin execute format('set a.b = %L', (select email from customers where id = 1)); end $$",
    "select current_setting('a.b')",
  ]),
  hides('pg_settings', 'a setting, read as a table', [
    "select set_config('search_path', quote_ident(email), false) is null from customers where id = 1",
    "select setting from pg_settings where name = 'search_path'",
    "select current_schemas(true), current_setting('search_path')",
  ]),
  hides('SHOW ALL', 'every setting at once', [
    "do $$ begin perform set_config('application_name', (select email from customers where id = 1), false); end $$",
    'show all',
  ]),
  hides('pg_stat_activity', 'a name that others see', [
    "do $$ begin perform set_config('application_name', (select email from customers where id = 1), false); end $$",
    on('b', 'select application_name, query from pg_stat_activity'),
  ]),
  hides(
    'a role named by it',
    'dynamic CREATE ROLE, and pg_roles',
    [
      "do $$ begin execute format('create role %I', (select lower(email) from customers where id = 1)); end $$",
      'select rolname from pg_roles',
    ],
    {
      after: `drop role if exists "${email.toLowerCase()}"`,
    },
  ),
  hides('a table named by it', 'dynamic CREATE TABLE, and pg_class', [
    "do $$ begin execute format('create table %I ()', (select email from customers where id = 1)); end $$",
    'select relname from pg_class where oid >= 16384',
  ]),
  hides('a comment of it', 'dynamic COMMENT, and obj_description', [
    "do $$ begin execute format('comment on table wishes is %L', (select email from customers where id = 1)); end $$",
    "select obj_description('wishes'::regclass)",
  ]),
  hides('a function made of it', 'dynamic CREATE FUNCTION, and its source', [
    "do $$ begin execute format('create function told() returns text language sql as %L', 'select ' || quote_literal((select email from customers where id = 1))); end $$",
    'select told()',
    "select prosrc from pg_proc where proname = 'told'",
  ]),
  hides('an enum of it', 'dynamic CREATE TYPE, and pg_enum', [
    "do $$ begin execute format('create type told as enum (%L)', (select email from customers where id = 1)); end $$",
    'select enumlabel from pg_enum',
  ]),
  hides('DO copies', 'static SQL in DO', [
    'do $$ begin insert into wishes select id, email from customers; end $$',
    'select text from wishes',
  ]),
  hides('DO copies dynamically', 'dynamic SQL in DO', [
    "do $$ begin execute 'insert into wishes select id, em' || 'ail from cust' || 'omers'; end $$",
    'select text from wishes',
  ]),
  hides(
    'DO raises a notice',
    'RAISE NOTICE',
    "do $$ declare t text; begin select email into t from customers where id = 1; raise notice 'here: %', t; end $$",
  ),
  hides(
    'DO raises an error',
    'RAISE EXCEPTION with DETAIL and HINT',
    "do $$ begin raise exception 'no' using detail = (select email from customers where id = 1), hint = 'no', errcode = '22012'; end $$",
  ),
  hides(
    'an error with a state of ones own',
    'RAISE with a SQLSTATE that is let through',
    "do $$ begin raise exception using message = (select email from customers where id = 1), errcode = '42501'; end $$",
  ),
  hides(
    'an error dressed up',
    'RAISE as a serialization failure, with the value as a table name',
    "do $$ begin raise exception using message = 'x', errcode = '40001', table = (select email from customers where id = 1), column = (select phone from customers where id = 1), constraint = (select card from customers where id = 1); end $$",
  ),
  hides(
    'a state that is the value',
    'five characters at a time as SQLSTATE',
    "do $$ begin raise exception using message = 'x', errcode = (select upper(regexp_replace(substr(email, 1, 8), '[^a-zA-Z0-9]', '', 'g'))::char(5) from customers where id = 1); end $$",
    {
      shows: [email.slice(0, 5).toUpperCase()],
    },
  ),
  hides('a user function', 'a SQL function that reads', 'select customer_email(1)'),
  hides('a set-returning user function', 'dynamic SQL within', 'select * from customer_emails()'),
  hides('a function that raises', 'RAISE NOTICE in a function', 'select tell_email(1)'),
  hides('a function that fails', 'RAISE EXCEPTION in a function', 'select fail_with_email(1)'),
  hides('a function that lies of itself', 'IMMUTABLE, and run while planning', 'select peek()'),
  hides('EXPLAIN of one that lies', 'the plan shows what it gave', [
    'explain verbose select peek()',
    'explain select * from invoices where status = peek()',
  ]),
  hides('planned and never run', 'notices of Bind', messages([parse('select peek_aloud()'), bind(), sync])),
  hides('EXPLAIN of one that tells', 'notices of EXPLAIN', 'explain select peek_aloud()'),
  hides('PREPARE and EXPLAIN EXECUTE', 'the plan of a prepared statement', [
    'prepare p as select 1 from invoices where status = peek()',
    'explain execute p',
  ]),
  hides('a default argument', 'a function whose default reads', [
    "create function echo(x text default customer_email(1)) returns text language sql immutable as 'select x'",
    'select echo()',
  ]),
  hides('a function made in the session', 'its body reads', [
    "create function pg_temp.f() returns text language sql as 'select lower(email) from customers where id = 1'",
    'select pg_temp.f()',
  ]),
  hides(
    'a function in one Query',
    'made and called in one message',
    "create function f() returns text language sql as 'select lower(email) from customers where id = 1'; select f()",
  ),
  hides('a function that takes the row', 'a functional column', [
    "create function spy(c customers) returns text language sql as 'select lower(c.email)'",
    'select c.spy from customers c',
  ]),
  hides('a function with a familiar name', 'lower() of ones own, first in the path', [
    "create function public.lower(int) returns text language sql as 'select email from public.customers where id = $1'",
    'select lower(id) from invoices where id = 1',
  ]),
  hides('a function that shadows', 'a function found before that of pg_catalog', [
    'create schema mine',
    "create function mine.upper(text) returns text language sql as 'select email from public.customers where id = 1'",
    'set search_path = mine, pg_catalog, public',
    "select upper('x'), upper('x'::text)",
  ]),
  hides('an operator', 'an operator of ones own', [
    "create function told(text, int) returns text language sql as 'select email from public.customers where id = $2'",
    'create operator public.+ (leftarg = text, rightarg = int, function = told)',
    "select 'x'::text + 1",
  ]),
  hides('a cast', 'a cast of ones own', [
    'create type key as (id int)',
    "create function told(key) returns text language sql as 'select email from public.customers where id = $1.id'",
    'create cast (key as text) with function told(key)',
    'select row(1)::key::text',
  ]),
  hides('an aggregate', 'an aggregate of ones own', [
    "create function step(text, int) returns text language sql as 'select email from public.customers where id = $2'",
    "create aggregate told(int) (sfunc = step, stype = text, initcond = '')",
    'select told(id) from invoices where id = 1',
  ]),
  hides('a domain that tells', 'its CHECK raises', [
    "create function spy(text) returns bool language plpgsql as $$ begin raise notice '%', $1; return true; end $$",
    'create domain d as text check (spy(value))',
    'select count(email::d) from customers',
  ]),
  hides('a domain that fails', 'its CHECK fails with the value', [
    "create function spy(text) returns bool language plpgsql as $$ begin raise exception '%', $1; end $$",
    'create domain d as text check (spy(value))',
    'select count(email::d) from customers',
  ]),
  hides('a window function of ones own', 'an aggregate over a window', [
    "create function step(text, text) returns text language sql immutable as 'select coalesce($1, '''') || $2'",
    'create aggregate told(text) (sfunc = step, stype = text)',
    'select told(email) over (order by id) from customers',
  ]),
  hides('a trigger that tells', 'a trigger of another table raises', "insert into notices values ('x')"),
  hides('a trigger made in the session', 'notices of an UPDATE', [
    "create function spy() returns trigger language plpgsql as $$ begin raise notice '%', new.email; return new; end $$",
    'create trigger spy before update on customers for each row execute function spy()',
    "update customers set country = 'FR' where id = 1",
  ]),
  hides('a trigger that copies', 'it writes the value elsewhere', [
    'create function spy() returns trigger language plpgsql as $$ begin insert into wishes values (new.id, old.email); return new; end $$',
    'create trigger spy before update on customers for each row execute function spy()',
    "update customers set country = 'FR' where id = 1",
    'select text from wishes',
  ]),
  hides('a trigger that changes the row', 'the value in another column, returned', [
    'create function spy() returns trigger language plpgsql as $$ begin new.name := old.email; return new; end $$',
    'create trigger spy before update on customers for each row execute function spy()',
    "update customers set country = 'FR' where id = 1 returning name",
  ]),
  hides('an index that tells', 'CREATE INDEX runs a function for each row', [
    "create function spy(text) returns text immutable language plpgsql as $$ begin raise notice '%', $1; return $1; end $$",
    'create index on customers (spy(email))',
  ]),
  hides('a check that tells', 'ADD CONSTRAINT runs a function for each row', [
    "create function spy(text) returns bool immutable language plpgsql as $$ begin raise notice '%', $1; return true; end $$",
    'alter table customers add check (spy(email))',
  ]),
  hides('ALTER TYPE that tells', 'USING runs a function for each row', [
    "create function spy(text) returns text immutable language plpgsql as $$ begin raise notice '%', $1; return $1; end $$",
    'alter table customers add column k int',
    'alter table customers alter column k type text using spy(email)',
  ]),
  hides('a policy that tells', 'row security runs a function for each row', [
    "create function spy(text) returns bool language plpgsql as $$ begin raise notice '%', $1; return true; end $$",
    'alter table customers enable row level security',
    'alter table customers force row level security',
    'create policy p on customers using (spy(email))',
    'select id from customers',
  ]),
  hides(
    'an event trigger',
    'DDL runs a function',
    [
      "create function spy() returns event_trigger language plpgsql as $$ begin raise notice '%', (select email from customers where id = 1); end $$",
      'create event trigger spy on ddl_command_end execute function spy()',
      'create table t ()',
    ],
    { as: 'root' },
  ),
  hides('REFRESH that tells', 'a materialized view with a function', [
    'create materialized view m as select tell_email(1) with no data',
    'refresh materialized view m',
  ]),
  hides('ANALYZE that tells', 'statistics of an expression run a function', [
    "create function spy(text) returns text immutable language plpgsql as $$ begin raise notice '%', $1; return $1; end $$",
    'create statistics s on (spy(email)) from customers',
    'analyze customers',
  ]),
  hides('a cast to int', 'invalid input syntax', 'select email::int from customers'),
  hides('a cast in WHERE', 'an error while filtering', 'select count(*) from customers where email::int > 0'),
  hides('a cast to date', 'invalid input syntax of dates', "select ('x' || phone)::date from customers"),
  hides('a cast to an array', 'malformed array literal', 'select email::int[] from customers'),
  hides('a cast to a row', 'malformed record literal', 'select email::wishes from customers'),
  hides('a cast to an enum', 'invalid input value for enum', [
    "create type mood as enum ('sad')",
    'select email::mood from customers',
  ]),
  hides('a cast to JSON', 'the token that is no JSON', 'select email::json from customers'),
  hides(
    'a cast to XML',
    'the XML parser cites it',
    "select xmlparse(document '<a>' || email || '</b>') from customers",
  ),
  hides('a cast to regclass', 'relation does not exist', 'select email::regclass from customers'),
  hides('a cast to regproc', 'function does not exist', 'select email::regproc from customers'),
  hides('nextval', 'relation does not exist', 'select nextval(email) from customers'),
  hides(
    'a setting by its name',
    'unrecognized configuration parameter',
    'select current_setting(lower(card)) from customers',
  ),
  hides('a time zone by its name', 'time zone not recognized', 'select now() at time zone email from customers'),
  hides('an encoding by its name', 'unrecognized encoding', "select encode('x', email) from customers"),
  hides('units by their name', 'units not recognized', 'select date_trunc(email, now()) from customers'),
  hides('a format', 'unrecognized format specifier', "select format('%' || email) from customers", {
    shows: ['specifier "V"'],
  }),
  hides('to_date', 'invalid value for a date', "select to_date(card, 'YYYY-MM-DD') from customers", {
    shows: ['"Gx73'],
  }),
  hides('to_number', 'out of range', "select (credit::text || 'x')::numeric from customers"),
  hides(
    'a JSON path',
    'the key that is not there',
    "select jsonb_path_query('{}', ('strict $.' || replace(card, '-', ''))::jsonpath) from customers",
    {
      shows: ['Gx73Tk19Wm52'],
    },
  ),
  hides(
    'a text search configuration',
    'a configuration by its name',
    "select to_tsvector(email::regconfig, 'x') from customers",
  ),
  hides(
    'a query in an argument',
    'the syntax error of an inner query',
    "select query_to_xml(email, true, false, '') from customers",
  ),
  hides('has_table_privilege', 'relation does not exist', "select has_table_privilege(email, 'select') from customers"),
  hides(
    'a unique violation by UPDATE',
    'DETAIL: Key (email)=(…) already exists',
    'update customers set email = (select email from customers where id = 2) where id = 1',
  ),
  hides(
    'a unique violation by INSERT',
    'DETAIL of a copy',
    "insert into customers (id, name, email) select 99, 'x', email from customers where id = 1",
  ),
  hides('a unique violation of a new index', 'DETAIL: Key (…) is duplicated', [
    "create function told(int) returns text immutable language sql as 'select email from public.customers where id = 1'",
    'create unique index on invoices (told(id))',
  ]),
  hides('a check violation', 'DETAIL: Failing row contains (…)', 'update customers set id = 5000 where id = 1'),
  hides('a NOT NULL violation', 'DETAIL: Failing row contains (…)', 'update customers set name = null where id = 1'),
  hides('a view with CHECK OPTION', 'DETAIL: Failing row contains (…)', [
    "create view v as select * from customers where country = 'DE' with check option",
    "update v set country = 'FR' where id = 1",
  ]),
  hides('a partition that is not there', 'DETAIL: Partition key of the failing row contains', [
    'alter table customers_archive no inherit customers',
    'create table parted (like customers) partition by list (email)',
    'insert into parted select * from customers',
  ]),
  hides(
    'an exclusion violation',
    'DETAIL: Key conflicts with existing key',
    [
      'create extension btree_gist',
      'alter table customers add exclude using gist (country with =)',
      'alter table customers add exclude using gist (email with <>)',
    ],
    { as: 'root' },
  ),
  hides('a foreign key violation', 'DETAIL: Key is not present in table', [
    'create table addresses (email text primary key)',
    'alter table customers add foreign key (email) references addresses',
  ]),
  hides(
    'several errors of one pipeline',
    'an error in Execute, one of Bind',
    messages([
      parse('select email::int from customers'),
      bind(),
      execute(),
      sync,
      parse('select $1::int', 'x'),
      bind({ statement: 'x', parameters: ['y'] }),
      sync,
    ]),
  ),
  hides('EXPLAIN VERBOSE', 'the plan and its expressions', [
    'explain (verbose, costs off) select email from customers where email > (select min(email) from customers)',
    'explain (analyze, verbose) select lower(email) from customers',
    'explain (analyze, verbose, format json) select peek(), email from customers',
  ]),
  hides(
    'pg_stats',
    'the histogram of the column',
    "select histogram_bounds, most_common_vals from pg_stats where tablename like 'customers%'",
  ),
  hides(
    'pg_stats, computed',
    'the histogram, as text',
    "select histogram_bounds::text || '', array_to_string(histogram_bounds::text::text[], ',') from pg_stats where attname = 'email'",
  ),
  hides('pg_statistic', 'the table behind pg_stats', 'select stavalues1, stavalues2 from pg_statistic', { as: 'root' }),
  hides(
    'pg_stats of an index',
    'the histogram of an expression',
    "select histogram_bounds from pg_stats where tablename like '%reverse%'",
  ),
  hides('pg_stats_ext', 'extended statistics', 'select most_common_vals from pg_stats_ext'),
  hides(
    'pg_stats_ext_exprs',
    'statistics of expressions',
    'select histogram_bounds, most_common_vals from pg_stats_ext_exprs',
  ),
  hides(
    'pg_mcv_list_items',
    'a function that reads statistics',
    'select m.* from pg_statistic_ext_data, pg_mcv_list_items(stxdmcv) m',
    { as: 'root' },
  ),
  hides('an index on it, and its statistics', 'made in the session', [
    'create index spy on customers (upper(email))',
    'analyze customers',
    "select histogram_bounds from pg_stats where tablename = 'spy'",
  ]),
  hides(
    'the TOAST table',
    'where long values are kept',
    [
      "do $$ begin execute (select format('create view toasted as select chunk_data from %s', reltoastrelid::regclass) from pg_class where oid = 'customers'::regclass); end $$",
      'select chunk_data from toasted',
    ],
    { as: 'root' },
  ),
  hides(
    'the TOAST table by name',
    'its name is in the catalog',
    [
      {
        answers: 1,
        bytes: async (ask) =>
          messages([
            query(
              `select convert_from(substr(chunk_data, 1, 60), 'UTF8'), chunk_data from ${await ask("select reltoastrelid::regclass from pg_class where oid = 'customers'::regclass")}`,
            ),
          ]).bytes as Uint8Array,
      },
    ],
    { as: 'root' },
  ),
  hides('pg_prepared_statements', 'texts of prepared statements', [
    "do $$ begin execute format('prepare p as select %L', (select email from customers where id = 1)); end $$",
    'select statement from pg_prepared_statements',
    'execute p',
  ]),
  hides('pg_cursors', 'texts of cursors', [
    'begin',
    "do $$ begin execute format('declare c cursor with hold for select %L', (select email from customers where id = 1)); end $$",
    'select statement from pg_cursors',
    'fetch all from c',
    'commit',
  ]),
  hides('a large object', 'the value as a large object', [
    'select lo_from_bytea(4711, email::bytea) from customers where id = 1',
    'select lo_get(4711)',
    'select data from pg_largeobject',
  ]),
  hides('a large object in parts', 'lo_put, and loread over a descriptor', [
    'select lo_create(4711)',
    'select lo_put(4711, 0, email::bytea) from customers where id = 1',
    'begin',
    'select loread(lo_open(4711, 262144), 100)',
    'commit',
  ]),
  hides('a large object by code', 'DO writes it', [
    'do $$ begin perform lo_from_bytea(4711, (select email::bytea from customers where id = 1)); end $$',
    "select convert_from(lo_get(4711), 'UTF8')",
  ]),
  hides('a sequence', 'setval of the number', [
    'create sequence s',
    "select setval('s', credit::bigint) from customers where id = 1",
    'select last_value from s',
  ]),
  hides('a sequence, asked', 'currval and lastval', [
    'create sequence s',
    "select count(setval('s', credit::bigint)) from customers where id = 1",
    "select currval('s'), lastval()",
    'select last_value from pg_sequences',
  ]),
  hides('a sequence restarted', 'dynamic ALTER SEQUENCE', [
    'create sequence s',
    "do $$ begin execute format('alter sequence s restart %s', (select credit::bigint from customers where id = 1)); end $$",
    "select nextval('s')",
  ]),
  hides(
    'advisory locks',
    'the number as a key',
    [
      'select pg_advisory_lock((credit % 1000000000)::int, 1) from customers where id = 1',
      "select classid from pg_locks where locktype = 'advisory'",
    ],
    { shows: ['390518264', '390518265'] },
  ),
  hides(
    'a logical message',
    'the value in the log, read by a slot',
    [
      "select 1 from pg_create_logical_replication_slot('spy', 'test_decoding')",
      "select pg_logical_emit_message(false, 'x', email, true) is null from customers where id = 1",
      "select data from pg_logical_slot_get_changes('spy', null, null)",
    ],
    { as: 'root', after: 'select pg_drop_replication_slot(slot_name) from pg_replication_slots' },
  ),
  hides(
    'a logical slot',
    'changes of the table, decoded',
    [
      "select 1 from pg_create_logical_replication_slot('spy', 'test_decoding')",
      'set synchronous_commit = on',
      "update customers set country = 'FR' where id = 1",
      "select data from pg_logical_slot_peek_changes('spy', null, null)",
    ],
    { as: 'root', after: 'select pg_drop_replication_slot(slot_name) from pg_replication_slots' },
  ),
  hides(
    'the pages of the table',
    'pageinspect',
    [
      'create extension pageinspect',
      "select get_raw_page('customers', 0)",
      "select t_data from heap_page_items(get_raw_page('customers', 0))",
      "select encode(get_raw_page('customers', 0), 'escape')",
    ],
    { as: 'root' },
  ),
  hides(
    'the pages of an index',
    'pageinspect on the index',
    [
      'create extension pageinspect',
      "select data from bt_page_items('customers_email_key', 1)",
      "select get_raw_page('customers_email_key', 1)",
    ],
    { as: 'root' },
  ),
  hides(
    'the file of the table',
    'pg_read_binary_file',
    ['checkpoint', "select pg_read_binary_file(pg_relation_filepath('customers'))"],
    { as: 'root' },
  ),
  hides(
    'COPY TO a file and back',
    'a file of the server in between',
    ({ dataDirectory }) => [
      `copy (select lower(email) from customers) to '${dataDirectory}/onrecord.txt'`,
      'create temp table t (l text)',
      `copy t from '${dataDirectory}/onrecord.txt'`,
      'select l from t',
    ],
    { as: 'root' },
  ),
  hides(
    'COPY TO PROGRAM',
    'a program of the server gets it',
    ({ dataDirectory }) => [
      `copy customers to program 'cat > ${dataDirectory}/onrecord.prog'`,
      `select pg_read_file('${dataDirectory}/onrecord.prog')`,
    ],
    { as: 'root' },
  ),
  hides(
    'file_fdw',
    'a foreign table over a program',
    ({ dataDirectory }) => [
      `copy (select email from customers) to '${dataDirectory}/onrecord.fdw'`,
      'create extension file_fdw',
      'create server f foreign data wrapper file_fdw',
      `create foreign table t (l text) server f options (filename '${dataDirectory}/onrecord.fdw')`,
      'select l from t',
    ],
    { as: 'root' },
  ),
  hides(
    'lo_export and pg_read_file',
    'a large object as a file',
    ({ dataDirectory }) => [
      'select lo_from_bytea(4712, email::bytea) is null from customers where id = 1',
      `select lo_export(4712, '${dataDirectory}/onrecord.lo')`,
      `select pg_read_file('${dataDirectory}/onrecord.lo')`,
    ],
    { as: 'root' },
  ),
  hides(
    'dblink',
    'a connection of the server to itself',
    (place) => [
      'create extension dblink',
      `select e from dblink('${remote(place)}', 'select email from customers') as t(e text)`,
    ],
    { as: 'root' },
  ),
  hides(
    'dblink in parts',
    'connected, sent, fetched',
    (place) => [
      'create extension dblink',
      `select dblink_connect('c', '${remote(place)}')`,
      "select dblink_open('c', 'x', 'select lower(email) from customers')",
      "select e from dblink_fetch('c', 'x', 10) as t(e text)",
    ],
    { as: 'root' },
  ),
  hides(
    'dblink errors',
    'the error of the other side',
    (place) => [
      'create extension dblink',
      `select dblink_exec('${remote(place)}', 'do $x$ begin raise exception ''%'', (select email from customers where id = 1); end $x$')`,
    ],
    { as: 'root' },
  ),
  hides(
    'postgres_fdw',
    'a foreign table that is the table',
    ({ port, database, password }) => [
      'create extension postgres_fdw',
      `create server s foreign data wrapper postgres_fdw options (host '127.0.0.1', port '${port}', dbname '${database}')`,
      `create user mapping for current_user server s options (user 'postgres', password '${password}')`,
      "create foreign table people (id int, email text, phone text) server s options (schema_name 'public', table_name 'customers')",
      'select email, lower(phone) from people',
    ],
    { as: 'root' },
  ),
  hides(
    'IMPORT FOREIGN SCHEMA',
    'all tables, by another way',
    ({ port, database, password }) => [
      'create extension postgres_fdw',
      `create server s foreign data wrapper postgres_fdw options (host '127.0.0.1', port '${port}', dbname '${database}')`,
      `create user mapping for current_user server s options (user 'postgres', password '${password}')`,
      'create schema far',
      'import foreign schema public limit to (customers) from server s into far',
      'select email from far.customers',
    ],
    { as: 'root' },
  ),
  hides('query_to_xml', 'a query in a string', "select query_to_xml('select email from customers', true, false, '')"),
  hides(
    'table_to_xml',
    'a table by its OID',
    "select table_to_xml('customers', true, false, ''), table_to_xml_and_xmlschema('customers', true, false, '')",
  ),
  hides('schema_to_xml', 'a whole schema', "select schema_to_xml('public', true, false, '')"),
  hides('database_to_xml', 'everything', "select database_to_xml(true, false, '')"),
  hides('cursor_to_xml', 'a cursor as XML', [
    'begin',
    'declare c cursor for select lower(email) from customers',
    "select cursor_to_xml('c', 10, true, false, '')",
    'commit',
  ]),
  hides(
    'xmltable',
    'XML as a table',
    "select x.e from xmltable('/table/row' passing query_to_xml('select email from customers', true, false, '') columns e text path 'email') x",
  ),
  hides(
    'XML constructors',
    'XMLELEMENT, XMLFOREST, XMLATTRIBUTES',
    "select xmlelement(name c, xmlattributes(email as e), phone), xmlforest(card, note), xmlconcat(xmlcomment(replace(card, '-', ' '))), xmlserialize(content xmlelement(name x, email) as text) from customers",
  ),
  hides('xpath', 'XPath over the value', "select xpath('/x/text()', xmlelement(name x, email)) from customers"),
  hides(
    'crosstab',
    'a function that runs a query',
    [
      'create extension tablefunc',
      "select * from crosstab('select 1, 1, email from customers where id = 1') as t(r int, a text)",
    ],
    { as: 'root' },
  ),
  hides(
    'connectby',
    'a function that reads a table by name',
    [
      'create extension tablefunc',
      "select * from connectby('customers', 'email', 'note', (select note from customers where id = 1), 0) as t(k text, p text, l int)",
    ],
    { as: 'root' },
  ),
  hides(
    'pgcrypto',
    'encrypted with a key of ones own, and back',
    [
      'create extension pgcrypto',
      "select pgp_sym_decrypt(pgp_sym_encrypt(email, 'k'), 'k'), armor(email::bytea) from customers",
    ],
    { as: 'root' },
  ),
  hides(
    'debug_print_plan',
    'the plan as a message of the log',
    ['set client_min_messages = log', 'set debug_print_plan = on', 'select peek() from invoices where id = 1'],
    {
      shows: [codes.slice(0, 8).join(' ')],
    },
  ),
  hides(
    'auto_explain',
    'plans as notices',
    [
      "load 'auto_explain'",
      'set auto_explain.log_min_duration = 0',
      'set auto_explain.log_verbose = on',
      'set auto_explain.log_level = notice',
      'select count(*) from invoices where status = peek()',
    ],
    { as: 'root' },
  ),
  hides(
    'log_min_error_statement to oneself',
    'messages of the log, as notices',
    [
      'set client_min_messages = debug5',
      'set log_min_duration_statement = 0',
      'select tell_email(1)',
      'select fail_with_email(1)',
    ],
    { as: 'root' },
  ),
];

/** How rows come: copies, cursors, prepared statements, formats, pipelines. */
const protocol: readonly BypassCase[] = [
  hides('COPY TO STDOUT', 'the table as text', 'copy customers to stdout'),
  hides(
    'COPY of columns',
    'the columns, as CSV, in another order',
    "copy customers (note, email, id) to stdout with (format csv, header, delimiter ';', quote '$', force_quote *)",
  ),
  hides('COPY BINARY', 'the table in binary', 'copy customers to stdout with (format binary)'),
  hides('COPY BINARY, the old syntax', 'options in the old order', [
    'copy binary customers to stdout',
    'copy customers to stdout binary',
  ]),
  hides('COPY of a query', 'an expression of it', 'copy (select lower(email), credit + 1 from customers) to stdout'),
  hides(
    'COPY of a query, in binary',
    'an expression of it in binary',
    "copy (select email || '', credit from customers) to stdout (format binary)",
  ),
  hides(
    'COPY with escapes',
    'a delimiter that stands in the value',
    "copy customers (email, phone) to stdout (delimiter '@', null 'K')",
  ),
  hides('COPY in another encoding', 'as LATIN1', "copy customers to stdout (encoding 'latin1')"),
  hides('COPY of a view', 'a query over a view', 'copy (select * from customer_emails) to stdout'),
  hides('COPY of a materialized view', 'COPY takes it by name', [
    'copy customer_cache to stdout',
    'copy (table customer_cache) to stdout',
  ]),
  hides('COPY of a child', 'an inheritance child by name', 'copy customers_archive to stdout'),
  hides(
    'COPY of RETURNING',
    'an update as the query of a COPY',
    "copy (update customers set country = 'FR' where id = 1 returning email) to stdout",
  ),
  hides('COPY over the extended protocol', 'COPY as a prepared statement', extended('copy customers to stdout')),
  hides(
    'COPY in one Query with others',
    'between two statements',
    'select 1; copy (select email from customers) to stdout; select 2',
  ),
  hides(
    'COPY FROM with a trigger',
    'a trigger raises for each line',
    messages([query('copy notices from stdin'), copyData('x\n'), copyDone]),
  ),
  hides(
    'COPY FROM WHERE',
    'a condition that tells',
    messages([query('copy wishes from stdin where tell_email(1) > 0'), copyData('1\tx\n'), copyDone]),
  ),
  hides(
    'binary results',
    'all columns in binary',
    extended('select id, email, phone, card, note, credit from customers', { formats: [1] }),
  ),
  hides(
    'binary results of expressions',
    'expressions in binary',
    extended(
      "select email || '', credit + 0, credit::float8, credit::int8, row(email), array[email], to_jsonb(email) from customers",
      { formats: [1] },
    ),
  ),
  hides(
    'formats mixed',
    'a format for each column',
    extended("select email, phone, email || '', credit from customers", { formats: [0, 1, 1, 0] }),
  ),
  hides(
    'without Describe',
    'nothing says what the columns are',
    messages([parse('select email, lower(phone) from customers'), bind(), execute(), sync]),
  ),
  hides(
    'without Describe, in binary',
    'nothing says what the columns are',
    messages([
      parse('select email, credit from customers', 's'),
      bind({ statement: 's', formats: [1] }),
      execute(),
      sync,
    ]),
  ),
  hides('executed again', 'a prepared statement without a new RowDescription', [
    messages([parse("select email || '' from customers", 's'), describe('statement', 's'), sync]),
    messages([bind({ statement: 's' }), execute(), sync]),
    messages([bind({ statement: 's', formats: [1] }), execute(), sync]),
  ]),
  hides(
    'rows in parts',
    'Execute with a limit, a portal suspended',
    messages([
      parse('select email, lower(phone) from customers'),
      bind({ portal: 'p' }),
      execute('p', 1),
      execute('p', 1),
      flush,
      execute('p', 5),
      sync,
    ]),
  ),
  hides('rows in parts over Syncs', 'in a transaction the portal lives on', [
    'begin',
    messages([
      parse('select lower(email) from customers', 's'),
      bind({ portal: 'p', statement: 's' }),
      execute('p', 1),
      sync,
    ]),
    messages([execute('p', 1), sync]),
    messages([close('statement', 's'), execute('p', 10), sync]),
    'commit',
  ]),
  hides('FETCH from a portal', 'SQL reads on from a portal of the protocol', [
    'begin',
    messages([parse('select email from customers'), bind({ portal: 'p' }), sync]),
    'fetch 2 from p',
    'fetch all in p',
    'commit',
  ]),
  hides('Execute of a cursor', 'the protocol runs a cursor of SQL', [
    'begin',
    'declare c cursor for select lower(email) from customers',
    messages([execute('c', 2), sync]),
    messages([describe('portal', 'c'), execute('c'), sync]),
    'commit',
  ]),
  hides('a cursor', 'DECLARE and FETCH', [
    'begin',
    'declare c scroll cursor for select lower(email) from customers',
    'fetch 1 from c',
    'fetch absolute 3 from c',
    'fetch backward all from c',
    'commit',
  ]),
  hides('a cursor over the extended protocol', 'FETCH as a prepared statement', [
    'begin',
    'declare c cursor for select lower(email) from customers',
    extended('fetch all from c', { formats: [1] }),
    'commit',
  ]),
  hides('a binary cursor', 'DECLARE BINARY', [
    'begin',
    'declare c binary cursor for select email, credit from customers',
    'fetch all from c',
    'commit',
  ]),
  hides('a cursor WITH HOLD', 'it outlives its transaction', [
    'declare c cursor with hold for select upper(email) from customers',
    'fetch all from c',
  ]),
  hides('a cursor declared again', 'the same name for another query', [
    'begin',
    'declare c cursor for select name from customers',
    'fetch 1 from c',
    'close c',
    'declare c cursor for select lower(email) from customers',
    'fetch all from c',
    'commit',
  ]),
  hides('a cursor after ROLLBACK TO', 'a savepoint decides which one a name means', [
    'begin',
    'savepoint s',
    'declare c cursor for select name from customers',
    'rollback to s',
    'declare c cursor for select lower(email) from customers',
    'fetch all from c',
    'commit',
  ]),
  hides('a cursor of a function', 'refcursor', ['begin', 'select open_cursor()', 'fetch all from emails', 'commit']),
  hides('a cursor of DO', 'code opens it', [
    'begin',
    "do $$ declare c refcursor := 'c'; begin open c for execute 'select lower(em' || 'ail) from customers'; end $$",
    'fetch all from c',
    'commit',
  ]),
  hides('PREPARE and EXECUTE', 'SQL names hide the text', [
    'prepare p as select lower(email) from customers',
    'execute p',
  ]),
  hides('EXECUTE of a statement of the protocol', 'SQL runs what Parse named', [
    messages([parse('select lower(email) from customers', 'p'), sync]),
    'execute p',
  ]),
  hides('Bind of a statement of SQL', 'Bind runs what PREPARE named', [
    'prepare p as select lower(email) from customers',
    messages([bind({ statement: 'p' }), execute(), sync]),
  ]),
  hides('PREPARE of the same name', 'deallocated and prepared anew', [
    'prepare p as select name from customers',
    'execute p',
    'deallocate p',
    'prepare p as select lower(email) from customers',
    'execute p',
  ]),
  hides('PREPARE that fails', 'the second PREPARE fails, the first stays', [
    'prepare p as select lower(email) from customers',
    'prepare p as select name from customers',
    'execute p',
  ]),
  hides('PREPARE in a failed transaction', 'names outlive ROLLBACK', [
    'begin',
    'prepare p as select lower(email) from customers',
    'rollback',
    'execute p',
  ]),
  hides(
    'DEALLOCATE ALL in a pipeline',
    'the name means another text in the middle',
    messages([
      parse('select name from customers', 's'),
      bind({ statement: 's' }),
      execute(),
      parse('deallocate all'),
      bind(),
      execute(),
      parse('select lower(email) from customers', 's'),
      bind({ statement: 's' }),
      execute(),
      sync,
    ]),
  ),
  hides(
    'a pipeline that fails and goes on',
    'what a name means depends on an error',
    messages([
      parse('select 1/0'),
      bind(),
      execute(),
      close('statement', 's'),
      parse('select name from customers', 's'),
      sync,
      parse('select lower(email) from customers', 's'),
      bind({ statement: 's' }),
      execute(),
      sync,
    ]),
  ),
  hides(
    'the unnamed statement, replaced',
    'by a simple Query',
    [messages([parse('select lower(email) from customers'), sync]), 'select 1', messages([bind(), execute(), sync])],
    { worksNowhere: 'a Query drops the unnamed statement' },
  ),
  hides(
    'a column that is a parameter',
    'the value comes from the client, the name is chosen',
    extended("select case $1 when 'e' then email when 'p' then phone else name end from customers", {
      parameters: ['e'],
    }),
  ),
  hides('a plan that changes', 'search_path decides anew what a prepared statement reads', [
    'set search_path = decoy, public',
    'prepare p as select lower(email) from customers',
    'execute p',
    'set search_path = public',
    'execute p',
  ]),
  hides('a temporary table that goes', 'a prepared statement over a shadow', [
    'create temp table customers (id int, email text)',
    'prepare p as select lower(email) from customers',
    'execute p',
    'drop table pg_temp.customers',
    'execute p',
  ]),
  hides('search_path by a function', 'set_config in a SELECT', [
    'set search_path = decoy',
    "select set_config('search_path', 'public', false)",
    'select lower(email) from customers',
  ]),
  hides('search_path by code', 'DO sets it', [
    'set search_path = decoy',
    "do $$ begin perform set_config('search_path', 'public', false); end $$",
    'select lower(email) from customers',
  ]),
  hides('search_path taken back', 'ROLLBACK undoes SET', [
    'set search_path = public',
    'begin',
    'set search_path = decoy',
    'rollback',
    'select lower(email) from customers',
  ]),
  hides('search_path of the savepoint', 'ROLLBACK TO undoes SET', [
    'begin',
    'set search_path = public',
    'savepoint s',
    'set search_path = decoy',
    'rollback to s',
    'select lower(email) from customers',
    'commit',
  ]),
  hides('SET LOCAL', 'the path ends with the transaction', [
    'set search_path = public',
    'begin',
    'set local search_path = decoy',
    'commit',
    'select lower(email) from customers',
  ]),
  hides('search_path at login', 'a startup option', ['select lower(email) from customers'], {
    startup: { options: '-c search_path=pg_catalog,public' },
  }),
  hides(
    'search_path of the role',
    'ALTER ROLE SET, and a new session',
    [
      'create schema mine',
      'create view mine.wishes as select id, lower(email) as text from customers',
      'alter role current_user set search_path = mine, public',
      on('b', 'select text from wishes'),
    ],
    { after: 'alter role shop_owner reset all' },
  ),
  hides('search_path with $user', 'a schema named as the role', [
    'create schema shop_owner',
    'create view shop_owner.wishes as select id, lower(email) as text from customers',
    'select text from wishes',
  ]),
  hides(
    'search_path in one Query',
    'changed between two statements of a message',
    'set search_path = decoy; set search_path = public; select lower(email) from customers',
  ),
  hides('a temporary schema searched last', 'pg_temp in the path', [
    'create temp table customers (id int, email text)',
    'set search_path = public, pg_temp',
    'select lower(email) from customers',
  ]),
  hides('a function call message', 'a user function by its OID', call('customer_email(int)', ['1'])),
  hides('a function call message, in binary', 'the result in binary', call('customer_email(int)', ['1'], 1)),
  hides(
    'a built-in function by message',
    'query_to_xml by its OID',
    call('query_to_xml(text,bool,bool,text)', ['select email from customers', 't', 'f', '']),
  ),
  hides('a function call message that raises', 'notices of a function call', call('tell_email(int)', ['1'])),
  hides('lo_get by message', 'a large object over the function call protocol', [
    'do $$ begin perform lo_from_bytea(4711, (select email::bytea from customers where id = 1)); end $$',
    call('lo_get(oid)', ['4711']),
  ]),
  hides('several statements', 'the second of three', 'select 1; select lower(email) from customers; select 2'),
  hides(
    'several statements, an error behind',
    'the rows come before the error',
    'select lower(email) from customers; select 1/0',
  ),
  hides('standard_conforming_strings off', 'a backslash keeps the string open', [
    'set standard_conforming_strings = off',
    "select 'a\\'' , lower(email) from customers --'",
  ]),
  hides(
    'standard_conforming_strings off at login',
    'a startup option',
    ["select 'a\\'' , lower(email) from customers --'"],
    { startup: { options: '-c standard_conforming_strings=off' } },
  ),
  hides(
    'standard_conforming_strings in one Query',
    'it changes between two statements',
    "set standard_conforming_strings = off; select 'a\\'' || lower(email) from customers --'",
    { worksNowhere: 'Postgres parses a Query as a whole before it runs' },
  ),
  hides('a multibyte encoding', 'a byte of a character that looks like a backslash', [
    "set client_encoding = 'SJIS'",
    rawQuery(Buffer.from("select E'\x95\x5c', lower(email) from customers --'", 'latin1')),
  ]),
  hides('GBK', 'another encoding whose second bytes are ASCII', [
    "set client_encoding = 'GBK'",
    rawQuery(Buffer.from("select E'\x81\x5c', lower(email) from customers --'", 'latin1')),
  ]),
  hides(
    'an encoding at login',
    'client_encoding as a startup parameter',
    [rawQuery(Buffer.from("select E'\x95\x5c', lower(email) from customers --'", 'latin1'))],
    { startup: { client_encoding: 'SJIS' } },
  ),
  hides('results in another encoding', 'what comes back is LATIN1', [
    "set client_encoding = 'LATIN1'",
    "select 'é' || email, email from customers".replace('é', 'e'),
  ]),
  hides(
    'invalid UTF-8',
    'a byte that ends no string',
    [rawQuery(Buffer.from("select '\xff', lower(email) from customers", 'latin1'))],
    { worksNowhere: 'Postgres refuses the byte' },
  ),
  hides(
    'a NUL in a Query',
    'the text ends earlier for some',
    [rawQuery(Buffer.from('select lower(email) from customers\0 --', 'latin1'))],
    { worksNowhere: 'Postgres refuses the message' },
  ),
  hides(
    'a NUL in a Parse',
    'the text ends earlier for some',
    [
      {
        bytes: new Writer()
          .begin(0x50)
          .cstring('')
          .cstring('select 1')
          .cstring('; select lower(email) from customers')
          .int16(0)
          .end()
          .bytes(messages([bind(), execute(), sync]).bytes as Uint8Array)
          .finish(),
        answers: 1,
      },
    ],
    { worksNowhere: 'the lengths do not agree' },
  ),
  hides(
    'very deep',
    'a thousand parentheses',
    `select ${'('.repeat(1000)}lower(email)${')'.repeat(1000)} from customers`,
  ),
  hides('very many operators', 'a long chain', `select lower(email)${" || ''".repeat(2000)} from customers`),
  hides(
    'very long',
    '300 KiB of comment and constants',
    `select /* ${'x'.repeat(200_000)} */ '${'y'.repeat(100_000)}' < 'z', lower(email) from customers`,
  ),
  hides(
    'very many columns',
    'a thousand outputs, one of them',
    `select ${Array.from({ length: 1000 }, (_, at) => (at === 777 ? 'lower(email)' : String(at))).join(', ')} from customers`,
  ),
  hides(
    'many subqueries',
    'two hundred levels',
    `select x from ${'(select x from '.repeat(200)}(select lower(email) as x from customers) q${Array.from({ length: 200 }, (_, at) => `) q${at}`).join(' ')}`,
  ),
  hides('a stack of views', 'forty views', [
    Array.from(
      { length: 40 },
      (_, at) =>
        `create view v${at + 1} as select x || '' as x from ${at === 0 ? '(select email as x from customers) s' : `v${at}`}`,
    ).join('; '),
    'select x from v40',
  ]),
  hides(
    'SET ROLE',
    'another role reads it',
    [
      'create role helper',
      'grant select on customers to helper',
      'set role helper',
      'select email, lower(phone) from customers',
    ],
    { as: 'root', after: 'drop owned by helper; drop role helper' },
  ),
  hides(
    'SET SESSION AUTHORIZATION',
    'the session becomes another user',
    [
      'set session authorization shop_owner',
      'select email, lower(phone) from customers',
      'reset session authorization',
      'select lower(email) from customers',
    ],
    { as: 'root' },
  ),
  hides('an identity claimed', 'application_name says somebody else', 'select lower(email), email from customers', {
    startup: { application_name: 'service' },
  }),
  hides('as a role of the server', 'a startup option sets the role', 'select lower(email), email from customers', {
    as: 'root',
    startup: { options: '-c role=shop_owner' },
  }),
  hides('a replication connection', 'the walsender protocol', ['select email from customers'], {
    as: 'root',
    startup: { replication: 'database' },
    atLogin: true,
  }),
  refuses('a physical replication connection', 'BASE_BACKUP would read every file', ['IDENTIFY_SYSTEM'], {
    as: 'root',
    startup: { replication: 'true' },
    atLogin: true,
    states: ['0A000', '28000'],
  }),
];

/** Guessing a masked value, where the rule says `probe: deny`. */
const probesRows: readonly Row[] = [
  ['in WHERE', 'a guess as a condition', "select count(*) from customers where email = 'a guess'"],
  ['LIKE', 'letter by letter', "select 1 from customers where email like 'Vq%'"],
  [
    'a range of numbers',
    'a number by halves',
    'select id from customers where credit between 7000000000 and 8000000000',
  ],
  ['in a join', 'a table of guesses', "select c.id from customers c join (values ('a'), ('b')) g(x) on c.email = g.x"],
  ['USING', 'a table of guesses, merged', "select id from customers join (select 'x'::text as email) g using (email)"],
  ['ORDER BY', 'the order tells', 'select id from customers order by email'],
  ['ORDER BY an expression', 'the order of one letter', 'select id from customers order by substr(email, 3, 1)'],
  ['ORDER BY a number', 'the position of an output', 'select email, id from customers order by 1'],
  ['GROUP BY', 'what is equal', 'select count(*) from customers group by phone'],
  ['HAVING', 'a condition on a group', "select country from customers group by country having min(email) < 'M'"],
  ['FILTER', 'a condition in an aggregate', "select count(*) filter (where email like 'V%') from customers"],
  ['DISTINCT', 'how many differ', 'select count(distinct phone) from customers'],
  ['a window', 'the rank tells the order', 'select id, rank() over (order by credit) from customers'],
  ['PARTITION BY', 'what is equal, in a window', 'select id, count(*) over (partition by phone) from customers'],
  ['EXISTS', 'a condition in a subquery', "select exists (select from customers where email ~ '^V')"],
  [
    'LIMIT',
    'as many rows as a letter has',
    'select 1 from generate_series(1, 200) limit (select ascii(email) from customers where id = 1)',
  ],
  [
    'generate_series',
    'as many rows as a letter has',
    'select 1 from generate_series(1, (select ascii(email) from customers where id = 1))',
  ],
  ['an error', 'a division by zero', "select 1 / (case when email like 'Q%' then 0 else 1 end) from customers"],
  [
    'time',
    'it takes longer where a guess is right',
    "select pg_sleep(case when email like 'V%' then 0.01 else 0 end) from customers",
  ],
  ['UPDATE', 'the count of rows tells', "update customers set country = 'FR' where email like 'V%'"],
  ['DELETE', 'the count of rows tells', "delete from customers where phone like 'zz%'"],
  [
    'MERGE',
    'a match tells',
    "merge into customers c using (values ('x')) g(e) on c.email = g.e when matched then do nothing",
  ],
  ['through a view', 'a condition on a view', "select customer from customer_emails where address like 'v%'"],
  [
    'through a CTE',
    'a condition on a CTE',
    "with c as (select id, lower(email) e from customers) select id from c where e < 'm'",
  ],
  ['EXPLAIN', 'the estimate tells', "explain select id from customers where email < 'M'"],
  [
    'a prepared statement',
    'a parameter is the guess',
    ['prepare p(text) as select count(*) from customers where email = $1', "execute p('x')"],
  ],
  [
    'a cursor',
    'a condition in DECLARE',
    ['begin', "declare c cursor for select id from customers where email > 'M'", 'fetch all from c', 'commit'],
  ],
  [
    'a parameter',
    'the guess is bound',
    extended('select count(*) from customers where email = $1', { parameters: ['x'] }),
  ],
  ['UNION', 'what is equal goes', 'select phone from customers union select phone from customers'],
  ['COPY', 'a condition in a COPY', "copy (select id from customers where email like 'V%') to stdout"],
];
const probes = probesRows.map(([name, way, steps]) => refuses(`probe: ${name}`, way, steps, { as: 'prober' }));

/** What a guess gives may be masked instead. */
const guessesRows: readonly Row[] = [
  ['IN', 'a guess among values', "select 'is ' || ('x' in (select email from customers))::text"],
  ['a comparison as a column', 'a boolean of a guess', "select id, 'is ' || (email = 'x')::text from customers"],
  ['CASE', 'a branch of a guess', "select case when email like 'V%' then 'is true' else 'is false' end from customers"],
  ['a boolean', 'a boolean of a guess, as it is', "select email > 'A' from customers where id = 1"],
];
const guesses = guessesRows.map(([name, way, steps]) =>
  hides(`guess: ${name}`, way, steps, { as: 'prober', shows: [/is (true|false)/, '\0\x01\0\0\0\x01t'] }),
);

/** Writes that a rule denies: an UPDATE or DELETE of everything. */
const blindDeletesRows: readonly Row[] = [
  ['plain', 'no WHERE', 'delete from invoices'],
  ['in other words', 'case, quotes, a comment, ONLY', 'DELETE /* all */ FROM ONLY "public"."invoices" AS i'],
  ['Unicode escapes', 'a table named by U&', 'delete from U&"invoice\\0073"'],
  ['WHERE true', 'a condition that is none', 'delete from invoices where true'],
  ['WHERE 1 = 1', 'a condition that is none', 'delete from invoices where 1 = 1'],
  ['WHERE NOT false', 'a condition that is none', "delete from invoices where not false and 'a' = 'a'"],
  ['WHERE true or', 'a constant makes the rest not matter', 'delete from invoices where id = 0 or true'],
  ['in a CTE', 'under SELECT count(*)', 'with d as (delete from invoices returning *) select count(*) from d'],
  ['in an unused CTE', 'nobody reads it', 'with d as (delete from invoices) select 1'],
  [
    'in the second CTE',
    'an innocent one in front',
    'with a as (select 1), d as materialized (delete from invoices returning id), e as (select * from d) select * from a',
  ],
  [
    'in a CTE of an INSERT',
    'a write carries another',
    'with d as (delete from invoices returning id, status) insert into wishes select id, status from d',
  ],
  ['in a CTE of a VALUES', 'a write under VALUES', 'with d as (delete from invoices returning id) values (1)'],
  [
    'in a CTE of a DELETE',
    'one with WHERE carries one without',
    'with d as (delete from invoices) delete from wishes where id = 1',
  ],
  ['USING', 'a join is no condition', 'delete from invoices using wishes w right join (select 1) s on true'],
  ['EXPLAIN ANALYZE', 'it is run to be explained', 'explain analyze delete from invoices'],
  [
    'EXPLAIN (ANALYZE)',
    'the option in brackets, and a CTE',
    'explain (costs off, analyze true, timing false) with d as (delete from invoices) select 1',
  ],
  [
    'EXPLAIN ANALYZE EXECUTE',
    'a prepared statement, explained',
    ['prepare p as delete from invoices', 'explain (analyze) execute p'],
  ],
  ['PREPARE and EXECUTE', 'SQL names hide the text', ['prepare p as delete from invoices', 'execute p']],
  [
    'EXECUTE of a statement of the protocol',
    'SQL runs what Parse named',
    [messages([parse('delete from invoices', 'p'), sync]), 'execute p'],
  ],
  [
    'Bind of a statement of SQL',
    'Bind runs what PREPARE named',
    ['prepare p as delete from invoices', messages([bind({ statement: 'p' }), execute(), sync])],
  ],
  [
    'a name given anew',
    'the same name, another text',
    [
      messages([parse('delete from invoices where id = 0', 's'), bind({ statement: 's' }), execute(), sync]),
      messages([
        close('statement', 's'),
        parse('delete from invoices', 's'),
        bind({ statement: 's' }),
        execute(),
        sync,
      ]),
    ],
  ],
  [
    'a name given anew in a pipeline',
    'both in one pipeline',
    messages([
      parse('select 1', 's'),
      bind({ statement: 's' }),
      execute(),
      close('statement', 's'),
      parse('delete from invoices', 's'),
      bind({ statement: 's' }),
      execute(),
      sync,
    ]),
  ],
  [
    'a portal executed later',
    'bound first, run behind others',
    messages([
      parse('delete from invoices', 'd'),
      bind({ statement: 'd', portal: 'p' }),
      parse('select 1'),
      bind(),
      execute(),
      execute('p'),
      sync,
    ]),
  ],
  [
    'a portal executed by limit',
    'Execute with a row limit',
    messages([parse('delete from invoices returning id'), bind(), execute('', 1), execute('', 1), sync]),
  ],
  ['DO', 'code', 'do $$ begin delete from invoices; end $$'],
  ['DO in another order', 'LANGUAGE first', "do language plpgsql 'begin delete from invoices; end'"],
  ['a SQL function', 'a SELECT calls it', 'select wipe()'],
  ['a PL/pgSQL function', 'a comment in the body', 'select wipe_in_plpgsql()'],
  ['a function in WHERE', 'a condition that deletes', 'select 1 from invoices where wipe() > 0 limit 1'],
  ['a function in FROM', 'a table that deletes', 'select * from wipe()'],
  ['a function in LIMIT', 'a limit that deletes', 'select 1 limit wipe()'],
  [
    'a function in a default',
    'a default that deletes',
    ["insert into wishes values (1, 'x')", 'alter table wishes add column n bigint default wipe()'],
  ],
  ['a function by message', 'the function call protocol', call('wipe()', [])],
  ['CALL', 'a procedure', 'call wipe_now()'],
  ['a trigger', 'an INSERT elsewhere', 'insert into cleanups values (1)'],
  ['a rule', 'an INSERT elsewhere', 'insert into archive_requests values (1)'],
  ['a view', 'an updatable view', 'delete from invoice_list'],
  ['MERGE', 'WHEN MATCHED THEN DELETE', 'merge into invoices i using (select 1) s on true when matched then delete'],
  [
    'a function made now',
    'made and called in one message',
    "create function f() returns void language sql as 'delete from invoices'; select f()",
  ],
  [
    'an operator',
    'an operator that deletes',
    [
      "create function f(int, int) returns bigint language sql as 'with d as (delete from invoices returning 1) select count(*) from d'",
      'create operator ### (leftarg = int, rightarg = int, function = f)',
      'select 1 ### 2',
    ],
  ],
  [
    'an aggregate',
    'an aggregate that deletes',
    [
      "create function f(bigint, int) returns bigint language sql as 'with d as (delete from invoices returning 1) select count(*) from d'",
      'create aggregate g(int) (sfunc = f, stype = bigint)',
      'select g(1)',
    ],
  ],
  [
    'a cast',
    'a cast that deletes',
    [
      'create type k as (id int)',
      "create function f(k) returns bigint language sql as 'with d as (delete from invoices returning 1) select count(*) from d'",
      'create cast (k as bigint) with function f(k)',
      'select row(1)::k::bigint',
    ],
  ],
  [
    'a column notation',
    'a function written as a column',
    [
      "create function f(wishes) returns bigint language sql as 'with d as (delete from invoices returning 1) select count(*) from d'",
      "insert into wishes values (1, 'x')",
      'select w.f from wishes w',
    ],
  ],
  ['COPY of RETURNING', 'a delete as the query of a COPY', 'copy (delete from invoices returning id) to stdout'],
  [
    'CREATE TABLE AS',
    'a CTE that deletes makes a table',
    'with d as (delete from invoices returning id) select id into gone from d',
  ],
  ['several statements', 'the last of three', 'select 1; select 2; delete from invoices'],
  [
    'several statements with a comment',
    'a semicolon in a comment and in a string',
    "select ';' /* ; */; delete from invoices; select '--'",
  ],
  ['a transaction in one Query', 'BEGIN and COMMIT around it', 'begin; delete from invoices; commit'],
  [
    'behind a failed one',
    'an error in between is taken back',
    ['begin', 'savepoint s', 'select 1/0', 'rollback to s', 'delete from invoices', 'commit'],
  ],
  [
    'AND CHAIN',
    'the next transaction begins by itself',
    ['begin', 'commit and chain', 'delete from invoices', 'commit'],
  ],
  ['UPDATE', 'an update of everything', "update invoices set status = 'hacked'", overwritten],
  ['UPDATE WHERE true', 'a condition that is none', "update invoices set status = 'hacked' where true", overwritten],
  ['UPDATE of a view', 'an updatable view', "update invoice_list set status = 'hacked'", overwritten],
  ['UPDATE FROM', 'a join is no condition', "update invoices set status = 'hacked' from (select 1) s", overwritten],
  [
    'standard_conforming_strings',
    'a backslash hides it',
    ['set standard_conforming_strings = off', "select 'a\\''; delete from invoices --'"],
  ],
  [
    'an encoding',
    'a character hides it',
    ["set client_encoding = 'SJIS'", rawQuery(Buffer.from("select E'\x95\x5c'; delete from invoices --'", 'latin1'))],
  ],
];
const blindDeletes = blindDeletesRows.map(([name, way, steps, effect = wiped]) =>
  refuses(`blind delete: ${name}`, way, steps, {
    as: 'payer',
    effect,
    ...(name === 'an encoding' ? { states: ['42601'] } : {}),
  }),
);

/** What a denied statement does to those around it. */
const transactions: readonly BypassCase[] = [
  refuses(
    'denied, then COMMIT',
    'what went before in the transaction is kept',
    ['begin', "update invoices set status = 'hacked' where id = 1", 'delete from invoices', 'commit'],
    { effect: touched },
  ),
  refuses(
    'denied in one Query',
    'what went before in the message is kept',
    "update invoices set status = 'hacked' where id = 1; delete from invoices",
    { effect: touched },
  ),
  refuses(
    'behind a denied one in a Query',
    'what comes after is run',
    "delete from invoices; update invoices set status = 'hacked' where id = 1",
    { effect: touched },
  ),
  refuses(
    'behind a denied one in a pipeline',
    'an allowed statement before the same Sync',
    messages([
      parse('delete from invoices'),
      bind(),
      execute(),
      parse("update invoices set status = 'hacked' where id = 1"),
      bind(),
      execute(),
      sync,
    ]),
    { effect: touched },
  ),
  refuses(
    'before a denied one in a pipeline',
    'an allowed statement of the same implicit transaction',
    messages([
      parse("update invoices set status = 'hacked' where id = 1"),
      bind(),
      execute(),
      parse('delete from invoices'),
      bind(),
      execute(),
      sync,
    ]),
    { effect: touched },
  ),
  refuses(
    'a denied Bind in the middle',
    'bound, not run, and something behind',
    messages([
      parse('select wipe()', 'w'),
      bind({ statement: 'w', portal: 'w' }),
      parse("update invoices set status = 'hacked' where id = 1"),
      bind(),
      execute(),
      execute('w'),
      sync,
    ]),
    { effect: touched },
  ),
  refuses(
    'denied in a savepoint',
    'RELEASE keeps it',
    ['begin', 'savepoint s', 'delete from invoices', 'release s', 'commit'],
    { effect: wiped },
  ),
  refuses(
    'denied, and COMMIT in a pipeline',
    'COMMIT in the same pipeline',
    messages([
      parse('begin'),
      bind(),
      execute(),
      parse("update invoices set status = 'hacked' where id = 1"),
      bind(),
      execute(),
      parse('delete from invoices'),
      bind(),
      execute(),
      parse('commit'),
      bind(),
      execute(),
      sync,
    ]),
    { effect: touched },
  ),
  refuses(
    'denied, and PREPARE TRANSACTION',
    'two-phase commit keeps it',
    [
      'begin',
      "update invoices set status = 'hacked' where id = 1",
      'delete from invoices',
      "prepare transaction 'x'",
      "commit prepared 'x'",
    ],
    { effect: touched },
  ),
  refuses(
    'denied behind COPY',
    'a COPY in the same Query',
    messages([query('copy wishes from stdin; delete from invoices'), copyData('1\tx\n'), copyDone]),
    { effect: wiped },
  ),
  refuses(
    'denied without Sync',
    'Flush instead, then the end',
    [{ ...messages([parse('delete from invoices'), bind(), execute(), flush]), answers: 0 }, messages([sync])],
    { effect: wiped },
  ),
  refuses(
    'a Query in a pipeline',
    'a simple Query behind messages without a Sync',
    messages([parse('select 1'), bind(), execute(), query('delete from invoices'), sync]),
    { effect: wiped, worksNowhere: 'Postgres 18 leaves the Query in a transaction that is never committed' },
  ),
];

/** Writes to payments, which a rule lets wait for people. */
const moneyMovesRows: readonly Row[] = [
  ['INSERT', 'plain', 'insert into payments (id, invoice_id, amount) values (100, 1, 666)'],
  [
    'in another case',
    'quotes, case, escapes',
    'INSERT INTO U&"p\\0061yments" ("id", invoice_id, amount) VALUES (100, 1, 666)',
  ],
  ['UPDATE', 'another id', 'update payments set id = 100 where id = 1'],
  ['a partition', 'the partition by name', 'insert into payments_2026 (id, invoice_id, amount) values (100, 1, 666)'],
  ['a partition updated', 'the partition by name', 'update only payments_2026 set id = 100 where id = 2'],
  ['a view', 'an updatable view', "insert into payment_list values (100, 1, 666, '2026-01-01')"],
  ['a view over a view', 'an updatable view over another', 'update recent_payments set id = 100 where id = 3'],
  [
    'a view made now',
    'a view that no rule knew',
    ['create view v as select * from payments', 'insert into v (id, invoice_id, amount) values (100, 1, 666)'],
  ],
  ['a rule', 'an INSERT into a view with a rule', 'insert into payment_orders values (1, 666)'],
  ['an INSTEAD OF trigger', 'a view with a trigger', 'insert into payment_requests values (1, 666)'],
  ['a trigger', 'an INSERT elsewhere', 'insert into payment_wishes values (1, 666)'],
  ['a function', 'security definer', 'select pay(1, 666)'],
  ['a function with dynamic SQL', 'the table is put together', 'select pay_dynamically(1, 666)'],
  ['a procedure', 'CALL', 'call pay_now(1, 666)'],
  ['a function by message', 'the function call protocol', call('pay(int,numeric)', ['1', '666'])],
  ['DO', 'code', 'do $$ begin insert into payments (id, invoice_id, amount) values (100, 1, 666); end $$'],
  [
    'DO with dynamic SQL',
    'the table is put together',
    "do $$ begin execute 'insert into pay' || 'ments (id, invoice_id, amount) values (100, 1, 666)'; end $$",
  ],
  ['DO that calls', 'code calls code', 'do $$ begin perform pay(1, 666); end $$'],
  [
    'DO over the extended protocol',
    'code as a prepared statement',
    extended('do $$ begin perform pay(1, 666); end $$'),
  ],
  [
    'a CTE',
    'under SELECT',
    'with p as (insert into payments (id, invoice_id, amount) values (100, 1, 666) returning id) select * from p',
  ],
  [
    'COPY FROM STDIN',
    'data of the client',
    messages([query('copy payments (id, invoice_id, amount) from stdin'), copyData('100\t1\t666\n'), copyDone]),
  ],
  [
    'COPY FROM of a partition',
    'data of the client',
    messages([query('copy payments_2026 (id, invoice_id, amount) from stdin'), copyData('100\t1\t666\n'), copyDone]),
  ],
  [
    'MERGE',
    'WHEN NOT MATCHED THEN INSERT',
    'merge into payments p using (select 100 as id) s on p.id = s.id when not matched then insert (id, invoice_id, amount) values (s.id, 1, 666)',
  ],
  [
    'PREPARE and EXECUTE',
    'SQL names',
    ['prepare p(int) as insert into payments (id, invoice_id, amount) values ($1, 1, 666)', 'execute p(100)'],
  ],
  [
    'the extended protocol',
    'a parameter',
    extended('insert into payments (id, invoice_id, amount) values ($1, 1, 666)', { parameters: ['100'] }),
  ],
  [
    'a pipeline',
    'behind others',
    messages([
      parse('select 1'),
      bind(),
      execute(),
      parse('insert into payments (id, invoice_id, amount) values (100, 1, 666)'),
      bind(),
      execute(),
      sync,
    ]),
  ],
  [
    'several statements',
    'in the middle',
    'select 1; insert into payments (id, invoice_id, amount) values (100, 1, 666); select 2',
  ],
  [
    'search_path',
    'another path',
    ['set search_path = reporting, public', 'insert into payments (id, invoice_id, amount) values (100, 1, 666)'],
  ],
  [
    'search_path by code',
    'DO sets the path',
    [
      "do $$ begin perform set_config('search_path', 'reporting, public', false); end $$",
      'insert into payments (id, invoice_id, amount) values (100, 1, 666)',
    ],
  ],
  [
    'a shadow that goes',
    'a temporary table of the name, dropped again',
    [
      'create temp table payments (id int, invoice_id int, amount numeric)',
      'prepare p as insert into payments (id, invoice_id, amount) values (100, 1, 666)',
      'drop table pg_temp.payments',
      'execute p',
    ],
  ],
  [
    'a plan that changes',
    'search_path decides anew where a prepared statement writes',
    [
      'create table decoy.payments (id int, invoice_id int, amount numeric)',
      'set search_path = decoy',
      'prepare p as insert into payments (id, invoice_id, amount) values (100, 1, 666)',
      'execute p',
      'set search_path = public',
      'execute p',
    ],
  ],
  [
    'EXPLAIN ANALYZE',
    'it is run to be explained',
    'explain analyze insert into payments (id, invoice_id, amount) values (100, 1, 666)',
  ],
  [
    'a rename',
    'the table by another name',
    [
      'alter table payments rename to p2',
      'insert into p2 (id, invoice_id, amount) values (100, 1, 666)',
      'alter table p2 rename to payments',
    ],
  ],
  [
    'a partition detached',
    'a partition taken out, changed, and put back',
    [
      'alter table payments detach partition payments_2026',
      'update payments_2026 set id = 100 where id = 1',
      "alter table payments attach partition payments_2026 for values from ('2026-01-01') to ('2027-01-01')",
    ],
  ],
  [
    'a partition attached',
    'a table filled beforehand becomes a partition',
    [
      "create table p27 (id int not null, invoice_id int, amount numeric(10, 2) not null, paid date not null default '2027-03-01')",
      'insert into p27 values (100, 1, 666)',
      "alter table payments attach partition p27 for values from ('2027-01-01') to ('2028-01-01')",
    ],
  ],
  [
    'a cascade',
    'a foreign key changes payments',
    'update invoices set id = 500 where id = 2',
    'select exists (select from payments where invoice_id = 500)',
  ],
  [
    'a deleting cascade',
    'a foreign key deletes payments',
    'delete from invoices where id = 2',
    'select not exists (select from payments where invoice_id = 2)',
  ],
  [
    'TRUNCATE CASCADE',
    'truncating what they refer to',
    'truncate invoices cascade',
    'select count(*) = 0 from payments',
  ],
  ['TRUNCATE of a partition', 'no row is named', 'truncate payments_2026', 'select count(*) = 0 from payments'],
  ['DROP', 'the table goes', 'drop table payments cascade', "select to_regclass('payments') is null"],
  ['DROP SCHEMA', 'everything goes', 'drop schema public cascade', "select to_regclass('public.payments') is null"],
  [
    'DROP OWNED',
    'everything of the role goes',
    'drop owned by current_user',
    "select to_regclass('public.payments') is null",
  ],
  [
    'DROP COLUMN',
    'every amount is gone',
    'alter table payments drop column amount cascade',
    "select not exists (select from pg_attribute where attrelid = 'payments'::regclass and attname = 'amount')",
  ],
  [
    'a trigger put on it',
    'a trigger changes what others insert',
    [
      'create function f() returns trigger language plpgsql as $$ begin new.amount := 0; return new; end $$',
      'create trigger t before insert on payments for each row execute function f()',
    ],
    "select exists (select from pg_trigger where tgname = 't')",
  ],
  [
    'a rule put on it',
    'a rule changes what others insert',
    'create rule r as on insert to payments do instead nothing',
    "select exists (select from pg_rewrite where rulename = 'r')",
  ],
  ['a function that lies', 'IMMUTABLE, run while planning', 'explain select pay_quietly()', paid],
  ['planned and never run', 'Bind plans it', messages([parse('select pay_quietly()'), bind(), sync]), paid],
  ['a lock', 'nobody else can write', 'lock table payments in access exclusive mode; select 1', ''],
];
const moneyMoves = moneyMovesRows.map(([name, way, steps, effect = paid]) =>
  asks(`money: ${name}`, way, steps, { as: 'payer', effect }),
);

/** A role that may not change definitions. */
const definitionsRows: readonly Row[] = [
  ['CREATE TABLE', 'plain', 'create table made (id int)'],
  ['CREATE TEMP TABLE', 'only for this session', 'create temp table made (id int); select 1', ''],
  ['CREATE TABLE AS', 'a query that makes a table', 'create table made as select 1 as id'],
  ['SELECT INTO', 'looks like a read', 'select 1 as id into made'],
  [
    'CREATE TABLE IF NOT EXISTS',
    'in another spelling',
    'CREATE /**/ UNLOGGED TABLE IF NOT EXISTS public."made" (id int)',
  ],
  ['EXPLAIN ANALYZE', 'made to be explained', 'explain analyze create table made as select 1 as id'],
  [
    'EXPLAIN ANALYZE of EXECUTE',
    'made of a prepared statement',
    ['prepare p as select 1 as id', 'explain analyze create table made as execute p'],
  ],
  ['DO', 'code', 'do $$ begin create table made (id int); end $$'],
  ['DO with dynamic SQL', 'put together', "do $$ begin execute 'cre' || 'ate table made (id int)'; end $$"],
  ['a function', 'a function that was there', 'select make_table()'],
  ['several statements', 'the second', 'select 1; create table made (id int)'],
  ['the extended protocol', 'as a prepared statement', extended('create table made (id int)')],
  [
    'CREATE SCHEMA with elements',
    'a table within a CREATE SCHEMA',
    'create schema made create table made (id int)',
    "select to_regnamespace('made') is not null",
  ],
  ['CREATE VIEW', 'a view', 'create view made as select 1'],
  ['CREATE MATERIALIZED VIEW', 'a view with data', 'create materialized view made as select 1'],
  ['CREATE SEQUENCE', 'a sequence', 'create sequence made'],
  ['CREATE INDEX', 'an index', 'create index made on invoices (status)'],
  [
    'CREATE TYPE',
    'a type, which is a relation',
    'create type made as (id int)',
    "select to_regtype('made') is not null",
  ],
  [
    'CREATE FUNCTION',
    'code',
    "create function made() returns int language sql as 'select 1'",
    "select to_regproc('made') is not null",
  ],
  [
    'ALTER TABLE',
    'a column',
    'alter table wishes add column made int',
    "select exists (select from pg_attribute where attname = 'made')",
  ],
  [
    'ALTER TABLE of one that is not there',
    'IF EXISTS',
    'alter table if exists wishes rename column text to made',
    "select exists (select from pg_attribute where attname = 'made')",
  ],
  ['DROP', 'a table', 'drop table wishes', "select to_regclass('wishes') is null"],
  [
    'GRANT',
    'privileges',
    'grant select on wishes to public',
    "select has_table_privilege('pg_monitor', 'wishes', 'select')",
  ],
  ['COMMENT', 'a comment', "comment on table wishes is 'made'", "select obj_description('wishes'::regclass) = 'made'"],
  [
    'ALTER ROLE SET',
    'a setting of the role',
    "alter role current_user set work_mem = '5MB'",
    "select exists (select from pg_db_role_setting where setconfig::text like '%work_mem%')",
  ],
  [
    'CREATE TRIGGER',
    'a trigger',
    'create trigger made before insert on wishes for each row execute function tell_by_trigger()',
    "select exists (select from pg_trigger where tgname = 'made')",
  ],
  [
    'CREATE RULE',
    'a rule',
    'create rule made as on insert to wishes do also nothing',
    "select exists (select from pg_rewrite where rulename = 'made')",
  ],
];
const definitions = definitionsRows.map(([name, way, steps, effect = "select to_regclass('made') is not null"]) =>
  refuses(`definitions: ${name}`, way, steps, { as: 'builder', effect, after: 'alter role shop_owner reset all' }),
);

const readOnlyStates = ['25006', '25001', '25P02', '0A000', '42704', '55P02', '2D000'];
const hack = "update invoices set status = 'hacked' where id = 1";

/** An identity that is `read_only`, and every way to switch that off. */
const readOnlyRows: readonly Row[] = [
  ['UPDATE', 'plain', hack],
  [
    'a CTE',
    'under SELECT',
    "with u as (update invoices set status = 'hacked' where id = 1 returning 1) select count(*) from u",
  ],
  ['a function', 'a SELECT calls it', 'select wipe()', wiped],
  ['DO', 'code', `do $$ begin ${hack}; end $$`],
  ['SET', 'transaction_read_only off', ['begin', 'set transaction_read_only = off', hack, 'commit']],
  ['SET TRANSACTION', 'READ WRITE', ['begin', 'set transaction read write', hack, 'commit']],
  ['BEGIN READ WRITE', 'a transaction of its own', ['begin read write', hack, 'commit']],
  [
    'START TRANSACTION',
    'another spelling',
    ['start transaction isolation level serializable, read write', hack, 'commit'],
  ],
  ['the default', 'default_transaction_read_only off', ['set default_transaction_read_only = off', hack]],
  ['the default, TO FALSE', 'another spelling', ['set session default_transaction_read_only to false', hack]],
  ['the default in quotes', 'U& and quotes', ['set "default_transaction_read_only" to \'0\'', hack]],
  ['SESSION CHARACTERISTICS', "the standard's words", ['set session characteristics as transaction read write', hack]],
  ['RESET', 'the default of the server', ['reset default_transaction_read_only', hack]],
  ['SET TO DEFAULT', 'the default of the server', ['set default_transaction_read_only to default', hack]],
  ['RESET ALL', 'all defaults of the server', ['reset all', hack]],
  ['DISCARD ALL', 'a session as new', ['discard all', hack]],
  ['set_config', 'a function sets it', ["select set_config('default_transaction_read_only', 'off', false)", hack]],
  [
    'set_config with a name put together',
    'the name is an expression',
    ["select set_config('default_transaction_' || 'read_only', 'off', false)", hack],
  ],
  [
    'set_config in the same Query',
    'set and used in one message',
    [`select set_config('default_transaction_read_only', 'off', false); commit; begin; ${hack}; commit`],
  ],
  [
    'set_config by DO',
    'code sets it',
    ["do $$ begin perform set_config('default_transaction_read_only', 'off', false); end $$", hack],
  ],
  [
    'SET by dynamic code',
    'EXECUTE in DO',
    ["do $$ begin execute 'set default_transaction_read' || '_only = off'; end $$", hack],
  ],
  [
    'pg_settings',
    'UPDATE pg_settings is set_config',
    ["update pg_settings set setting = 'off' where name = 'default_transaction_read_only'", hack],
  ],
  [
    'set_config by message',
    'the function call protocol',
    [call('set_config(text,text,bool)', ['default_transaction_read_only', 'off', 'f']), hack],
  ],
  [
    'a prepared statement',
    'PREPARE hides set_config',
    ["prepare p as select set_config($1, 'off', false)", "execute p('default_transaction_read_only')", hack],
  ],
  [
    'a parameter',
    'the name is bound',
    [extended("select set_config($1, 'off', false)", { parameters: ['default_transaction_read_only'] }), hack],
  ],
  [
    'a cursor',
    'FETCH sets it',
    [
      'begin',
      "declare c cursor for select set_config('transaction_read_only', 'off', false)",
      'fetch all from c',
      hack,
      'commit',
    ],
  ],
  [
    'COPY',
    'a COPY sets it',
    ["copy (select set_config('default_transaction_read_only', 'off', false)) to stdout", hack],
  ],
  [
    'one Query',
    'switched off and used in one message',
    `set default_transaction_read_only = off; commit; begin; ${hack}; commit`,
  ],
  [
    'a pipeline',
    'switched off and used in one pipeline',
    messages([
      parse('begin read write'),
      bind(),
      execute(),
      parse(hack),
      bind(),
      execute(),
      parse('commit'),
      bind(),
      execute(),
      sync,
    ]),
  ],
  ['AND CHAIN', 'the next transaction keeps the mode', ['begin read write', 'commit and chain', hack, 'commit']],
  [
    'COPY FROM',
    'data of the client',
    messages([query('copy wishes from stdin'), copyData('1\tx\n'), copyDone]),
    'select count(*) = 1 from wishes',
  ],
  ['a sequence', 'nextval writes', ["select nextval('s')"], 'select is_called from s'],
  [
    'a large object',
    'lo_create writes',
    'select lo_create(4711)',
    'select exists (select from pg_largeobject_metadata)',
  ],
  ['CREATE TABLE', 'definitions', 'create table made (id int)', "select to_regclass('made') is not null"],
  [
    'ALTER ROLE SET',
    'the default of the role',
    ['alter role current_user set default_transaction_read_only = off'],
    "select exists (select from pg_db_role_setting where setconfig::text like '%default_transaction_read_only=off%')",
  ],
  [
    'PREPARE TRANSACTION',
    'another spelling of COMMIT',
    ['begin read write', hack, "prepare transaction 'x'", "commit prepared 'x'"],
  ],
  [
    'a message to the log',
    'pg_logical_emit_message writes',
    ['begin read write', "select 1 from pg_logical_emit_message(true, 'a', 'b')", hack, 'commit'],
  ],
];
const readOnly = readOnlyRows.map(([name, way, steps, effect = hacked]) =>
  refuses(`read_only: ${name}`, way, steps, {
    as: 'reader',
    effect,
    states: readOnlyStates,
    after: 'alter role shop_owner reset all',
    ...(name === 'a sequence'
      ? { before: 'create sequence public.s; alter sequence public.s owner to shop_owner' }
      : {}),
  }),
);

const readOnlyLogin: readonly BypassCase[] = [
  refuses('read_only: at login', 'a startup option', [hack], {
    as: 'reader',
    effect: hacked,
    states: readOnlyStates,
    startup: { options: '-c default_transaction_read_only=off' },
  }),
  refuses('read_only: at login, as a parameter', 'a startup parameter', [hack], {
    as: 'reader',
    effect: hacked,
    states: readOnlyStates,
    startup: { default_transaction_read_only: 'off' },
  }),
];

/** An identity that may use invoices and reporting, and nothing else. */
const tablesRows: readonly Row[] = [
  ['another table', 'plain', 'select name from customers'],
  [
    'in a join',
    'among those that are allowed',
    'select i.id, c.name from invoices i join customers c on c.id = i.customer_id',
  ],
  ['in a subquery', 'where nobody looks', 'select 1 from invoices where exists (select from customers)'],
  ['in a CTE', 'with a familiar name', 'with invoices as (select * from customers) select name from invoices'],
  ['a view', 'a view over it', 'select customer from customer_emails'],
  ['an allowed view', 'a view of an allowed name over a table of another', 'select name from reporting.customer_names'],
  ['a function', 'a function reads it', 'select customer_email(1)'],
  ['DO', 'code', 'do $$ begin perform count(*) from customers; end $$'],
  ['query_to_xml', 'a query in a string', "select query_to_xml('select name from customers', true, false, '')"],
  ['table_to_xml', 'a table by its name', "select table_to_xml('customers', true, false, '')"],
  ['COPY', 'the table as data', 'copy customers to stdout'],
  [
    'a cursor',
    'DECLARE and FETCH',
    ['begin', 'declare c cursor for select name from customers', 'fetch all from c', 'commit'],
  ],
  ['a prepared statement', 'PREPARE and EXECUTE', ['prepare p as select name from customers', 'execute p']],
  [
    'search_path',
    'the name of an allowed table, from another schema',
    ['create temp table invoices as select name from public.customers', 'select * from invoices'],
  ],
  ['a child', 'an inheritance child by name', 'select name from customers_archive'],
  [
    'statistics',
    'pg_stats holds values of other tables',
    "select histogram_bounds from pg_stats where tablename = 'customers'",
  ],
  ['EXPLAIN', 'the plan of a read', 'explain select name from customers'],
  ['a write', 'another table is written', "insert into wishes values (1, 'x')"],
  ['a trigger', 'an allowed table whose trigger reads another', 'insert into reporting.orders values (1)'],
  ['Unicode escapes', 'another spelling', 'select name from U&"custo\\006ders"'],
  ['TABLE', 'another spelling', 'table only public.customers'],
  ['LOCK', 'a lock on another', 'begin; lock table customers; commit'],
  ['a message', 'the function call protocol', call('customer_email(int)', ['1'])],
  ['pg_class by file', 'size and path tell of another', 'delete from customers_archive where id = 4'],
  ['TRUNCATE', 'another table', 'truncate wishes'],
];
const tables = tablesRows.map(([name, way, steps]) =>
  refuses(`tables: ${name}`, way, steps, {
    as: 'clerk',
    ...(name === 'a trigger'
      ? {
          before:
            'create table reporting.orders (id int); alter table reporting.orders owner to shop_owner; create trigger t before insert on reporting.orders for each row execute function tell_by_trigger()',
        }
      : {}),
  }),
);

const sleeping = 'select pg_sleep(0.5), 1234567 * 8 as woken';
const woken = ['9876536'];
const counting = (last: number): string => `select 'row ' || n as row from generate_series(1, ${last}) n`;

/** Limits of rows and time. */
const limits: readonly BypassCase[] = [
  hides('rows: one statement', 'more rows than the limit', counting(500), { as: 'limited', shows: ['row 499'] }),
  hides('rows: over the extended protocol', 'more rows than the limit', extended(counting(500)), {
    as: 'limited',
    shows: ['row 499'],
  }),
  hides(
    'rows: a suspended portal',
    'a few at a time',
    [
      'begin',
      messages([parse(counting(500)), bind({ portal: 'p' }), execute('p', 90), sync]),
      messages([execute('p', 90), sync]),
      messages([execute('p', 400), sync]),
      'commit',
    ],
    { as: 'limited', shows: ['row 499'] },
  ),
  hides('rows: COPY', 'lines instead of rows', `copy (${counting(500)}) to stdout`, {
    as: 'limited',
    shows: ['row 499'],
  }),
  hides('time: a long statement', 'longer than the limit', sleeping, { as: 'limited', shows: woken }),
  hides('time: statement_timeout off', 'SET statement_timeout = 0', ['set statement_timeout = 0', sleeping], {
    as: 'limited',
    shows: woken,
  }),
  hides(
    'time: statement_timeout off by a function',
    'set_config',
    ["select set_config('statement_timeout', '0', false)", sleeping],
    { as: 'limited', shows: woken },
  ),
  hides('time: statement_timeout off at login', 'a startup option', [sleeping], {
    as: 'limited',
    shows: woken,
    startup: { options: '-c statement_timeout=0' },
  }),
  hides('time: in one Query', 'off and used in one message', `set statement_timeout = 0; ${sleeping}`, {
    as: 'limited',
    shows: woken,
  }),
];

const cardNumber = '4111 1111 1111 1111';
const ticketsBefore = `insert into public.tickets values (1, 'pay with ${cardNumber} or write to someone@domain.example', '{"card": "${cardNumber}", "mail": "someone@domain.example"}', array['${cardNumber}', 'someone@domain.example'])`;

/** What detectors find in columns that no rule names. */
const detectedRows: readonly Row[] = [
  ['text', 'in a sentence', 'select text from tickets'],
  ['JSON', 'in a string of JSON', "select data, data ->> 'mail', data::text from tickets"],
  ['an array', 'in an element', 'select words, words[1], words[2] from tickets'],
  ['binary', 'in binary', extended('select text, data, words from tickets', { formats: [1] })],
  ['COPY', 'as data', 'copy tickets to stdout; copy tickets to stdout (format csv)'],
  ['COPY BINARY', 'as binary data', 'copy (select text from tickets) to stdout (format binary)'],
  ['other spaces', 'dashes, no spaces', "select replace(text, ' 1', '-1'), replace(text, '1 1', '11') from tickets"],
  ['a cursor', 'FETCH', ['begin', 'declare c cursor for select text from tickets', 'fetch all from c', 'commit']],
  ['RETURNING', 'a write gives it back', 'update tickets set text = text where id = 1 returning text'],
  [
    'rows in parts',
    'a portal suspended',
    messages([
      parse('select text from tickets union all select text from tickets'),
      bind(),
      execute('', 1),
      execute('', 1),
      sync,
    ]),
  ],
];
const detected = detectedRows.map(([name, way, steps]) =>
  hides(`detectors: ${name}`, way, steps, {
    as: 'watched',
    before: ticketsBefore,
    shows: [cardNumber, 'someone@domain.example', /4111[ -]?1111[ -]?1111[ -]?1111/],
  }),
);

/** Every way around the controls that is known, with what must come of it. */
export const bypassCorpus: readonly BypassCase[] = [
  ...reads,
  ...views,
  ...exits,
  ...protocol,
  ...probes,
  ...guesses,
  ...blindDeletes,
  ...transactions,
  ...moneyMoves,
  ...definitions,
  ...readOnly,
  ...readOnlyLogin,
  ...tables,
  ...limits,
  ...detected,
];
