import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { removeDirectory, temporaryDirectory } from '../../../tests/support/leftovers.ts';
import { Connector } from './connector.ts';
import { startTestGateway } from './link/gateway.fixture.ts';

test('two addresses that lead to one gateway are two links, which do not take each other’s place', async (t) => {
  const gateway = await startTestGateway();
  const directory = temporaryDirectory('connector');
  const { port } = gateway.address;
  const gateways = ['127.0.0.1', 'localhost'].map((host) => ({ host, port }));
  const config = { file: join(directory, 'connector.yaml'), gateways, state: directory, connections: new Map() };
  const tokens = [gateway.token(), gateway.token()];
  const connector = new Connector({ config, tokens, version: '0.0.1', env: {}, log: () => {} });
  t.after(async () => {
    const stopped = connector.stop();
    await gateway.stop();
    await stopped;
    removeDirectory(directory);
  });
  connector.start();
  await Promise.all([gateway.enrolls('db-eu'), gateway.enrolls('db-eu')]);
  const links = await Promise.all([gateway.welcomes(), gateway.welcomes()]);
  assert.notEqual(links[0].hello.instance, links[1].hello.instance);
});
