import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { CatalogReader } from '../../packages/gateway/src/net/catalog/catalog-reader.ts';
import {
  type CatalogSession,
  prepareCatalogSession,
  readCatalog,
} from '../../packages/gateway/src/net/catalog/read-catalog.ts';
import type { Catalog } from '../../packages/gateway/src/sql/catalog.ts';
import type { CatalogRows } from '../../packages/gateway/src/sql/catalog-index.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { findBinaries } from '../support/postgres-binaries.ts';
import { inOwnSession, ownOptions, targetOf } from './own-session.fixture.ts';

/** What anybody may do who has a database. */
const ofOwners = [
  'CREATE TABLE app.orders (id int PRIMARY KEY, buyer text, total numeric DEFAULT 0)',
  'ALTER TABLE app.orders ADD COLUMN note text',
  'ALTER TABLE app.orders RENAME COLUMN note TO remark',
  'ALTER TABLE app.orders DROP COLUMN remark',
  'ALTER TABLE app.orders ALTER COLUMN total SET DEFAULT 1',
  'ALTER TABLE app.orders ADD COLUMN vat numeric GENERATED ALWAYS AS (total * 0.2) STORED',
  'CREATE TEMPORARY TABLE passing (id int)',
  'DROP TABLE passing',
  'CREATE VIEW app.buyers AS SELECT DISTINCT o.buyer AS who FROM app.orders o WHERE o.total > 0',
  'CREATE VIEW app.many AS SELECT who FROM app.buyers',
  'CREATE MATERIALIZED VIEW app.kept AS SELECT count(*) FROM app.many',
  'CREATE OR REPLACE VIEW app.buyers AS SELECT o.buyer AS who, o.id FROM app.orders o',
  // How what depends on them is shown changes with names.
  'ALTER TABLE app.orders RENAME COLUMN buyer TO customer',
  'ALTER TABLE app.orders RENAME TO purchases',
  'ALTER VIEW app.buyers RENAME TO customers',
  'ALTER SCHEMA app RENAME TO shop',
  'ALTER SCHEMA shop RENAME TO app',
  `CREATE FUNCTION app.rate() RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT 0.2'`,
  'CREATE VIEW app.taxed AS SELECT id, total * app.rate() AS tax FROM app.purchases',
  'ALTER TABLE app.purchases ALTER COLUMN total SET DEFAULT app.rate()',
  'ALTER FUNCTION app.rate() RENAME TO tax_rate',
  `CREATE OR REPLACE FUNCTION app.tax_rate() RETURNS numeric LANGUAGE plpgsql AS 'BEGIN RETURN 0.3; END'`,
  'ALTER FUNCTION app.tax_rate() SET search_path = app',
  'ALTER FUNCTION app.tax_rate() STABLE SECURITY DEFINER',
  `CREATE FUNCTION app.greet(a text, b text DEFAULT upper('x')) RETURNS text LANGUAGE sql AS 'SELECT $1'`,
  `CREATE FUNCTION app.lower(text) RETURNS text LANGUAGE sql AS 'SELECT $1'`,
  `CREATE FUNCTION app.checks(text) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN true; END'`,
  'ALTER TABLE app.purchases ADD CHECK (app.checks(customer))',
  'CREATE INDEX dear ON app.purchases (app.checks(customer))',
  'CREATE STATISTICS app.numbers ON id, customer FROM app.purchases',
  'CREATE POLICY own ON app.purchases USING (app.checks(customer))',
  'ALTER POLICY own ON app.purchases USING (true)',
  'DROP INDEX app.dear',
  `CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'`,
  'CREATE TRIGGER touched BEFORE UPDATE ON app.purchases FOR EACH ROW EXECUTE FUNCTION app.touch()',
  'ALTER TABLE app.purchases DISABLE TRIGGER touched',
  'CREATE RULE noted AS ON DELETE TO app.purchases DO ALSO SELECT old.customer',
  'CREATE RULE also AS ON DELETE TO app.purchases DO ALSO SELECT 1',
  'ALTER TABLE app.purchases DISABLE RULE also',
  'CREATE TABLE app.events (at date, what text) PARTITION BY RANGE (at)',
  `CREATE TABLE app.late PARTITION OF app.events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')`,
  'ALTER TABLE app.events DETACH PARTITION app.late',
  'CREATE TABLE app.lines (purchase int REFERENCES app.purchases ON DELETE CASCADE)',
  'ALTER TABLE app.purchases RENAME COLUMN id TO number',
  'ALTER TABLE app.purchases ADD CONSTRAINT dear UNIQUE (total, customer)',
  'ALTER TABLE app.purchases RENAME CONSTRAINT dear TO dearer',
  'CREATE UNIQUE INDEX dearest ON app.purchases (total, customer)',
  'ALTER TABLE app.purchases ADD CONSTRAINT dearest UNIQUE USING INDEX dearest',
  'ALTER TABLE app.purchases DROP CONSTRAINT dearest',
  'ALTER TABLE app.purchases DROP CONSTRAINT dearer',
  'CREATE AGGREGATE app.summed(numeric) (sfunc = numeric_add, stype = numeric)',
  'CREATE OR REPLACE AGGREGATE app.summed(numeric) (sfunc = numeric_mul, stype = numeric)',
  `CREATE FUNCTION app.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'`,
  'CREATE EVENT TRIGGER watching ON ddl_command_end EXECUTE FUNCTION app.on_ddl()',
  'ALTER EVENT TRIGGER watching DISABLE',
  `CREATE TYPE app.mood AS ENUM ('sad', 'ok')`,
  `CREATE VIEW app.moods AS SELECT 'ok'::app.mood AS mood`,
  `ALTER TYPE app.mood RENAME VALUE 'ok' TO 'fine'`,
  'ALTER TYPE app.mood RENAME TO temper',
  `CREATE FUNCTION app.to_temper(int) RETURNS app.temper LANGUAGE sql AS 'SELECT ''sad''::app.temper'`,
  'CREATE CAST (int AS app.temper) WITH FUNCTION app.to_temper(int)',
  'CREATE TABLE app.tempers (id int, temper app.temper)',
  'DROP CAST (int AS app.temper)',
  'CREATE DOMAIN app.word AS text CHECK (app.checks(value))',
  'CREATE TYPE app.pair AS (one app.word, two int)',
  'ALTER DOMAIN app.word RENAME TO words',
  `CREATE FUNCTION app.same(text, text) RETURNS bool LANGUAGE sql AS 'SELECT $1 = $2'`,
  'CREATE OPERATOR app.=== (LEFTARG = text, FUNCTION = app.same, RIGHTARG = text)',
  `CREATE VIEW app.equal AS SELECT customer OPERATOR(app.===) 'x' AS same FROM app.purchases`,
  `CREATE FUNCTION app.hash(text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 1; END'`,
  'CREATE OPERATOR CLASS app.by_hash FOR TYPE text USING hash AS OPERATOR 1 app.===, FUNCTION 1 app.hash(text)',
  'CREATE OPERATOR app.==== (LEFTARG = text, FUNCTION = app.same, RIGHTARG = text)',
  'CREATE INDEX hashed ON app.purchases USING hash (customer app.by_hash)',
  'DROP OPERATOR CLASS app.by_hash USING hash CASCADE',
  `CREATE COLLATION app.plain (provider = libc, locale = 'C')`,
  'CREATE VIEW app.sorted AS SELECT customer COLLATE app.plain AS customer FROM app.purchases',
  'ALTER COLLATION app.plain RENAME TO simple',
  'CREATE TEXT SEARCH CONFIGURATION app.words (COPY = pg_catalog.simple)',
  `CREATE VIEW app.searched AS SELECT to_tsvector('app.words'::regconfig, customer) AS words FROM app.purchases`,
  'ALTER TEXT SEARCH CONFIGURATION app.words RENAME TO english',
  'CREATE SCHEMA other',
  'GRANT USAGE ON SCHEMA other TO PUBLIC',
  'ALTER TABLE app.purchases SET SCHEMA other',
  'GRANT USAGE ON SCHEMA public TO PUBLIC',
  'TRUNCATE other.purchases CASCADE',
  'DROP SCHEMA other CASCADE',
];

/** What only superusers may do to what comes with Postgres, and what changes with that from then on. */
const ofSuperusers = [
  `CREATE FUNCTION pg_catalog.sneaky() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
  'DROP FUNCTION pg_catalog.sneaky()',
  'CREATE EXTENSION IF NOT EXISTS citext SCHEMA app',
  'ALTER EXTENSION citext DROP OPERATOR app.=(app.citext, app.citext)',
  'ALTER LANGUAGE plpgsql RENAME TO plsql',
  'ALTER LANGUAGE plsql RENAME TO plpgsql',
  'GRANT EXECUTE ON FUNCTION pg_catalog.pi() TO PUBLIC',
  'ALTER FUNCTION pg_catalog.pi() VOLATILE',
  `CREATE OR REPLACE FUNCTION pg_catalog.pi() RETURNS float8 LANGUAGE plpgsql AS 'BEGIN RETURN 3; END'`,
  `UPDATE pg_catalog.pg_proc SET prosrc = 'BEGIN RETURN 4; END' WHERE oid = 'pg_catalog.pi()'::regprocedure`,
  'ALTER FUNCTION pg_catalog.pi() SET SCHEMA app',
  'ALTER SCHEMA app RENAME TO shop',
  'ALTER SCHEMA shop RENAME TO app',
  'ALTER FUNCTION app.pi() SET SCHEMA pg_catalog',
  `CREATE FUNCTION app.to_text(money) RETURNS text LANGUAGE sql AS 'SELECT ''x''::text'`,
  'CREATE CAST (money AS text) WITH FUNCTION app.to_text(money)',
  'ALTER VIEW information_schema.sequences RENAME TO series',
  'ALTER TABLE information_schema.sql_parts RENAME COLUMN comments TO remarks',
  'CREATE TABLE app.parts () INHERITS (information_schema.sql_parts)',
  'CREATE POLICY own ON information_schema.sql_parts USING (app.checks(feature_id))',
  'CREATE TRIGGER touched BEFORE UPDATE ON information_schema.sql_parts FOR EACH ROW EXECUTE FUNCTION app.touch()',
  'ALTER TABLE information_schema.sql_parts ADD PRIMARY KEY (feature_id)',
  'CREATE TABLE app.features (id text REFERENCES information_schema.sql_parts ON DELETE CASCADE)',
  'DROP TABLE app.features, app.parts',
  'DROP TRIGGER touched ON information_schema.sql_parts',
  'CREATE TRIGGER touched BEFORE UPDATE ON pg_catalog.pg_description FOR EACH ROW EXECUTE FUNCTION app.touch()',
  'DROP TRIGGER touched ON pg_catalog.pg_description',
  'ALTER DOMAIN information_schema.yes_or_no ADD CHECK (app.checks(value))',
  `CREATE FUNCTION app.nothing() RETURNS text LANGUAGE sql AS 'SELECT ''x''::text'`,
  'ALTER TABLE information_schema.sql_parts ADD COLUMN more text DEFAULT app.nothing()',
  'ALTER FUNCTION app.nothing() RENAME TO something',
  'ALTER TABLE information_schema.sql_parts DROP COLUMN more',
  'CREATE TABLE app.seen (name text)',
  `CREATE RULE seen AS ON UPDATE TO information_schema.series DO INSTEAD INSERT INTO app.seen VALUES ('x')`,
  'ALTER TABLE app.seen RENAME TO noted',
  'DROP RULE seen ON information_schema.series',
  `CREATE OR REPLACE VIEW information_schema.information_schema_catalog_name AS
    SELECT name::information_schema.sql_identifier AS catalog_name FROM app.noted`,
  'ALTER TABLE app.noted RENAME COLUMN name TO title',
  'ALTER OPERATOR pg_catalog.<> (int4, int4) SET SCHEMA app',
  'ALTER SCHEMA app RENAME TO shop',
  'ALTER SCHEMA information_schema RENAME TO info',
  'VACUUM FULL pg_catalog.pg_class',
  'VACUUM FULL pg_catalog.pg_proc',
  `UPDATE pg_catalog.pg_class SET relname = 'pg_keywords' WHERE oid = 'pg_catalog.pg_timezone_names'::regclass`,
  'DROP SCHEMA public CASCADE',
  'DROP SCHEMA info CASCADE',
  'CREATE SCHEMA public',
];

for (const binaries of ['embedded', 'system'] as const) {
  const skip = findBinaries(binaries) === undefined ? `no ${binaries} Postgres here` : false;
  describe(`a catalog of the ${binaries} Postgres that is read again and again`, { skip, timeout: 900_000 }, () => {
    let server: Postgres;
    let admin: pg.Client;

    before(async () => {
      server = await startPostgres({ binaries });
      admin = new pg.Client({ ...server, ssl: false });
      await admin.connect();
      await admin.query(`SET allow_system_table_mods = on; SET client_min_messages = error; CREATE SCHEMA app`);
    });
    after(async () => {
      await admin.end();
      await server.stop();
    });

    /** Lets `work` use a session, and says how often all of Postgres's own part was read in it. */
    const inSession = async (
      work: (session: CatalogSession, systemReadings: () => number) => Promise<void>,
    ): Promise<void> => {
      const options = ownOptions(server);
      const systemReadings = (): number =>
        options.recorder.entries.filter(
          (entry) => entry.type === 'statement' && Buffer.from(entry.sql ?? []).includes('EXECUTE system_relations'),
        ).length;
      await inOwnSession(targetOf(server), options, async (own) =>
        work(await prepareCatalogSession(own), systemReadings),
      );
    };
    it('is what a reading of everything says, after every change of an owner, and Postgres’s own part is read once', async () => {
      await inSession(async (session, systemReadings) => {
        await inSession(async (other) => {
          const reader = new CatalogReader(session);
          const seen = new Seen();
          seen.same(await reader.read(), await readCatalog(other), 'at first');
          for (const change of ofOwners) {
            const before = await reader.read();
            await admin.query(change);
            const after = await reader.read();
            seen.same(after, await readCatalog(other), change);
            assert.notEqual(after.version, before.version, change);
          }
          assert.equal(systemReadings(), 1);
        });
      });
    });

    it('is the same value as long as nothing changes', async () => {
      await inSession(async (session) => {
        const reader = new CatalogReader(session);
        const catalog = await reader.read();
        await admin.query('CREATE TABLE app.rolled_back (id int); DROP TABLE app.rolled_back');
        await admin.query('ANALYZE pg_catalog.pg_class');
        assert.equal(await reader.read(), catalog);
      });
    });

    it('has what Postgres’s own part says in full, once nobody has locked anything of it', async () => {
      await inSession(async (session) => {
        const reader = new CatalogReader(session);
        const views = (catalog: Catalog): string => catalog.find('information_schema', 'tables')?.definition ?? '';
        const lock = 'BEGIN; ALTER VIEW information_schema.tables SET (security_barrier = true)';
        await admin.query(lock);
        assert.equal(views(await reader.read()), 'SELECT');
        await admin.query('ROLLBACK');
        const told = views(await reader.read());
        assert.match(told, /table_catalog/);
        await admin.query(lock);
        const other = new pg.Client({ ...server, ssl: false });
        await other.connect();
        await other.query('CREATE TABLE app.meanwhile (id int)');
        await other.end();
        const catalog = await reader.read();
        assert.ok(catalog.find('app', 'meanwhile'));
        assert.equal(views(catalog), told);
        await admin.query('ROLLBACK');
      });
    });

    it('has what was changed of Postgres’s own part between the look and the reading', async () => {
      await inSession(async (session) => {
        let meanwhile: string | undefined;
        const fingerprint = async (): Promise<(string | null)[][]> => {
          const answer = await session.fingerprint();
          if (meanwhile !== undefined) await admin.query(meanwhile);
          return answer;
        };
        const reader = new CatalogReader({ ...session, fingerprint });
        await reader.read();
        await admin.query('CREATE TABLE app.one_more (id int)');
        meanwhile = 'ALTER FUNCTION pg_catalog.pi() SET search_path = app';
        const catalog = await reader.read();
        assert.deepEqual(catalog.functions('pi')[0]?.settings, ['search_path=app']);
        meanwhile = undefined;
        assert.equal(await reader.read(), catalog);
      });
    });

    it('is what a reading of everything says, after every change of what comes with Postgres', async () => {
      await inSession(async (session) => {
        await inSession(async (other) => {
          const reader = new CatalogReader(session);
          const seen = new Seen();
          for (const change of ofSuperusers) {
            await admin.query(change);
            seen.same(await reader.read(), await readCatalog(other), change);
          }
        });
      });
    });
  });
}

/** Compares a catalog with rows, by all OIDs and names that there have been. */
class Seen {
  readonly #oids = new Set<number>();
  readonly #names = new Set<string>();
  readonly #schemas = new Set<string>();

  same(catalog: Catalog, rows: CatalogRows, change: string): void {
    assert.equal(catalog.version, rows.version, change);
    for (const { oid } of [...rows.relations, ...rows.functions, ...rows.codeTypes]) this.#oids.add(oid);
    for (const { schema } of [...rows.relations, ...rows.functions]) this.#schemas.add(schema);
    for (const schema of [...rows.openSchemas, ...(rows.closedSchemas ?? [])]) this.#schemas.add(schema);
    for (const { name } of [...rows.relations, ...rows.functions, ...rows.operators, ...rows.codeTypes]) {
      this.#names.add(name);
    }
    equal([...catalog.relations], rows.relations, change);
    for (const [lookUp, expected] of [
      [catalog.relation, rows.relations],
      [catalog.function, rows.functions],
      [catalog.codeType, rows.codeTypes],
    ] as const) {
      equal(
        Array.from(this.#oids).flatMap((oid) => lookUp(oid) ?? []),
        expected,
        change,
      );
    }
    for (const [lookUp, expected] of [
      [catalog.named, rows.relations],
      [catalog.functions, rows.functions],
      [catalog.operators, rows.operators],
      [catalog.codeTypes, rows.codeTypes],
    ] as const) {
      equal(Array.from(this.#names).flatMap<object>(lookUp), expected, change);
    }
    const open = Array.from(this.#schemas).filter(catalog.isOpen);
    assert.deepEqual(open.sort(), rows.openSchemas.toSorted(), change);
    const present = Array.from(this.#schemas).filter(catalog.hasSchema);
    assert.deepEqual(present.sort(), [...rows.openSchemas, ...(rows.closedSchemas ?? [])].sort(), change);
    assert.deepEqual([...catalog.eventTriggers].sort(), (rows.eventTriggers ?? []).toSorted(), change);
  }
}

/** In any order. */
function equal(actual: readonly object[], expected: readonly object[], change: string): void {
  const has = new Set(actual.map(told));
  if (actual.length === expected.length && expected.every((value) => has.has(told(value)))) return;
  assert.deepEqual(actual.map(told).sort(), expected.map(told).sort(), change);
}

const texts = new WeakMap<object, string>();

function told(value: object): string {
  const text = texts.get(value) ?? JSON.stringify(value);
  texts.set(value, text);
  return text;
}
