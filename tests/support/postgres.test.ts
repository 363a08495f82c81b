import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { removeDirectory } from './leftovers.ts';
import { startPostgres } from './postgres.ts';
import { findBinaries } from './postgres-binaries.ts';

for (const binaries of ['embedded', 'system'] as const) {
  const skip = findBinaries(binaries) === undefined ? `no ${binaries} Postgres here` : false;
  describe(`the ${binaries} Postgres of the tests`, { skip, timeout: 300_000 }, () => {
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

    it('dies with the process that started it, even when that is killed without warning', async () => {
      const module = join(import.meta.dirname, 'postgres.ts');
      const program = `const { startPostgres } = await import(${JSON.stringify(module)});
        const { socketDirectory } = await startPostgres({ binaries: '${binaries}' });
        console.log(socketDirectory);`;
      const starter = spawn(process.execPath, [...process.execArgv, '--input-type=module', '-e', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [line] = (await once(starter.stdout, 'data')) as [Buffer];
      const socketDirectory = line.toString().trim();
      const pidFile = join(socketDirectory, 'data', 'postmaster.pid');
      assert.equal(existsSync(pidFile), true);
      starter.kill('SIGKILL');
      while (existsSync(pidFile)) await delay(10);
      removeDirectory(socketDirectory);
    });

    it('says what its log says when it cannot start', async () => {
      await assert.rejects(startPostgres({ binaries, settings: { no_such_setting: 1 } }), /no_such_setting/);
    });
  });
}
