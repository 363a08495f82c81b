import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Pair, startPair } from '../support/pair.ts';

describe('onrecord connections', () => {
  let pair: Pair;
  before(async () => {
    pair = await startPair({
      gateway: {
        settings: {
          identities: { tester: { connections: ['db'] }, reader: { connections: ['db'], groups: ['readers'] } },
        },
        connection: {
          roles: [{ groups: ['readers'], user: 'connection_reader', password: 'env:ONRECORD_TEST_PASSWORD' }],
        },
      },
    });
    await pair.admin.query(`CREATE ROLE connection_reader LOGIN PASSWORD '${pair.postgres.password}'`);
  });
  after(() => pair?.stop());

  test('says where a connection goes, as whom, and how fast', async () => {
    const [line = ''] = (await pair.gateway.cli('connections', 'test', 'db', '--json')).split('\n');
    const told = JSON.parse(line);
    const { postgres } = pair;
    assert.equal(told.connection, 'db');
    assert.equal(told.reachable, true);
    assert.equal(told.address, `${postgres.host}:${postgres.port}`);
    assert.equal(told.role, postgres.user);
    assert.match(told.version, /^\d+/);
    assert.ok(told.loginMs > 0 && told.statementMs > 0);
    assert.match(await pair.gateway.cli('connections', 'test'), /^db: reachable at .* as \S+, Postgres \d+/);
  });

  test('tries the role that an identity has', async () => {
    const told = JSON.parse(await pair.gateway.cli('connections', 'test', 'db', '--identity', 'reader', '--json'));
    assert.equal(told.role, 'connection_reader');
  });

  test('is on record like every other session', async () => {
    const sessions = await pair.gateway.cli('sessions', '--json', '--identity', 'onrecord');
    assert.match(sessions, /"connection":"db"/);
  });

  test('says what is wrong, in words', async () => {
    await pair.admin.query('ALTER ROLE connection_reader NOLOGIN');
    const failed = await pair.gateway.cli('connections', 'test', 'db', '--identity', 'reader').catch((error) => error);
    assert.equal(failed.code, 1);
    assert.match(
      failed.stdout,
      /^db: not reachable \(08004\): the gateway could not open a session on the connection "db"/,
    );
    assert.match(pair.gateway.log(), /role "connection_reader" is not permitted to log in/);
  });

  test('list shows what the configuration says', async () => {
    const { postgres } = pair;
    assert.deepEqual(JSON.parse(await pair.gateway.cli('connections', 'list', '--json')), {
      connection: 'db',
      connector: null,
      address: `${postgres.host}:${postgres.port}`,
      database: postgres.database,
      roles: [postgres.user, 'connection_reader'],
      watched: false,
      identities: ['tester', 'reader'],
    });
  });

  test('without a gateway there is nobody to ask', async () => {
    await pair.gateway.shutDown();
    const failed = await pair.gateway.cli('connections', 'test', 'db').catch((error) => error);
    assert.match(failed.stderr, /no gateway runs on/);
    await pair.gateway.restart();
  });
});
