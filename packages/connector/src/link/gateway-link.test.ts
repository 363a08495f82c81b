import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { encodeFrontend } from '@onrecord/wire';
import { Admin } from '../../../../tests/support/admin.ts';
import { removeDirectory, temporaryDirectory } from '../../../../tests/support/leftovers.ts';
import { type Postgres, startPostgres } from '../../../../tests/support/postgres.ts';
import type { Database } from '../database.ts';
import { Ours } from '../watch/ours.ts';
import type { WatchEvent } from '../watch/watch-event.ts';
import { makeAuthority } from './authority.fixture.ts';
import { credentialFile } from './credential-store.ts';
import type { EnrollmentToken } from './enrollment-token.ts';
import { type Peer, startTestGateway, type TestGateway, type TestGatewayOptions } from './gateway.fixture.ts';
import { GatewayLink, type GatewayLinkOptions } from './gateway-link.ts';
import { encodeLinkMessage } from './link-framer.ts';
import { type Open, proofBytes, proofLabel } from './messages.ts';

const secret = 'a password of this test';
let postgres: Postgres;
let admin: Admin;
let directory: string;
const links: GatewayLink[] = [];
const gateways: TestGateway[] = [];

before(async () => {
  postgres = await startPostgres();
  admin = await Admin.login(postgres);
  await admin.query(`CREATE ROLE app LOGIN PASSWORD '${secret}'; CREATE ROLE finance LOGIN PASSWORD '${secret}'`);
});

after(async () => {
  admin?.close();
  await postgres?.stop();
});

beforeEach(() => {
  directory = temporaryDirectory('link');
});

afterEach(async () => {
  await Promise.all(links.splice(0).map((link) => link.stop()));
  await Promise.all(gateways.splice(0).map((gateway) => gateway.stop()));
  removeDirectory(directory);
});

async function gatewayOf(options?: TestGatewayOptions): Promise<TestGateway> {
  const gateway = await startTestGateway(options);
  gateways.push(gateway);
  return gateway;
}

interface TestLink {
  readonly link: GatewayLink;
  /** Waits for a line of the log that matches. */
  logged(pattern: RegExp): Promise<string>;
  readonly lines: readonly string[];
}

function database(): Database {
  const login = { user: 'app', password: { type: 'env', name: 'SECRET' } } as const;
  return {
    name: 'billing',
    host: postgres.host,
    port: postgres.port,
    database: 'postgres',
    tls: 'disable',
    tlsCa: undefined,
    certificate: undefined,
    login,
    roles: [{ ...login, user: 'finance', identities: [], groups: ['accounting'] }],
    watch: undefined,
  };
}

function linkTo(gateway: Pick<TestGateway, 'address'>, more: Partial<GatewayLinkOptions> = {}): TestLink {
  const lines: string[] = [];
  let wake: () => void = () => {};
  const link = new GatewayLink({
    address: gateway.address,
    file: credentialFile(directory, gateway.address),
    tokens: new Set<EnrollmentToken>(),
    version: '0.0.1',
    instance: 'this-life',
    env: { SECRET: secret },
    log: (message) => {
      lines.push(message);
      wake();
    },
    ours: new Ours({ monotonicUs: () => Math.round(performance.now() * 1000) }),
    database: (name) => (name === 'billing' ? database() : undefined),
    offers: () => [{ name: 'billing', watched: false }],
    doctor: async (connection) => ({ connection }),
    watching: () => [],
    cancelElsewhere: () => {},
    restartWatch: () => {},
    ...more,
  });
  links.push(link);
  link.start();
  return {
    link,
    lines,
    logged: async (pattern) => {
      for (;;) {
        const line = lines.find((candidate) => pattern.test(candidate));
        if (line !== undefined) return line;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

/** A link that is enrolled, connected and welcome. */
async function connected(
  gateway: TestGateway,
  options: { spares?: number; lifetimeMs?: number } & Partial<GatewayLinkOptions> = {},
) {
  const { spares = 0, lifetimeMs, ...more } = options;
  const started = linkTo(gateway, { tokens: new Set([gateway.token()]), ...more });
  await gateway.enrolls('db-eu', lifetimeMs);
  const { control, hello } = await gateway.welcomes(spares);
  return { ...started, control, hello };
}

const opening: Open = {
  type: 'open',
  connection: 'billing',
  identity: 'agent',
  groups: [],
  parameters: [['application_name', Buffer.from('through a link').toString('base64')]],
  timeoutMs: 10_000,
};

/** Has a spare open a session. */
async function opened(
  gateway: TestGateway,
  more: Partial<Open> = {},
): Promise<{ peer: Peer; pid: number; role: string }> {
  const { peer } = await gateway.accept('spare');
  peer.send({ ...opening, ...more });
  const { backendPid: pid, role } = await peer.next('opened');
  return { peer, pid, role };
}

function query(peer: Peer, sql: string): void {
  peer.socket.write(encodeFrontend({ type: 'query', sql: Buffer.from(sql) }).finish());
}

/** Reads up to and with these bytes. */
async function until(peer: Peer, end: string): Promise<string> {
  let text = '';
  while (!text.endsWith(end)) text += (await peer.bytes(1)).toString('latin1');
  return text;
}

const ready = 'Z\0\0\0\x05I';

describe('an enrolment', () => {
  test('proves that the key is there on this very connection, and keeps it for nobody else to read', async () => {
    const gateway = await gatewayOf();
    const token = gateway.token();
    const { logged } = linkTo(gateway, { tokens: new Set([token]) });
    const { peer, first } = await gateway.accept('enroll');
    assert.equal(first.token, token.text);
    const publicKey = Buffer.from(first.publicKey, 'base64');
    const material = peer.socket.exportKeyingMaterial(proofBytes, proofLabel, undefined as never);
    const key = createPublicKey({ key: publicKey, format: 'der', type: 'spki' });
    assert.ok(verify('sha256', Buffer.concat([material, publicKey]), key, Buffer.from(first.proof, 'base64')));
    const certificate = await gateway.authority.issue('db-eu', first.publicKey);
    const { authority } = gateway;
    peer.send({ type: 'enrolled', connector: 'db-eu', certificate, authority: authority.certificate, notAfter: 0 });
    await logged(/enrolled as db-eu/);
    const { control, hello } = await gateway.welcomes();
    assert.deepEqual(hello.connections, [{ name: 'billing', watched: false }]);
    assert.equal(control.socket.getPeerCertificate().subject.CN, 'db-eu');
    await logged(/^connected to 127\.0\.0\.1:\d+ as db-eu$/);
    const folder = join(directory, readdirSync(directory)[0] ?? '');
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.deepEqual(readdirSync(folder), ['credentials.pem']);
    assert.equal(statSync(join(folder, 'credentials.pem')).mode & 0o777, 0o600);
  });

  test('is not asked for again while there is a certificate', async () => {
    const gateway = await gatewayOf();
    const first = await connected(gateway);
    await first.link.stop();
    const tokens = new Set([gateway.token()]);
    const { lines } = linkTo(gateway, { tokens });
    await gateway.welcomes();
    assert.equal(tokens.size, 1);
    assert.ok(!lines.some((line) => /chmod/.test(line)));
  });

  test('that others can read is used, and the operator is told', async () => {
    const gateway = await gatewayOf();
    await (await connected(gateway)).link.stop();
    chmodSync(credentialFile(directory, gateway.address), 0o640);
    const { logged } = linkTo(gateway);
    await logged(/others than its owner can read it: chmod 600 it/);
    await gateway.welcomes();
  });

  test('is kept without what else a gateway has written to it', async () => {
    const gateway = await gatewayOf();
    linkTo(gateway, { tokens: new Set([gateway.token()]) });
    const { peer, first } = await gateway.accept('enroll');
    const certificate = await gateway.authority.issue('db-eu', first.publicKey);
    const more = `${certificate}\n${(await makeAuthority()).certificate}`;
    peer.send({ type: 'enrolled', connector: 'db-eu', certificate: more, authority: '', notAfter: 0 });
    await gateway.welcomes();
    const kept = readFileSync(credentialFile(directory, gateway.address), 'utf8');
    assert.equal(kept.match(/BEGIN CERTIFICATE/g)?.length, 2);
    assert.ok(kept.includes(gateway.authority.certificate.trim()));
  });

  test('shows its token to no gateway but the one that it is from', async () => {
    const gateway = await gatewayOf();
    const other = await gatewayOf();
    const { lines, logged } = linkTo(gateway, { tokens: new Set([other.token()]) });
    await logged(/is not the gateway that the enrolment token is from.*The token was not shown to it/);
    assert.ok(!lines.join().includes('onrc_'));
    assert.equal(gateway.open(), 0);
  });

  test('takes the token of several that is from this gateway', async () => {
    const gateway = await gatewayOf();
    const other = await gatewayOf();
    const tokens = new Set([other.token(), gateway.token()]);
    linkTo(gateway, { tokens });
    await gateway.enrolls('db-eu');
    await gateway.welcomes();
    assert.equal(tokens.size, 1);
  });

  test('says in words what a gateway says that refuses it', async () => {
    const gateway = await gatewayOf();
    const { logged } = linkTo(gateway, { tokens: new Set([gateway.token()]) });
    const { peer } = await gateway.accept('enroll');
    peer.send({ type: 'refused', reason: 'the token was used already', final: true });
    await logged(/no link: the token was used already/);
  });

  test('shows a token that was refused for good to nobody again', async () => {
    const gateway = await gatewayOf();
    const tokens = new Set([gateway.token()]);
    const { logged } = linkTo(gateway, { tokens });
    const { peer } = await gateway.accept('enroll');
    peer.send({ type: 'refused', reason: 'the gateway cannot say now', final: false });
    const { peer: again } = await gateway.accept('enroll');
    assert.equal(tokens.size, 1);
    again.send({ type: 'refused', reason: 'the token was used already', final: true });
    await logged(/no link: the token was used already/);
    assert.equal(tokens.size, 0);
  });

  test('does not take a certificate for another key, or of another authority', async () => {
    const gateway = await gatewayOf();
    const { lines, logged } = linkTo(gateway, { tokens: new Set([gateway.token()]) });
    const { peer, first } = await gateway.accept('enroll');
    const certificate = await (await makeAuthority()).issue('db-eu', first.publicKey);
    peer.send({ type: 'enrolled', connector: 'db-eu', certificate, authority: '', notAfter: 0 });
    await logged(/not signed by the gateway's authority/);
    assert.ok(!lines.some((line) => /enrolled as/.test(line)));
  });

  test('that is missing says what to do', async () => {
    const gateway = await gatewayOf();
    const { logged } = linkTo(gateway);
    await logged(/is not enrolled with this gateway; make a token there \(onrecord connectors enroll NAME\)/);
  });
});

describe('a gateway', () => {
  test('of another authority is not believed, nor one with the certificate of a connector', async () => {
    const gateway = await gatewayOf();
    const { port } = gateway.address;
    const { link } = await connected(gateway);
    await link.stop();
    await gateway.stop();
    gateways.length = 0;
    const impostors: readonly TestGatewayOptions[] = [
      { authority: await makeAuthority() },
      { authority: gateway.authority, leaf: { usage: '1.3.6.1.5.5.7.3.2' } },
      { authority: gateway.authority, leaf: { serverName: 'something-else' } },
    ];
    for (const options of impostors) {
      const impostor = await startTestGateway({ ...options, port });
      const { link: wary, logged } = linkTo(gateway);
      await logged(/is not the gateway that this connector knows/);
      await wary.stop();
      await impostor.stop();
    }
  });

  test('that is none is told from one that is not there', async () => {
    const plain = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    plain.listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const { port } = plain.address() as { port: number };
    const address = { host: '127.0.0.1', port };
    const gateway = await gatewayOf();
    const { logged } = linkTo({ address }, { tokens: new Set([gateway.token()]) });
    await logged(/is no port for connectors/);
    plain.close();
    const gone = linkTo({ address }, { tokens: new Set([gateway.token()]) });
    await gone.logged(/cannot be reached \(ECONNREFUSED\)/);
  });

  test('that refuses a hello is obeyed and quoted', async () => {
    const gateway = await gatewayOf();
    const { logged, link } = await connected(gateway);
    await link.stop();
    const again = linkTo(gateway);
    const { peer } = await gateway.accept('hello');
    peer.send({ type: 'refused', reason: 'the certificate was revoked', final: true });
    await again.logged(/no link: the certificate was revoked/);
    await logged(/connected/);
  });

  test('that revoked the certificate is shown another token, when there is one', async () => {
    const gateway = await gatewayOf();
    const tokens = new Set([gateway.token(), gateway.token()]);
    const { control, logged } = await connected(gateway, { tokens });
    control.send({ type: 'refused', reason: 'the connector was revoked', final: true });
    await logged(/no link: the connector was revoked/);
    await gateway.enrolls('db-eu');
    await gateway.welcomes();
    assert.equal(tokens.size, 0);
  });

  test('that went away is dialled again, with the same credentials', async () => {
    const gateway = await gatewayOf();
    const { control, logged } = await connected(gateway);
    control.socket.destroy();
    await logged(/no link: /);
    await gateway.welcomes();
  });

  test('that does not keep to the protocol ends the link', async () => {
    const gateway = await gatewayOf();
    const { control, logged } = await connected(gateway);
    control.send({ type: 'request', id: 1, ask: { type: 'cancel', backendPid: 'x' } } as never);
    await control.end();
    await logged(/did not keep to the protocol: a message of the gateway \(request\) is malformed: ask.backendPid/);
  });

  test('answers and is answered pings', async () => {
    const gateway = await gatewayOf();
    const { control } = await connected(gateway);
    control.send({ type: 'ping' });
    await control.next('pong');
  });

  test('that asks and asks, and does not read the answers, is given up', { timeout: 300_000 }, async () => {
    const gateway = await gatewayOf();
    const { control, logged } = await connected(gateway);
    const pings = Buffer.concat(Array.from({ length: 10_000 }, () => encodeLinkMessage({ type: 'ping' })));
    control.socket.pause();
    const ask = (): void => {
      while (!control.socket.destroyed && control.socket.write(pings));
    };
    control.socket.on('drain', ask);
    ask();
    await logged(/no link: the gateway does not read what it is told/);
  });

  test('hears of changed offers in another hello', async () => {
    const gateway = await gatewayOf();
    const offers = [{ name: 'billing', watched: false }];
    const { control, link, logged } = await connected(gateway, { offers: () => offers });
    offers.push({ name: 'crm', watched: true });
    link.offer();
    const hello = await control.next('hello');
    assert.deepEqual(hello.connections, offers);
    control.send({
      type: 'welcome',
      spares: 0,
      refused: [{ connection: 'crm', reason: 'it is of another connector' }],
    });
    await logged(/does not take "crm": it is of another connector/);
  });
});

describe('a certificate', () => {
  test('is renewed in time, with another key, which the next connection shows', async () => {
    const gateway = await gatewayOf();
    const { control, logged } = await connected(gateway, { lifetimeMs: 3_000 });
    const before = readFileSync(credentialFile(directory, gateway.address), 'utf8');
    const renew = await control.next('renew');
    const certificate = await gateway.authority.issue('db-eu', renew.publicKey);
    control.send({ type: 'renewed', id: renew.id, certificate, notAfter: 0 });
    await logged(/the certificate was renewed/);
    const now = readFileSync(credentialFile(directory, gateway.address), 'utf8');
    assert.notEqual(now.split('-----END')[0], before.split('-----END')[0]);
    control.send({ type: 'welcome', spares: 1, refused: [] });
    const { peer } = await gateway.accept('spare');
    const shown = peer.socket.getPeerX509Certificate();
    assert.equal(shown?.toString().trim(), certificate.trim());
  });

  test('that has ended when it comes is not renewed again and again', async () => {
    const gateway = await gatewayOf();
    const { control, logged } = await connected(gateway, { lifetimeMs: 3_000 });
    const renew = await control.next('renew');
    const certificate = await gateway.authority.issue('db-eu', renew.publicKey, -1_000);
    control.send({ type: 'renewed', id: renew.id, certificate, notAfter: 0 });
    await logged(/the certificate was renewed/);
    // Another key is made in a few milliseconds.
    for (let answers = 0; answers < 1_000; ) {
      control.send({ type: 'ping' });
      const { type } = await control.first();
      assert.notEqual(type, 'renew');
      if (type === 'pong') answers += 1;
    }
  });

  test('that a gateway does not renew stays, and the link with it', async () => {
    const gateway = await gatewayOf();
    const { control, logged } = await connected(gateway, { lifetimeMs: 3_000 });
    const renew = await control.next('renew');
    const certificate = await (await makeAuthority()).issue('db-eu', renew.publicKey);
    control.send({ type: 'renewed', id: renew.id, certificate, notAfter: 0 });
    await logged(/the certificate could not be renewed: the certificate is not signed by the gateway's authority/);
    control.send({ type: 'ping' });
    await control.next('pong');
  });
});

describe('a session', () => {
  test('runs over a spare, as the role that is meant for it', async () => {
    const gateway = await gatewayOf();
    await connected(gateway, { spares: 1 });
    const { peer, role } = await opened(gateway, { groups: ['accounting'] });
    assert.equal(role, 'finance');
    query(peer, "SELECT session_user, current_setting('application_name')");
    assert.match(await until(peer, ready), /finance.*through a link/s);
    const next = await opened(gateway);
    assert.equal(next.role, 'app');
  });

  test('passes the end of a direction on, and what comes after it the other way', async () => {
    const gateway = await gatewayOf();
    await connected(gateway, { spares: 1 });
    const { peer, pid } = await opened(gateway);
    query(peer, "SELECT pg_sleep(0.2), 'after the end'");
    peer.socket.end();
    assert.match(await until(peer, ready), /after the end/);
    await peer.end();
    await gone(pid);
  });

  test('of which the gateway lets go is gone from Postgres', async () => {
    const gateway = await gatewayOf();
    await connected(gateway, { spares: 1 });
    const { peer, pid } = await opened(gateway);
    peer.socket.destroy();
    await gone(pid);
  });

  test('that Postgres ends tells the gateway all that Postgres said', async () => {
    const gateway = await gatewayOf();
    await connected(gateway, { spares: 1 });
    const { peer, pid } = await opened(gateway);
    await admin.query(`SELECT pg_terminate_backend(${pid})`);
    await until(peer, 'terminating connection due to administrator command\0');
    await peer.end();
  });

  test('that is refused says why, as Postgres did', async () => {
    const gateway = await gatewayOf();
    const { logged, lines } = await connected(gateway, { spares: 3 });
    const attempts: readonly (readonly [Partial<Open>, object])[] = [
      [{ database: 'nowhere' }, { type: 'refused', sqlstate: '3D000' }],
      [{ connection: 'crm' }, { type: 'no connection' }],
    ];
    for (const [more, expected] of attempts) {
      const { peer } = await gateway.accept('spare');
      peer.send({ ...opening, ...more });
      const { failure } = await peer.next('failed');
      assert.deepEqual({ ...failure, response: undefined }, { ...expected, response: undefined });
      await peer.end();
    }
    await logged(/connection "billing": .*database "nowhere" does not exist/);
    assert.ok(!lines.join().includes(secret));
  });

  test('that cannot be opened for a reason that nobody foresaw fails alone', async () => {
    const gateway = await gatewayOf();
    const databases = new Map([
      ['broken', { ...database(), port: 70_000 }],
      ['billing', database()],
    ]);
    const { logged } = await connected(gateway, { spares: 2, database: (name) => databases.get(name) });
    const { peer } = await gateway.accept('spare');
    peer.send({ ...opening, connection: 'broken' });
    assert.deepEqual((await peer.next('failed')).failure, { type: 'protocol' });
    await logged(/RangeError/);
    await opened(gateway);
  });

  test('is cancelled when the gateway asks for it, and only one of its own', async () => {
    const gateway = await gatewayOf();
    const { control } = await connected(gateway, { spares: 1 });
    const { peer, pid } = await opened(gateway);
    query(peer, 'SELECT pg_sleep(600)');
    await busy(pid);
    control.send({ type: 'request', id: 7, ask: { type: 'cancel', connection: 'billing', backendPid: pid + 1 } });
    const wrong = await control.next('error');
    assert.deepEqual([wrong.id, /no session with the process id/.test(wrong.message)], [7, true]);
    control.send({ type: 'request', id: 8, ask: { type: 'cancel', connection: 'billing', backendPid: pid } });
    assert.equal((await control.next('result')).id, 8);
    assert.match(await until(peer, ready), /canceling statement due to user request/);
  });

  test('ends with the control connection, and Postgres gives up what it does', async () => {
    const gateway = await gatewayOf();
    const { control } = await connected(gateway, { spares: 2 });
    const { peer, pid } = await opened(gateway);
    query(peer, 'SELECT pg_sleep(600)');
    await busy(pid);
    control.socket.destroy();
    await peer.end();
    await gone(pid);
  });

  test('ends with the process, before the link does', async () => {
    const gateway = await gatewayOf();
    const { link, control } = await connected(gateway, { spares: 1 });
    const { peer, pid } = await opened(gateway);
    const stopped = link.stop();
    await peer.end();
    await control.end();
    control.socket.end();
    await stopped;
    await gone(pid);
    assert.equal(gateway.open(), 0);
  });

  test('that the gateway gives up while it is opened leaves nothing behind', async () => {
    const gateway = await gatewayOf();
    const silent = createServer((socket) => socket.on('error', () => {}));
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    await connected(gateway, { spares: 1, database: () => ({ ...database(), port }) });
    const { peer } = await gateway.accept('spare');
    const dialled = once(silent, 'connection');
    peer.send(opening);
    const [socket] = await dialled;
    peer.socket.destroy();
    await once(socket.resume(), 'close');
    silent.close();
  });
});

describe('spares', () => {
  test('are replaced as soon as they are taken', async () => {
    const gateway = await gatewayOf();
    await connected(gateway, { spares: 2 });
    for (let session = 0; session < 6; session += 1) await opened(gateway);
    await gateway.accept('spare');
    await gateway.accept('spare');
  });

  test('that the gateway closes are dialled again', async () => {
    const gateway = await gatewayOf();
    await connected(gateway, { spares: 1 });
    for (let round = 0; round < 3; round += 1) (await gateway.accept('spare')).peer.socket.destroy();
    await gateway.accept('spare');
  });

  test('say which life of the process they belong to', async () => {
    const gateway = await gatewayOf();
    const { hello } = await connected(gateway, { spares: 1 });
    const { first } = await gateway.accept('spare');
    assert.equal(first.instance, hello.instance);
  });
});

describe('what a watch has seen', () => {
  const seen = (pid: number): WatchEvent => ({
    type: 'session ended',
    connection: 'billing',
    pid,
    startedAt: 1,
    lastSeenAt: 2,
  });

  test('is sent again on the next link, until it is acknowledged', async () => {
    const gateway = await gatewayOf();
    const { control, link } = await connected(gateway);
    for (const pid of [1, 2, 3]) link.report(seen(pid));
    for (const seq of [1, 2, 3]) assert.equal((await control.next('watch')).seq, seq);
    control.send({ type: 'watch ack', seq: 2 });
    control.send({ type: 'ping' });
    await control.next('pong');
    control.socket.destroy();
    const again = await gateway.welcomes();
    assert.deepEqual(await again.control.next('watch'), { type: 'watch', seq: 3, event: seen(3) });
    link.report(seen(4));
    assert.equal((await again.control.next('watch')).seq, 4);
  });

  test('is followed by the watches that run, on each link', async () => {
    const started = {
      type: 'watch started',
      connection: 'billing',
      role: 'w',
      pid: 1,
      everyMs: 9,
      at: 5,
      afresh: true,
      limits: [],
    } as const;
    const gateway = await gatewayOf();
    const { control } = await connected(gateway, { watching: () => [started] });
    const { event } = await control.next('watch');
    assert.ok(event.type === 'watch started' && event.at > started.at && !event.afresh);
  });
});

test('begins a watch anew when the gateway takes its connection after all', async () => {
  const gateway = await gatewayOf();
  const restarted = Promise.withResolvers<string>();
  const { control } = await connected(gateway, { restartWatch: restarted.resolve });
  const refused = [{ connection: 'billing', reason: 'the gateway has no connection of this name' }];
  control.send({ type: 'welcome', spares: 0, refused });
  control.send({ type: 'welcome', spares: 0, refused: [] });
  assert.equal(await restarted.promise, 'billing');
});

test('a cancel request that one gateway does not know is passed on, at a bounded rate', async () => {
  const gateway = await gatewayOf();
  const passed: number[] = [];
  const { control, link } = await connected(gateway, { cancelElsewhere: ({ pid }) => passed.push(pid) });
  for (let pid = 1; pid <= 500; pid += 1) {
    control.send({ type: 'cancel elsewhere', pid, key: 'AAAA', client: '10.0.0.1:1' });
  }
  control.send({ type: 'ping' });
  await control.next('pong');
  assert.ok(passed.length >= 100 && passed.length < 200, `${passed.length}`);
  link.passCancel({ type: 'cancel elsewhere', pid: 9, key: 'AAAA', client: '10.0.0.1:1' });
  assert.equal((await control.next('cancel elsewhere')).pid, 9);
});

async function busy(pid: number): Promise<void> {
  await admin.waitFor(`SELECT count(*) = 1 FROM pg_stat_activity WHERE pid = ${pid} AND wait_event = 'PgSleep'`);
}

/** Waits until the backend has ended. */
async function gone(pid: number): Promise<void> {
  await admin.waitFor(`SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = ${pid}`);
}
