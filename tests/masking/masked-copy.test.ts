import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { backendTag, Reader, Writer } from '@onrecord/wire';
import type { MaskAction } from '../../packages/gateway/src/masking/mask.ts';
import {
  customerName,
  email,
  hmac,
  lineage,
  masksOn,
  text,
  utf8,
} from '../../packages/gateway/src/masking/masks.fixture.ts';
import { planCopy } from '../../packages/gateway/src/masking/plan-copy.ts';
import type { CopyForm } from '../../packages/gateway/src/sql/analysis.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { WireClient, type WireMessage } from '../support/wire-client.ts';

const outputs = [
  { name: 'id', sources: new Set(['20000.1'] as const), plain: true },
  { name: 'email', sources: new Set([email] as const), plain: true },
  { name: 'name', sources: new Set([customerName] as const), plain: true },
];

/** The options of COPY, and how they read. */
const forms: readonly (readonly [string, Partial<CopyForm>])[] = [
  ['', {}],
  ["(DELIMITER '|', NULL 'nil')", { delimiter: '|', nullText: 'nil' }],
  ["(NULL '')", { nullText: '' }],
  ['(HEADER)', { header: true }],
  ['(FORMAT csv)', { format: 'csv', delimiter: ',', nullText: '' }],
  ['(FORMAT csv, HEADER)', { format: 'csv', delimiter: ',', nullText: '', header: true }],
  [
    "(FORMAT csv, DELIMITER ';', QUOTE '''', ESCAPE '\\', NULL 'nil')",
    { format: 'csv', delimiter: ';', quote: "'", escape: '\\', nullText: 'nil' },
  ],
  ["(FORMAT csv, DELIMITER E'\\t', ESCAPE '#')", { format: 'csv', delimiter: '\t', escape: '#', nullText: '' }],
];

function formOf(parts: Partial<CopyForm>): CopyForm {
  return {
    direction: 'out',
    withClient: true,
    format: 'text',
    delimiter: '\t',
    nullText: '\\N',
    header: false,
    quote: '"',
    escape: '"',
    ...parts,
  };
}

/** What Postgres makes of a value under an action, in SQL; `hash` is compared by being one for one. */
const expected: { readonly [Action in Exclude<MaskAction, 'hash'>]: string } = {
  null: 'NULL',
  redact: "CASE WHEN email IS NOT NULL THEN '[masked]' END",
  partial:
    "repeat('*', greatest(length(email) - 4, least(length(email), 4))) || right(email, least(4, greatest(length(email) - 4, 0)))",
};

describe('masked COPY data', () => {
  let postgres: Postgres;
  let client: WireClient;

  before(async () => {
    postgres = await startPostgres();
    client = await WireClient.login(postgres);
    await client.query(`
      CREATE TABLE customers (id int, email text, name text);
      CREATE TABLE copied (id int, email text, name text);
      CREATE FUNCTION odd(n int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
        SELECT CASE WHEN n % 13 = 0 THEN NULL ELSE string_agg((ARRAY[E'\\t', E'\\n', E'\\r', '\\', '"', '''', ',', ';', '|', '#', 'nil', 'N', '.', 'ä', '🎉', E'\\b', E'\\v', 'a', '@', ' '])
          [1 + abs(hashint4(n * 31 + i)) % 20], '' ORDER BY i) END FROM generate_series(1, n % 17) AS i $$;
      INSERT INTO customers SELECT n, CASE n WHEN 1 THEN '' WHEN 2 THEN '\\N' WHEN 3 THEN '\\.' WHEN 4 THEN 'nil' ELSE odd(n) END, odd(n * 7 + 1)
        FROM generate_series(1, 1000) AS n;`);
  });

  after(async () => {
    await client.close();
    await postgres.stop();
  });

  async function copy(options: string, parts: Partial<CopyForm>, action: MaskAction): Promise<void> {
    const mask = planCopy(masksOn({ email: action }), {
      lineage: lineage({ outputs }),
      form: formOf(parts),
      columns: 3,
      hmac,
    });
    assert.ok(mask !== undefined);
    const answer = await client.query(`COPY (SELECT * FROM customers ORDER BY id) TO STDOUT ${options}`);
    const data = answer.filter(({ tag }) => tag === backendTag.copyData).map(({ bytes }) => bytes);
    assert.ok(data.length >= 1000, errorOf(answer));
    await client.query('TRUNCATE copied');
    await client.send(new Writer().begin(0x51).cstring(`COPY copied FROM STDIN ${options}`).end().finish());
    await client.until(backendTag.copyInResponse);
    // Several messages at a time.
    for (let at = 0; at < data.length; at += 7) await client.send(mask.data(Buffer.concat(data.slice(at, at + 7))));
    await client.send(mask.end());
    await client.send(new Writer().begin(0x63).end().finish());
    const end = await client.until(backendTag.readyForQuery);
    assert.equal(errorOf(end), '');
  }

  async function count(sql: string): Promise<string> {
    const answer = await client.query(sql);
    const row = answer.find(({ tag }) => tag === backendTag.dataRow);
    assert.ok(row !== undefined, errorOf(answer));
    const body = row.body();
    body.skip(2);
    return text(body.value() ?? utf8('NULL'));
  }

  for (const [options, parts] of forms) {
    for (const [action, becomes] of Object.entries(expected)) {
      it(`reads back in Postgres as what ${action} makes of it, with the options ${options || 'of a plain COPY'}`, async () => {
        await copy(options, parts, action as MaskAction);
        // In the text format NULL and a value like the text for NULL are one; a masked field that may be either is masked.
        const { format = 'text', nullText = '\\N' } = parts;
        const isOne = format === 'text' && nullText !== '\\N';
        const read = (value: string): string => (isOne ? `nullif(${value}, '${nullText}')` : value);
        const source = isOne ? `coalesce(email, '${nullText}')` : 'email';
        const masked = isOne && nullText === '' ? `CASE WHEN email <> '' THEN ${becomes} END` : becomes;
        const wanted = `SELECT id, ${masked} AS email, ${read('name')} AS name FROM (SELECT id, ${source} AS email, name FROM customers) AS c`;
        const differ = 'w.email IS DISTINCT FROM d.email OR w.name IS DISTINCT FROM d.name';
        assert.equal(
          await count(`SELECT count(*) FROM (${wanted}) AS w JOIN copied d USING (id) WHERE ${differ}`),
          '0',
        );
        assert.equal(await count('SELECT count(*) FROM copied'), '1000');
      });
    }
  }

  it('has one hash for one value, in text and CSV alike', async () => {
    await copy('', {}, 'hash');
    await client.query('CREATE TABLE first AS SELECT * FROM copied');
    await copy('(FORMAT csv)', forms[4]?.[1] ?? {}, 'hash');
    assert.equal(
      await count('SELECT count(*) FROM first f JOIN copied c USING (id) WHERE f.email IS DISTINCT FROM c.email'),
      '0',
    );
    assert.equal(
      await count('SELECT count(DISTINCT email) - (SELECT count(DISTINCT email) FROM customers) FROM copied'),
      '0',
    );
    assert.equal(await count("SELECT count(*) FROM copied WHERE email !~ '^[0-9a-f]{32}$'"), '0');
  });
});

function errorOf(messages: readonly WireMessage[]): string {
  const error = messages.find(({ tag }) => tag === backendTag.errorResponse);
  return error === undefined ? '' : text(new Reader(error.bytes, 5).rest());
}
