import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import postgres from 'postgres';
import type { Admin } from '../support/admin.ts';
import { type Pair, startPair } from '../support/pair.ts';
import type { Target } from '../support/target.ts';

/** What programs do with postgres.js, which pipelines and prepares everything by itself. */
const works: { readonly [name: string]: (sql: postgres.Sql, admin: Admin) => Promise<unknown> } = {
  'queries with parameters, pipelined over several connections': async (sql) =>
    Promise.all(Array.from({ length: 60 }, (_, n) => sql`select ${n}::int as n, ${`t${n}`} as t`)),

  'inserts of many rows, and errors among them': async (sql) => {
    await sql`create table t (a int primary key, b text, c jsonb, d timestamptz)`;
    const rows = Array.from({ length: 100 }, (_, a) => ({
      a,
      b: a % 3 === 0 ? null : `b${a}`,
      c: sql.json({ a }),
      d: new Date(86_400_000 * a),
    }));
    await sql`insert into t ${sql(rows)}`;
    const clash = await sql`insert into t ${sql(rows.slice(0, 2))}`.catch((error) => [
      error.code,
      error.detail,
      error.table_name,
    ]);
    return [clash, await sql`select * from t where a in ${sql([1, 2, 99])} order by a`];
  },

  'transactions, committed and rolled back': async (sql) => {
    await sql`create table t (a int)`;
    await sql.begin(async (inside) => {
      await inside`insert into t values (1)`;
      await inside.savepoint((deeper) => deeper`select 1/0`).catch(() => {});
      await inside`insert into t values (2)`;
    });
    const failed = await sql
      .begin(async (inside) => {
        await inside`insert into t values (3)`;
        throw new Error('changed its mind');
      })
      .catch((error) => error.message);
    return [failed, await sql`select * from t order by a`];
  },

  'cursors, forEach, describe, simple and raw': async (sql) => {
    const parts: unknown[] = [];
    await sql`select n from generate_series(1, 25) n`.cursor(10, (rows) => void parts.push(rows.length));
    await sql`select n from generate_series(1, 3) n`.forEach((row) => void parts.push(row));
    const described = await sql`select ${1}::int8 as a, now() as b`.describe();
    const simple = await sql`select 1 as one; select 2 as two`.simple();
    const raw = await sql`select 'raw' as raw`.raw();
    return [parts, described.types, described.columns.map(({ name, type }) => [name, type]), simple, raw.map(String)];
  },

  'COPY in and out as streams': async (sql) => {
    await sql`create table t (a int, b text)`;
    const into = await sql`copy t from stdin`.writable();
    for (let n = 0; n < 2000; n += 1) into.write(`${n}\t${'x'.repeat(50)}\n`);
    into.end();
    await once(into, 'finish');
    let bytes = 0;
    for await (const chunk of await sql`copy (select * from t order by a) to stdout`.readable()) bytes += chunk.length;
    return [bytes, await sql`select count(*), sum(a) from t`];
  },

  'listen and notify': async (sql) => {
    const heard = Promise.withResolvers<string>();
    const listening = await sql.listen('channel', heard.resolve);
    await sql.notify('channel', 'the payload');
    const payload = await heard.promise;
    await listening.unlisten();
    return payload;
  },

  'a query that is cancelled': async (sql, admin) => {
    const query = sql`select pg_sleep(60), 'to be cancelled'`;
    const ended = query.execute().catch((error) => error.code);
    await admin.waitFor("select count(*) = 1 from pg_stat_activity where wait_event = 'PgSleep'");
    query.cancel();
    return ended;
  },
};

describe('postgres.js works through the gateway as it does without', { timeout: 300_000 }, () => {
  let pair: Pair;
  before(async () => {
    pair = await startPair();
  });
  after(() => pair?.stop());

  for (const [name, work] of Object.entries(works)) {
    it(name, async () => {
      const run = async (target: Target): Promise<unknown> => {
        await pair.admin.reset();
        const { host, port, user, password, database } = target;
        const sql = postgres({ host, port, user, password, database, max: 4, ssl: false, onnotice: () => {} });
        try {
          return JSON.parse(JSON.stringify(await work(sql, pair.admin)));
        } finally {
          await sql.end();
        }
      };
      const direct = await run(pair.postgres);
      assert.ok(JSON.stringify(direct).length > 2);
      assert.deepEqual(await run(pair.gateway), direct);
    });
  }
});
