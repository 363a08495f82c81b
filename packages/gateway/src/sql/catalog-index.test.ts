import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CatalogFunction, Relation } from './catalog.ts';
import { type CatalogRows, indexCatalog, indexPart } from './catalog-index.ts';

function table(oid: number, schema: string, name: string): Relation {
  const columns = [{ number: 1, name: 'id', type: 23 }];
  return { oid, schema, name, kind: 'table', columns, rules: [], triggers: [], parents: [], children: [] };
}

const rows: CatalogRows = {
  version: '1',
  openSchemas: ['public', 'empty'],
  relations: [
    table(20_000, 'public', 'orders'),
    table(20_001, 'old', 'orders'),
    table(20_002, 'public', 'constructor'),
  ],
  functions: [
    {
      oid: 30_000,
      schema: 'public',
      name: 'total',
      kind: 'function',
      volatility: 'stable',
      language: 'sql',
      securityDefiner: false,
      builtIn: false,
      returns: 23,
    },
  ],
  operators: [{ name: '===', schema: 'public', function: 30_000 }],
  codeTypes: [{ oid: 40_000, name: 'year', from: [], to: [30_000] }],
  eventTriggers: [30_000],
};

describe('an indexed catalog', () => {
  const catalog = indexCatalog(structuredClone(rows));

  it('finds a relation by its OID, by its name in a schema, and in any schema', () => {
    assert.equal(catalog.relation(20_001)?.schema, 'old');
    assert.equal(catalog.relation(1), undefined);
    assert.equal(catalog.find('public', 'orders')?.oid, 20_000);
    assert.equal(catalog.find('empty', 'orders'), undefined);
    assert.deepEqual(
      catalog.named('orders').map(({ oid }) => oid),
      [20_000, 20_001],
    );
    assert.equal([...catalog.relations].length, 3);
  });

  it('takes names for names, whatever JavaScript makes of them', () => {
    assert.equal(catalog.find('public', 'constructor')?.oid, 20_002);
    assert.deepEqual(catalog.named('toString'), []);
    assert.deepEqual(catalog.functions('__proto__'), []);
    assert.equal(catalog.isOpen('constructor'), false);
  });

  it('knows schemas with nothing in them, functions, operators, and types that run code', () => {
    assert.equal(catalog.isOpen('empty'), true);
    assert.equal(catalog.functions('total')[0], catalog.function(30_000));
    assert.equal(catalog.operators('===')[0]?.function, 30_000);
    assert.deepEqual(catalog.operators('='), []);
    assert.equal(catalog.typeRunsCode('year'), true);
    assert.equal(catalog.typeRunsCode('int4'), false);
    assert.equal(catalog.codeTypes('year')[0], catalog.codeType(40_000));
    assert.equal(catalog.codeType(23), undefined);
    assert.deepEqual(catalog.eventTriggers, [30_000]);
  });

  it('cannot be changed', () => {
    const relation = catalog.relation(20_000) as unknown as { name: string; columns: { name: string }[] };
    assert.throws(() => {
      relation.name = 'other';
    }, TypeError);
    assert.throws(() => {
      for (const column of relation.columns) column.name = 'other';
    }, TypeError);
    assert.throws(() => relation.columns.push({ name: 'other' }), TypeError);
  });
});

describe('a catalog that has a part in common with others', () => {
  const [orders] = rows.relations;
  const lower = { ...rows.functions[0], oid: 1, schema: 'pg_catalog', name: 'lower' } as CatalogFunction;
  const system = indexPart({
    relations: [table(1_000, 'pg_catalog', 'orders'), table(1_001, 'pg_catalog', 'pg_class')],
    functions: [lower, { ...lower, oid: 2, name: 'total' }],
  });
  const catalog = indexCatalog(structuredClone(rows), system);

  it('finds what either has', () => {
    assert.equal(catalog.relation(1_001), system.relations[1]);
    assert.deepEqual(catalog.relation(20_000), orders);
    assert.equal(catalog.find('pg_catalog', 'orders')?.oid, 1_000);
    assert.equal(catalog.find('public', 'orders')?.oid, 20_000);
    assert.deepEqual(
      catalog
        .named('orders')
        .map(({ oid }) => oid)
        .sort(),
      [1_000, 20_000, 20_001],
    );
    assert.deepEqual(
      catalog.named('pg_class').map(({ oid }) => oid),
      [1_001],
    );
    assert.deepEqual(
      catalog
        .functions('total')
        .map(({ oid }) => oid)
        .sort(),
      [2, 30_000],
    );
    assert.equal(catalog.function(1), system.functions[0]);
    assert.equal([...catalog.relations].length, rows.relations.length + 2);
    assert.equal(catalog.function(3), undefined);
  });

  it('leaves the part as it is', () => {
    indexCatalog({ ...rows, relations: [], functions: [] }, system);
    assert.equal(system.relations.length, 2);
    assert.ok(Object.isFrozen(system.relations[0]) && Object.isFrozen(system.functions[0]));
  });
});
