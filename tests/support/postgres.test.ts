import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createConnection } from 'node:net';
import { describe, it } from 'node:test';
import { startPostgres } from './postgres.ts';
import { findBinaries } from './postgres-binaries.ts';

for (const binaries of ['embedded', 'system'] as const) {
  const skip = findBinaries(binaries) === undefined ? `no ${binaries} Postgres here` : false;
  describe(`the ${binaries} Postgres of the tests`, { skip }, () => {
    it('listens when it is started, and leaves nothing behind when it is stopped', async () => {
      const server = await startPostgres({ binaries, settings: { log_statement: 'all' } });
      await new Promise<void>((resolve, reject) => {
        const socket = createConnection(server.port, server.host, () => socket.end(resolve));
        socket.once('error', reject);
      });
      assert.match(server.log(), /database system is ready to accept connections/);
      await server.stop();
      assert.equal(existsSync(server.socketDirectory), false);
      assert.throws(() => process.kill(server.pid, 0), { code: 'ESRCH' });
    });

    it('says what its log says when it cannot start', async () => {
      await assert.rejects(startPostgres({ binaries, settings: { no_such_setting: 1 } }), /no_such_setting/);
    });
  });
}
