import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogFixture } from './catalog.fixture.ts';
import type { Relation } from './catalog.ts';
import { catalogWith } from './catalog-with.ts';
import { resolveRelation } from './resolve.ts';

const catalog = catalogFixture({
  relations: [
    { name: 'a', columns: ['id int4'] },
    { schema: 'other', name: 'b', columns: ['id int4'] },
  ],
  functions: [{ name: 'f' }],
});

function table(schema: string, name: string, oid: number): Relation {
  return { oid, schema, name, kind: 'table', columns: [], rules: [], triggers: [], parents: [], children: [] };
}

const oidOf = (relation: Relation | undefined): number | undefined => relation?.oid;

test('tables that are added are found by name, by OID and on the search path', () => {
  const added = { relation: table('pg_temp_1', 'b', 2 ** 33), replaces: false };
  const both = catalogWith(catalog, [added], 'x');
  assert.equal(both.version, 'x');
  assert.equal(oidOf(both.find('pg_temp_1', 'b')), 2 ** 33);
  assert.equal(both.relation(2 ** 33)?.name, 'b');
  assert.deepEqual(both.named('b').map(oidOf), [20_001, 2 ** 33]);
  assert.deepEqual(resolveRelation(both, ['pg_temp_1', 'public'], { schema: '', name: 'b' }).map(oidOf), [2 ** 33]);
  assert.equal(oidOf(both.find('public', 'a')), 20_000);
  assert.equal(both.functions('f').length, 1);
  assert.deepEqual(Array.from(both.relations, oidOf), [20_000, 20_001, 2 ** 33]);
});

test('one that replaces another hides it from whoever looks for the name; one that does not is not there', () => {
  const relation = table('public', 'a', 2 ** 33);
  const replaced = catalogWith(catalog, [{ relation, replaces: true }], 'x');
  assert.equal(oidOf(replaced.find('public', 'a')), 2 ** 33);
  assert.deepEqual(replaced.named('a').map(oidOf), [2 ** 33]);
  assert.deepEqual(Array.from(replaced.relations, oidOf), [20_001, 2 ** 33]);
  assert.equal(oidOf(replaced.relation(20_000)), 20_000, 'for what refers to it');
  assert.equal(catalogWith(catalog, [{ relation, replaces: false }], 'x'), catalog);
});
