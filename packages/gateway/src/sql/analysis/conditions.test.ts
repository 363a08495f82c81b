import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analysisOf } from './analysis.fixture.ts';

const hasWhere = (condition: string): boolean =>
  analysisOf(`delete from customers where ${condition}`).commands[0].hasWhere;

test('a condition tells rows apart, or keeps all out', () => {
  const conditions = [
    'id = 1',
    'id = $1',
    '$1 is null or id = $1',
    'id = 1 and true',
    'not (id = 1)',
    'false',
    '1 = 2',
    "'f'::bool",
    'null',
    'true and false',
    'not true',
    'id = id + 1',
    'name like email',
    'exists (select 1 from orders)',
    'current of c',
    'id in (1, 2)',
    'true is false',
    'id <> id',
    'customers.id = orders.id',
    'lower(name) = lower(email)',
    'id is null or name is not null',
    'id = 1 or id <> 2',
    'id between 1 and id',
    'id in (1, 2) or not (id in (1, 2, 3))',
    'coalesce(id = 1, true)',
    'case when id = 1 then true end',
    'name = current_user',
  ];
  for (const condition of conditions) assert.equal(hasWhere(condition), true, condition);
});

test('what is the same for all rows is no condition', () => {
  const truths = [
    'true',
    '1 = 1',
    "'a' = 'a'",
    "'t'::bool",
    "cast('yes' as boolean)",
    "bool 'on'",
    'not false',
    'not not true',
    'true or id = 1',
    'id = 1 or 1 = 1',
    'true and 1 = 1',
    'false is not true',
    'id = id',
    'customers.id >= customers.id',
    'name is not distinct from name',
    'name like name',
    'customers.id = id',
    'not (id <> id)',
    'not (id < customers.id)',
    'not (id is distinct from id)',
    'lower(name) = lower(name)',
    'id::text = id::text',
    '(id, name) = (id, name)',
    'id in (1, id)',
    'id between id and id',
    'id is null or id is not null',
    'id is not null or name is null or id is null',
    'id = 1 or id <> 1',
    'id < 5 or id >= 5',
    "name = 'x' or not (name = 'x')",
    'coalesce(id = id, false)',
    'case when id = 1 then true else 1 = 1 end',
    '2 > 1',
    "length('a') = 1",
    '$1',
    '$1::bool',
    '1 in (1, 2)',
    '(select true)',
    'coalesce(true, false)',
    "now() > '2000-01-01'",
    "id = 1 or length('a') = 1",
  ];
  for (const truth of truths) assert.equal(hasWhere(truth), false, truth);
});

test('SELECT and MERGE are asked as well, and every side of a UNION', () => {
  const cases: { readonly [sql: string]: boolean } = {
    'select 1 from customers where id = 1': true,
    'select 1 from customers': false,
    'select 1 from customers where id = 1 union select 1 from customers where id = 2': true,
    'select 1 from customers where id = 1 union select 1 from customers': false,
    'merge into customers c using orders o on c.id = o.id when matched then delete': true,
    'merge into customers c using orders o on 1 = 1 when matched then delete': false,
    'truncate customers': true,
    'insert into customers values (1)': true,
  };
  for (const [sql, expected] of Object.entries(cases))
    assert.equal(analysisOf(sql).commands[0].hasWhere, expected, sql);
});
