import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Analysis, Command } from '../sql/analysis.ts';
import type { CatalogFunction, Relation } from '../sql/catalog.ts';
import { indexCatalog } from '../sql/catalog-index.ts';
import { plannedCode } from './planned-code.ts';

function code(oid: number, schema: string, name: string, builtIn: boolean): CatalogFunction {
  const rest = {
    kind: 'function',
    volatility: 'immutable',
    language: 'sql',
    securityDefiner: false,
    returns: 23,
  } as const;
  return { oid, schema, name, builtIn, ...rest };
}

const table: Relation = {
  oid: 20_000,
  schema: 'app',
  name: 'or.ders',
  kind: 'table',
  columns: [],
  rules: [],
  triggers: [],
  attached: [2],
  parents: [],
  children: [],
};
const catalog = indexCatalog({
  version: '1',
  openSchemas: ['app'],
  relations: [table],
  functions: [code(1, 'pg_catalog', 'lower', true), code(2, 'app', 'checks', false), code(3, 'app', 'f.g', false)],
  operators: [],
  codeTypes: [],
});
const statement = (command: Partial<Command>): Analysis =>
  ({ commands: [{ functions: [], reads: [], writes: [], ...command }] }) as unknown as Analysis;

describe('code that planning may run', () => {
  it('is what is called and does not come with Postgres', () => {
    const calls = statement({ functions: ['pg_catalog.lower', 'app.f.g', 'app.missing', 'lower'] });
    assert.deepEqual(plannedCode([calls], catalog), ['app.f.g', 'app.missing', 'lower']);
    assert.deepEqual(plannedCode([statement({ functions: ['pg_catalog.lower'] })], catalog), []);
  });

  it('is what a table brings along', () => {
    assert.deepEqual(plannedCode([statement({ writes: ['app.or.ders'] })], catalog), ['app.checks']);
  });

  it('is everything that is called when there is no catalog', () => {
    assert.deepEqual(plannedCode([statement({ functions: ['pg_catalog.lower'] })], undefined), ['pg_catalog.lower']);
  });
});
