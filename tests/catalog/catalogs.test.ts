import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { Termination } from '../../packages/gateway/src/errors.ts';
import { Catalogs, type CatalogsOptions, type CatalogView } from '../../packages/gateway/src/net/catalog/catalogs.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { type MemoryRecorder, ownOptions, targetOf } from './own-session.fixture.ts';

/** Whether the catalog that a view shows has a table. */
function knows(view: CatalogView | undefined, table: string): boolean {
  return view?.current?.find('public', table) !== undefined;
}

interface Setting extends CatalogsOptions {
  readonly recorder: MemoryRecorder;
  readonly logged: string[];
  /** Moves the clock. */
  pass(us: number): void;
  /** How many entries of a type there are. */
  count(type: string): number;
}

function settingFor(server: Postgres): Setting {
  const options = ownOptions(server);
  const { clock, recorder } = options;
  let passed = 0;
  const logged: string[] = [];
  return {
    ...options,
    clock: { wallUs: () => clock.wallUs(), monotonicUs: () => clock.monotonicUs() + passed },
    log: (message) => logged.push(message),
    logged,
    pass: (us) => {
      passed += us;
    },
    count: (type) => recorder.entries.filter((entry) => entry.type === type).length,
  };
}

describe('catalogs that sessions use', { timeout: 300_000 }, () => {
  let server: Postgres;
  let admin: pg.Client;

  const administer = async (): Promise<void> => {
    admin = new pg.Client({ ...server, ssl: false });
    admin.on('error', () => {});
    await admin.connect();
  };

  before(async () => {
    server = await startPostgres();
    await administer();
    await admin.query('CREATE TABLE orders (id int)');
    await admin.query('CREATE DATABASE other');
  });
  after(async () => {
    await admin.end();
    await server.stop();
  });

  it('are one for each database, read in one session', async () => {
    const setting = settingFor(server);
    const catalogs = new Catalogs(setting);
    const [one, same, other] = [targetOf(server), targetOf(server), targetOf(server, 'postgres', 'other')].map(
      (target) => catalogs.of(target),
    );
    assert.equal(one?.current, undefined);
    await Promise.all([one?.ready(), same?.ready(), other?.ready()]);
    assert.ok(knows(one, 'orders'));
    assert.equal(same?.current, one?.current);
    assert.notEqual(other?.current, undefined);
    assert.equal(knows(other, 'orders'), false);
    assert.equal(setting.count('session_opened'), 2);
    await catalogs.close();
    assert.equal(setting.count('session_closed'), 2);
  });

  it('show what was changed before a refresh', async () => {
    const catalogs = new Catalogs(settingFor(server));
    const view = catalogs.of(targetOf(server));
    await view.ready();
    const before = view.current;
    await view.refresh();
    assert.equal(view.current, before);
    for (const name of ['one', 'two', 'three']) {
      await admin.query(`CREATE TABLE made_${name} (id int)`);
      await view.refresh();
      assert.ok(knows(view, `made_${name}`), name);
    }
    await catalogs.close();
  });

  it('are checked once for everybody who waits, and again for who comes while that is under way', async () => {
    const setting = settingFor(server);
    const catalogs = new Catalogs(setting);
    const view = catalogs.of(targetOf(server));
    await view.ready();
    const checked = setting.count('outcome');
    await Promise.all(Array.from({ length: 50 }, () => view.refresh()));
    assert.ok(setting.count('outcome') - checked <= 2);
    const first = view.refresh();
    await admin.query('CREATE TABLE meanwhile (id int)');
    await Promise.all([first, view.refresh()]);
    assert.ok(knows(view, 'meanwhile'));
    await catalogs.close();
  });

  it('have the text of a check on the record once, however often they are checked', async () => {
    const setting = settingFor(server);
    const catalogs = new Catalogs(setting);
    const view = catalogs.of(targetOf(server));
    await view.ready();
    for (let check = 0; check < 3; check += 1) await view.refresh();
    await catalogs.close();
    const { entries } = setting.recorder;
    const statements = entries.filter((entry) => entry.type === 'statement');
    const checks = statements.filter(({ statementName }) => statementName !== undefined);
    // The first, and those that were asked for.
    assert.equal(checks.length, 4);
    assert.equal(checks.filter(({ sql }) => sql !== undefined).length, 1);
    assert.deepEqual(new Set(checks.slice(1).map(({ sqlOf }) => sqlOf)), new Set([checks[0]?.n]));
    for (const { n } of checks) {
      const outcome = entries.find((entry) => entry.type === 'outcome' && entry.of === n);
      assert.equal(outcome?.type === 'outcome' && outcome.outcome, 'completed');
    }
  });

  it('go on when their session is ended', async () => {
    const setting = settingFor(server);
    const catalogs = new Catalogs(setting);
    const view = catalogs.of(targetOf(server));
    await view.ready();
    await admin.query(
      `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name LIKE 'onrecord %'`,
    );
    await admin.query('CREATE TABLE afterwards (id int)');
    await view.refresh();
    assert.ok(knows(view, 'afterwards'));
    assert.equal(setting.count('session_opened'), 2);
    await catalogs.close();
  });

  it('let their database be dropped when nobody uses them, and are not read anew when somebody does again', async () => {
    await admin.query('CREATE DATABASE passing');
    const setting = settingFor(server);
    const catalogs = new Catalogs(setting);
    const target = targetOf(server, 'postgres', 'passing');
    const readings = (): number =>
      setting.recorder.entries.filter(
        (entry) => entry.type === 'statement' && Buffer.from(entry.sql ?? []).includes('EXECUTE system_relations'),
      ).length;
    let before: unknown;
    for (let time = 0; time < 2; time += 1) {
      const view = catalogs.of(target);
      await view.ready();
      before ??= view.current;
      assert.equal(view.current, before);
      assert.equal(setting.count('session_opened'), time + 1);
      view.release();
      // Postgres waits for sessions to end, but not for long.
      await admin.query('ALTER DATABASE passing RENAME TO passed; ALTER DATABASE passed RENAME TO passing');
      assert.equal(view.current, undefined);
    }
    assert.equal(readings(), 1);
    await admin.query('DROP DATABASE passing');
    assert.deepEqual(setting.logged, []);
    await catalogs.close();
  });

  it('are not known any more when they were not looked at for a minute', async () => {
    const setting = settingFor(server);
    const catalogs = new Catalogs(setting);
    const view = catalogs.of(targetOf(server));
    await view.ready();
    setting.pass(60_500_000);
    assert.equal(view.current, undefined);
    await view.ready();
    assert.notEqual(view.current, undefined);
    await catalogs.close();
  });

  it('are not waited for when somebody holds a lock on a view', async () => {
    await admin.query('CREATE VIEW held AS SELECT id FROM orders');
    await admin.query('BEGIN; LOCK TABLE held IN ACCESS EXCLUSIVE MODE');
    const catalogs = new Catalogs(settingFor(server));
    const view = catalogs.of(targetOf(server));
    await view.ready();
    assert.equal(view.current?.find('public', 'held')?.definition, 'SELECT FROM public.orders');
    await admin.query('ROLLBACK');
    await view.refresh();
    assert.match(view.current?.find('public', 'held')?.definition ?? '', /SELECT\s+(?:orders\.)?id/);
    await catalogs.close();
  });

  it('turn a login away when they cannot be read, and are unknown when a refresh fails', async () => {
    const setting = settingFor(server);
    const catalogs = new Catalogs(setting);
    const view = catalogs.of(targetOf(server));
    await view.ready();
    await server.kill9();
    // Its backends go as soon as they notice.
    do await view.refresh();
    while (view.current !== undefined);
    await assert.rejects(view.ready(), (error) => error instanceof Termination && error.sqlstate === '57P03');
    assert.match(setting.logged.join(), /catalog of the connection "db" cannot be read/);
    await server.restart();
    await administer();
    // The server may still be starting.
    for (let ready = false; !ready; ) {
      ready = await view.ready().then(
        () => true,
        () => false,
      );
    }
    assert.ok(knows(view, 'orders'));
    await catalogs.close();
    await assert.rejects(
      view.refresh().then(() => view.ready()),
      Termination,
    );
  });
});
