import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { backendTag } from '@onrecord/wire';
import { type Pair, startPair } from '../support/pair.ts';
import { errorFields, startupMessage, WireClient } from '../support/wire-client.ts';
import { type Bystander, bystander } from './bystander.ts';

const crowd = 500;
const megabyte = 1024 * 1024;

describe(`${crowd} connections that do not log in`, { timeout: 600_000 }, () => {
  let pair: Pair;
  let ordinary: Bystander;
  before(async () => {
    pair = await startPair({ gateway: { settings: { limits: { startup: '3s', unauthenticated: 1000 } } } });
    ordinary = await bystander(pair.gateway);
  });
  after(() => pair?.stop());

  it('keep nobody out, cost little, and are closed when their time is over', async () => {
    const before = pair.gateway.residentBytes();
    const idle = await Promise.all(Array.from({ length: crowd }, () => WireClient.open(pair.gateway)));
    for (let again = 0; again < 5; again += 1) {
      const client = await WireClient.login(pair.gateway);
      await client.close();
    }
    const grown = pair.gateway.residentBytes() - before;
    assert.ok(grown < 64 * megabyte, `${crowd} idle connections cost ${Math.round(grown / megabyte)} MB`);
    for (const client of idle) {
      const message = await client.next(10_000);
      if (message !== undefined) assert.equal(errorFields(message).C, '57014');
      assert.equal(await client.next(10_000), undefined);
    }
  });

  it('and send their startup packet byte by byte keep nobody out, and do not get more time for it', async () => {
    const clients = await Promise.all(Array.from({ length: crowd / 5 }, () => WireClient.open(pair.gateway)));
    const packet = startupMessage(pair.gateway);
    let at = 0;
    while (clients.some((client) => !client.closed)) {
      // The last byte is never sent.
      const byte = packet.subarray(at, at + 1);
      for (const client of clients)
        if (!client.closed && at < packet.length - 1) await client.send(byte).catch(() => {});
      at += 1;
      await delay(20);
      if (at % 25 === 0) {
        const client = await WireClient.login(pair.gateway);
        await client.close();
      }
    }
  });

  it('and stop in the middle of the password exchange are closed when their time is over', async () => {
    const clients = await Promise.all(Array.from({ length: crowd / 5 }, () => WireClient.open(pair.gateway)));
    for (const client of clients) await client.send(startupMessage(pair.gateway));
    for (const client of clients) {
      const asked = await client.next();
      assert.equal(asked?.tag, backendTag.authentication);
      const message = await client.next(10_000);
      if (message !== undefined) assert.equal(errorFields(message).C, '57014');
    }
  });

  it('go unnoticed by an ordinary session', () => ordinary.leave());
});

describe('more connections than may knock at a time', { timeout: 300_000 }, () => {
  let pair: Pair;
  before(async () => {
    pair = await startPair({ gateway: { settings: { limits: { startup: '20s', unauthenticated: 20, clients: 60 } } } });
  });
  after(() => pair?.stop());

  it('push the oldest out, and a client that logs in is let in', async () => {
    const idle = await Promise.all(Array.from({ length: 55 }, () => WireClient.open(pair.gateway)));
    const client = await WireClient.login(pair.gateway);
    assert.equal((await client.query('select 1')).length, 4);
    await client.close();
    for (const each of idle) each.destroy();
  });

  it('sessions up to the limit of clients; one more is told why not', async () => {
    const sessions: WireClient[] = [];
    let refusal: string | undefined;
    while (refusal === undefined && sessions.length < 80) {
      const session = await WireClient.login(pair.gateway).catch((error: Error) => error);
      if (session instanceof Error) refusal = session.message;
      else sessions.push(session);
    }
    assert.match(refusal ?? '', /53300/);
    for (const session of sessions) assert.equal((await session.query('select 1')).length, 4);
    for (const session of sessions) await session.close();
    const client = await WireClient.login(pair.gateway);
    await client.close();
  });
});
