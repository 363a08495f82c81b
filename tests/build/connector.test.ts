import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { encodeFrontend } from '@onrecord/wire';
import { type Peer, startTestGateway, type TestGateway } from '../../packages/connector/src/link/gateway.fixture.ts';
import { killAtExit, removeDirectory, temporaryDirectory } from '../support/leftovers.ts';
import { endChild, residentBytesOf, startLife } from '../support/life.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';

const root = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);
const megabyte = 1024 * 1024;

/** The one file that is put on a machine next to a database, run by Node alone in a directory with nothing else. */
describe('the bundled connector', () => {
  let directory: string;
  let program: string;
  before(async () => {
    directory = temporaryDirectory('bundle');
    program = join(directory, 'onrecord-connector.mjs');
    await run(process.execPath, [join(root, 'scripts', 'bundle-connector.ts'), program], { cwd: root });
  });
  after(() => removeDirectory(directory));

  const bare = { PATH: '/nonexistent', NODE_PATH: '' };

  it('knows its version and its options', async () => {
    const options = { cwd: directory, env: bare };
    assert.match((await run(process.execPath, [program, '--version'], options)).stdout, /^\d+\.\d+\.\d+\n$/);
    assert.match((await run(process.execPath, [program, '--help'], options)).stdout, /--enroll TOKEN/);
  });

  it('says where its configuration is wrong', async () => {
    const config = join(directory, 'wrong.yaml');
    writeFileSync(config, 'gateways: ["127.0.0.1:1"]\nconnections:\n  billing: { hots: x }\n');
    const failing = run(process.execPath, [program, '--config', config], { cwd: directory, env: bare });
    await assert.rejects(failing, (error: { code: number; stderr: string }) => {
      assert.equal(error.code, 2);
      assert.match(error.stderr, /wrong\.yaml:3:14: connections\.billing\.hots: .*did you mean "host"\?/);
      return true;
    });
  });

  describe('at work', () => {
    let postgres: Postgres;
    let gateway: TestGateway;
    let child: ChildProcess;
    before(async () => {
      postgres = await startPostgres();
      gateway = await startTestGateway();
      const { host, port, database, user, password } = postgres;
      const billing = { host, port, database, user, password: 'env:BILLING', tls: 'disable' };
      const gateways = [`127.0.0.1:${gateway.address.port}`];
      writeFileSync(join(directory, 'connector.yaml'), JSON.stringify({ gateways, connections: { billing } }));
      child = spawn(process.execPath, [program, '--enroll', 'env:TOKEN'], {
        cwd: directory,
        env: { ...bare, BILLING: password, TOKEN: gateway.token().text },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      killAtExit(child, 'SIGKILL');
      const connected = startLife(child, /connected to \S+ as db-eu/, 'the connector');
      await gateway.enrolls('db-eu');
      await gateway.welcomes(4);
      await connected;
    });
    after(async () => {
      await endChild(child, 'SIGKILL');
      await gateway?.stop();
      await postgres?.stop();
    });

    async function session(): Promise<Peer> {
      const { peer } = await gateway.accept('spare');
      const about = { identity: 'agent', groups: [], parameters: [], timeoutMs: 20_000 };
      peer.send({ type: 'open', connection: 'billing', ...about });
      await peer.next('opened');
      return peer;
    }

    it('opens sessions, a hundred of them in little memory', async (t) => {
      const idle = residentBytesOf(child.pid ?? 0);
      for (let count = 0; count < 100; count += 1) {
        const peer = await session();
        peer.socket.write(encodeFrontend({ type: 'query', sql: Buffer.from('SELECT 1') }).finish());
        assert.equal((await peer.bytes(1)).toString(), 'T');
      }
      const busy = residentBytesOf(child.pid ?? 0);
      t.diagnostic(`${Math.round(idle / megabyte)} MB idle, ${Math.round(busy / megabyte)} MB with 100 sessions`);
      assert.ok(busy < 200 * megabyte, `${busy} bytes`);
    });

    it('ends its sessions and itself when it is told to', async () => {
      const peer = await session();
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await peer.end();
      assert.equal(await exited, 0);
    });
  });
});
