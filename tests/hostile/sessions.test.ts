import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { backendTag, Writer } from '@onrecord/wire';
import { encodeMessage } from '../conformance/encode-message.ts';
import { Seeded } from '../oracle/seeded.ts';
import { nextAction, workloadSchema } from '../oracle/workload.ts';
import { type Pair, startPair } from '../support/pair.ts';
import { WireClient } from '../support/wire-client.ts';
import { type Bystander, bystander } from './bystander.ts';

const megabyte = 1024 * 1024;
const header = (tag: string, length: number): Uint8Array =>
  new Writer().uint8(tag.charCodeAt(0)).int32(length).finish();

describe('clients that have logged in and send what they should not', { timeout: 900_000 }, () => {
  let pair: Pair;
  let ordinary: Bystander;
  before(async () => {
    pair = await startPair();
    await pair.admin.query(workloadSchema);
    ordinary = await bystander(pair.gateway);
  });
  after(() => pair?.stop());

  it('random bytes', async () => {
    const random = new Seeded(11);
    const one = async (): Promise<void> => {
      const client = await WireClient.login(pair.gateway);
      for (let piece = 0; piece < 5; piece += 1) {
        const noise = Uint8Array.from({ length: 1 + random.below(400) }, () => random.below(256));
        await client.send(noise).catch(() => {});
      }
      client.end();
      await ends(client);
    };
    for (let round = 0; round < 6; round += 1) await Promise.all(Array.from({ length: 5 }, one));
  });

  it('a conversation with bits flipped, bytes lost and doubled', async () => {
    const random = new Seeded(13);
    const one = async (number: number): Promise<void> => {
      const client = await WireClient.login(pair.gateway);
      const actions = Array.from({ length: 5 }, (_, at) => nextAction(`h${number}`, at, random).bytes);
      await client.send(damaged(Buffer.concat(actions), random)).catch(() => {});
      client.end();
      await ends(client);
    };
    for (let round = 0; round < 8; round += 1)
      await Promise.all(Array.from({ length: 5 }, (_, at) => one(round * 5 + at)));
  });

  it('a conversation that breaks off at every byte', async () => {
    const whole = Buffer.concat(
      [
        'Query "begin"',
        'Parse "s" "select $1::int"',
        'Bind "" "s" values=["1"]',
        'Execute ""',
        'Sync',
        'Query "copy w from stdin"',
        'CopyData "x"',
      ].map(encodeMessage),
    );
    const cut = async (length: number): Promise<void> => {
      const client = await WireClient.login(pair.gateway);
      await client.send(whole.subarray(0, length));
      if (length % 2 === 0) client.destroy();
      else client.end();
      await ends(client);
    };
    for (let from = 0; from < whole.length; from += 10) {
      await Promise.all(Array.from({ length: Math.min(10, whole.length - from) }, (_, at) => cut(from + at)));
    }
  });

  it('the right messages in the wrong states', async () => {
    const wrong = [
      ['CopyData "x"', 'CopyDone', 'CopyFail "x"'],
      ['Query "copy w from stdin"', 'Parse "" "select 1"', 'Sync'],
      ['Query "copy w from stdin"', 'Query "select 1"'],
      ['Query "copy w from stdin"', 'FunctionCall 177 formats=[0] values=["1", "1"] result=0'],
      ['Query "copy w from stdin"', 'Message "p" "password"'],
      ['Query "copy w to stdout"', 'CopyData "x"', 'CopyDone'],
      ['Message "p" "password"'],
      ['Message "p" x"534352414d2d5348412d32353600 00000003 6e2c2c"'],
      ['Execute "none"', 'Execute "none"', 'Sync', 'Sync'],
      ['Bind "" "none"', 'Query "select 1"', 'Sync'],
      ['SSLRequest'],
      ['Raw x"00000008 04d2162f"', 'Query "select 1"'],
    ];
    for (const lines of wrong) {
      const client = await WireClient.login(pair.gateway);
      await client.send(Buffer.concat(lines.map(encodeMessage))).catch(() => {});
      client.end();
      await ends(client);
    }
  });

  it('large messages that are announced and never come cost nothing', async () => {
    const before = pair.gateway.residentBytes();
    const clients = await Promise.all(Array.from({ length: 20 }, () => WireClient.login(pair.gateway)));
    for (const [at, client] of clients.entries()) {
      const tag = ['Q', 'P', 'B', 'F', 'd'][at % 5] ?? 'Q';
      await client.send(header(tag, 200 * megabyte));
      await client.send(Buffer.alloc(1000, 0x20)).catch(() => {});
    }
    const after = await WireClient.login(pair.gateway);
    await after.close();
    const grown = pair.gateway.residentBytes() - before;
    assert.ok(grown < 80 * megabyte, `it grew by ${Math.round(grown / megabyte)} MB`);
    for (const client of clients) client.destroy();
  });

  it('lengths that no message has end the session, and only that', async () => {
    const impossible: readonly (readonly [string, number])[] = [
      ['Q', 0],
      ['Q', 3],
      ['Q', -1],
      ['S', 0x7fffffff],
      ['X', -2147483648],
      ['E', 20_000],
      ['Q', 0x7fffffff],
    ];
    for (const [tag, length] of impossible) {
      const client = await WireClient.login(pair.gateway);
      await client.send(header(tag, length)).catch(() => {});
      const last = (await ends(client)).at(-1);
      if (last !== undefined) assert.equal(last, backendTag.errorResponse, `${tag} of ${length}`);
    }
  });

  it('go unnoticed by an ordinary session, and leave nothing open behind', async () => {
    await ordinary.leave();
    await pair.admin.alone();
  });
});

/** Tags of what still comes; the end of the connection must come. */
async function ends(client: WireClient): Promise<readonly number[]> {
  const tags: number[] = [];
  for (;;) {
    const message = await client.next(15_000);
    if (message === undefined) return tags;
    tags.push(message.tag);
  }
}

/** The bytes with a few of them changed, lost or doubled. */
function damaged(bytes: Buffer, random: Seeded): Buffer {
  let result = Buffer.from(bytes);
  for (let times = 1 + random.below(4); times > 0; times -= 1) {
    const at = random.below(result.length);
    const kind = random.below(3);
    if (kind === 0) result[at] = (result[at] ?? 0) ^ (1 << random.below(8));
    else if (kind === 1) result = Buffer.concat([result.subarray(0, at), result.subarray(at + 1 + random.below(8))]);
    else result = Buffer.concat([result.subarray(0, at), result.subarray(Math.max(0, at - random.below(8)))]);
  }
  return result;
}
