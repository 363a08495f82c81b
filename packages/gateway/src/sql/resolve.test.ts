import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogFixture } from './catalog.fixture.ts';
import { resolveRelation } from './resolve.ts';

const relations = ['mine', 'public'].map((schema) => ({ schema, name: 'payments', columns: ['id int4'] }));
const schemasOf = (closedSchemas: readonly string[], path: readonly string[] | undefined): readonly string[] =>
  resolveRelation(catalogFixture({ relations, closedSchemas }), path, { schema: '', name: 'payments' }).map(
    ({ schema }) => schema,
  );

test('the first schema on the path that has the name is meant', () => {
  assert.deepEqual(schemasOf([], ['pg_temp_1', 'pg_catalog', 'mine', 'public']), ['mine']);
});

test('a schema that the role may not be able to look into hides nothing behind it', () => {
  assert.deepEqual(schemasOf(['mine'], ['mine', 'public']), ['mine', 'public']);
  assert.deepEqual(schemasOf(['mine'], ['public', 'mine']), ['public']);
});

test('where the path is not known, every schema is meant', () => {
  assert.deepEqual(schemasOf([], undefined), ['mine', 'public']);
});
