import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { Admin } from '../support/admin.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { type BinariesKind, findBinaries } from '../support/postgres-binaries.ts';
import { looks, passBy, stopWatching, Watching } from './watching.fixture.ts';

for (const kind of ['embedded', 'system'] satisfies BinariesKind[]) {
  const skip = findBinaries(kind) === undefined ? `no ${kind} Postgres` : false;
  describe(`the watch over a server that dies (${kind})`, { skip, timeout: 300_000 }, () => {
    let server: Postgres;

    before(async () => {
      server = await startPostgres({ binaries: kind });
      const admin = await Admin.login(server);
      await admin.query("create role onrecord_watch login password 'watching'");
      await admin.query('grant pg_read_all_stats to onrecord_watch');
      // Servers of the tests do not wait for the disk: without this, the role would not outlive a crash.
      await admin.query('checkpoint');
      admin.close();
    });
    after(async () => {
      await server.stop();
    });
    afterEach(stopWatching);

    it('says when it was blind, and watches the next life of the server from its beginning', async () => {
      const watch = new Watching({ server });
      const first = await watch.first('watch started');
      const stranger = await Admin.login(server);
      await watch.first('session seen', ({ pid }) => pid === stranger.pid);

      await server.kill9();
      await watch.first('watch stopped');
      await server.restart();
      const again = await watch.first('watch started', ({ pid }) => pid !== first.pid);
      assert.equal(again.afresh, true);
      await watch.first('session ended', ({ pid }) => pid === stranger.pid);
      stranger.close();

      const admin = await Admin.login(server);
      await watch.first('session seen', ({ pid }) => pid === admin.pid);
      for (let session = 0; session < 5; session += 1) await passBy(server);
      await looks(admin, 3);
      const seen = watch.all('session seen').length - 2;
      assert.equal(seen + watch.unseen, 5);
      admin.close();
    });

    it('sees that the server has lost its counts in a crash of one of its processes', async () => {
      const watch = new Watching({ server });
      const first = await watch.first('watch started');
      const victim = await watch.open();
      process.kill(victim.backendPid, 'SIGKILL');
      await watch.first('watch stopped');
      await watch.first('watch started', ({ pid }) => pid !== first.pid);
      const admin = await Admin.login(server);
      await watch.first('session seen', ({ pid }) => pid === admin.pid);
      await looks(admin, 2);
      assert.equal(watch.unseen, 0);
      await passBy(server);
      await looks(admin, 3);
      assert.ok(watch.unseen + watch.all('session seen').length >= 2);
      admin.close();
    });
  });
}
