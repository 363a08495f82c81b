import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Relation } from './catalog.ts';
import { type CatalogRows, indexCatalog } from './catalog-index.ts';

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
