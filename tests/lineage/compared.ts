import assert from 'node:assert/strict';
import type pg from 'pg';
import type { Lineage, Output, Sources } from '../../packages/gateway/src/sql/analysis.ts';
import { type Catalog, type ColumnKey, columnKey } from '../../packages/gateway/src/sql/catalog.ts';
import { lineageOf } from '../../packages/gateway/src/sql/lineage/lineage.ts';
import { loadParser, type Parser } from '../../packages/gateway/src/sql/parser.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { openClient, realCatalog } from './real-catalog.ts';
import { marks, shop } from './shop.ts';

/** `shop` on a Postgres of its own, and what lineage says of queries over it beside what that Postgres does. */
export class Compared {
  readonly catalog: Catalog;
  readonly #parser: Parser;
  readonly #server: Postgres;
  readonly #client: pg.Client;
  readonly #homes: readonly Home[];

  private constructor(catalog: Catalog, parser: Parser, server: Postgres, client: pg.Client) {
    this.catalog = catalog;
    this.#parser = parser;
    this.#server = server;
    this.#client = client;
    this.#homes = Object.entries(marks).map(([mark, { columns, length }]) => ({
      signs: [mark, Array.from(mark).reverse().join(''), Buffer.from(mark).toString('hex')],
      length: String(length),
      path: columns[0] ?? '',
      keys: columns.map((path) => keyOf(catalog, path)),
    }));
  }

  static async start(): Promise<Compared> {
    const parser = await loadParser();
    const server = await startPostgres();
    const client = await openClient(server);
    try {
      await client.query(shop);
      return new Compared(await realCatalog(client), parser, server, client);
    } catch (error) {
      await client.end();
      await server.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.#client.end();
    await this.#server.stop();
  }

  lineage(sql: string): Lineage {
    const parsed = this.#parser.parse(sql);
    if (typeof parsed === 'string') throw new Error(`${parsed}: ${sql}`);
    return lineageOf(parsed[0]?.node ?? {}, {
      catalog: this.catalog,
      searchPath: ['pg_catalog', 'public'],
      standardConformingStrings: true,
      prepared: () => undefined,
      cursor: () => undefined,
    });
  }

  outputs(sql: string): readonly Output[] {
    const { outputs } = this.lineage(sql);
    assert.notEqual(outputs, 'unknown', `its columns can be told: ${sql}`);
    return outputs as readonly Output[];
  }

  /** Runs it, and takes back what it did. Values come as Postgres writes them. */
  run(sql: string): Promise<pg.QueryArrayResult> {
    return this.#inTransaction(() => this.#client.query(asText(sql)));
  }

  /** The first rows of a query, by a cursor: what is joined at random has millions. */
  firstRows(sql: string): Promise<pg.QueryArrayResult> {
    return this.#inTransaction(async () => {
      await this.#client.query(`DECLARE few CURSOR FOR ${sql}`);
      return await this.#client.query(asText('FETCH 20 FROM few'));
    });
  }

  async #inTransaction<Result>(run: () => Promise<Result>): Promise<Result> {
    await this.#client.query('BEGIN');
    try {
      return await run();
    } finally {
      await this.#client.query('ROLLBACK');
    }
  }

  /** Whether Postgres expects to be done with it soon: what is joined at random grows fast. */
  async isCheap(sql: string): Promise<boolean> {
    const { rows } = await this.#client.query(`EXPLAIN (FORMAT JSON) ${sql}`);
    return rows[0]['QUERY PLAN'][0].Plan['Total Cost'] < 300;
  }

  /** Names of the columns, and those that Postgres says are columns of tables. */
  agreesOnColumns(sql: string, { fields }: pg.QueryArrayResult): void {
    const outputs = this.outputs(sql);
    assert.deepEqual(
      outputs.map(({ name }) => name),
      fields.map(({ name }) => name),
      sql,
    );
    for (const [index, { tableID, columnID, name }] of fields.entries()) {
      if (tableID === 0 || columnID <= 0) continue;
      const { sources } = outputs[index] as Output;
      const own = this.sourcesOfColumn(tableID, columnID);
      assert.ok(includes(sources, own), `${name} may come from ${show(own)}, not only ${show(sources)}: ${sql}`);
    }
  }

  /** Columns that Postgres says are columns of tables are that, and nothing more. */
  addsNothing(sql: string, { fields }: pg.QueryArrayResult): void {
    for (const [index, { tableID, columnID, name }] of fields.entries()) {
      if (columnID <= 0 || this.catalog.relation(tableID)?.kind.endsWith('table') !== true) continue;
      const { sources, plain } = this.outputs(sql)[index] as Output;
      assert.deepEqual([sources, plain], [this.sourcesOfColumn(tableID, columnID), true], name);
    }
  }

  /** What a column that Postgres names is made of. */
  sourcesOfColumn(relation: number, column: number): Sources {
    const { schema = '', name = '', kind, columns } = this.catalog.relation(relation) ?? {};
    if (kind !== 'view' && kind !== 'materialized view') return new Set([columnKey(relation, column)]);
    const index = columns?.findIndex(({ number }) => number === column) ?? -1;
    return this.outputs(`SELECT * FROM "${schema}"."${name}"`)[index]?.sources ?? 'unknown';
  }

  /** No value shows the mark of a column that is not among its sources; statistics hold values of any. */
  showsNothingElse(sql: string, { rows }: pg.QueryArrayResult): void {
    const { stores } = this.lineage(sql);
    const outputs = this.outputs(sql);
    const statistics = this.#statistics();
    for (const row of rows) {
      for (const [index, value] of (row as (string | null)[]).entries()) {
        const { name, sources } = outputs[index] as Output;
        for (const { path, keys } of this.#shownBy(value ?? '')) {
          // A statement that keeps a value where it reads it again is known to keep it.
          const known = [sources, stores].some(
            (set) => set === 'unknown' || [...keys, ...statistics].some((key) => set.has(key)),
          );
          assert.ok(known, `${name} shows ${path}: ${value}: ${sql}`);
        }
      }
    }
  }

  #statistics(): readonly ColumnKey[] {
    const relation = this.catalog.find('pg_catalog', 'pg_statistic');
    return (relation?.columns ?? []).map(({ number }) => columnKey(relation?.oid ?? 0, number));
  }

  /** The mark itself in any case, backwards, in hexadecimal, or the length of its text. */
  #shownBy(value: string): readonly Home[] {
    const lower = value.toLowerCase();
    return this.#homes.filter(({ signs, length }) => value === length || signs.some((sign) => lower.includes(sign)));
  }
}

function asText(text: string): pg.QueryArrayConfig {
  return { text, rowMode: 'array', types: { getTypeParser: () => (value: string) => value } as never };
}

interface Home {
  readonly signs: readonly string[];
  readonly length: string;
  readonly path: string;
  readonly keys: readonly ColumnKey[];
}

function keyOf(catalog: Catalog, path: string): ColumnKey {
  const [schema = '', table = '', column] = path.split('.');
  const relation = catalog.find(schema, table);
  const number = relation?.columns.find(({ name }) => name === column)?.number;
  return columnKey(relation?.oid ?? 0, number ?? 0);
}

function includes(sources: Sources, own: Sources): boolean {
  if (sources === 'unknown') return true;
  return own !== 'unknown' && Array.from(own).every((key) => sources.has(key));
}

function show(sources: Sources): string {
  return sources === 'unknown' ? sources : Array.from(sources).join(' ');
}
