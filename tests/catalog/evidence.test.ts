import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { type AskingSession, type Evidence, gatherEvidence } from '../../packages/gateway/src/net/evidence.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { findBinaries } from '../support/postgres-binaries.ts';
import { ownOptions, targetOf } from './own-session.fixture.ts';

for (const binaries of ['embedded', 'system'] as const) {
  const skip = findBinaries(binaries) === undefined ? `no ${binaries} Postgres here` : false;
  describe(`evidence from the ${binaries} Postgres`, { skip, timeout: 300_000 }, () => {
    let server: Postgres;
    let asking: pg.Client;
    let pid: number;

    const gather = (
      sql: string | readonly string[],
      parameters: readonly (string | null)[] = [],
      session: Partial<AskingSession> = {},
    ): Promise<Evidence> =>
      gatherEvidence(
        { sql: typeof sql === 'string' ? [sql] : sql, parameters, backendPid: pid },
        {
          ...ownOptions(server),
          target: targetOf(server, 'agent'),
          session: { searchPath: 'app', role: 'agent', calls: [], ...session },
          signal: new AbortController().signal,
        },
      );
    const count = async (): Promise<number> => {
      const { rows } = await asking.query('SELECT count(*)::int AS rows FROM app.orders');
      return rows[0]?.rows;
    };

    before(async () => {
      server = await startPostgres({ binaries });
      const admin = new pg.Client({ ...server, ssl: false });
      await admin.connect();
      await admin.query(`
        CREATE ROLE agent LOGIN PASSWORD 'a password of the tests'; CREATE ROLE reader; GRANT reader TO agent;
        CREATE SCHEMA app; GRANT USAGE ON SCHEMA app TO agent, reader;
        CREATE TABLE app.orders (id int PRIMARY KEY, state text);
        INSERT INTO app.orders SELECT n, 'open' FROM generate_series(1, 1000) n;
        GRANT SELECT, UPDATE, DELETE ON app.orders TO agent; GRANT SELECT ON app.orders TO reader;
      `);
      await admin.query('ANALYZE app.orders');
      await admin.end();
      asking = new pg.Client({ ...server, user: 'agent', ssl: false });
      await asking.connect();
      pid = (await asking.query('SELECT pg_backend_pid() AS pid')).rows[0]?.pid;
    });
    after(async () => {
      await asking.end();
      await server.stop();
    });

    it('is a plan and how many rows would change, and nothing runs', async () => {
      const evidence = await gather('DELETE FROM orders WHERE id <= $1', ['250']);
      assert.match(evidence.explain ?? '', /Delete on orders/);
      assert.ok((evidence.rows ?? 0) > 200 && (evidence.rows ?? 0) < 300);
      assert.equal(evidence.rowsAreEstimated, true);
      assert.equal(evidence.problem, undefined);
      assert.equal(await count(), 1000);
    });

    it('is put together from all statements of a Query', async () => {
      const evidence = await gather(['DELETE FROM orders WHERE true', `UPDATE orders SET state = 'x'`]);
      assert.equal(evidence.rows, 2000);
      assert.match(evidence.explain ?? '', /Delete.*Update/s);
    });

    it('never runs what comes with a statement, however its text ends or begins', async () => {
      for (const sql of [
        'SELECT 1; DELETE FROM app.orders',
        'SELECT 1; COMMIT; DELETE FROM app.orders; SELECT 1',
        'ANALYZE DELETE FROM app.orders',
        'ANALYZE VERBOSE DELETE FROM app.orders',
        '(ANALYZE) DELETE FROM app.orders',
        '/* x */ ) DELETE FROM app.orders',
        'DROP TABLE app.orders',
        'EXECUTE something',
      ]) {
        const evidence = await gather(sql);
        assert.match(evidence.problem ?? '', /did not explain/, sql);
        assert.equal(evidence.explain, undefined, sql);
      }
      assert.equal(await count(), 1000);
    });

    it('has the locks that the session holds, and who waits for them', async () => {
      await asking.query(`BEGIN; UPDATE app.orders SET state = 'held' WHERE id = 1`);
      const waiting = new pg.Client({ ...server, ssl: false });
      await waiting.connect();
      const waits = (await waiting.query('SELECT pg_backend_pid() AS pid')).rows[0]?.pid;
      const late = waiting.query('UPDATE app.orders SET state = state WHERE id = 1');
      let lines: readonly string[] = [];
      while (!lines.some((line) => line.includes('wait'))) lines = (await gather('SELECT 1')).locks ?? [];
      assert.equal(lines[0], `ExclusiveLock on its transaction; wait for it: ${waits}`);
      assert.ok(lines.includes('RowExclusiveLock on app.orders'));
      await asking.query('ROLLBACK');
      await late;
      await waiting.end();
    });

    it('does not wait for a lock that the session holds itself', async () => {
      const owner = new pg.Client({ ...server, ssl: false });
      await owner.connect();
      await owner.query('BEGIN; LOCK TABLE app.orders IN ACCESS EXCLUSIVE MODE');
      assert.match((await gather('DELETE FROM orders')).problem ?? '', /55P03/);
      await owner.end();
    });

    it('is gathered in the role that the session has taken', async () => {
      const denied = await gather('DELETE FROM orders', [], { role: 'reader' });
      // Rights are checked when a statement is run: the plan is shown to whoever asks.
      assert.match(denied.explain ?? denied.problem ?? '', /Delete on orders|42501/);
      assert.match((await gather('SELECT 1', [], { role: 'postgres' })).problem ?? '', /42501/);
    });

    it('says why there is no plan', async () => {
      const why = async (session: Partial<AskingSession>): Promise<string> =>
        (await gather('DELETE FROM orders', [], session)).problem ?? '';
      assert.match(await why({ calls: ['app.f'] }), /planning could run app\.f/);
      assert.match(await why({ searchPath: undefined }), /search_path/);
      assert.match(await why({ role: undefined }), /role/);
      assert.match((await gather(['SELECT 1', 'SELECT $1'], ['1'])).problem ?? '', /several/);
      assert.match((await gather(`SELECT '${'x'.repeat(10_000)}'`)).problem ?? '', /too long/);
      assert.match((await gather('DELETE FROM missing')).problem ?? '', /42P01/);
    });

    it('says so when Postgres cannot be reached', async () => {
      const signal = AbortSignal.abort();
      const session = { searchPath: 'app', role: 'agent', calls: [] };
      const about = { ...ownOptions(server), target: targetOf(server, 'agent'), session, signal };
      const evidence = await gatherEvidence({ sql: ['SELECT 1'], parameters: [], backendPid: pid }, about);
      assert.match(evidence.problem ?? '', /nothing could be found out/);
    });
  });
}
