import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTablesReader, type TablesOf } from '../sql/tables.ts';
import { withoutNumbers } from './text-tables.ts';

const tablesOf = await createTablesReader();

describe('withoutNumbers', () => {
  it('finds the tables that are there without it', () => {
    for (const sql of [
      'SELECT 1, 2.5, .5, 1e10, 0x1F, 1_000, $1 FROM t1, t2_3 WHERE a = 42',
      'SELECT * FROM "Sales 2024", "Sales 2025"',
      'SELECT E\'\\101\' FROM a1, U&"\\0061"',
      'CREATE TABLE é1 (f float(24), n numeric(10, 2), b bit(8), PRIMARY KEY (f))',
      'SELECT $tag1$ FROM nowhere9 $tag1$ FROM a',
      "SELECT '1 FROM b' FROM a -- 2 FROM c",
      'SELEC 1',
    ]) {
      assert.deepEqual(withoutNumbers(tablesOf)(sql), tablesOf(sql), sql);
    }
  });

  it('asks once for texts that differ in numbers', () => {
    const asked = new Set<string>();
    const reader: TablesOf = (sql) => {
      asked.add(sql);
      return [];
    };
    for (let id = 0; id < 10; id += 1) withoutNumbers(reader)(`SELECT * FROM accounts WHERE id = ${id * 7}`);
    assert.equal(asked.size, 1);
  });
});
