import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import { openSocket } from '../open-socket.ts';
import { splice } from './splice.ts';

const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** A connection: the far end, half-open as Node's servers can be, and the near end as `openSocket` makes it. */
async function connection(): Promise<{ far: Socket; near: Socket }> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const { port } = server.address() as AddressInfo;
  const near = await openSocket({ host: '127.0.0.1', port, tls: 'disable' }, () => {});
  const [far] = await accepted;
  server.close();
  for (const socket of [far, near]) socket.on('error', () => {});
  // What a spliced gateway connection has, and one to Postgres has not.
  near.allowHalfOpen = true;
  sockets.push(far, near);
  return { far, near };
}

/** Two far ends whose near ends are spliced. */
async function spliced(): Promise<{ gateway: Socket; postgres: Socket; near: readonly [Socket, Socket] }> {
  const [one, other] = await Promise.all([connection(), connection()]);
  splice(one.near, other.near);
  return { gateway: one.far, postgres: other.far, near: [one.near, other.near] };
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
}

async function text(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  await once(socket, 'end');
  return Buffer.concat(chunks).toString();
}

describe('two spliced connections', () => {
  test('hear what the other says, both ways', async () => {
    const { gateway, postgres } = await spliced();
    gateway.end('question');
    assert.equal(await text(postgres), 'question');
    postgres.end('answer');
    assert.equal(await text(gateway), 'answer');
  });

  test('hear all of it, whatever its size', async () => {
    const { gateway, postgres } = await spliced();
    const sent = Buffer.alloc(8 * 1024 * 1024, 'abcdefg');
    postgres.end(sent);
    gateway.setEncoding('latin1');
    let length = 0;
    gateway.on('data', (chunk: string) => {
      assert.equal(chunk[0], String.fromCharCode(sent[length] ?? 0));
      length += chunk.length;
    });
    await once(gateway, 'end');
    assert.equal(length, sent.length);
  });

  test('slow each other down: what nobody reads is not held', async () => {
    const { gateway, postgres, near } = await spliced();
    gateway.pause();
    const chunk = Buffer.alloc(64 * 1024);
    const total = 512;
    let sent = 0;
    const fill = (): void => {
      while (sent < total) {
        sent += 1;
        if (!postgres.write(chunk)) return;
      }
    };
    postgres.on('drain', fill);
    fill();
    // Until the buffers of the system are full, and nothing moves any more.
    let before = -1;
    while (near[1].bytesRead !== before || !near[1].isPaused()) {
      before = near[1].bytesRead;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.ok(near[0].writableLength < 4 * chunk.length, `${near[0].writableLength} bytes are held`);
    assert.ok(sent < total, 'everything went into the buffers of the system');
    let read = 0;
    gateway.on('data', (bytes) => {
      read += bytes.length;
    });
    gateway.resume();
    while (read < total * chunk.length) await once(gateway, 'data');
  });

  test('take each other along when one breaks', async () => {
    for (const breaking of ['gateway', 'postgres'] as const) {
      const ends = await spliced();
      const other = breaking === 'gateway' ? ends.postgres : ends.gateway;
      // Whether it is told by an end or by a reset is the system's choice.
      const ended = once(other.resume(), 'end').catch(() => {});
      ends[breaking].resetAndDestroy();
      await Promise.all(ends.near.map(closed));
      await ended;
    }
  });

  test('end when both directions have ended', async () => {
    const { gateway, postgres, near } = await spliced();
    gateway.end();
    postgres.end();
    await Promise.all(near.map(closed));
  });
});
