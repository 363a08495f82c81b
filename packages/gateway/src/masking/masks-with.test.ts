import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Relation } from '../sql/catalog.ts';
import { catalogWith } from '../sql/catalog-with.ts';
import { customers, email, masksOn } from './masks.fixture.ts';
import { masksWith } from './masks-with.ts';

test('a rule holds for a table of its name that the catalog does not have, and for what it has held before', () => {
  const columns = [
    { number: 1, name: 'id', type: 23 },
    { number: 2, name: 'email', type: 25 },
  ];
  const nothing = { rules: [], triggers: [], parents: [], children: [] };
  const made: Relation = { oid: 2 ** 33, schema: 'public', name: 'customers', kind: 'table', columns, ...nothing };
  const other: Relation = { ...made, oid: made.oid + 1, name: 'others' };
  const added = [made, other].map((relation) => ({ relation, replaces: true }));
  const catalog = catalogWith(customers, added, 'x');
  const masks = masksWith(masksOn({ email: 'partial' }), catalog, [made, other]);
  const mask = { rule: 'public.customers.email', action: 'partial' };
  assert.deepEqual(Array.from(masks.columns), [
    [email, mask],
    [`${2 ** 33}.2`, mask],
  ]);
  assert.equal(masks.catalog, catalog);
  assert.deepEqual(Array.from(masks.relations), ['public.customers']);
});
