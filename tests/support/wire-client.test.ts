import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { backendTag } from '@onrecord/wire';
import { startForwarder } from './forwarder.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import { protocol32, WireClient } from './wire-client.ts';

describe('the raw client of the tests', () => {
  let postgres: Postgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres?.stop());

  it('logs in with SCRAM, learns the parameters and the cancel key, and asks', async () => {
    const client = await WireClient.login(postgres);
    assert.match(client.parameters.get('server_version') ?? '', /^18/);
    assert.equal(client.key.length, 4);
    const answer = await client.query('select 1');
    const tags = ['rowDescription', 'dataRow', 'commandComplete', 'readyForQuery'] as const;
    assert.deepEqual(
      answer.map((message) => message.tag),
      tags.map((tag) => backendTag[tag]),
    );
    await client.close();
    assert.equal(client.closed, true);
  });

  it('gets a long cancel key with protocol 3.2', async () => {
    const client = await WireClient.login(postgres, { protocol: protocol32 });
    assert.equal(client.key.length, 32);
    await client.close();
  });

  it('is told why it is not let in', async () => {
    await assert.rejects(WireClient.login({ ...postgres, password: 'wrong' }), /28P01: password authentication failed/);
  });

  it('gives up when nothing arrives', async () => {
    const client = await WireClient.open(postgres);
    await assert.rejects(client.next(20), /nothing arrived within 20 ms/);
    client.destroy();
  });

  it('is served the same through a forwarder, which can cut the connection', async () => {
    const forwarder = await startForwarder(postgres);
    const client = await WireClient.login(forwarder);
    assert.equal((await client.query('select 2')).length, 4);
    assert.equal(forwarder.open(), 1);
    forwarder.cut();
    assert.equal(await client.next(), undefined);
    await forwarder.stop();
  });
});
