import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type pg from 'pg';
import type { AnalysisContext, Lineage, Output, Sources } from '../../packages/gateway/src/sql/analysis.ts';
import { type Catalog, columnKey } from '../../packages/gateway/src/sql/catalog.ts';
import { lineageOf } from '../../packages/gateway/src/sql/lineage/lineage.ts';
import { loadParser, type Parser } from '../../packages/gateway/src/sql/parser.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { findBinaries } from '../support/postgres-binaries.ts';
import { queries } from './queries.ts';
import { openClient, realCatalog } from './real-catalog.ts';
import { marks, shop } from './shop.ts';

const skip = findBinaries('embedded') === undefined ? 'no embedded Postgres here' : false;

describe('lineage against what Postgres says of the same queries', { skip, timeout: 120_000 }, () => {
  let server: Postgres;
  let client: pg.Client;
  let catalog: Catalog;
  let parser: Parser;

  before(async () => {
    parser = await loadParser();
    server = await startPostgres();
    client = await openClient(server);
    await client.query(shop);
    catalog = await realCatalog(client);
  });
  after(async () => {
    await client.end();
    await server.stop();
  });

  const lineage = (sql: string): Lineage => {
    const parsed = parser.parse(sql);
    if (typeof parsed === 'string') throw new Error(`${parsed}: ${sql}`);
    const context: AnalysisContext = {
      catalog,
      searchPath: ['pg_catalog', 'public'],
      standardConformingStrings: true,
      prepared: () => undefined,
      cursor: () => undefined,
    };
    return lineageOf(parsed[0]?.node ?? {}, context);
  };

  const outputsOf = (sql: string): readonly Output[] => {
    const { outputs } = lineage(sql);
    assert.notEqual(outputs, 'unknown', `its columns can be told: ${sql}`);
    return outputs as readonly Output[];
  };

  const run = async (sql: string): Promise<pg.QueryArrayResult> => {
    await client.query('BEGIN');
    try {
      const asText = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig;
      return await client.query({ text: sql, rowMode: 'array', types: asText });
    } finally {
      await client.query('ROLLBACK');
    }
  };

  /** What a column that Postgres names is made of. */
  const sourcesOfColumn = (relation: number, column: number): Sources => {
    const { schema = '', name = '', kind, columns } = catalog.relation(relation) ?? {};
    if (kind !== 'view' && kind !== 'materialized view') return new Set([columnKey(relation, column)]);
    const index = columns?.findIndex(({ number }) => number === column) ?? -1;
    return outputsOf(`SELECT * FROM "${schema}"."${name}"`)[index]?.sources ?? 'unknown';
  };

  const isTable = (relation: number): boolean => catalog.relation(relation)?.kind.endsWith('table') === true;

  for (const sql of queries) {
    it(`agrees on the columns of ${sql}`, async () => {
      const outputs = outputsOf(sql);
      const { fields } = await run(sql);
      assert.deepEqual(
        outputs.map(({ name }) => name),
        fields.map(({ name }) => name),
      );
      for (const [index, { tableID, columnID, name }] of fields.entries()) {
        if (tableID === 0 || columnID <= 0) continue;
        const { sources, plain } = outputs[index] as Output;
        const own = sourcesOfColumn(tableID, columnID);
        assert.ok(includes(sources, own), `${name} may come from ${show(own)}, not only ${show(sources)}`);
        if (isSimple(sql) && isTable(tableID))
          assert.deepEqual([sources, sources === 'unknown' || plain], [own, true], name);
      }
    });

    it(`knows whose values are shown by ${sql}`, async () => {
      const outputs = outputsOf(sql);
      const { stores } = lineage(sql);
      const { rows } = await run(sql);
      for (const row of rows) {
        for (const [index, value] of (row as (string | null)[]).entries()) {
          const { name, sources } = outputs[index] as Output;
          for (const columns of shownBy(value ?? '')) {
            // A statement that keeps a value where it reads it again is known to keep it.
            const keys = [...columns.map(keyOf), ...statistics()];
            const known = [sources, stores].some((set) => set === 'unknown' || keys.some((key) => set.has(key)));
            assert.ok(known, `${name} shows ${columns[0]}: ${value}`);
          }
        }
      }
    });
  }

  const keyOf = (path: string): ReturnType<typeof columnKey> => {
    const [schema = '', table = '', column] = path.split('.');
    const relation = catalog.find(schema, table);
    const number = relation?.columns.find(({ name }) => name === column)?.number;
    return columnKey(relation?.oid ?? 0, number ?? 0);
  };

  /** Statistics hold values of every column. */
  const statistics = (): readonly ReturnType<typeof columnKey>[] => {
    const relation = catalog.find('pg_catalog', 'pg_statistic');
    return (relation?.columns ?? []).map(({ number }) => columnKey(relation?.oid ?? 0, number));
  };

  const show = (sources: Sources): string => (sources === 'unknown' ? sources : Array.from(sources).join(' '));
});

function includes(sources: Sources, own: Sources): boolean {
  if (sources === 'unknown') return true;
  return own !== 'unknown' && Array.from(own).every((key) => sources.has(key));
}

/** Where a column has one origin, so that ours must be that one alone. */
function isSimple(sql: string): boolean {
  return /^(SELECT|TABLE)\b/.test(sql) && !/(UNION|INTERSECT|FULL|either|whole|per_city|name\(c\))/.test(sql);
}

/** The columns whose mark a value shows: the mark itself in any case, backwards, hashed, coded, or the length of its text. */
function shownBy(value: string): (readonly string[])[] {
  const lower = value.toLowerCase();
  const shown = [];
  for (const [mark, { columns, length }] of Object.entries(marks)) {
    const backwards = Array.from(mark).reverse().join('');
    const coded = Buffer.from(mark).toString('hex');
    const isLength = value === String(length);
    if (isLength || [mark, backwards, coded].some((sign) => lower.includes(sign))) shown.push(columns);
  }
  return shown;
}
