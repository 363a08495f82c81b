import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { catalogVersion } from '../../packages/gateway/src/net/catalog/catalog-fingerprint.ts';
import {
  type CatalogSession,
  catalogFingerprint,
  prepareCatalogSession,
  readCatalog,
} from '../../packages/gateway/src/net/catalog/read-catalog.ts';
import type { Catalog } from '../../packages/gateway/src/sql/catalog.ts';
import { type CatalogRows, indexCatalog } from '../../packages/gateway/src/sql/catalog-index.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { findBinaries } from '../support/postgres-binaries.ts';
import { inOwnSession, ownOptions, targetOf } from './own-session.fixture.ts';

const definitions = `
  CREATE SCHEMA app;
  CREATE TABLE app.customers (id int PRIMARY KEY, gone int, email text DEFAULT 'nobody', domain text GENERATED ALWAYS AS (split_part(email, '@', 2)) STORED);
  ALTER TABLE app.customers DROP COLUMN gone;
  SET search_path = app;
  CREATE VIEW contacts AS SELECT id, email FROM customers;
  CREATE MATERIALIZED VIEW snapshot AS SELECT email FROM contacts;
  CREATE TABLE audit (what text);
  CREATE RULE note AS ON DELETE TO customers DO ALSO INSERT INTO audit VALUES (old.email);
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
  CREATE TRIGGER touched BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION touch();
  CREATE TRIGGER asleep BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION touch();
  ALTER TABLE audit DISABLE TRIGGER asleep;
  CREATE TABLE events (at date) PARTITION BY RANGE (at);
  CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
  CREATE FUNCTION everybody(OUT id int, OUT email text) RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = app AS 'SELECT id, email FROM customers';
  CREATE FUNCTION counted() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM customers; END;
  CREATE FUNCTION checks(text) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN true; END';
  CREATE FUNCTION pg_catalog.sneaky() RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE FUNCTION same(text, text) RETURNS bool LANGUAGE sql AS 'SELECT true';
  CREATE OPERATOR === (LEFTARG = text, FUNCTION = same, RIGHTARG = text);

  CREATE DOMAIN plain_year AS int CHECK (value > 1900);
  CREATE DOMAIN nosy AS text CHECK (checks(value));
  CREATE TYPE nosy_pair AS (a int, b nosy);
  CREATE TYPE mood AS ENUM ('sad', 'ok');
  CREATE FUNCTION to_mood(int) RETURNS mood LANGUAGE sql AS 'SELECT ''ok''::mood';
  CREATE CAST (int AS mood) WITH FUNCTION to_mood(int);
  CREATE TYPE coin AS (cents int);
  CREATE FUNCTION of_coin(coin) RETURNS int LANGUAGE sql AS 'SELECT $1.cents';
  CREATE CAST (coin AS int) WITH FUNCTION of_coin(coin);
  CREATE FUNCTION minted() RETURNS coin LANGUAGE sql AS 'SELECT row(1)::app.coin';
  CREATE TABLE purse (id int, coin coin);
  CREATE FUNCTION greets(a text, b bool DEFAULT checks('x'), c text DEFAULT 'y') RETURNS text LANGUAGE sql AS 'SELECT $1';
  CREATE TABLE buyers (id int PRIMARY KEY);
  CREATE TABLE orders (buyer int REFERENCES buyers ON DELETE CASCADE, seller int REFERENCES buyers ON UPDATE CASCADE ON DELETE SET NULL,
    other int REFERENCES buyers);
  CREATE TABLE places (id int PRIMARY KEY) PARTITION BY RANGE (id);
  CREATE TABLE places_1 PARTITION OF places FOR VALUES FROM (1) TO (2);
  CREATE TABLE visits (place int REFERENCES places) PARTITION BY LIST (place);
  CREATE TABLE visits_1 PARTITION OF visits FOR VALUES IN (1);
  CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
  CREATE TABLE stamped (id int);
  CREATE TRIGGER before BEFORE INSERT OR UPDATE ON stamped FOR EACH ROW EXECUTE FUNCTION stamp();
  CREATE TRIGGER behind AFTER UPDATE ON stamped FOR EACH ROW EXECUTE FUNCTION touch();
  CREATE TRIGGER once BEFORE UPDATE ON stamped FOR EACH STATEMENT EXECUTE FUNCTION touch();
  CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
  CREATE TABLE guarded (id int CHECK (checks(id::text)), secret text);
  CREATE INDEX ON guarded (checks(secret));
  CREATE POLICY own ON guarded USING (secret === current_user);
  CREATE TABLE members (id int);
  CREATE POLICY told ON members USING (EXISTS (SELECT FROM customers c WHERE c.id = members.id)) WITH CHECK (id > 0);
  ALTER TABLE members ENABLE ROW LEVEL SECURITY;
  CREATE ROLE lowly LOGIN PASSWORD 'a password of the tests';
  ALTER ROLE lowly SET search_path = "evil, path";
  ALTER ROLE lowly SET quote_all_identifiers = on;
  ALTER ROLE lowly SET client_encoding = LATIN1;
  CREATE TABLE "Übermaß" ("Größe" int);
  CREATE TABLE keyed (a int, gone int, b text, c int4range, CONSTRAINT keyed_apart EXCLUDE USING gist (c WITH &&),
    CONSTRAINT partly EXCLUDE USING gist (c WITH &&) WHERE (a > 0), CONSTRAINT over EXCLUDE USING btree ((a + 1) WITH =));
  ALTER TABLE keyed DROP COLUMN gone, ADD PRIMARY KEY (b, a), ADD CONSTRAINT "Der Schlüssel" UNIQUE (b);
  CREATE UNIQUE INDEX no_constraint ON keyed (a);
  CREATE AGGREGATE plain_total(int) (sfunc = int4pl, stype = int);
  CREATE FUNCTION adds(int, int) RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE AGGREGATE odd_total(int) (sfunc = adds, stype = int, finalfunc = abs, combinefunc = int4pl,
    msfunc = int4pl, minvfunc = int4mi, mstype = int, mfinalfunc = adds, mfinalfunc_extra);
  CREATE AGGREGATE of_states(int) (sfunc = trim_array, stype = nosy[], initcond = '{}');
  CREATE SCHEMA closed;
  CREATE SCHEMA opened;
  GRANT USAGE ON SCHEMA opened TO PUBLIC;
  CREATE EVENT TRIGGER on_ddl ON ddl_command_end EXECUTE FUNCTION on_ddl();
  CREATE EVENT TRIGGER off ON sql_drop EXECUTE FUNCTION on_ddl();
  ALTER EVENT TRIGGER off DISABLE;
`;

for (const binaries of ['embedded', 'system'] as const) {
  const skip = findBinaries(binaries) === undefined ? `no ${binaries} Postgres here` : false;
  describe(`reading the catalog of the ${binaries} Postgres`, { skip, timeout: 600_000 }, () => {
    let server: Postgres;
    let admin: pg.Client;
    let rows: CatalogRows;
    let catalog: Catalog;

    const read = (role?: string): Promise<CatalogRows> =>
      inOwnSession(targetOf(server, role), ownOptions(server), async (session) =>
        readCatalog(await prepareCatalogSession(session)),
      );
    const version = async (session: CatalogSession): Promise<string> =>
      catalogVersion(await catalogFingerprint(session));
    const names = (oids: readonly number[] | undefined): readonly (string | undefined)[] | undefined =>
      oids?.map((oid) => catalog.function(oid)?.name ?? catalog.relation(oid)?.name);

    before(async () => {
      server = await startPostgres({ binaries });
      admin = new pg.Client({ ...server, ssl: false });
      await admin.connect();
      await admin.query(definitions);
      rows = await read('lowly');
      catalog = indexCatalog(rows);
    });
    after(async () => {
      await admin.end();
      await server.stop();
    });

    it('shows a role without any rights what a superuser sees', async () => {
      assert.deepEqual(rows, await read());
    });

    it('has columns in order, without dropped ones, and what they are made of', () => {
      const { columns, kind, rowType } = catalog.find('app', 'customers') ?? assert.fail();
      assert.equal(kind, 'table');
      assert.ok(Number(rowType) > 16_384);
      assert.deepEqual(
        columns.map(({ number, name, type }) => [number, name, type]),
        [
          [1, 'id', 23],
          [3, 'email', 25],
          [4, 'domain', 25],
        ],
      );
      assert.deepEqual(
        columns.map(({ generated }) => generated),
        [undefined, `'nobody'::text`, `split_part(email, '@'::text, 2)`],
      );
    });

    it('reads names in any alphabet, whatever encoding the role is set to', () => {
      assert.equal(catalog.find('app', 'Übermaß')?.columns[0]?.name, 'Größe');
    });

    it('has views with every name qualified', () => {
      const { definition } = catalog.find('app', 'contacts') ?? assert.fail();
      assert.match(definition ?? '', /FROM app\.customers/);
      const snapshot = catalog.find('app', 'snapshot');
      assert.equal(snapshot?.kind, 'materialized view');
      assert.match(snapshot?.definition ?? '', /FROM app\.contacts/);
      assert.match(catalog.find('pg_catalog', 'pg_stats')?.definition ?? '', /pg_statistic/);
      assert.match(catalog.find('information_schema', 'tables')?.definition ?? '', /pg_class/);
    });

    it('has rules, triggers that are on, and inheritance both ways', () => {
      const customers = catalog.find('app', 'customers');
      assert.match(customers?.rules.join() ?? '', /INSERT INTO app\.audit/);
      assert.deepEqual(names(customers?.triggers), ['touch']);
      assert.deepEqual(catalog.find('app', 'audit')?.triggers, []);
      const events = catalog.find('app', 'events');
      const partition = catalog.find('app', 'events_2026');
      assert.equal(events?.kind, 'partitioned table');
      assert.deepEqual([events?.children, events?.parents], [[partition?.oid], []]);
      assert.deepEqual([partition?.children, partition?.parents], [[], [events?.oid]]);
    });

    it('has TOAST tables, indexes and system catalogs', () => {
      const kinds = new Set([...catalog.relations].map(({ kind }) => kind));
      assert.ok(kinds.has('toast table') && kinds.has('index') && kinds.has('composite type'));
      const toast = [...catalog.relations].find(({ kind }) => kind === 'toast table');
      assert.deepEqual(
        toast?.columns.map(({ name }) => name),
        ['chunk_id', 'chunk_seq', 'chunk_data'],
      );
      assert.equal(catalog.find('pg_catalog', 'pg_authid')?.kind, 'table');
    });

    it('has functions, with the bodies of those that are somebody’s', () => {
      const [everybody] = catalog.functions('everybody');
      assert.deepEqual(
        { ...everybody, oid: 0, writtenBy: '' },
        {
          oid: 0,
          writtenBy: '',
          schema: 'app',
          name: 'everybody',
          kind: 'function',
          volatility: 'stable',
          language: 'sql',
          securityDefiner: true,
          body: 'SELECT id, email FROM customers',
          builtIn: false,
          returns: 2249,
          outputs: ['id', 'email'],
          settings: ['search_path=app'],
        },
      );
      assert.match(everybody?.writtenBy ?? '', /^\d+$/);
      assert.match(catalog.functions('counted')[0]?.body ?? '', /FROM app\.customers/);
      const [lower] = catalog.functions('lower');
      assert.deepEqual([lower?.builtIn, lower?.body, lower?.volatility], [true, undefined, 'immutable']);
      assert.equal(catalog.functions('count')[0]?.kind, 'aggregate');
    });

    it('does not take a function for built in because it stands in pg_catalog', () => {
      const [sneaky] = catalog.functions('sneaky');
      assert.deepEqual([sneaky?.schema, sneaky?.builtIn, sneaky?.body], ['pg_catalog', false, 'SELECT 1']);
    });

    it('has operators of somebody’s, and none of Postgres’s own', () => {
      assert.deepEqual(names(catalog.operators('===').map((operator) => operator.function)), ['same']);
      assert.deepEqual(catalog.operators('='), []);
      assert.equal(rows.operators.length, 1);
    });

    it('knows which types run somebody’s code, and what has them in it', () => {
      const running = ['nosy', '_nosy', 'nosy_pair', '_nosy_pair', 'mood', '_mood', 'coin'];
      assert.deepEqual(
        running.filter((name) => !catalog.typeRunsCode(name)),
        [],
      );
      // What is cast to and from is a type of Postgres's own as well, of which there are values everywhere.
      const harmless = ['text', 'numeric', 'json', 'int4', 'int4range', 'int8', 'audit', '_text', 'yes_or_no'];
      assert.deepEqual(harmless.filter(catalog.typeRunsCode), []);
    });

    it('knows what code types run, and when', () => {
      const code = (name: string): unknown => {
        const [{ from, to } = { from: [], to: [] }] = catalog.codeTypes(name);
        return [names(from), names(to)];
      };
      assert.deepEqual(code('nosy'), [[], ['checks']]);
      assert.deepEqual(code('nosy_pair'), [[], ['checks']]);
      assert.deepEqual(code('mood'), [[], ['to_mood']]);
      assert.deepEqual(code('coin'), [['of_coin'], []]);
      const [coin] = catalog.codeTypes('coin');
      assert.equal(catalog.codeType(coin?.oid ?? 0), coin);
    });

    it('knows tables and functions whose types run code', () => {
      assert.deepEqual(names(catalog.find('app', 'purse')?.attached), ['of_coin']);
      assert.deepEqual(names(catalog.functions('minted')[0]?.attached), ['of_coin']);
      assert.equal(catalog.functions('of_coin')[0]?.attached, undefined);
    });

    it('has what stands for arguments that are left out', () => {
      assert.deepEqual(catalog.functions('greets')[0]?.defaults, {
        expressions: `app.checks('x'::text), 'y'::text`,
        parameters: 3,
      });
      assert.equal(catalog.functions('checks')[0]?.defaults, undefined);
    });

    it('has conditions of row security, where that is on', () => {
      const told = catalog.find('app', 'members')?.policies ?? [];
      assert.deepEqual(
        told.map((condition) => condition.replace(/\s+/g, ' ')),
        ['(EXISTS ( SELECT FROM app.customers c WHERE (c.id = members.id)))', '(id > 0)'],
      );
      assert.equal(catalog.find('app', 'guarded')?.policies, undefined);
    });

    it('has foreign keys, those that only refuse among them', () => {
      const orders = catalog.find('app', 'orders')?.oid;
      const columns = ['id'];
      assert.deepEqual(catalog.find('app', 'buyers')?.referredBy, [
        { relation: orders, referring: ['buyer'], columns, onDelete: 'delete' },
        { relation: orders, referring: ['seller'], columns, onDelete: 'update', onUpdate: 'update' },
        { relation: orders, referring: ['other'], columns },
      ]);
      assert.equal(catalog.find('app', 'orders')?.referredBy, undefined);
    });

    it('has foreign keys of partitioned tables once, and to each partition', () => {
      const visits = catalog.find('app', 'visits')?.oid;
      const expected = [{ relation: visits, referring: ['place'], columns: ['id'] }];
      for (const name of ['places', 'places_1']) assert.deepEqual(catalog.find('app', name)?.referredBy, expected);
    });

    it('has the columns of keys, unique and exclusion constraints by name', () => {
      const { constraints = [] } = catalog.find('app', 'keyed') ?? assert.fail();
      assert.deepEqual(Object.fromEntries(constraints.map(({ name, columns }) => [name, columns])), {
        keyed_apart: [4],
        keyed_pkey: [3, 1],
        'Der Schlüssel': [3],
      });
      assert.deepEqual(catalog.find('app', 'buyers')?.constraints, [{ name: 'buyers_pkey', columns: [1] }]);
      assert.equal(catalog.find('app', 'audit')?.constraints, undefined);
      assert.equal(catalog.find('pg_catalog', 'pg_class')?.constraints, undefined);
    });

    it('has what aggregates are made of', () => {
      const parts = (name: string): readonly (string | undefined)[] | undefined =>
        names(catalog.functions(name)[0]?.madeOf)?.toSorted();
      assert.deepEqual(parts('plain_total'), ['int4pl']);
      assert.deepEqual(parts('odd_total'), ['abs', 'adds', 'int4mi', 'int4pl']);
      assert.deepEqual(names(catalog.functions('of_states')[0]?.attached), ['checks']);
      for (const name of ['sum', 'adds']) assert.equal(parts(name), undefined);
    });

    it('knows which schemas there are, and into which everybody may look', () => {
      const known = (name: string): unknown => [catalog.hasSchema(name), catalog.isOpen(name)];
      assert.deepEqual(known('closed'), [true, false]);
      assert.deepEqual(known('opened'), [true, true]);
      assert.deepEqual(known('nowhere'), [false, false]);
    });

    it('tells which triggers can change a row before it is updated', () => {
      assert.deepEqual(names(catalog.find('app', 'stamped')?.triggers), ['touch', 'stamp']);
      assert.deepEqual(names(catalog.find('app', 'stamped')?.beforeUpdate), ['stamp']);
      assert.equal(catalog.find('app', 'audit')?.beforeUpdate, undefined, 'it is off');
    });

    it('has event triggers that are on', () => {
      assert.deepEqual(names(catalog.eventTriggers), ['on_ddl']);
    });

    it('knows what code of somebody’s policies, constraints and indexes call', () => {
      assert.deepEqual([...(names(catalog.find('app', 'guarded')?.attached) ?? [])].sort(), ['checks', 'same']);
      assert.equal(catalog.find('app', 'audit')?.attached, undefined);
    });

    it('has a fingerprint that tells every change, and no other', async () => {
      await inOwnSession(targetOf(server), ownOptions(server), async (own) => {
        const session = await prepareCatalogSession(own);
        let last = await version(session);
        for (const change of [
          'CREATE TABLE app.more (a int)',
          'ALTER TABLE app.more RENAME COLUMN a TO b',
          'ALTER TABLE app.more ADD COLUMN c int',
          'ALTER TABLE app.more DROP COLUMN b',
          'ALTER TABLE app.more ALTER COLUMN c SET DEFAULT 2',
          'ALTER TABLE app.more ALTER COLUMN c SET DEFAULT 3',
          'ALTER TABLE app.more RENAME TO most',
          'CREATE OR REPLACE VIEW app.contacts AS SELECT id, lower(email) AS email FROM app.customers',
          `CREATE OR REPLACE FUNCTION app.counted() RETURNS bigint LANGUAGE sql AS 'SELECT 2::bigint'`,
          'ALTER FUNCTION app.counted() SET search_path = public',
          'ALTER TABLE app.audit ENABLE TRIGGER asleep',
          'ALTER TABLE app.most SET SCHEMA public',
          'DROP RULE note ON app.customers',
          'DROP CAST (int AS app.mood)',
          'DROP OPERATOR app.=== (text, text) CASCADE',
          'ALTER TABLE app.events DETACH PARTITION app.events_2026',
          'ALTER DOMAIN app.plain_year DROP CONSTRAINT plain_year_check',
          'ALTER SCHEMA app RENAME TO application',
          'DROP TABLE public.most',
          'ALTER EXTENSION plpgsql ADD FUNCTION application.counted()',
          'ALTER EXTENSION plpgsql DROP FUNCTION application.counted()',
          'ALTER LANGUAGE plpgsql RENAME TO plsql',
        ]) {
          await admin.query(change);
          const next = await version(session);
          assert.notEqual(next, last, change);
          last = next;
        }
        for (const other of [
          `INSERT INTO application.audit SELECT 'x' FROM generate_series(1, 1000)`,
          'ANALYZE application.audit',
          'VACUUM application.audit',
          'VACUUM pg_catalog.pg_class',
          'VACUUM FREEZE pg_catalog.pg_attribute',
        ]) {
          await admin.query(other);
          assert.equal(await version(session), last, other);
        }
        await admin.query('ALTER SCHEMA application RENAME TO app; ALTER LANGUAGE plsql RENAME TO plpgsql');
      });
    });

    it('does not wait for a transaction that has locked a relation, and has stand-ins for what cannot be told', async () => {
      await admin.query(
        'CREATE RULE kept AS ON DELETE TO app.customers DO ALSO INSERT INTO app.audit VALUES (old.email)',
      );
      await admin.query('BEGIN; LOCK TABLE app.customers IN ACCESS EXCLUSIVE MODE');
      const seen = await read('lowly');
      const without = indexCatalog(seen);
      assert.equal(without.find('app', 'contacts')?.definition, 'SELECT FROM app.customers');
      assert.deepEqual(without.find('app', 'customers')?.rules, ['not known']);
      assert.deepEqual(
        without.find('app', 'customers')?.columns.map(({ generated }) => generated),
        [undefined, '', 'ROW(id, email)'],
      );
      assert.match(without.find('app', 'snapshot')?.definition ?? '', /contacts/);
      assert.deepEqual(without.find('app', 'members')?.policies, ['', '']);
      await inOwnSession(targetOf(server), ownOptions(server), async (own) => {
        assert.notEqual(await version(await prepareCatalogSession(own)), seen.version);
      });
      await admin.query('ROLLBACK');
      const whole = await read('lowly');
      assert.match(indexCatalog(whole).find('app', 'contacts')?.definition ?? '', /customers/);
    });

    it('keeps no rows of it in the record', async () => {
      const options = ownOptions(server);
      await inOwnSession(targetOf(server), options, async (session) =>
        readCatalog(await prepareCatalogSession(session)),
      );
      const outcomes = options.recorder.entries.filter(({ type }) => type === 'outcome');
      assert.ok(outcomes.length > 10);
      assert.equal(
        options.recorder.entries.some(({ type }) => type === 'rows'),
        false,
      );
    });
  });
}
