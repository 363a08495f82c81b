import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import {
  type BackendMessage,
  decodeFrontend,
  decodeStartup,
  doomedCandidates,
  encodeBackend,
  errorResponse,
  Framer,
  offeredMechanisms,
  type PasswordKind,
  Reader,
  type ScramCandidates,
  ScramServer,
  scramKeys,
  startupPacketBytes,
} from '@onrecord/wire';
import { ecdsaSha384, type Pair, selfSigned } from './certificates.fixture.ts';
import { nodeCrypto, saltPassword } from './node-crypto.ts';
import { tlsServerEndPoint } from './tls-server-end-point.ts';

/** The other end of SCRAM and TLS that counts is libpq, the library that psql and most drivers are made of. */
const missing = spawnSync('psql', ['--version']).error !== undefined ? 'psql is not installed' : false;
const run = promisify(execFile);
const salting = { salt: Buffer.from('sixteen bytes...'), iterations: 4096 };
const typed = 'p\ufb01g \u2168';

let certificate: Pair;
let known: ScramCandidates;
let server: Server;
let port: number;
let mechanisms: string[] = [];

before(async () => {
  certificate = await selfSigned(ecdsaSha384);
  const verifier = async (id: string, password: string) => {
    return { id, ...scramKeys(nodeCrypto, await saltPassword(password, salting)) };
  };
  known = { ...salting, verifiers: [await verifier('first', 'first secret'), await verifier('second', typed)] };
  server = createServer((socket) => serve(socket, undefined));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});

after(() => server.close());

/** As much of a server as psql needs to log in and leave. */
function serve(socket: Socket, endPoint: Uint8Array | undefined): void {
  let head = Buffer.alloc(0);
  socket.on('error', () => {});
  const send = (...messages: BackendMessage[]): void => {
    socket.write(Buffer.concat(messages.map((message) => encodeBackend(message).finish())));
  };
  const onHead = (chunk: Uint8Array): void => {
    head = Buffer.concat([head, chunk]);
    const length = startupPacketBytes(head);
    if (length === undefined || head.length < length) return;
    assert.equal(head.length, length, 'psql waits for an answer');
    const packet = decodeStartup(head);
    head = Buffer.alloc(0);
    if (packet.type === 'gssEncRequest') return void socket.write('N');
    socket.off('data', onHead);
    if (packet.type === 'sslRequest') {
      socket.write('S');
      const { certificate: cert, key } = certificate;
      const secure = new TLSSocket(socket, { isServer: true, cert, key });
      return serve(secure, tlsServerEndPoint(certificate.der));
    }
    assert.equal(packet.type, 'startupMessage');
    converse(socket, endPoint, send);
  };
  socket.on('data', onHead);
}

function converse(
  socket: Socket,
  endPoint: Uint8Array | undefined,
  send: (...messages: BackendMessage[]) => void,
): void {
  const framer = new Framer({ streams: () => false, maxHeldBytes: () => 10_000 });
  let exchange: ScramServer | undefined;
  let expected: PasswordKind = 'sasl initial';
  send({ type: 'authentication', method: 'sasl', mechanisms: offeredMechanisms(endPoint) });
  socket.on('data', (chunk) => {
    framer.push(chunk);
    while (framer.next()) {
      const message = decodeFrontend(framer.tag, new Reader(framer.bytes, framer.start + 5, framer.end), expected);
      if (message.type === 'saslInitialResponse') {
        mechanisms.push(message.mechanism);
        const candidates = known;
        exchange = new ScramServer({ crypto: nodeCrypto, mechanism: message.mechanism, endPoint, candidates });
        expected = 'sasl';
      }
      if (message.type === 'saslInitialResponse' || message.type === 'saslResponse') {
        const step = exchange?.step(message.data);
        if (step?.type === 'challenge') send({ type: 'authentication', method: 'saslContinue', data: step.data });
        if (step?.type === 'refused') {
          send(errorResponse({ severity: 'FATAL', sqlstate: '28P01', message: 'not let in', hint: 'ask' }));
          socket.end();
        }
        if (step?.type !== 'accepted') continue;
        send(
          { type: 'authentication', method: 'saslFinal', data: step.data },
          { type: 'authentication', method: 'ok' },
        );
        const who = { type: 'parameterStatus', name: 'who', value: Buffer.from(step.id) } as const;
        const key = { type: 'backendKeyData', pid: 1, key: new Uint8Array(4) } as const;
        send(who, key, { type: 'readyForQuery', status: 'I' });
      }
      if (message.type === 'query') {
        const name = Buffer.from('said');
        const column = { name, tableOid: 0, attribute: 0, typeOid: 25, typeSize: -1, typeModifier: -1, format: 0 };
        send({ type: 'rowDescription', columns: [column] }, { type: 'dataRow', values: [message.sql] });
        send({ type: 'commandComplete', tag: 'SELECT 1' }, { type: 'readyForQuery', status: 'I' });
      }
      if (message.type === 'terminate') socket.end();
    }
  });
}

async function psql(password: string, settings: string): Promise<string> {
  mechanisms = [];
  const conninfo = `host=127.0.0.1 port=${port} user=somebody dbname=x ${settings}`;
  const env = { PATH: process.env.PATH, PGPASSWORD: password, LC_ALL: 'C.UTF-8', HOME: '/nonexistent' };
  const { stdout } = await run('psql', [conninfo, '-XAtc', 'hello'], { env, timeout: 20_000 });
  return stdout.trim();
}

describe('libpq', { skip: missing }, () => {
  test('is let in by SCRAM, with any of the passwords, prepared as it prepares them', async () => {
    for (const password of ['first secret', typed, 'pfig IX']) {
      assert.equal(await psql(password, 'sslmode=disable'), 'hello');
      assert.deepEqual(mechanisms, ['SCRAM-SHA-256']);
    }
  });

  test('binds the exchange to our certificate over TLS', async () => {
    assert.equal(await psql('first secret', 'sslmode=require channel_binding=require'), 'hello');
    assert.deepEqual(mechanisms, ['SCRAM-SHA-256-PLUS']);
  });

  test('goes without channel binding when it is told to', async () => {
    assert.equal(await psql('first secret', 'sslmode=require channel_binding=disable'), 'hello');
    assert.deepEqual(mechanisms, ['SCRAM-SHA-256']);
  });

  test('shows the error of a wrong password, and of somebody who does not exist', async () => {
    await assert.rejects(psql('wrong', 'sslmode=disable'), /FATAL: {2}not let in\s+HINT: {2}ask/);
    const real = known;
    known = doomedCandidates(nodeCrypto, { secret: Buffer.from('s'), user: Buffer.from('u'), iterations: 4096 });
    try {
      await assert.rejects(psql('first secret', 'sslmode=disable'), /FATAL: {2}not let in/);
    } finally {
      known = real;
    }
  });
});
