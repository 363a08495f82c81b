import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import Cursor from 'pg-cursor';
import QueryStream from 'pg-query-stream';
import { type Pair, startPair } from '../support/pair.ts';
import type { Target } from '../support/target.ts';

type Work = (client: pg.Client) => Promise<unknown>;

/** What programs do with node-postgres; each gives what it saw. */
const works: { readonly [name: string]: Work } = {
  'simple queries, several in one': async (client) => {
    const many = (await client.query("select 1 as a, 'x' as b; select 2; begin; commit; select null as n")) as unknown;
    return (many as pg.QueryResult[]).map(shape);
  },

  'parameters of many types, in and out': async (client) => {
    const values = [
      42,
      '9007199254740993',
      1.5,
      '12345.6789',
      true,
      'text with \u2028 and 😀',
      Buffer.from([0, 1, 255]),
      new Date('2026-11-24T10:00:00.123Z'),
      { a: [1, null, 'x'] },
      [1, null, 3],
      null,
    ];
    const sql =
      'select $1::int a, $2::bigint b, $3::float8 c, $4::numeric d, $5::bool e, $6::text f, $7::bytea g, $8::timestamptz h, $9::jsonb i, $10::int[] j, $11::text k';
    return [shape(await client.query(sql, values)), shape(await client.query({ text: sql, values, rowMode: 'array' }))];
  },

  'binary results': async (client) => {
    const query = { text: 'select $1::int4 a, $2::text b, now() - now() as c', values: [7, 'x'], binary: true };
    return shape(await client.query(query));
  },

  'named prepared statements, used again and again': async (client) => {
    const seen = [];
    for (let n = 0; n < 20; n += 1) {
      const query = { name: `n${n % 3}`, text: `select $1::int * ${n % 3} as product`, values: [n] };
      seen.push(shape(await client.query(query)));
    }
    return seen;
  },

  'errors, and what works behind them': async (client) => {
    const seen: unknown[] = [];
    await client.query('create table t (a int primary key)');
    for (const query of [
      'select 1/0',
      'selec 1',
      { text: 'insert into t values ($1), ($1)', values: [1] },
      { text: 'select $1::int', values: ['no number'] },
      { name: 'bad', text: 'select no_such_column', values: [] },
      { text: 'select 1; select 2', values: [1] },
    ]) {
      seen.push(await client.query(query as pg.QueryConfig).then(shape, failure));
      seen.push(shape(await client.query('select 1')));
    }
    return seen;
  },

  'transactions with savepoints': async (client) => {
    await client.query('create table t (a int)');
    await client.query('begin');
    await client.query('insert into t values ($1)', [1]);
    await client.query('savepoint s');
    const failed = await client.query('select 1/0').then(shape, failure);
    await client.query('rollback to s');
    await client.query('insert into t values ($1)', [2]);
    await client.query('commit');
    return [failed, shape(await client.query('select * from t'))];
  },

  'many queries at once, queued and pipelined': async (client) => {
    const asked = Array.from({ length: 50 }, (_, n) =>
      client
        .query(n % 7 === 3 ? 'select 1/$1::int' : 'select $1::int as n', [n % 7 === 3 ? 0 : n])
        .then(shape, failure),
    );
    return Promise.all(asked);
  },

  'a cursor, read in parts, closed early': async (client) => {
    const cursor = client.query(new Cursor('select n from generate_series($1::int, 100) n', [1]));
    const first = await cursor.read(10);
    const second = await cursor.read(7);
    await cursor.close();
    return [first, second, shape(await client.query('select 1'))];
  },

  'a stream of rows': async (client) => {
    const stream = client.query(
      new QueryStream('select n, repeat(md5(n::text), 20) as t from generate_series(1, 3000) n', [], {
        batchSize: 100,
      }),
    );
    let rows = 0;
    let characters = 0;
    for await (const row of stream) {
      rows += 1;
      characters += (row as { t: string }).t.length;
    }
    return [rows, characters];
  },

  'notices and notifications': async (client) => {
    const seen: unknown[] = [];
    client.on('notice', (notice) => seen.push(notice.message));
    client.on('notification', ({ channel, payload }) => seen.push([channel, payload]));
    await client.query('listen c');
    await client.query("do $$ begin raise notice 'noticed'; end $$");
    await client.query("select pg_notify('c', $1)", ['payload']);
    return seen;
  },

  'a large value there and back': async (client) => {
    const text = 'abcdefgh'.repeat(500_000);
    const { rows } = await client.query('select $1::text as t, length($1::text) as n', [text]);
    return [rows[0].t === text, rows[0].n];
  },
};

describe('node-postgres works through the gateway as it does without', { timeout: 600_000 }, () => {
  let pair: Pair;
  before(async () => {
    pair = await startPair();
  });
  after(() => pair?.stop());

  for (const [name, work] of Object.entries(works)) {
    it(name, () => compare(work, {}));
    // A portal that stays open across round trips cannot be pipelined; the driver says so itself.
    if (!/cursor|stream/.test(name)) it(`${name}, with its pipeline`, () => compare(work, { pipeline: true }));
  }

  async function compare(work: Work, options: object): Promise<void> {
    const direct = await run(pair.postgres, work, options);
    assert.ok(JSON.stringify(direct).length > 2);
    assert.deepEqual(await run(pair.gateway, work, options), direct);
  }

  async function run(target: Target, work: Work, options: object): Promise<unknown> {
    await pair.admin.reset();
    const { host, port, user, password, database } = target;
    const client = new pg.Client({ host, port, user, password, database, ...options });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }
});

function shape(result: pg.QueryResult): unknown {
  const { command, rowCount, rows, fields } = result;
  return {
    command,
    rowCount,
    rows,
    fields: fields?.map(({ name, dataTypeID, format }) => ({ name, dataTypeID, format })),
  };
}

function failure(error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError)) throw error;
  const { message, code, detail, hint, position, severity, table, constraint, where, file, line, routine } = error;
  return { message, code, detail, hint, position, severity, table, constraint, where, file, line, routine };
}
