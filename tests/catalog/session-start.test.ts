import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { SessionSettings } from '../../packages/gateway/src/session/session-settings.ts';
import {
  readSessionStart,
  type SessionStart,
  sessionStartQuery,
} from '../../packages/gateway/src/session/session-start.ts';
import type { Effect } from '../../packages/gateway/src/sql/analysis.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { findBinaries } from '../support/postgres-binaries.ts';

const begun = async (client: pg.Client): Promise<SessionStart> => {
  const { rows } = await client.query({ text: sessionStartQuery, rowMode: 'array' });
  return readSessionStart(rows[0]?.[0]);
};
const path = (value: string, local = false): Effect => ({ type: 'set', name: 'search_path', value, local });
const transaction = (does: Extract<Effect, { type: 'transaction' }>['does']): Effect => ({ type: 'transaction', does });

/** Statements, each with what it does and the status behind it. */
const conversation: readonly (readonly [string, readonly Effect[], string])[] = [
  ['SET search_path = b, "$user", public', [path('b, "$user", public')], 'I'],
  ['SET ROLE "Ünder"', [{ type: 'set', name: 'role', value: 'Ünder', local: false }], 'I'],
  ['BEGIN', [transaction('begin')], 'T'],
  ['SET LOCAL search_path = "Größe, klein", pg_temp', [path('"Größe, klein", pg_temp', true)], 'T'],
  ['SAVEPOINT s', [transaction('savepoint')], 'T'],
  ['SET search_path = b', [path('b')], 'T'],
  ['ROLLBACK TO s', [transaction('rollback to')], 'T'],
  ['COMMIT', [transaction('commit')], 'I'],
  ['RESET ROLE', [{ type: 'set', name: 'role', value: 'none', local: false }], 'I'],
  ['BEGIN', [transaction('begin')], 'T'],
  ['SET search_path = public, pg_catalog', [path('public, pg_catalog')], 'T'],
  ['ROLLBACK', [transaction('rollback')], 'I'],
  [`SET search_path = ''`, [path('""')], 'I'],
  ['RESET ALL', [{ type: 'reset all' }], 'I'],
];

for (const binaries of ['embedded', 'system'] as const) {
  const skip = findBinaries(binaries) === undefined ? `no ${binaries} Postgres here` : false;
  describe(`how a session of the ${binaries} Postgres begins and goes on`, { skip, timeout: 300_000 }, () => {
    let server: Postgres;
    const connect = async (options?: string): Promise<pg.Client> => {
      const client = new pg.Client({ ...server, ssl: false, ...(options === undefined ? {} : { options }) });
      await client.connect();
      return client;
    };

    before(async () => {
      server = await startPostgres({ binaries });
      const admin = await connect();
      await admin.query(`
        CREATE SCHEMA b; CREATE SCHEMA "Größe, klein"; CREATE SCHEMA evil;
        CREATE ROLE "Ünder" SUPERUSER; CREATE SCHEMA "Ünder"; CREATE SCHEMA postgres;
        CREATE FUNCTION evil.same(text, text) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RAISE ''called''; END';
        CREATE FUNCTION evil.same(int, int) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RAISE ''called''; END';
        CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.same);
        CREATE OPERATOR evil.= (LEFTARG = int, RIGHTARG = int, FUNCTION = evil.same);
      `);
      await admin.end();
    });
    after(() => server.stop());

    it('is told with the settings that are the session’s own', async () => {
      const client = await connect('-c search_path=b,\\ "x\\ y" -c DateStyle=German -c client_encoding=LATIN1');
      const start = await begun(client);
      assert.equal(start.searchPath, 'b, "x y"');
      assert.deepEqual([start.user, start.role, start.standardConformingStrings], ['postgres', 'postgres', true]);
      assert.equal(start.settings['datestyle'], 'German, DMY');
      assert.equal(start.settings['shared_buffers'], undefined);
      await client.end();
    });

    it('calls nothing of somebody’s', async () => {
      const client = await connect('-c search_path=evil,pg_catalog');
      await assert.rejects(client.query(`SELECT 'a'::text = 'b'::text`), /called/);
      assert.equal((await begun(client)).searchPath, 'evil,pg_catalog');
      await client.end();
    });

    it('knows the schema of its temporary tables before there are any', async () => {
      const clients = await Promise.all([connect(), connect(), connect()]);
      for (const client of clients) {
        const { temporarySchema } = await begun(client);
        await client.query('CREATE TEMPORARY TABLE t (a int)');
        const { rows } = await client.query(
          'SELECT relnamespace::regnamespace::text AS is FROM pg_class WHERE oid = $1::regclass',
          ['t'],
        );
        assert.equal(temporarySchema, rows[0]?.is);
      }
      for (const client of clients) await client.end();
    });

    it('has the schemas that Postgres itself looks in, whatever is set and undone', async () => {
      const client = await connect();
      const settings = new SessionSettings({ start: await begun(client), parameters: new Map(), salt: '' });
      await client.query('CREATE TEMPORARY TABLE t (a int)');
      const { rows } = await client.query('SELECT nspname::text FROM pg_namespace');
      const existing = new Set(rows.map(({ nspname }) => nspname));
      for (const [sql, effects, status] of conversation) {
        await client.query(sql);
        for (const effect of effects) settings.apply(effect);
        settings.ready(status);
        const schemas = await client.query('SELECT pg_catalog.current_schemas(true)::text[] AS are');
        assert.deepEqual(
          settings.searchPath?.filter((schema) => existing.has(schema)),
          schemas.rows[0]?.are,
          sql,
        );
      }
      await client.end();
    });
  });
}
