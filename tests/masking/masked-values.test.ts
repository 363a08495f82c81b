import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { backendTag, decodeBackend, encodeFrontend, Reader, Writer } from '@onrecord/wire';
import type { MaskAction, ResultColumn } from '../../packages/gateway/src/masking/mask.ts';
import { email, hmac, lineage, masksOn, text, utf8 } from '../../packages/gateway/src/masking/masks.fixture.ts';
import { planResult } from '../../packages/gateway/src/masking/plan-result.ts';
import { storedElsewhere } from '../../packages/gateway/src/masking/stored-elsewhere.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { WireClient } from '../support/wire-client.ts';

/** Values as Postgres writes them, with the types that have hashes and those that do not. */
const values = [
  "'bob@example.com'::text",
  "'bob@example.com'::varchar",
  "'bob'::char(10)",
  "'0f8fad5b-d9cb-469f-a165-70867728950e'::uuid",
  "'\\x00ff5c27'::bytea",
  '(-7)::int2',
  '1234567::int4',
  '4111111111111111::int8',
  '12.50::numeric',
  '0::numeric',
  "'-1e30'::numeric",
  "'NaN'::numeric",
  '1.5::float8',
  'true',
  "'2026-01-17'::date",
  '\'{"a":1}\'::json',
  '\'{"a":1}\'::jsonb',
  "'{a,b}'::text[]",
  "row(1, 'a')",
  "'happy'::mood",
] as const;

describe('masked values of a real server', () => {
  let postgres: Postgres;
  let client: WireClient;

  before(async () => {
    postgres = await startPostgres();
    client = await WireClient.login(postgres);
    await client.query("CREATE TYPE mood AS ENUM ('happy', 'sad')");
  });

  after(async () => {
    await client.close();
    await postgres.stop();
  });

  /** The columns and the row of a query of one column. */
  async function select(
    value: string,
    format: number,
  ): Promise<{ readonly columns: ResultColumn[]; readonly row: Uint8Array }> {
    const writer = new Writer();
    const none = new Uint8Array(0);
    encodeFrontend({ type: 'parse', name: none, sql: utf8(`SELECT ${value} AS v`), parameterTypes: [] }, writer);
    encodeFrontend(
      { type: 'bind', portal: none, statement: none, parameterFormats: [], parameters: [], resultFormats: [format] },
      writer,
    );
    encodeFrontend({ type: 'describe', target: 'portal', name: none }, writer);
    encodeFrontend({ type: 'execute', portal: none, maxRows: 0 }, writer);
    await client.send(encodeFrontend({ type: 'sync' }, writer).finish().slice());
    const answer = await client.until(backendTag.readyForQuery);
    const description = answer.find(({ tag }) => tag === backendTag.rowDescription);
    const row = answer.find(({ tag }) => tag === backendTag.dataRow);
    assert.ok(description !== undefined && row !== undefined, value);
    const decoded = decodeBackend(description.tag, description.body());
    assert.ok(decoded.type === 'rowDescription');
    const columns = decoded.columns.map((column) => ({
      name: text(column.name),
      table: column.tableOid,
      attribute: column.attribute,
      type: column.typeOid,
      format: column.format,
    }));
    return { columns, row: row.bytes };
  }

  async function masked(value: string, format: number, action: MaskAction): Promise<Uint8Array | null> {
    const { columns, row } = await select(value, format);
    const outputs = [{ name: 'v', sources: new Set([email] as const), plain: true }];
    const mask = planResult(masksOn({ email: action }), { lineage: lineage({ outputs }), columns, hmac });
    assert.ok(mask !== undefined);
    const body = new Reader(mask.rows(row), 5);
    assert.equal(body.uint16(), 1);
    const result = body.value();
    body.end();
    return result;
  }

  /** The bytes of a masked value, read by Postgres as a parameter of the column's type, as text. */
  async function readBack(bytes: Uint8Array, format: number, type: string): Promise<string> {
    const writer = new Writer();
    const none = new Uint8Array(0);
    encodeFrontend({ type: 'parse', name: none, sql: utf8(`SELECT ($1::${type})::text`), parameterTypes: [] }, writer);
    encodeFrontend(
      {
        type: 'bind',
        portal: none,
        statement: none,
        parameterFormats: [format],
        parameters: [bytes],
        resultFormats: [],
      },
      writer,
    );
    encodeFrontend({ type: 'execute', portal: none, maxRows: 0 }, writer);
    await client.send(encodeFrontend({ type: 'sync' }, writer).finish().slice());
    const answer = await client.until(backendTag.readyForQuery);
    const row = answer.find(({ tag }) => tag === backendTag.dataRow);
    const error = answer.find(({ tag }) => tag === backendTag.errorResponse);
    assert.ok(row !== undefined, `${type}: ${error === undefined ? 'no answer' : text(error.bytes)}`);
    const body = row.body();
    body.skip(2);
    return text(body.value() ?? utf8('NULL'));
  }

  for (const value of values) {
    it(`are of their type, and the same in both formats: ${value}`, async () => {
      const answer = await client.query(`SELECT format_type((pg_typeof(${value}))::oid, NULL)`);
      const typeRow = answer.find(({ tag }) => tag === backendTag.dataRow)?.body();
      typeRow?.skip(2);
      const type = text(typeRow?.value() ?? utf8(''));
      for (const action of ['null', 'redact', 'partial', 'hash'] as const) {
        const [inText, inBinary] = [await masked(value, 0, action), await masked(value, 1, action)];
        assert.equal(inText === null, inBinary === null, action);
        if (inText === null || inBinary === null) continue;
        const castable = type === 'character' ? 'bpchar' : type;
        assert.equal(await readBack(inText, 0, castable), await readBack(inBinary, 1, castable), action);
      }
    });
  }

  it('are hidden where Postgres keeps values of other tables: the table of those names columns that exist', async () => {
    for (const { schema, name, columns } of storedElsewhere) {
      if (schema === undefined) continue;
      const answer = await client.query(
        `SELECT attname FROM pg_attribute WHERE attrelid = '${schema}.${name}'::regclass AND attnum > 0`,
      );
      const found = answer.flatMap((message) => {
        if (message.tag !== backendTag.dataRow) return [];
        const body = message.body();
        body.skip(2);
        return [text(body.value() ?? utf8(''))];
      });
      for (const column of columns) assert.ok(found.includes(column), `${name}.${column}`);
    }
  });
});
