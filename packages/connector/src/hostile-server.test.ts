import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import {
  type BackendMessage,
  decodeStartup,
  encodeBackend,
  Framer,
  offeredMechanisms,
  protocolVersion,
  Reader,
  ScramServer,
  scramKeys,
} from '@onrecord/wire';
import { DialError, type DialFailure } from './dial-error.ts';
import { type DialOptions, dialPostgres, type UpstreamStream } from './dial-postgres.ts';
import { nodeCrypto, saltPassword } from './node-crypto.ts';
import { sendCancel } from './send-cancel.ts';
import type { Target } from './target.ts';

const timeoutMs = 20_000;
const secret = 'a secret of this test';
const startup = {
  version: protocolVersion.v3_2,
  parameters: [{ name: 'user', value: Buffer.from('somebody') }],
};
const ok: BackendMessage = { type: 'authentication', method: 'ok' };
const ready: BackendMessage = { type: 'readyForQuery', status: 'I' };

const servers: Server[] = [];
const connections: Socket[] = [];

afterEach(async () => {
  const left = connections.splice(0);
  // What the connector gave up or was refused must be closed by the connector, not by us.
  for (const socket of left) if (!socket.destroyed) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

/** A server on a free port that does as it is told. */
async function serve(behave: (socket: Socket) => void): Promise<Target> {
  const server = createServer((socket) => {
    connections.push(socket);
    socket.on('error', () => {});
    behave(socket);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port, tls: 'disable' };
}

/** Answers the first bytes of the client, whatever they are, with `messages`. */
function answering(...messages: (BackendMessage | Uint8Array)[]): (socket: Socket) => void {
  return (socket) => socket.once('data', () => socket.write(bytes(...messages)));
}

function bytes(...messages: (BackendMessage | Uint8Array)[]): Uint8Array {
  return Buffer.concat(messages.map((m) => (m instanceof Uint8Array ? m : encodeBackend(m).finish())));
}

async function dial(target: Target, options: Partial<DialOptions> = {}): Promise<UpstreamStream> {
  return await dialPostgres(target, startup, { timeoutMs, password: async () => secret, ...options });
}

/** The failure of an attempt, after which the server must see its connection closed. */
async function failureOf(target: Target, options: Partial<DialOptions> = {}): Promise<DialError> {
  const error = await dial(target, options).then(
    () => assert.fail('the attempt should have failed'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof DialError, String(error));
  assert.ok(!error.message.includes(secret));
  for (const socket of connections) {
    socket.resume();
    if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  }
  return error;
}

async function fails(behave: (socket: Socket) => void, type: DialFailure['type'], more: Partial<Target> = {}) {
  const error = await failureOf({ ...(await serve(behave)), ...more });
  assert.equal(error.failure.type, type, error.message);
  return error;
}

describe('a server that says nothing', () => {
  test('is given up when the time is up', async () => {
    for (const tls of ['disable', 'prefer'] as const) {
      const error = await failureOf({ ...(await serve(() => {})), tls }, { timeoutMs: 50 });
      assert.equal(error.failure.type, 'timeout');
    }
  });

  test('is given up in the middle of a TLS handshake', async () => {
    const target = await serve((socket) => socket.once('data', () => socket.write('S')));
    const error = await failureOf({ ...target, tls: 'require' }, { timeoutMs: 50 });
    assert.equal(error.failure.type, 'timeout');
  });

  test('is given up when the caller gives up', async () => {
    const controller = new AbortController();
    const target = await serve((socket) => socket.once('data', () => controller.abort()));
    const error = await failureOf(target, { signal: controller.signal });
    assert.equal(error.failure.type, 'aborted');
    const again = await failureOf(target, { signal: controller.signal });
    assert.equal(again.failure.type, 'aborted');
  });

  test('is given up when the password does not come', async () => {
    const target = await serve(answering({ type: 'authentication', method: 'md5Password', salt: new Uint8Array(4) }));
    const error = await failureOf(target, { timeoutMs: 50, password: () => new Promise(() => {}) });
    assert.equal(error.failure.type, 'timeout');
  });
});

describe('a server that goes away', () => {
  test('at once, in the middle of a message or before it is ready is unreachable', async () => {
    await fails((socket) => socket.end(), 'unreachable');
    await fails((socket) => socket.once('data', () => socket.end()), 'unreachable');
    await fails((socket) => socket.once('data', () => socket.end(bytes(ok).subarray(0, 7))), 'unreachable');
    await fails((socket) => socket.once('data', () => socket.end(bytes(ok))), 'unreachable');
    await fails((socket) => socket.once('data', () => socket.resetAndDestroy()), 'unreachable');
  });

  test('instead of answering the SSL request is unreachable', async () => {
    await fails((socket) => socket.once('data', () => socket.end()), 'unreachable', { tls: 'prefer' });
  });

  test('in the middle of the TLS handshake leaves no TLS', async () => {
    const leave = (socket: Socket): void => {
      socket.once('data', () => {
        socket.write('S');
        socket.once('data', () => socket.end());
      });
    };
    await fails(leave, 'tls', { tls: 'require' });
  });
});

describe('a server that does not speak the protocol', () => {
  test('is refused for garbage, impossible lengths and messages out of place', async () => {
    const wrong: readonly (BackendMessage | Uint8Array)[][] = [
      [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
      [new Uint8Array(64)],
      [Uint8Array.of(0x52, 0, 0, 0, 3)],
      [Uint8Array.of(0x52, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0)],
      [Uint8Array.of(0x52, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0)],
      [Uint8Array.of(0x52, 0, 0, 0, 8, 0, 0, 0, 99)],
      [ready],
      [{ type: 'parameterStatus', name: 'a', value: Buffer.from('b') }],
      [ok, ok, ready],
      [ok, { type: 'dataRow', values: [] }],
      [ok, { type: 'negotiateProtocolVersion', version: protocolVersion.v3_0, unrecognized: [] }],
      [{ type: 'negotiateProtocolVersion', version: protocolVersion.v3_2 + 1, unrecognized: [] }],
      [{ type: 'negotiateProtocolVersion', version: 2 << 16, unrecognized: [] }],
    ];
    for (const messages of wrong) {
      await fails(answering(...messages), 'protocol');
    }
  });

  test('is refused when it talks on and is never ready', async () => {
    const notice: BackendMessage = {
      type: 'noticeResponse',
      fields: new Map([['M', new Uint8Array(32_000).fill(65)]]),
    };
    const talk = (socket: Socket): void => {
      const more = (): void => {
        while (!socket.destroyed && socket.write(bytes(notice)));
      };
      socket.once('data', () => {
        socket.write(bytes(ok));
        socket.on('drain', more);
        more();
      });
    };
    await fails(talk, 'protocol');
  });

  test('is refused for bytes behind the answer to the SSL request, encrypted or not', async () => {
    for (const answer of ['S', 'N']) {
      const inject = (socket: Socket): void => {
        socket.once('data', () => socket.write(Buffer.concat([Buffer.from(answer), bytes(ok, ready)])));
      };
      await fails(inject, 'protocol', { tls: 'prefer' });
    }
  });

  test('is refused for an answer to the SSL request that is none', async () => {
    await fails((socket) => socket.once('data', () => socket.write('E')), 'protocol', { tls: 'prefer' });
    const garble = (socket: Socket): void => {
      socket.once('data', () => {
        socket.write('S');
        socket.once('data', () => socket.write(new Uint8Array(64)));
      });
    };
    await fails(garble, 'tls', { tls: 'require' });
  });
});

describe('a server that does not prove that it knows the password', () => {
  const sasl: BackendMessage = { type: 'authentication', method: 'sasl', mechanisms: ['SCRAM-SHA-256'] };

  test('is refused when it is satisfied too early', async () => {
    await fails(answering(sasl, ok, ready), 'authentication');
    const satisfied = await scramServer({ verdict: [] });
    await fails(satisfied, 'authentication');
  });

  test('is refused when its signature is wrong', async () => {
    const forged = Buffer.from(`v=${Buffer.alloc(32).toString('base64')}`);
    const impostor = await scramServer({ verdict: [{ type: 'authentication', method: 'saslFinal', data: forged }] });
    const error = await fails(impostor, 'authentication');
    assert.match(error.message, /signature/);
  });

  test('is refused when it offers channel binding without TLS', async () => {
    const mechanisms = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'];
    await fails(answering({ type: 'authentication', method: 'sasl', mechanisms }), 'protocol');
  });

  test('is refused when it offers nothing that we have, or asks for it', async () => {
    await fails(answering({ type: 'authentication', method: 'sasl', mechanisms: ['X'] }), 'authentication');
    await fails(answering({ type: 'authentication', method: 'gss' }), 'authentication');
    await fails(answering({ type: 'authentication', method: 'kerberosV5' }), 'authentication');
  });

  test('is refused when it asks twice', async () => {
    const md5: BackendMessage = { type: 'authentication', method: 'md5Password', salt: new Uint8Array(4) };
    await fails(answering(md5, { type: 'authentication', method: 'cleartextPassword' }), 'authentication');
  });
});

describe('an honest server', () => {
  test('may send its answer byte by byte', async () => {
    const target = await serve((socket) => {
      socket.setNoDelay(true);
      socket.once('data', async () => {
        for (const byte of bytes(ok, { type: 'backendKeyData', pid: 7, key: Uint8Array.of(1, 2, 3, 4) }, ready)) {
          socket.write(Uint8Array.of(byte));
          await new Promise(setImmediate);
        }
      });
    });
    const stream = await dial(target);
    assert.equal(stream.backendPid, 7);
    assert.deepEqual([...stream.cancelKey], [1, 2, 3, 4]);
    stream.socket.destroy();
  });

  test('may send more behind ReadyForQuery, and none of it is lost', async () => {
    const notice: BackendMessage = { type: 'noticeResponse', fields: new Map([['M', Buffer.from('later')]]) };
    const target = await serve((socket) => {
      socket.once('data', () => socket.end(bytes(ok, ready, notice, Uint8Array.of(0x4e, 0))));
    });
    const stream = await dial(target);
    const received: Uint8Array[] = [stream.rest];
    stream.socket.on('data', (chunk) => received.push(chunk)).resume();
    await once(stream.socket, 'end');
    assert.deepEqual(Buffer.concat(received), Buffer.from(bytes(notice, Uint8Array.of(0x4e, 0))));
    assert.equal(stream.notices.length, 0);
    stream.socket.destroy();
  });

  test('that proves itself is accepted', async () => {
    const target = await serve(await scramServer({}));
    const stream = await dial(target);
    stream.socket.destroy();
  });
});

describe('a cancel request', () => {
  test('is what the manual says, and waits for the server to close', async () => {
    const key = Uint8Array.from({ length: 32 }, (_, at) => at);
    const received: Uint8Array[] = [];
    const target = await serve((socket) => {
      socket.on('data', (chunk) => {
        received.push(chunk);
        socket.end();
      });
    });
    await sendCancel(target, { pid: 4711, key }, { timeoutMs });
    assert.deepEqual(decodeStartup(Buffer.concat(received)), {
      type: 'cancelRequest',
      pid: 4711,
      key: Buffer.from(key),
    });
  });

  test('to a server that does not close is given up when the time is up', async () => {
    const target = await serve((socket) => socket.resume());
    const attempt = sendCancel(target, { pid: 1, key: new Uint8Array(4) }, { timeoutMs: 50 });
    await assert.rejects(attempt, (error) => error instanceof DialError && error.failure.type === 'timeout');
  });
});

/** Knows the password, goes through SCRAM, and says `verdict` in the place of the right one. */
async function scramServer(options: {
  readonly verdict?: readonly BackendMessage[];
}): Promise<(socket: Socket) => void> {
  const salting = { salt: Buffer.from('sixteen bytes...'), iterations: 4096 };
  const verifiers = [{ id: 'one', ...scramKeys(nodeCrypto, await saltPassword(secret, salting)) }];
  return (socket) => {
    const framer = new Framer({ streams: () => false, maxHeldBytes: () => 4096 });
    let exchange: ScramServer | undefined;
    socket.once('data', () => {
      socket.write(bytes({ type: 'authentication', method: 'sasl', mechanisms: offeredMechanisms(undefined) }));
      socket.on('data', (chunk) => {
        framer.push(chunk);
        while (framer.next()) {
          const body = new Reader(framer.bytes, framer.start + 5, framer.end);
          if (exchange === undefined) {
            const mechanism = body.cstring();
            exchange = new ScramServer({
              crypto: nodeCrypto,
              mechanism,
              endPoint: undefined,
              candidates: { ...salting, verifiers },
            });
            const step = exchange.step(body.value());
            socket.write(bytes({ type: 'authentication', method: 'saslContinue', data: dataOf(step) }));
            continue;
          }
          const step = exchange.step(body.rest());
          assert.equal(step.type, 'accepted');
          const final: BackendMessage = { type: 'authentication', method: 'saslFinal', data: dataOf(step) };
          socket.write(bytes(...(options.verdict ?? [final]), ok, ready));
        }
      });
    });
  };
}

function dataOf(step: object): Uint8Array {
  return 'data' in step && step.data instanceof Uint8Array ? step.data : assert.fail('the client was refused');
}
