import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { Admin } from '../support/admin.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { type BinariesKind, findBinaries } from '../support/postgres-binaries.ts';
import { findProgram, runToSuccess } from '../support/program.ts';
import { libpqEnvironment } from '../support/target.ts';
import { WireClient } from '../support/wire-client.ts';
import { gone, looks, passBy, stopWatching, Watching } from './watching.fixture.ts';

for (const kind of ['embedded', 'system'] satisfies BinariesKind[]) {
  const skip = findBinaries(kind) === undefined ? `no ${kind} Postgres` : false;
  describe(`the watch over a server (${kind})`, { skip, timeout: 600_000 }, () => {
    let server: Postgres;
    let admin: Admin;

    before(async () => {
      server = await startPostgres({ binaries: kind, settings: { wal_level: 'logical' } });
      admin = await Admin.login(server);
      await admin.query(
        `create role onrecord_watch login password 'watching'; grant pg_read_all_stats to onrecord_watch;
         create role mallory login password 'm'`,
      );
      await admin.query('create database other');
    });
    after(async () => {
      admin.close();
      await server.stop();
    });

    afterEach(stopWatching);

    /** A watch that has met the test's own session, whose count it need not guess: it came later. */
    async function watching(everyMs?: number): Promise<Watching> {
      admin.close();
      await gone(admin.pid);
      const watch = new Watching({ server, ...(everyMs === undefined ? {} : { everyMs }) });
      await watch.first('watch started');
      admin = await Admin.login(server);
      await watch.first('session seen', ({ pid }) => pid === admin.pid);
      return watch;
    }

    /** Waits until nobody is there but the watch and the test itself. */
    const alone = (): Promise<void> =>
      admin.waitFor("select count(*) = 2 from pg_stat_activity where backend_type = 'client backend'");

    it('sees a session that did not come through it, says who it is, and when it is gone', async () => {
      const watch = await watching();
      const mallory = await Admin.login({ ...server, user: 'mallory', password: 'm', database: 'other' });
      const seen = await watch.first('session seen', ({ user }) => user === 'mallory');
      const [[startedAt] = []] = await admin.query(
        `select (extract(epoch from backend_start) * 1000000)::bigint from pg_stat_activity where pid = ${mallory.pid}`,
      );
      assert.deepEqual(
        { ...seen, seenAt: 0 },
        {
          ...{ type: 'session seen', connection: 'db', pid: mallory.pid, startedAt: Number(startedAt), seenAt: 0 },
          ...{ user: 'mallory', database: 'other', address: '127.0.0.1', application: '', kind: 'client backend' },
        },
      );
      mallory.close();
      const ended = await watch.first('session ended', ({ pid }) => pid === mallory.pid);
      assert.equal(ended.startedAt, seen.startedAt);
    });

    it('sees psql over the Unix socket', { skip: findProgram('psql') === undefined && 'no psql' }, async () => {
      const watch = await watching();
      const env = { ...libpqEnvironment(server), PGHOST: server.socketDirectory, PGAPPNAME: 'by hand' };
      await runToSuccess('psql', ['-c', 'select pg_sleep(0.5)'], { env });
      const seen = await watch.first('session seen', ({ application }) => application === 'by hand');
      assert.equal(seen.address, 'local');
    });

    it('sees a walsender and says that it is one', async () => {
      const watch = await watching();
      const replica = await WireClient.login(server, { parameters: { replication: 'true', database: undefined } });
      const seen = await watch.first('session seen', ({ kind: seenKind }) => seenKind === 'walsender');
      assert.deepEqual([seen.pid, seen.database, seen.user], [replica.processId, '', 'postgres']);
      replica.destroy();
      await watch.first('session ended', ({ pid }) => pid === replica.processId);
      assert.equal(watch.unseen, 0);
    });

    it('counts each session that is over before it looks', async () => {
      const watch = await watching(1_000);
      const before = watch.events.length;
      for (let session = 0; session < 20; session += 1) await passBy(server);
      await alone();
      await looks(admin, 3);
      const seen = watch.all('session seen').filter((event) => watch.events.indexOf(event) >= before).length;
      assert.equal(seen + watch.unseen, 20);
      assert.ok(watch.unseen >= 10, `${watch.unseen} were over before they were seen`);
      const [first] = watch.all('sessions unseen');
      assert.equal(first?.database, 'postgres');
      assert.ok(first !== undefined && first.fromAt < first.untilAt);
    });

    it('takes none of hundreds of short sessions of ours for another', async () => {
      const watch = await watching(20);
      const before = watch.events.length;
      let opened = 0;
      const worker = async (): Promise<void> => {
        while (opened < 400) {
          opened += 1;
          const { socket } = await watch.open();
          await new Promise((resolve) =>
            socket
              .once('close', resolve)
              .end(Buffer.from([0x58, 0, 0, 0, 4]))
              .resume(),
          );
        }
      };
      await Promise.all(Array.from({ length: 12 }, worker));
      await looks(admin, 4);
      assert.deepEqual(watch.events.slice(before), []);
    });

    it('counts a short session among hundreds of ours', async () => {
      const watch = await watching(50);
      const before = watch.events.length;
      const ours = await Promise.all(Array.from({ length: 40 }, () => watch.open()));
      const short = Array.from({ length: 100 }, async (_, session) => {
        if (session % 10 === 0) return await passBy({ ...server, user: 'mallory', password: 'm' });
        const { socket } = await watch.open();
        socket.destroy();
      });
      await Promise.all(short);
      for (const { socket } of ours) socket.destroy();
      await alone();
      await looks(admin, 4);
      const seen = watch.events.slice(before).filter(({ type }) => type === 'session seen');
      assert.ok(
        seen.every((event) => 'user' in event && event.user === 'mallory'),
        'none of ours is reported',
      );
      assert.equal(seen.length + watch.unseen, 10);
    });

    it('does not count logins that fail, of ours or of others', async () => {
      const watch = await watching();
      const before = watch.events.length;
      await assert.rejects(watch.open('mallory', 'wrong'));
      await assert.rejects(passBy({ ...server, password: 'wrong' }));
      await assert.rejects(passBy({ ...server, database: 'nowhere' }));
      await looks(admin, 3);
      assert.deepEqual(watch.events.slice(before), []);
    });

    it('lets no dial that was turned away account for another session of its role', async () => {
      const watch = await watching();
      const before = watch.events.length;
      const blind = await Admin.login(server);
      await assert.rejects(watch.open(server.user, server.password, { DateStyle: 'none such' }));
      await looks(admin, 2);
      blind.close();
      await gone(blind.pid);
      await looks(admin, 3);
      const pids = watch.events.slice(before).flatMap((event) => (event.type === 'session seen' ? [event.pid] : []));
      assert.deepEqual(pids, [blind.pid]);
    });

    it('lets no dial that was given up account for another session of its role', async () => {
      const watch = await watching();
      const before = watch.events.length;
      const blind = await Admin.login(server);
      for (let afterMs = 0; afterMs < 20; afterMs += 2) {
        const dial = watch.open(server.user, server.password, {}, AbortSignal.timeout(afterMs));
        await dial.then(({ socket }) => socket.destroy()).catch(() => {});
      }
      await looks(admin, 2);
      blind.close();
      await alone();
      await looks(admin, 4);
      const found = watch.events.slice(before).filter(({ type }) => type !== 'session ended');
      assert.deepEqual(
        found.map((event) => [event.type, 'pid' in event && event.pid]),
        [['session seen', blind.pid]],
      );
    });

    it('is not deceived by a role that is not tracked', async () => {
      await admin.query('alter role mallory set track_counts = off; alter role mallory set track_activities = off');
      const watch = await watching();
      const stays = await Admin.login({ ...server, user: 'mallory', password: 'm' });
      await watch.first('session seen', ({ pid }) => pid === stays.pid);
      stays.close();
      await watch.first('session ended', ({ pid }) => pid === stays.pid);
    });

    it('follows databases that come and go', async () => {
      const watch = await watching();
      await admin.query('create database fleeting');
      await passBy({ ...server, database: 'fleeting' });
      await looks(admin, 3);
      const met = watch.events.filter((event) => 'database' in event && event.database === 'fleeting');
      assert.equal(met.filter(({ type }) => type === 'session seen' || type === 'sessions unseen').length, 1);
      assert.deepEqual(watch.all('counter reset'), []);
      await admin.query('drop database fleeting with (force)');
      const { database } = await watch.first('counter reset');
      assert.equal(database, 'fleeting', 'its last sessions may not have been counted by a look');
      await looks(admin, 2);
      assert.equal(watch.all('counter reset').length, 1);
    });

    it('sees that a counter which stood at zero was reset behind a session', async () => {
      await admin.query('create database quiet');
      const watch = await watching(1_000);
      await looks(admin, 1);
      const session = await Admin.login({ ...server, database: 'quiet' });
      await session.query('select pg_stat_force_next_flush()');
      await session.query('select pg_stat_reset()');
      session.close();
      await gone(session.pid);
      await looks(admin, 2);
      const told = watch.events.filter((event) => 'database' in event && event.database === 'quiet');
      assert.ok(told.length > 0);
      await admin.query('drop database quiet with (force)');
    });

    it('is not hindered by settings that others give its role or its database', async () => {
      const setting = 'alter role onrecord_watch in database postgres';
      await admin.query(`grant pg_signal_backend to onrecord_watch; ${setting} set role = 'pg_signal_backend'`);
      await admin.query(`${setting} set idle_session_timeout = '1s'`);
      try {
        const watch = await watching(1_500);
        const { limits } = await watch.first('watch started');
        assert.deepEqual(limits, []);
        await looks(admin, 2);
        assert.deepEqual(watch.all('watch stopped'), []);
      } finally {
        await admin.query(`${setting} reset all; revoke pg_signal_backend from onrecord_watch`);
      }
    });

    it('says that somebody has reset the counters', async () => {
      const watch = await watching();
      await admin.query('select pg_stat_reset()');
      const { database } = await watch.first('counter reset');
      assert.equal(database, 'postgres');
    });

    it('says why it does not watch, and that it watches again', async () => {
      const watch = new Watching({ server, password: 'wrong' });
      const stopped = await watch.first('watch stopped');
      assert.match(stopped.reason, /password authentication failed for user "onrecord_watch" \(SQLSTATE 28P01\)/);
      watch.password = 'watching';
      const started = await watch.first('watch started');
      assert.deepEqual([started.role, started.limits], ['onrecord_watch', []]);
      await watch.watch.stop();
      assert.match(watch.events.at(-1)?.type ?? '', /watch stopped/);
    });

    it('reports what a hole hid, and nothing twice', async () => {
      const watch = await watching();
      const { pid, afresh } = await watch.first('watch started');
      assert.equal(afresh, true);
      const before = watch.events.length;
      await admin.query('alter role onrecord_watch nologin');
      await admin.query(`select pg_terminate_backend(${pid})`);
      const { reason } = await watch.first('watch stopped');
      assert.match(reason, /terminating connection due to administrator command/);
      await passBy(server);
      await watch.open().then(({ socket }) => socket.destroy());
      await admin.query('alter role onrecord_watch login');
      const again = await watch.first('watch started', ({ pid: other }) => other !== pid);
      assert.equal(again.afresh, false);
      await looks(admin, 3);
      assert.equal(watch.unseen, 1);
      assert.deepEqual(
        watch.events.slice(before).filter(({ type }) => type === 'session seen'),
        [],
      );
    });

    it('says what a role without pg_read_all_stats cannot see, and reports the rest', async () => {
      await admin.query("create role blinkered login password 'b'");
      const watch = new Watching({ server, user: 'blinkered', password: 'b' });
      const { limits } = await watch.first('watch started');
      assert.match(limits.join('\n'), /lacks pg_read_all_stats: .* \(GRANT pg_read_all_stats TO "blinkered"\)/);
      const ours = await watch.open();
      const mallory = await Admin.login({ ...server, user: 'mallory', password: 'm' });
      const seen = await watch.first('session seen', ({ pid }) => pid === mallory.pid);
      assert.deepEqual([seen.user, seen.database, seen.address, seen.kind], ['mallory', 'postgres', '', 'unknown']);
      assert.deepEqual(
        watch.all('session seen').filter(({ pid }) => pid === ours.backendPid),
        [],
      );
      mallory.close();
      await watch.first('session ended', ({ pid }) => pid === mallory.pid);
      ours.socket.destroy();
    });
  });
}
