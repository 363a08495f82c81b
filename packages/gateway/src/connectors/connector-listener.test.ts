import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import {
  authorityPin,
  encodeLinkMessage,
  type FromGateway,
  generateEnrollmentToken,
  linkProtocol,
  linkVersion,
} from '@onrecord/connector/link';
import type { ConnectorRefused } from '@onrecord/record';
import { loadAuthority } from './authority.ts';
import { TestGateway } from './connectors.fixture.ts';
import {
  enrollByHand,
  openedMessage,
  TestConnection,
  TestConnector,
  type TestCredentials,
  testKey,
} from './test-connector.fixture.ts';

/** The last refusal, once there are `count`. */
async function refusal(gateway: TestGateway, count = 1): Promise<ConnectorRefused> {
  await gateway.until(() => gateway.of('connector_refused').length >= count);
  const last = gateway.of('connector_refused').at(-1);
  assert.ok(last !== undefined);
  assert.match(last.client, /^127\.0\.0\.1:/);
  return last;
}

function reasonOf(answer: FromGateway | undefined): string {
  assert.equal(answer?.type, 'refused', JSON.stringify(answer));
  assert.equal(answer.final, true);
  return answer.reason;
}

async function hello(gateway: TestGateway, credentials: Partial<TestCredentials>): Promise<string> {
  const connection = await TestConnection.dial(gateway.address, credentials);
  connection.send({
    type: 'hello',
    link: linkVersion,
    version: '1.0.0',
    instance: 'i1',
    host: 'h',
    connections: [],
  });
  const answer = await connection.next();
  connection.destroy();
  return reasonOf(answer);
}

test('of many that use a token at once, one is enrolled, and the others are on the record', async () => {
  const gateway = await TestGateway.start();
  const token = gateway.token('db-eu');
  const all = await Promise.all(Array.from({ length: 8 }, () => enrollByHand(gateway.address, token)));
  assert.equal(all.filter(({ credentials }) => credentials !== undefined).length, 1);
  const refused = all.flatMap(({ answer }) => (answer?.type === 'refused' ? [answer] : []));
  assert.equal(refused.length, 7);
  for (const { reason, final } of refused) {
    assert.match(reason, /was used before/);
    assert.equal(final, true);
  }
  assert.equal(gateway.of('connector_enrolled').length, 1);
  assert.equal((await refusal(gateway, 7)).connector, 'db-eu');
});

test('a token that is expired, revoked, unknown, another gateway’s or none enrols nobody', async () => {
  const [gateway, other] = [await TestGateway.start(), await TestGateway.start()];
  const refusedWith = async (token: string): Promise<string> =>
    reasonOf((await enrollByHand(gateway.address, token)).answer);
  const brief = gateway.token('db-eu', 1000);
  gateway.advance(1000);
  assert.match(await refusedWith(brief), /has expired/);
  assert.equal((await refusal(gateway, 1)).connector, 'db-eu');
  const pending = gateway.token('db-eu');
  gateway.enrollments.revoke('db-eu', 'bob', gateway.nowUs);
  assert.match(await refusedWith(pending), /was revoked/);
  const { pin } = await loadAuthority(gateway.data);
  assert.match(await refusedWith(generateEnrollmentToken(pin).text), /is not one of this gateway/);
  assert.equal((await refusal(gateway, 3)).connector, undefined);
  assert.match(await refusedWith(other.token('db-eu')), /is from another gateway/);
  assert.match(await refusedWith('onr_something'), /is no enrolment token/);
  await refusal(gateway, 5);
  assert.equal(gateway.of('connector_enrolled').length, 0);
});

test('no refusal and no log line says the token', async () => {
  const gateway = await TestGateway.start();
  const token = gateway.token('db-eu');
  await enrollByHand(gateway.address, token);
  await enrollByHand(gateway.address, token);
  await refusal(gateway);
  const secret = token.split('_')[2] ?? '';
  assert.ok(!JSON.stringify([gateway.entries, gateway.lines]).includes(secret));
});

test('a token does not enrol a key that the connector has not proved to have, and is not used up by that', async () => {
  const gateway = await TestGateway.start();
  const token = gateway.token('db-eu');
  const key = testKey();
  const enrol = async (fields: { publicKey: string; proof: string }, on: TestConnection): Promise<string> => {
    on.send({ type: 'enroll', link: linkVersion, token, version: '1', ...fields });
    const answer = await on.next();
    on.destroy();
    return reasonOf(answer);
  };
  const [one, two] = [await TestConnection.dial(gateway.address), await TestConnection.dial(gateway.address)];
  assert.match(await enrol(one.prove(key), two), /did not prove/, 'the proof of another connection');
  const three = await TestConnection.dial(gateway.address);
  assert.match(
    await enrol({ ...three.prove(key), publicKey: three.prove(testKey()).publicKey }, three),
    /did not prove/,
  );
  const four = await TestConnection.dial(gateway.address);
  assert.match(await enrol(four.prove(testKey('P-384')), four), /did not prove/, 'a key of another kind');
  one.destroy();
  assert.ok((await enrollByHand(gateway.address, token, key)).credentials !== undefined);
});

test('certificates of others, revoked ones and expired ones open no link', async () => {
  const [gateway, other] = [
    await TestGateway.start({ settings: ['connectors: { certificate: 1h }'] }),
    await TestGateway.start(),
  ];
  const { authority } = await gateway.enroll('db-eu');
  assert.match(await hello(gateway, { authority }), /showed no certificate/);
  const foreign = await other.enroll('db-eu');
  assert.match(await hello(gateway, { ...foreign, authority }), /was not issued by this gateway/);
  // Signed by our own authority and not in the state: as if somebody had a copy of its key.
  const key = testKey();
  const life = { nowMs: Date.now(), lifetimeMs: 3_600_000 };
  const forged = await (await loadAuthority(gateway.data)).issue('db-eu', key.spki, life);
  assert.match(await hello(gateway, { authority, key: key.pem, certificate: forged.certificate }), /not known here/);
  assert.equal((await refusal(gateway, 3)).connector, undefined);
  const revoked = await gateway.enroll('db-us');
  gateway.enrollments.revoke('db-us', 'bob', gateway.nowUs);
  assert.match(await hello(gateway, revoked), /was revoked/);
  assert.equal((await refusal(gateway, 4)).connector, 'db-us');
  const expired = await gateway.enroll('db-eu');
  gateway.advance(3_600_000);
  assert.match(await hello(gateway, expired), /has expired/);
  assert.equal(gateway.of('connector_connected').length, 0);
});

test('a spare belongs to a process that is connected, and to its own connector only', async () => {
  const gateway = await TestGateway.start();
  const [eu, us] = [await gateway.enroll('db-eu'), await gateway.enroll('db-us')];
  await TestConnector.connect(gateway.address, eu, { instance: 'i1' });
  const spare = async (credentials: Partial<TestCredentials>, instance: string): Promise<string> => {
    const connection = await TestConnection.dial(gateway.address, credentials);
    connection.send({ type: 'spare', link: linkVersion, instance });
    const { reason } = await connection.expect('refused');
    connection.destroy();
    return reason;
  };
  assert.match(await spare(eu, 'i2'), /a process that is not connected/);
  assert.match(await spare(us, 'i1'), /a process that is not connected/);
  assert.match(await spare({ authority: eu.authority }, 'i1'), /showed no certificate/);
  assert.equal((await refusal(gateway, 3)).connector, undefined);
  assert.deepEqual(
    gateway.of('connector_refused').map(({ connector }) => connector),
    ['db-eu', 'db-us', undefined],
  );
  assert.equal(gateway.connectors.list()[0]?.spares, 0);
});

test('a spare that speaks before it is asked is dropped', async () => {
  const gateway = await TestGateway.start();
  const connector = await TestConnector.connect(gateway.address, await gateway.enroll('db-eu'));
  const spare = await connector.spare();
  spare.send(openedMessage(1));
  await spare.closed();
  assert.equal(gateway.connectors.list()[0]?.spares, 0);
});

test('a second "opened" is bytes of the session, and means nothing', async () => {
  const gateway = await TestGateway.start();
  const connector = await TestConnector.connect(gateway.address, await gateway.enroll('db-eu'));
  const spare = await connector.spare();
  const opening = gateway.connectors.open('db-eu', {
    connection: 'billing',
    database: undefined,
    owner: { identity: 'agent', groups: [] },
    parameters: [],
    timeoutMs: 60_000,
    signal: new AbortController().signal,
  });
  await spare.expect('open');
  const second = encodeLinkMessage(openedMessage(2));
  spare.socket.write(Buffer.concat([encodeLinkMessage(openedMessage(1)), second]));
  const { backendPid, rest, socket } = await opening;
  const chunks: Uint8Array[] = [rest];
  while (Buffer.concat(chunks).length < second.length) {
    const [chunk] = await once(socket.resume(), 'data');
    chunks.push(chunk as Uint8Array);
  }
  assert.equal(backendPid, 1);
  assert.deepEqual(Buffer.concat(chunks), Buffer.from(second));
});

test('another version of the protocol is refused by name', async () => {
  const gateway = await TestGateway.start();
  const credentials = await gateway.enroll('db-eu');
  const connection = await TestConnection.dial(gateway.address, credentials);
  const first = { type: 'hello', version: '9', instance: 'i', host: 'h', connections: [] } as const;
  connection.send({ ...first, link: 2 });
  assert.match(
    reasonOf(await connection.next()),
    /speaks version 2 of the link protocol, and this gateway version 1: update/,
  );
});

/** The reason of the refusal of a connection that begins with these bytes. */
async function begin(gateway: TestGateway, bytes: Uint8Array): Promise<string> {
  const before = gateway.of('connector_refused').length;
  const connection = await TestConnection.dial(gateway.address);
  connection.socket.write(bytes);
  await connection.closed();
  return (await refusal(gateway, before + 1)).reason;
}

test('first messages that are none end their connection, with an entry', async () => {
  const gateway = await TestGateway.start();
  const framed = (text: string): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(Buffer.byteLength(text));
    return Buffer.concat([length, Buffer.from(text)]);
  };
  assert.match(await begin(gateway, Buffer.from('GET / HTTP/1.1\r\n\r\n')), /too long/);
  assert.match(await begin(gateway, framed('nothing')), /not JSON/);
  assert.match(await begin(gateway, framed('[]')), /no type/);
  assert.match(await begin(gateway, framed('{"type":"hello","link":1}')), /"hello" is malformed at version/);
  assert.match(await begin(gateway, framed('{"type":"\\u001b[2J"}')), /"\\u001b\[2J" is malformed/);
  assert.match(await begin(gateway, framed(`{"type":"${'x'.repeat(65_536)}"}`)), /too long/);
  const tooMany = { type: 'hello', link: 1, version: '1', instance: 'i\nj', host: 'h', connections: [] };
  assert.match(await begin(gateway, framed(JSON.stringify(tooMany))), /malformed at instance/);
});

test('a connection that begins with what is no beginning is refused', async () => {
  const gateway = await TestGateway.start();
  const connection = await TestConnection.dial(gateway.address, await gateway.enroll('db-eu'));
  connection.send({ type: 'ping' });
  assert.equal(reasonOf(await connection.next()), 'it began with "ping"');
});

test('only TLS 1.3 with the protocol of connectors gets as far as a message', async () => {
  const gateway = await TestGateway.start();
  const { host, port } = gateway.address;
  const plain = connect({ host, port });
  plain.on('error', () => {}).write('\0\0\0\x08\x04\xd2\x16\x2f');
  await once(plain, 'close');
  assert.match((await refusal(gateway, 1)).reason, /does not speak TLS 1\.3 as connectors do/);
  const failure = async (options: object): Promise<string> => {
    const socket = connectTls({ host, port, rejectUnauthorized: false, ...options });
    const [error] = await once(socket, 'error').catch(() => [{}]);
    socket.destroy();
    return String((error as NodeJS.ErrnoException).code);
  };
  assert.match(await failure({ ALPNProtocols: [linkProtocol], maxVersion: 'TLSv1.2' }), /PROTOCOL_VERSION/);
  assert.match(await failure({ ALPNProtocols: ['http/1.1'] }), /NO_APPLICATION_PROTOCOL/);
  await refusal(gateway, 3);
  const silent = connectTls({ host, port, rejectUnauthorized: false });
  silent.on('error', () => {});
  await once(silent, 'close');
  assert.match((await refusal(gateway, 4)).reason, /did not ask for the protocol of connectors/);
});

test('no connection is taken up again with a ticket of an earlier one', async () => {
  const gateway = await TestGateway.start();
  const credentials = await gateway.enroll('db-eu');
  const first = await TestConnection.dial(gateway.address, credentials);
  const session = first.socket.getSession();
  assert.ok(session !== undefined);
  const second = await TestConnection.dial(gateway.address, credentials, { session });
  assert.equal(second.socket.isSessionReused(), false);
  first.destroy();
  second.destroy();
});

test('a thousand connections that say nothing keep nobody out, and leave no entry', async () => {
  const gateway = await TestGateway.start({ settings: ['limits: { unauthenticated: 100 }'] });
  const credentials = await gateway.enroll('db-eu');
  const entries = gateway.entries.length;
  const idle: Socket[] = [];
  let turnedAway = 0;
  for (let n = 0; n < 1000; n += 1) {
    const socket = connect({ host: gateway.address.host, port: gateway.address.port });
    socket
      .on('error', () => {})
      .on('close', () => {
        turnedAway += 1;
      });
    idle.push(socket);
    if (n % 50 === 49) await once(socket, 'connect');
  }
  const connector = await TestConnector.connect(gateway.address, credentials);
  await connector.spare();
  assert.equal(gateway.entries.length, entries + 1);
  while (turnedAway < 900) await once(idle[turnedAway] as Socket, 'close');
  for (const socket of idle) socket.destroy();
});

test('who does not say who it is in time is turned away; with an entry, if it has begun to', async () => {
  const gateway = await TestGateway.start({ settings: ['limits: { startup: 1s }'] });
  const silent = connect({ host: gateway.address.host, port: gateway.address.port });
  await once(silent.resume(), 'close');
  assert.equal(gateway.of('connector_refused').length, 0);
  const slow = await TestConnection.dial(gateway.address);
  slow.socket.write(Buffer.from([0, 0]));
  await slow.closed();
  assert.match((await refusal(gateway)).reason, /did not say who it is within 1000 ms/);
});

test('a flood of strangers is counted, and does not hide who has a certificate', async () => {
  const gateway = await TestGateway.start();
  const credentials = await gateway.enroll('db-eu');
  gateway.enrollments.revoke('db-eu', 'bob', gateway.nowUs);
  for (let n = 0; n < 60; n += 1) {
    const connection = await TestConnection.dial(gateway.address);
    connection.send({ type: 'ping' });
    await connection.expect('refused');
    connection.destroy();
  }
  await hello(gateway, credentials);
  await gateway.until(() => gateway.of('connector_refused').some(({ connector }) => connector === 'db-eu'));
  const strangers = (): readonly ConnectorRefused[] =>
    gateway.of('connector_refused').filter(({ connector }) => connector === undefined);
  const summedUp = (): number =>
    strangers().reduce((sum, { reason }) => sum + Number(/the last of (\d+)/.exec(reason)?.[1] ?? 1), 0);
  await gateway.until(() => summedUp() === 60);
  assert.ok(strangers().length < 30, String(strangers().length));
});

test('a token’s authority is what the gateway shows behind its certificate', async () => {
  const gateway = await TestGateway.start();
  const connection = await TestConnection.dial(gateway.address);
  let shown = connection.socket.getPeerCertificate(true);
  while (shown.issuerCertificate !== shown) shown = shown.issuerCertificate;
  connection.destroy();
  assert.equal(gateway.token('db-eu').split('_')[3]?.slice(0, 52), authorityPin(shown.raw));
});
