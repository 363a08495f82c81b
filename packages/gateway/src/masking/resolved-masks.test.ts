import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CatalogSpec, catalogFixture } from '../sql/catalog.fixture.ts';
import type { MaskAction } from './mask.ts';
import { active, customers } from './masks.fixture.ts';
import { resolveMasks } from './resolved-masks.ts';

function masked(spec: CatalogSpec, columns: { readonly [column: string]: MaskAction }): readonly string[] {
  const masks = resolveMasks(active({ columns: new Map(Object.entries(columns)) }), catalogFixture(spec));
  return Array.from(masks.columns, ([key, { action }]) => `${key} ${action}`).sort();
}

describe('resolveMasks', () => {
  it('finds columns by schema, table and column, dots in names included', () => {
    const relations = [
      { name: 'a', columns: ['id int4', '- int4', 'b text'] },
      { name: 'a.b', columns: ['c text'] },
    ];
    assert.deepEqual(masked({ relations }, { 'public.a.b': 'partial' }), ['20000.3 partial']);
    assert.deepEqual(masked({ relations }, { 'public.a.b.c': 'hash' }), ['20001.1 hash']);
  });

  it('tells which columns the catalog does not have', () => {
    const columns = new Map<string, MaskAction>([
      ['public.customers.email', 'redact'],
      ['public.customers.emial', 'redact'],
      ['public.nowhere.email', 'redact'],
    ]);
    assert.deepEqual(resolveMasks(active({ columns }), customers).missing, [
      'public.customers.emial',
      'public.nowhere.email',
    ]);
  });

  const family = [
    { name: 'root', columns: ['id int4', 'email text'] },
    { name: 'left', columns: ['email text', 'id int4'], parents: ['public.root'] },
    { name: 'right', columns: ['id int4', 'email text'], parents: ['public.root'] },
    { name: 'leaf', columns: ['id int4', 'email text'], parents: ['public.right', 'public.other'] },
    { name: 'other', columns: ['email text'] },
  ];

  it('spreads over children at any depth, and over what else shows their rows', () => {
    assert.deepEqual(masked({ relations: family }, { 'public.root.email': 'hash' }), [
      '20000.2 hash',
      '20001.1 hash',
      '20002.2 hash',
      '20003.2 hash',
      '20004.1 hash',
    ]);
  });

  it('spreads over parents, but not from there over siblings', () => {
    assert.deepEqual(masked({ relations: family }, { 'public.left.email': 'hash' }), ['20000.2 hash', '20001.1 hash']);
  });

  it('spreads over generated columns, as a derived value', () => {
    const relations = [
      {
        name: 't',
        columns: [
          'e text',
          'upper text = upper(e)',
          'q text = lower("e")',
          'free text = lower(other)',
          'E text = other',
        ],
      },
    ];
    assert.deepEqual(masked({ relations }, { 'public.t.e': 'partial' }), [
      '20000.1 partial',
      '20000.2 redact',
      '20000.3 redact',
    ]);
    assert.deepEqual(masked({ relations }, { 'public.t.e': 'null' }), ['20000.1 null', '20000.2 null', '20000.3 null']);
  });

  it('masks where Postgres keeps values of other tables, as soon as a column of anything is masked', () => {
    const relations = [
      { name: 't', columns: ['e text'] },
      {
        name: 'pg_stats',
        schema: 'pg_catalog',
        kind: 'view' as const,
        columns: ['attname text', 'most_common_vals text'],
      },
      { name: 'pg_stat_statements', schema: 'extensions', kind: 'view' as const, columns: ['query text'] },
      {
        name: 'pg_toast_1',
        schema: 'pg_toast',
        kind: 'toast table' as const,
        columns: ['chunk_id int4', 'chunk_data bytea'],
      },
    ];
    assert.deepEqual(masked({ relations }, { 'public.t.e': 'hash' }), [
      '20000.1 hash',
      '20001.2 redact',
      '20002.1 redact',
      '20003.2 redact',
    ]);
    assert.deepEqual(masked({ relations }, { 'public.t.nothing': 'hash' }), []);
  });

  it('masks how values compare, as statistics tell it, where a rule denies probes', () => {
    const relations = [
      { name: 't', columns: ['e text'] },
      {
        name: 'pg_stats',
        schema: 'pg_catalog',
        kind: 'view' as const,
        columns: ['null_frac float4', 'n_distinct float4', 'most_common_vals text', 'correlation float4'],
      },
    ];
    const catalog = catalogFixture({ relations });
    const columns = new Map([['public.t.e', 'hash' as const]]);
    const keys = (probe: 'allow' | 'deny') =>
      Array.from(resolveMasks(active({ columns, probe }), catalog).columns.keys());
    assert.deepEqual(keys('allow'), ['20000.1', '20001.3']);
    assert.deepEqual(keys('deny'), ['20000.1', '20001.3', '20001.2', '20001.4']);
  });

  it('holds on to a column whose table, schema or own name has changed, and says that its name is gone', () => {
    const masks = active({ columns: new Map([['public.customers.email', 'partial']]) });
    resolveMasks(masks, customers);
    const columns = ['id int4', 'email text'];
    for (const [relation, expected] of [
      [{ oid: 20_000, name: 'renamed', columns }, ['20000.2']],
      [{ oid: 20_000, schema: 'moved', name: 'customers', columns }, ['20000.2']],
      [{ oid: 20_000, name: 'customers', columns: ['id int4', 'e text'] }, ['20000.2']],
      [{ oid: 20_000, name: 'something', columns: ['id int4', 'e text'] }, []],
      [{ oid: 30_000, name: 'renamed', columns }, []],
    ] as const) {
      const fresh = resolveMasks(masks, catalogFixture({ relations: [relation] }));
      assert.deepEqual(Array.from(fresh.columns.keys()), expected, `${relation.name}`);
      assert.deepEqual(fresh.missing, ['public.customers.email']);
      resolveMasks(masks, catalogFixture({ relations: [{ oid: 20_000, name: 'customers', columns }] }));
    }
  });

  it('answers the same for the same catalog, and anew for another', () => {
    const masks = active({ columns: new Map([['public.customers.email', 'redact']]) });
    assert.equal(resolveMasks(masks, customers), resolveMasks(masks, customers));
    assert.equal(resolveMasks(masks, undefined).columns.size, 0);
    assert.notEqual(resolveMasks(masks, catalogFixture({})), resolveMasks(masks, customers));
  });
});
