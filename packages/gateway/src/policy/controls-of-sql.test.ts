import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { createAnalyzer } from '../sql/analysis/analyze.ts';
import type { Analyze } from '../sql/analysis.ts';
import { catalogFixture } from '../sql/catalog.fixture.ts';
import { loadParser } from '../sql/parser.ts';
import { createPolicy } from './create-policy.ts';
import { agentSubject, noControls } from './policy.fixture.ts';
import type { Controls } from './policy.ts';

const catalog = catalogFixture({
  relations: [
    { name: 'invoices', columns: ['id int4', 'paid bool'] },
    { name: 'payments', columns: ['id int4'] },
    { name: 'events', kind: 'partitioned table', columns: ['id int4'] },
    { name: 'events_2026', kind: 'partitioned table', columns: ['id int4'], parents: ['public.events'] },
    { name: 'events_2026_q1', columns: ['id int4'], parents: ['public.events_2026'] },
    { name: 'paid', definition: 'SELECT payments.id FROM public.payments' },
    { schema: 'pg_catalog', name: 'pg_class', columns: ['oid int4', 'relname text'] },
    { schema: 'pg_catalog', name: 'pg_stats', columns: ['tablename text', 'most_common_vals text'] },
  ],
  functions: [
    { name: 'area', language: 'c', volatility: 'immutable' },
    { name: 'in_c', language: 'c' },
    { name: 'one', body: 'SELECT 1' },
    { name: 'empties', body: 'DELETE FROM public.invoices' },
    { name: 'frees', language: 'plpgsql', body: 'BEGIN SET default_transaction_read_only = off; END' },
    { name: 'anything', language: 'plpgsql', body: "BEGIN EXECUTE 'x'; END" },
  ],
});

describe('what controls say of SQL', () => {
  let analyze: Analyze;
  before(async () => {
    analyze = createAnalyzer(await loadParser());
  });

  const decide = (controls: Partial<Controls>, sql: string): string => {
    const analysis = analyze(sql, {
      catalog,
      searchPath: ['pg_catalog', 'public'],
      standardConformingStrings: true,
      prepared: () => undefined,
      cursor: () => undefined,
    });
    if ('why' in analysis) assert.fail(analysis.why);
    const policy = createPolicy({
      rules: [],
      controls: [noControls, { ...noControls, ...controls }],
      subject: agentSubject,
    });
    const statement = { analysis, sql, protocol: 'simple', parameters: [], inTransaction: false } as const;
    return policy?.judge(statement, 0).decision ?? 'none';
  };

  it('read_only lets read', () => {
    for (const sql of [
      'SELECT count(*), now(), random() FROM invoices',
      'SELECT * FROM paid JOIN pg_class ON true',
      'SELECT area(1), one()',
      'EXPLAIN DELETE FROM invoices',
      'COPY invoices TO STDOUT',
      'DECLARE c CURSOR FOR SELECT * FROM invoices',
      'PREPARE p AS SELECT 1',
      'SHOW ALL',
      "SELECT set_config('work_mem', '1MB', false)",
      'SET search_path = x',
      'DO $$ BEGIN NULL; END $$',
      'BEGIN',
      'BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY',
      'SET TRANSACTION READ ONLY',
      'SET default_transaction_read_only = on',
      'COMMIT AND CHAIN',
      'RESET ALL',
      'DISCARD ALL',
      '',
    ]) {
      assert.equal(decide({ readOnly: true }, sql), 'allow', sql);
    }
  });

  it('read_only lets nobody write, nor make transactions write', () => {
    for (const sql of [
      'INSERT INTO invoices VALUES (1)',
      'WITH d AS (DELETE FROM invoices RETURNING *) SELECT count(*) FROM d',
      'EXPLAIN ANALYZE DELETE FROM invoices',
      'SELECT empties()',
      'SELECT in_c()',
      "SELECT nextval('s')",
      'COPY invoices FROM STDIN',
      "COPY invoices TO '/tmp/x'",
      'CREATE TEMP TABLE x (a int)',
      'CREATE TABLE y AS SELECT 1',
      'SELECT 1 AS a INTO y',
      'EXECUTE unknown',
      'ALTER ROLE app SET default_transaction_read_only = off',
      'BEGIN READ WRITE',
      'START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ /* x */ WRITE',
      'SET TRANSACTION READ WRITE',
      'SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE',
      'set TRANSACTION_READ_ONLY to false',
      'SET LOCAL transaction_read_only = 0',
      'RESET transaction_read_only',
      'SET default_transaction_read_only TO DEFAULT',
      'SET default_transaction_read_only FROM CURRENT',
      "SELECT set_config('default_transaction_read_only', 'off', false)",
      "SELECT set_config('default_' || 'transaction_read_only', 'off', false)",
      "SELECT set_config(relname, 'off', false) FROM pg_class",
      'DO $$ BEGIN SET default_transaction_read_only = off; END $$',
      'SELECT frees()',
      'CALL frees()',
      'SELECT anything()',
    ]) {
      assert.equal(decide({ readOnly: true }, sql), 'deny', sql);
    }
  });

  it('tables takes partitions for what they are part of, and not the other way round', () => {
    const parent = { tables: ['public.events'] };
    for (const sql of ['SELECT * FROM events', 'SELECT * FROM events_2026_q1', 'DELETE FROM events_2026 WHERE id = 1'])
      assert.equal(decide(parent, sql), 'allow', sql);
    assert.equal(decide({ tables: ['public.events_2026'] }, 'SELECT * FROM events'), 'deny');
  });

  it('tables lets at nothing but what is in the list, however it is reached', () => {
    const tables = ['public.invoices'];
    for (const sql of [
      'SELECT * FROM invoices i JOIN pg_class ON true',
      'UPDATE "invoices" SET paid = true',
      'WITH i AS (SELECT * FROM invoices) SELECT count(*) FROM i',
      'SELECT area(1), one(), empties()',
      'BEGIN',
      'CREATE TEMP TABLE x AS SELECT * FROM invoices',
    ]) {
      assert.equal(decide({ tables }, sql), 'allow', sql);
    }
    for (const sql of [
      'SELECT * FROM payments',
      'SELECT * FROM paid',
      'SELECT id FROM invoices UNION SELECT id FROM public."payments"',
      'SELECT (SELECT max(id) FROM payments)',
      'INSERT INTO invoices SELECT id FROM payments',
      'CREATE VIEW mine AS SELECT * FROM payments',
      'COPY payments TO STDOUT',
      'TRUNCATE payments',
      'SELECT most_common_vals FROM pg_stats',
      'SELECT * FROM nowhere',
      'SELECT anything()',
      "COPY invoices FROM PROGRAM 'x'",
    ]) {
      assert.equal(decide({ tables }, sql), 'deny', sql);
    }
  });
});
