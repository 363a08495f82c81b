import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { DialError } from '@onrecord/connector';
import { fingerprintOf } from './authority.ts';
import { NoLink, type RemoteRequest, type RemoteUpstream } from './connector-gate.ts';
import { TestGateway } from './connectors.fixture.ts';
import { provenKey } from './enroll-connector.ts';
import { enrollByHand, openedMessage, TestConnection, TestConnector, testKey } from './test-connector.fixture.ts';

const request = (overrides: Partial<RemoteRequest> = {}): RemoteRequest => ({
  connection: 'billing',
  database: undefined,
  owner: { identity: 'agent', groups: ['finance'] },
  parameters: [{ name: 'application_name', value: Buffer.from('test') }],
  timeoutMs: 60_000,
  signal: new AbortController().signal,
  ...overrides,
});

/** Opens a session over a spare that the connector answers with a backend. */
async function opened(
  gateway: TestGateway,
  connector: TestConnector,
  backendPid: number,
): Promise<{ readonly upstream: RemoteUpstream; readonly spare: TestConnection }> {
  const spare = await connector.spare();
  const opening = gateway.connectors.open('db-eu', request());
  await spare.expect('open');
  spare.send(openedMessage(backendPid));
  return { upstream: await opening, spare };
}

const digest = (pem: string): string => fingerprintOf(new X509Certificate(pem));

test('a connector enrols with its token, connects, and the record says all of it', async () => {
  const gateway = await TestGateway.start();
  const { answer, credentials } = await enrollByHand(gateway.address, gateway.token('db-eu'));
  assert.ok(answer?.type === 'enrolled' && credentials !== undefined);
  assert.equal(answer.connector, 'db-eu');
  const leaf = new X509Certificate(credentials.certificate);
  assert.equal(leaf.subject, 'CN=db-eu');
  assert.ok(Math.abs(answer.notAfter - Date.now() - 7 * 86_400_000) < 60_000, 'a week is the usual lifetime');
  const connector = await TestConnector.connect(gateway.address, credentials, { connections: ['billing'] });
  assert.deepEqual(
    gateway.entries.map(({ type }) => type),
    ['connector_enrollment_created', 'connector_enrolled', 'connector_connected'],
  );
  const [enrolled] = gateway.of('connector_enrolled');
  const [connected] = gateway.of('connector_connected');
  assert.equal(enrolled?.certificate, digest(credentials.certificate));
  assert.equal(enrolled?.notAfter, answer.notAfter * 1000);
  assert.deepEqual(connected, {
    type: 'connector_connected',
    connector: 'db-eu',
    certificate: digest(credentials.certificate),
    client: `127.0.0.1:${connector.control.socket.localPort}`,
    version: '1.0.0',
    host: 'db.example.com',
    instance: 'i1',
    connections: ['billing'],
  });
  connector.control.socket.end();
  await gateway.until(() => gateway.of('connector_disconnected').length === 1);
  assert.deepEqual(gateway.of('connector_disconnected'), [
    {
      type: 'connector_disconnected',
      connector: 'db-eu',
      instance: 'i1',
      reason: 'it closed the connection',
      sessions: 0,
    },
  ]);
});

test('a session travels over a spare: what was asked for, what was answered, and every byte behind it', async () => {
  const gateway = await TestGateway.start();
  const connector = await TestConnector.connect(gateway.address, await gateway.enroll('db-eu'));
  const spare = await connector.spare();
  const opening = gateway.connectors.open('db-eu', request({ database: 'other' }));
  const open = await spare.expect('open');
  assert.deepEqual(
    { ...open, timeoutMs: 0 },
    {
      type: 'open',
      connection: 'billing',
      database: 'other',
      identity: 'agent',
      groups: ['finance'],
      parameters: [['application_name', Buffer.from('test').toString('base64')]],
      timeoutMs: 0,
    },
  );
  assert.ok(open.timeoutMs > 0 && open.timeoutMs <= 60_000);
  spare.send(openedMessage(4711, 'early '));
  spare.socket.write('and raw');
  const upstream = await opening;
  assert.deepEqual([...upstream.parameters], [['TimeZone', 'UTC']]);
  const { backendPid, address, role, database, instance } = upstream;
  assert.deepEqual(
    { backendPid, address, role, database, connector: upstream.connector, instance },
    {
      backendPid: 4711,
      address: 'db.example.com:5432',
      role: 'billing_app',
      database: 'billing',
      connector: 'db-eu',
      instance: 'i1',
    },
  );
  let heard = Buffer.from(upstream.rest).toString('latin1');
  const all = new Promise<void>((resolve) => {
    upstream.socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
      if (heard.length === 'early and raw'.length) resolve();
    });
    upstream.socket.resume();
  });
  if (heard.length < 'early and raw'.length) await all;
  assert.equal(heard, 'early and raw');
  upstream.socket.end('question');
  assert.equal(await spare.bytes(8), 'question');
  // Its own direction is still open.
  const end = once(upstream.socket, 'end');
  spare.socket.end('x'.repeat(100_000));
  await end;
  assert.equal(heard.length, 'early and raw'.length + 100_000);
  assert.equal(upstream.lostBecause(), undefined);
});

test('a cancel request goes to the connector that opened the session, and its failure comes back', async () => {
  const gateway = await TestGateway.start();
  const connector = await TestConnector.connect(gateway.address, await gateway.enroll('db-eu'));
  const { upstream } = await opened(gateway, connector, 4711);
  const cancelling = upstream.cancel();
  const asked = await connector.control.expect('request');
  assert.deepEqual(asked.ask, { type: 'cancel', connection: 'billing', backendPid: 4711 });
  connector.control.send({ type: 'result', id: asked.id, value: null });
  await cancelling;
  const failing = upstream.cancel();
  const { id } = await connector.control.expect('request');
  connector.control.send({ type: 'error', id, message: 'Postgres is not there' });
  await assert.rejects(failing, /Postgres is not there/);
});

test('sessions end with the control connection, and can say why', async () => {
  const gateway = await TestGateway.start();
  const connector = await TestConnector.connect(gateway.address, await gateway.enroll('db-eu'));
  const one = await opened(gateway, connector, 1);
  const two = await opened(gateway, connector, 2);
  assert.equal(gateway.connectors.list()[0]?.sessions, 2);
  const waiting = assert.rejects(two.upstream.cancel(), /the link has ended: it closed the connection/);
  const closed = [once(one.upstream.socket, 'close'), once(two.upstream.socket, 'close')];
  connector.control.socket.end();
  await Promise.all(closed);
  await waiting;
  assert.equal(one.upstream.lostBecause(), 'the link to the connector "db-eu" ended: it closed the connection');
  await gateway.until(() => gateway.of('connector_disconnected').length === 1);
  assert.equal(gateway.of('connector_disconnected')[0]?.sessions, 2);
  await Promise.all([one.spare.closed(), two.spare.closed()]);
});

test('a session that ended by itself is not counted with the link', async () => {
  const gateway = await TestGateway.start();
  const connector = await TestConnector.connect(gateway.address, await gateway.enroll('db-eu'));
  const { upstream } = await opened(gateway, connector, 1);
  const closed = once(upstream.socket, 'close');
  upstream.socket.destroy();
  await closed;
  assert.equal(gateway.connectors.list()[0]?.sessions, 0);
});

test('a connector that falls silent is given up, with everything that is its', async () => {
  const gateway = await TestGateway.start({ beatMs: 100 });
  const connector = await TestConnector.connect(gateway.address, await gateway.enroll('db-eu'));
  // It reads pings and answers none, as a process does that hangs.
  await gateway.until(() => gateway.of('connector_disconnected').length === 1);
  assert.equal(gateway.of('connector_disconnected')[0]?.reason, 'it was not heard for too long');
  await connector.control.closed();
});

test('a session waits for a connector that is away, and gets the first spare', async () => {
  const gateway = await TestGateway.start({ settings: ['connectors: { wait: 60s }'] });
  const credentials = await gateway.enroll('db-eu');
  const opening = gateway.connectors.open('db-eu', request());
  const connector = await TestConnector.connect(gateway.address, credentials);
  const spare = await connector.spare();
  await spare.expect('open');
  spare.send(openedMessage(7));
  assert.equal((await opening).backendPid, 7);
});

test('who waited longest is served first, and nobody twice', async () => {
  const gateway = await TestGateway.start({ settings: ['connectors: { wait: 60s }'] });
  const connector = await TestConnector.connect(gateway.address, await gateway.enroll('db-eu'));
  const gone = new AbortController();
  const openings = ['first', 'second', 'third'].map((identity) =>
    gateway.connectors.open(
      'db-eu',
      request({
        owner: { identity, groups: [] },
        ...(identity === 'second' ? { signal: gone.signal } : {}),
      }),
    ),
  );
  gone.abort();
  await assert.rejects(openings[1] as Promise<unknown>, (error: DialError) => error.failure.type === 'aborted');
  const identities: string[] = [];
  for (const pid of [1, 2]) {
    const spare = await connector.spare();
    identities.push((await spare.expect('open')).identity);
    spare.send(openedMessage(pid));
  }
  assert.deepEqual(identities, ['first', 'third']);
  assert.equal((await openings[0])?.backendPid, 1);
  assert.equal((await openings[2])?.backendPid, 2);
});

test('whoever waits in vain learns what is missing', async () => {
  const gateway = await TestGateway.start({
    connections: { billing: 'db-eu', other: 'db-eu' },
    settings: ['connectors: { wait: 50ms }'],
  });
  const reason = async (connection: string): Promise<unknown> => {
    const opening = gateway.connectors.open('db-eu', request({ connection }));
    const error: unknown = await opening.catch((failure: unknown) => failure);
    assert.ok(error instanceof NoLink);
    return error.reason;
  };
  assert.deepEqual(await reason('billing'), { type: 'away', since: undefined });
  const connector = await TestConnector.connect(gateway.address, await gateway.enroll('db-eu'));
  assert.deepEqual(await reason('billing'), { type: 'busy' });
  assert.deepEqual(await reason('other'), { type: 'not offered' });
  const before = gateway.nowUs;
  connector.control.socket.end();
  await gateway.until(() => gateway.of('connector_disconnected').length === 1);
  const away = (await reason('billing')) as { readonly type: string; readonly since: number };
  assert.equal(away.type, 'away');
  assert.ok(away.since >= before && away.since <= gateway.nowUs);
});

test('what Postgres says to a session that it refuses comes through as it was', async () => {
  const gateway = await TestGateway.start();
  const connector = await TestConnector.connect(gateway.address, await gateway.enroll('db-eu'));
  const failure = async (answer: Parameters<TestConnection['send']>[0]): Promise<DialError> => {
    const spare = await connector.spare();
    const opening = gateway.connectors.open('db-eu', request());
    await spare.expect('open');
    spare.send(answer);
    const error: unknown = await opening.catch((reason: unknown) => reason);
    await spare.closed();
    assert.ok(error instanceof DialError, String(error));
    return error;
  };
  const body = Buffer.from('SFATAL\0C53300\0Mtoo many\0\0');
  const response = Buffer.concat([Buffer.from([0x45, 0, 0, 0, body.length + 4]), body]);
  const refused = await failure({
    type: 'failed',
    failure: { type: 'refused', response: response.toString('base64'), sqlstate: '53300' },
    message: 'no',
  });
  assert.ok(refused.failure.type === 'refused');
  assert.deepEqual(Buffer.from(refused.failure.response), response);
  assert.equal((await failure({ type: 'failed', failure: { type: 'no role' }, message: 'x' })).failure.type, 'no role');
  assert.deepEqual(
    (await failure({ type: 'failed', failure: { type: 'unreachable', code: 'ECONNREFUSED' }, message: 'x' })).failure,
    { type: 'unreachable', code: 'ECONNREFUSED' },
  );
  const garbled = { type: 'refused', response: Buffer.from('nothing').toString('base64'), sqlstate: '53300' } as const;
  assert.equal((await failure({ type: 'failed', failure: garbled, message: 'x' })).failure.type, 'protocol');
  const cut = Buffer.from('E\0\0\0\x06Mx');
  const half = { type: 'refused', response: cut.toString('base64'), sqlstate: '53300' } as const;
  assert.equal((await failure({ type: 'failed', failure: half, message: 'x' })).failure.type, 'protocol');
  const status = { ...openedMessage(1), parameterStatus: [Buffer.from('S\0\0\0\x05x').toString('base64')] };
  assert.equal((await failure(status)).failure.type, 'protocol');
  assert.equal((await failure({ type: 'pong' })).failure.type, 'protocol');
  const notice = { ...openedMessage(1), notices: [Buffer.from('Z\0\0\0\x05I').toString('base64')] };
  assert.equal((await failure(notice)).failure.type, 'protocol', 'only notices pass as notices');
});

test('a connection that the connector has dropped from its configuration is not offered', async () => {
  const gateway = await TestGateway.start();
  const connector = await TestConnector.connect(gateway.address, await gateway.enroll('db-eu'));
  const spare = await connector.spare();
  const opening = gateway.connectors.open('db-eu', request());
  await spare.expect('open');
  spare.send({ type: 'failed', failure: { type: 'no connection' }, message: 'x' });
  await assert.rejects(opening, (error: NoLink) => error.reason.type === 'not offered');
});

test('a spare that breaks when it is used is replaced by the next one', async () => {
  const gateway = await TestGateway.start();
  const connector = await TestConnector.connect(gateway.address, await gateway.enroll('db-eu'));
  const [good, broken] = [await connector.spare(), await connector.spare()];
  await gateway.until(() => true);
  const opening = gateway.connectors.open('db-eu', request());
  // Whichever was asked first breaks.
  const asked = await Promise.race([broken.expect('open').then(() => broken), good.expect('open').then(() => good)]);
  asked.destroy();
  const other = asked === good ? broken : good;
  await other.expect('open').catch(() => {});
  other.send(openedMessage(5));
  assert.equal((await opening).backendPid, 5);
});

test('when all that waited are broken, a session has the next one that is dialled', async () => {
  const gateway = await TestGateway.start();
  const connector = await TestConnector.connect(gateway.address, await gateway.enroll('db-eu'));
  const broken = await Promise.all(Array.from({ length: 8 }, () => connector.spare()));
  const opening = gateway.connectors.open('db-eu', request());
  await Promise.all(broken.map((spare) => spare.expect('open').then(() => spare.destroy())));
  const good = await connector.spare();
  await good.expect('open');
  good.send(openedMessage(5));
  assert.equal((await opening).backendPid, 5);
});

test('a spare over which nothing comes back is given up, and the next one opens the session', async () => {
  const gateway = await TestGateway.start();
  const connector = await TestConnector.connect(gateway.address, await gateway.enroll('db-eu'));
  const silent = await connector.spare();
  const opening = gateway.connectors.open('db-eu', request({ timeoutMs: 30_000 }));
  await silent.expect('open');
  const good = await connector.spare();
  await good.expect('open');
  await silent.closed();
  good.send({ type: 'opening' });
  good.send(openedMessage(5));
  assert.equal((await opening).backendPid, 5);
});

test('a connector that has heard may take its time, and says so once', async () => {
  const gateway = await TestGateway.start();
  const connector = await TestConnector.connect(gateway.address, await gateway.enroll('db-eu'));
  const [spare, other] = [await connector.spare(), await connector.spare()];
  const opening = gateway.connectors.open('db-eu', request({ timeoutMs: 30_000 }));
  const asked = await Promise.race([spare.expect('open').then(() => spare), other.expect('open').then(() => other)]);
  asked.send({ type: 'opening' });
  asked.send({ type: 'opening' });
  await assert.rejects(opening, (error: DialError) => error.failure.type === 'protocol');
});

test('a session that nobody waits for any more is closed towards the connector', async () => {
  const gateway = await TestGateway.start();
  const connector = await TestConnector.connect(gateway.address, await gateway.enroll('db-eu'));
  const spare = await connector.spare();
  const gone = new AbortController();
  const opening = gateway.connectors.open('db-eu', request({ signal: gone.signal }));
  await spare.expect('open');
  gone.abort();
  await assert.rejects(opening, (error: DialError) => error.failure.type === 'aborted');
  await spare.closed();
  const late = await connector.spare();
  const timed = gateway.connectors.open('db-eu', request({ timeoutMs: 200 }));
  await late.expect('open');
  await assert.rejects(timed, (error: DialError) => error.failure.type === 'timeout');
  await late.closed();
});

test('several processes of one connector take turns', async () => {
  const gateway = await TestGateway.start();
  const credentials = await gateway.enroll('db-eu');
  const turns: string[] = [];
  for (const instance of ['i1', 'i2']) {
    const connector = await TestConnector.connect(gateway.address, credentials, { instance });
    for (const pid of [1, 2]) {
      const spare = await connector.spare();
      void spare.expect('open').then(() => {
        turns.push(instance);
        spare.send(openedMessage(pid));
      });
    }
  }
  while (gateway.connectors.list().reduce((sum, { spares }) => sum + spares, 0) < 4) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (let n = 0; n < 4; n += 1) await gateway.connectors.open('db-eu', request());
  assert.deepEqual(new Set(turns.slice(0, 2)), new Set(['i1', 'i2']));
  assert.deepEqual(new Set(turns.slice(2)), new Set(['i1', 'i2']));
});

test('a process that connects again takes the place of its old connection', async () => {
  const gateway = await TestGateway.start();
  const credentials = await gateway.enroll('db-eu');
  const first = await TestConnector.connect(gateway.address, credentials);
  await TestConnector.connect(gateway.address, credentials);
  await first.control.closed();
  await gateway.until(() => gateway.of('connector_disconnected').length === 1);
  assert.equal(gateway.of('connector_disconnected')[0]?.reason, 'its process connected again');
  assert.equal(gateway.connectors.list().length, 1);
});

test('revoking a connector ends its links and sessions at once, and it cannot come back', async () => {
  const gateway = await TestGateway.start();
  const credentials = await gateway.enroll('db-eu');
  const connector = await TestConnector.connect(gateway.address, credentials);
  const { upstream } = await opened(gateway, connector, 1);
  const closed = once(upstream.socket, 'close');
  gateway.enrollments.revoke('db-eu', 'bob', gateway.nowUs);
  gateway.connectors.endRevoked('db-eu');
  await closed;
  assert.match(upstream.lostBecause() ?? '', /its certificate was revoked/);
  assert.deepEqual(await connector.control.next(), {
    type: 'refused',
    reason: 'its certificate was revoked',
    final: true,
  });
  await assert.rejects(TestConnector.connect(gateway.address, credentials), /its certificate was revoked/);
  const [refused] = gateway.of('connector_refused');
  assert.deepEqual([refused?.connector, refused?.reason], ['db-eu', 'its certificate was revoked']);
});

test('a connector that was enrolled again before the revocation was heard of stays', async () => {
  const gateway = await TestGateway.start();
  await gateway.enroll('db-eu');
  gateway.enrollments.revoke('db-eu', 'bob', gateway.nowUs);
  await TestConnector.connect(gateway.address, await gateway.enroll('db-eu'));
  gateway.connectors.endRevoked('db-eu');
  assert.equal(gateway.connectors.list().length, 1);
});

test('a link ends when its certificate does', async () => {
  const gateway = await TestGateway.start({ settings: ['connectors: { certificate: 1h }'] });
  const connector = await TestConnector.connect(gateway.address, await gateway.enroll('db-eu'));
  gateway.advance(3_600_000);
  const refused = await connector.control.expect('refused');
  assert.equal(refused.reason, 'its certificate has expired; enrol it again');
});

test('a certificate is renewed for a new key, and the link lives on with it', async () => {
  const gateway = await TestGateway.start({ settings: ['connectors: { certificate: 1h }'] });
  const credentials = await gateway.enroll('db-eu');
  const connector = await TestConnector.connect(gateway.address, credentials);
  gateway.advance(2_400_000);
  const key = testKey();
  connector.control.send({ type: 'renew', id: 1, ...connector.control.prove(key) });
  const renewed = await connector.control.expect('renewed');
  assert.equal(renewed.id, 1);
  const [entry] = gateway.of('connector_renewed');
  assert.equal(entry?.previous, digest(credentials.certificate));
  assert.equal(entry?.certificate, digest(renewed.certificate));
  assert.equal(gateway.connectors.list()[0]?.certificate, digest(renewed.certificate));
  // Behind the end of the first one.
  gateway.advance(2_400_000);
  const next = { ...credentials, key: key.pem, certificate: renewed.certificate };
  await TestConnector.connect(gateway.address, next, { instance: 'i2' });
  await assert.rejects(TestConnector.connect(gateway.address, credentials, { instance: 'i3' }), /has expired/);
  assert.equal(gateway.connectors.list().length, 2);
});

test('nobody is given a certificate for a key that they do not have', async () => {
  const gateway = await TestGateway.start();
  const connector = await TestConnector.connect(gateway.address, await gateway.enroll('db-eu'));
  const { proof } = connector.control.prove(testKey());
  connector.control.send({ type: 'renew', id: 1, ...connector.control.prove(testKey()), proof });
  await connector.control.closed();
  assert.equal(gateway.of('connector_renewed').length, 0);
  await gateway.until(() => gateway.of('connector_disconnected').length === 1);
  assert.match(gateway.of('connector_disconnected')[0]?.reason ?? '', /did not prove/);
});

test('a proof on a connection that is gone is none', async () => {
  const gateway = await TestGateway.start();
  const connection = await TestConnection.dial(gateway.address);
  const proof = connection.prove(testKey());
  connection.destroy();
  assert.equal(provenKey(connection.socket, proof), undefined);
});

test('certificates cannot be asked for without end', async () => {
  const gateway = await TestGateway.start();
  const connector = await TestConnector.connect(gateway.address, await gateway.enroll('db-eu'));
  const ask = (id: number): void => {
    connector.control.send({ type: 'renew', id, ...connector.control.prove(testKey()) });
  };
  for (let id = 1; id <= 11; id += 1) ask(id);
  for (let id = 1; id <= 10; id += 1) await connector.control.expect('renewed');
  // All that came before the answer to this has been dealt with.
  connector.hello(['billing']);
  await connector.control.expect('welcome');
  assert.equal(gateway.of('connector_renewed').length, 10);
});

test('who asks too often cannot fill the log or the record', async () => {
  const gateway = await TestGateway.start({ connections: { billing: 'db-eu', reports: 'db-eu' } });
  const credentials = await gateway.enroll('db-eu');
  const connector = await TestConnector.connect(gateway.address, credentials);
  for (let id = 0; id < 30; id += 1)
    connector.control.send({ type: 'renew', id, ...connector.control.prove(testKey()) });
  for (let hello = 0; hello < 1_000; hello += 1)
    connector.hello(hello % 2 === 0 ? ['billing'] : ['billing', 'reports']);
  await connector.control.closed();
  await gateway.until(() => gateway.of('connector_disconnected').length === 1);
  assert.match(gateway.of('connector_disconnected')[0]?.reason ?? '', /changes what it offers too often/);
  assert.ok(gateway.of('connector_connected').length <= 300);
  assert.equal(gateway.lines.filter((line) => /certificates too often/.test(line)).length, 1);
  await assert.rejects(TestConnector.connect(gateway.address, credentials), /it connects too often/);
  gateway.advance(10_000);
  await TestConnector.connect(gateway.address, credentials);
});

test('offers of connections that are not its own are refused, each on the record, and the others taken', async () => {
  const gateway = await TestGateway.start({ connections: { billing: 'db-eu', reports: 'db-us' } });
  const connector = await TestConnector.connect(gateway.address, await gateway.enroll('db-eu'), {
    connections: ['billing', 'reports', 'bilings'],
  });
  assert.deepEqual(gateway.connectors.list()[0]?.connections, ['billing']);
  assert.deepEqual(gateway.of('connector_connected')[0]?.connections, ['billing']);
  assert.deepEqual(
    gateway.of('connector_refused').map(({ connector: name, connection, reason }) => [name, connection, reason]),
    [
      ['db-eu', 'reports', 'the gateway reaches this connection in another way'],
      ['db-eu', 'bilings', 'the gateway has no connection of this name; did you mean "billing"?'],
    ],
  );
  const spare = await connector.spare();
  await assert.rejects(
    gateway.connectors.open('db-eu', request({ connection: 'reports' })),
    (error: NoLink) => error.reason.type === 'not offered',
  );
  spare.destroy();
});

test('a new hello, or a new configuration, changes what a link serves; its sessions stay', async () => {
  const both = { billing: 'db-eu', reports: 'db-eu' };
  const gateway = await TestGateway.start({ connections: both });
  const connector = await TestConnector.connect(gateway.address, await gateway.enroll('db-eu'));
  const { upstream } = await opened(gateway, connector, 1);
  connector.hello(['billing', 'reports']);
  await connector.control.expect('welcome');
  assert.deepEqual(gateway.connectors.list()[0]?.connections, ['billing', 'reports']);
  gateway.reload({ connections: { ...both, billing: 'db-us' }, settings: ['connectors: { spares: 9 }'] });
  const welcome = await connector.control.expect('welcome');
  assert.equal(welcome.spares, 9);
  assert.deepEqual(welcome.refused, [
    { connection: 'billing', reason: 'the gateway reaches this connection in another way' },
  ]);
  assert.deepEqual(
    gateway.of('connector_connected').map(({ connections }) => connections),
    [['billing'], ['billing', 'reports'], ['reports']],
  );
  await assert.rejects(
    gateway.connectors.open('db-eu', request()),
    (error: NoLink) => error.reason.type === 'not offered',
  );
  assert.equal(upstream.socket.destroyed, false);
});

test('a connection that a link does not serve any more is not watched any more, and that is said', async () => {
  const gateway = await TestGateway.start();
  const connector = await TestConnector.connect(gateway.address, await gateway.enroll('db-eu'));
  const started = { type: 'watch started', connection: 'billing', role: 'w', pid: 1, everyMs: 1, at: 1 } as const;
  const event = { ...started, afresh: true, limits: [] };
  connector.control.send({ type: 'watch', seq: 1, event });
  await connector.control.expect('watch ack');
  gateway.reload({ connections: { billing: 'db-us' } });
  await gateway.until(() => gateway.lost.length === 1);
  assert.deepEqual(
    gateway.lost.map(({ connection, hole }) => [connection, hole.reason]),
    [['billing', 'the connector that watched does not serve the connection any more']],
  );
});

test('what the watch of a new connection says right behind the hello is taken', async () => {
  let slow = Promise.resolve();
  const connections = { billing: 'db-eu', reports: 'db-eu' };
  const gateway = await TestGateway.start({ connections, beforeAppend: () => slow });
  const connector = await TestConnector.connect(gateway.address, await gateway.enroll('db-eu'));
  const recorded = Promise.withResolvers<void>();
  slow = recorded.promise;
  const started = { type: 'watch started', connection: 'reports', role: 'w', pid: 1, everyMs: 1, at: 1 } as const;
  connector.hello(['billing', 'reports']);
  connector.control.send({ type: 'watch', seq: 1, event: { ...started, afresh: true, limits: [] } });
  await connector.control.expect('watch ack');
  recorded.resolve();
  await connector.control.expect('welcome');
  assert.deepEqual(
    gateway.watched.flatMap(({ events }) => events.map(({ connection }) => connection)),
    ['reports'],
  );
});

test('cancel requests for other gateways go to every connector, and come in once', async () => {
  const gateway = await TestGateway.start();
  const credentials = await gateway.enroll('db-eu');
  const one = await TestConnector.connect(gateway.address, credentials, { instance: 'i1' });
  const two = await TestConnector.connect(gateway.address, credentials, { instance: 'i2' });
  const key = Buffer.from([1, 2, 3, 4]);
  gateway.connectors.cancelElsewhere({ pid: 9, key, client: '192.0.2.1:1' });
  const message = { type: 'cancel elsewhere', pid: 9, key: key.toString('base64'), client: '192.0.2.1:1' } as const;
  assert.deepEqual(await one.control.next(), message);
  assert.deepEqual(await two.control.next(), message);
  one.control.send(message);
  two.control.send(message);
  two.control.send({ ...message, client: '192.0.2.1:2' });
  await gateway.until(() => gateway.cancels.length === 2);
  assert.deepEqual(
    gateway.cancels.map(({ client }) => client),
    ['192.0.2.1:1', '192.0.2.1:2'],
  );
  assert.deepEqual(Buffer.from(gateway.cancels[0]?.key ?? []), key);
});

test('what a watch says is acknowledged when it is recorded, and recorded once', async () => {
  const gateway = await TestGateway.start();
  const credentials = await gateway.enroll('db-eu');
  const started = {
    type: 'watch started',
    connection: 'billing',
    role: 'w',
    pid: 1,
    everyMs: 1000,
    at: 1,
    afresh: true,
    limits: [],
  } as const;
  const first = await TestConnector.connect(gateway.address, credentials);
  first.control.send({ type: 'watch', seq: 1, event: started });
  first.control.send({ type: 'watch', seq: 2, event: { ...started, connection: 'not mine' } });
  let acknowledged = 0;
  while (acknowledged < 2) acknowledged = (await first.control.expect('watch ack')).seq;
  first.control.socket.end();
  await gateway.until(() => gateway.lost.length === 1);
  assert.equal(gateway.lost[0]?.connection, 'billing');
  assert.equal(gateway.lost[0]?.hole.reason, 'the link to the connector "db-eu" ended: it closed the connection');
  const again = await TestConnector.connect(gateway.address, credentials);
  again.control.send({ type: 'watch', seq: 2, event: started });
  assert.equal((await again.control.expect('watch ack')).seq, 2);
  assert.deepEqual(
    gateway.watched.flatMap(({ events }) => events),
    [started],
  );
  assert.deepEqual(gateway.watched[0]?.source, { connector: 'db-eu' });
});

test('closing ends every link on the record and takes no more', async () => {
  const gateway = await TestGateway.start();
  const credentials = await gateway.enroll('db-eu');
  const connector = await TestConnector.connect(gateway.address, credentials);
  const { upstream } = await opened(gateway, connector, 1);
  await gateway.connectors.close();
  assert.equal(upstream.socket.destroyed, true);
  assert.deepEqual(gateway.of('connector_disconnected').at(-1), {
    type: 'connector_disconnected',
    connector: 'db-eu',
    instance: 'i1',
    reason: 'the gateway shuts down',
    sessions: 1,
  });
  await connector.control.closed();
  await assert.rejects(TestConnector.connect(gateway.address, credentials), /ECONNREFUSED/);
});
