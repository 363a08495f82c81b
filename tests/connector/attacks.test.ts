import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { encodeLinkMessage, gatewayServerName, linkProtocol } from '@onrecord/connector/link';
import { type Pair as Certified, selfSigned } from '../../packages/connector/src/certificates.fixture.ts';
import { startConnector } from '../support/connector.ts';
import { connectorName } from '../support/gateway.ts';
import { removeDirectory, temporaryDirectory } from '../support/leftovers.ts';
import { sourceFlags } from '../support/life.ts';
import { startChild } from '../support/start-child.ts';
import { WireClient } from '../support/wire-client.ts';
import { entriesOf, nextEntry } from './gateway-entries.ts';
import { type LinkedPair, startLinkedPair } from './linked-pair.ts';

const main = join(import.meta.dirname, '..', '..', 'packages', 'connector', 'src', 'cli', 'main.ts');

describe('who is not the connector, or not the gateway', { timeout: 900_000 }, () => {
  let pair: LinkedPair;
  let usedToken = '';
  before(async () => {
    const other = { connector: 'another-connector' };
    pair = await startLinkedPair({
      settings: {
        identities: { tester: { connections: ['db', 'other'] } },
      },
      connections: { other },
    });
  });
  after(() => pair?.stop());

  const enroll = async (...args: readonly string[]): Promise<string> =>
    (await pair.gateway.cli('connectors', 'enroll', connectorName, ...args)).trim();
  const refusals = (): number => entriesOf(pair.gateway, 'connector_refused').length;

  it('a token lets nobody in twice', async () => {
    usedToken = await enroll();
    const address = pair.gateway.connectorAddress ?? '';
    const rightful = await startConnector({ connections: {}, gateways: [{ address, token: usedToken }] });
    const before = refusals();
    const told = await refusedStranger(address, usedToken);
    assert.match(told, /its enrolment token was used before/);
    const { body } = await nextEntry(pair.gateway, 'connector_refused', before);
    assert.deepEqual([body.connector, /used before/.test(body.reason)], [connectorName, true]);
    await rightful.stop();
  });

  it('nor when it has expired', async () => {
    const token = await enroll('--expires', '1s');
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const before = refusals();
    const told = await refusedStranger(pair.gateway.connectorAddress ?? '', token);
    assert.match(told, /its enrolment token has expired/);
    const { body } = await nextEntry(pair.gateway, 'connector_refused', before);
    assert.deepEqual([body.connector, /has expired/.test(body.reason)], [connectorName, true]);
  });

  it("a connector that offers another's connection gets its own, and not that one", async () => {
    const before = refusals();
    const offers = JSON.parse(readFileSync(pair.connector.configFile, 'utf8')).connections;
    pair.connector.reload({ ...offers, other: offers.db });
    const { body } = await nextEntry(pair.gateway, 'connector_refused', before);
    assert.deepEqual([body.connector, body.connection], [connectorName, 'other']);
    await heard(
      pair.connector.log,
      /the gateway does not take "other": the gateway reaches this connection in another way/,
    );
    await assert.rejects(WireClient.login({ ...pair.gateway, database: 'other' }), /57P03/);
    await (await WireClient.login(pair.gateway)).close();
    pair.connector.reload(offers);
  });

  describe('at the address of the gateway', () => {
    const received: Buffer[] = [];
    let impostor: Server | undefined;
    const pose = async ({ certificate, key }: Pick<Certified, 'certificate' | 'key'>): Promise<string> => {
      received.length = 0;
      impostor = createServer(
        { cert: certificate, key, ALPNProtocols: [linkProtocol], minVersion: 'TLSv1.3' },
        (socket) => socket.on('error', () => {}).on('data', (chunk) => received.push(chunk)),
      );
      impostor.on('tlsClientError', () => {});
      await once(impostor.listen(0, '127.0.0.1'), 'listening');
      return `127.0.0.1:${(impostor.address() as AddressInfo).port}`;
    };
    const over = async (): Promise<void> => {
      pair.wire.redirect(pair.gateway.connectorAddress ?? '');
      const came = entriesOf(pair.gateway, 'connector_connected').length;
      pair.wire.cut();
      pair.wire.heal();
      impostor?.close();
      // Whom it did not trust, it asks again only after a while.
      await pair.connector.kill9();
      await pair.connector.restart();
      await nextEntry(pair.gateway, 'connector_connected', came);
      await (await WireClient.login(pair.gateway)).close();
    };

    it('somebody with another authority is told nothing', async () => {
      const before = pair.connector.log().length;
      pair.wire.redirect(await pose(await selfSigned({ name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' })));
      pair.wire.cut();
      pair.wire.heal();
      await heard(() => pair.connector.log().slice(before), /no link: .*(not the gateway|authority)/);
      assert.deepEqual(received, []);
      await over();
    });

    it('a connector that poses as the gateway with its own certificate is told nothing', async () => {
      const [key = '', certificate = ''] =
        credentials(pair).match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----\n/g) ?? [];
      const before = pair.connector.log().length;
      pair.wire.redirect(await pose({ certificate, key }));
      pair.wire.cut();
      pair.wire.heal();
      await heard(() => pair.connector.log().slice(before), /no link: .*(not the gateway|authority|INVALID_PURPOSE)/);
      assert.deepEqual(received, []);
      await over();
    });

    it('who wants a token is not shown it', async () => {
      const address = await pose(await selfSigned({ name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }));
      const told = await refusedStranger(address, await enroll());
      assert.match(told, /is not the gateway that the enrolment token is from/);
      assert.deepEqual(received, []);
      impostor?.close();
    });
  });

  it('a certificate that this gateway did not issue is of no use, whatever its name', async () => {
    const { certificate, key } = await selfSigned({ name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' });
    const before = refusals();
    const answer = await hello(pair, { certificate, key });
    assert.match(answer, /its certificate was not issued by this gateway/);
    assert.match(
      (await nextEntry(pair.gateway, 'connector_refused', before)).body.reason,
      /not issued by this gateway/,
    );
  });

  it('a connector whose certificate is revoked loses its sessions at once, and comes back no more', async () => {
    const client = await WireClient.login(pair.gateway);
    const before = refusals();
    await pair.gateway.cli('connectors', 'revoke', connectorName);
    const last = await client.until(0x45);
    assert.equal(last.length > 0, true, 'the client was not told');
    await heard(pair.connector.log, /its certificate was revoked/);
    await pair.connector.kill9();
    const told = await refusedConnector({ configFile: pair.connector.configFile });
    assert.match(told, /its certificate was revoked/);
    const reasons = entriesOf(pair.gateway, 'connector_refused').slice(before);
    const known = reasons.filter(({ body }) => body.connector === connectorName);
    assert.deepEqual(new Set(known.map(({ body }) => body.reason)), new Set(['its certificate was revoked']));
    assert.match(await pair.gateway.cli('events', '--json'), /connector_revoked/);
  });
});

function credentials({ connector }: LinkedPair): string {
  const [directory = ''] = readdirSync(connector.state);
  return readFileSync(join(connector.state, directory, 'credentials.pem'), 'latin1');
}

interface Refused {
  readonly configFile: string;
  readonly token?: string;
}

/** Starts a connector that is not let in; gives why, as its log says. */
async function refusedConnector({ configFile, token }: Refused): Promise<string> {
  const args = [...sourceFlags, main, '--config', configFile, ...(token === undefined ? [] : ['--enroll', token])];
  const child = await startChild(process.execPath, args, { awaits: /no link: (.*)/ });
  await child.stop();
  return child.printed;
}

/** A new connector that dials an address with a token, and is not let in. */
async function refusedStranger(address: string, token: string): Promise<string> {
  const directory = temporaryDirectory('connector');
  const configFile = join(directory, 'connector.yaml');
  writeFileSync(configFile, JSON.stringify({ gateways: [address], state: './state', connections: {} }));
  try {
    return await refusedConnector({ configFile, token });
  } finally {
    removeDirectory(directory);
  }
}

/** Says hello with a certificate; gives the answer. */
async function hello(
  { gateway }: LinkedPair,
  { certificate, key }: { readonly certificate: string; readonly key: string },
): Promise<string> {
  const [host = '', port = ''] = (gateway.connectorAddress ?? '').split(':');
  const socket: TLSSocket = connect({
    host,
    port: Number(port),
    cert: certificate,
    key,
    servername: gatewayServerName,
    ALPNProtocols: [linkProtocol],
    rejectUnauthorized: false,
  });
  await once(socket, 'secureConnect');
  const about = { version: '1.0.0', instance: 'i', host: 'h', connections: [{ name: 'db', watched: false }] };
  socket.write(encodeLinkMessage({ type: 'hello', link: 1, ...about }));
  const answer = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return answer[0].toString();
}

async function heard(log: () => string, pattern: RegExp): Promise<void> {
  for (const until = Date.now() + 20_000; !pattern.test(log()); ) {
    if (Date.now() > until) throw new Error(`no ${pattern} in:\n${log().slice(-2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
