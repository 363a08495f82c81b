import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { backendTag } from '@onrecord/wire';
import { encodeMessage } from '../conformance/encode-message.ts';
import { type Pair, startPair } from '../support/pair.ts';
import { WireClient } from '../support/wire-client.ts';
import { type Bystander, bystander } from './bystander.ts';

const megabyte = 1024 * 1024;
/** What the collector of garbage may not have taken back yet. */
const roomBytes = 256 * megabyte;

describe('a slow side slows the other one down, and memory stays flat', { timeout: 900_000 }, () => {
  let pair: Pair;
  let ordinary: Bystander;
  before(async () => {
    pair = await startPair();
    // This process itself is busy for seconds with what it receives.
    ordinary = await bystander(pair.gateway, 30_000);
  });
  after(() => pair?.stop());

  /** The most that the gateway held while something went on. */
  const highest = async (work: (sample: () => void) => Promise<void>): Promise<number> => {
    const before = pair.gateway.residentBytes();
    let most = 0;
    const sample = (): void => {
      most = Math.max(most, pair.gateway.residentBytes() - before);
    };
    const timer = setInterval(sample, 20);
    try {
      await work(sample);
    } finally {
      clearInterval(timer);
    }
    sample();
    return most;
  };
  const assertFlat = (bytes: number): void =>
    assert.ok(bytes < roomBytes, `the gateway grew by ${Math.round(bytes / megabyte)} MB`);

  it('a client that reads a result of 600 MB as fast as it can', async () => {
    const client = await WireClient.login(pair.gateway);
    const grown = await highest(async () => {
      await client.send(largeResult(64_000, 'fast'));
      assert.equal(await rowsOf(client), 64_000);
    });
    await client.close();
    assertFlat(grown);
  });

  it('a client that does not read a result of 300 MB, and then does', async () => {
    const client = await WireClient.login(pair.gateway);
    const grown = await highest(async () => {
      client.pause();
      await client.send(largeResult(32_000, 'late'));
      await pair.admin.waitFor(blocked('late'));
      await delay(300);
      client.resume();
      assert.equal(await rowsOf(client), 32_000);
    });
    await client.close();
    assertFlat(grown);
  });

  it('a client that goes away in the middle of a result it does not read', async () => {
    const client = await WireClient.login(pair.gateway);
    client.pause();
    await client.send(largeResult(32_000, 'never'));
    await pair.admin.waitFor(blocked('never'));
    client.destroy();
    await pair.admin.waitFor("select count(*) = 0 from pg_stat_activity where query like '%/* never */' ");
  });

  it('a server that does not read 200 MB of COPY data, and then does', async () => {
    await pair.admin.query('create table t (a text)');
    const client = await WireClient.login(pair.gateway);
    const line = `${'x'.repeat(65_535)}\n`;
    const data = Buffer.concat(Array.from({ length: 16 }, () => encodeMessage(`CopyData ${JSON.stringify(line)}`)));
    let sent = 0;
    const grown = await highest(async () => {
      await pair.admin.query('begin; lock table t in share mode');
      await client.send(encodeMessage('Query "copy t from stdin"'));
      const copying = (async () => {
        for (; sent < 200; sent += 1) await client.send(data);
        await client.send(encodeMessage('CopyDone'));
      })();
      await delay(700);
      assert.ok(sent < 100, 'the client was not slowed down');
      await pair.admin.query('commit');
      await copying;
      const tags = await client.until(backendTag.readyForQuery);
      assert.ok(tags.some(({ tag }) => tag === backendTag.commandComplete));
    });
    assertFlat(grown);
    const answer = await pair.admin.query('select count(*) from t');
    assert.equal(answer[0]?.[0], '3200');
    await client.close();
  });

  it('a client that asks 50,000 times before it listens', async () => {
    const client = await WireClient.login(pair.gateway);
    const times = 50_000;
    const packet = Buffer.concat(Array.from({ length: 500 }, () => encodeMessage('Query "select 1"')));
    const grown = await highest(async () => {
      client.pause();
      const asking = (async () => {
        for (let sent = 0; sent < times; sent += 500) await client.send(packet);
      })();
      await delay(500);
      client.resume();
      for (let ready = 0; ready < times; ) {
        const message = await client.next(60_000);
        assert.ok(message !== undefined, 'the session ended');
        if (message.tag === backendTag.readyForQuery) ready += 1;
      }
      await asking;
    });
    assertFlat(grown);
    await client.close();
  });

  it('a value of 100 MB, in a result and as a parameter, is not held whole', async () => {
    const client = await WireClient.login(pair.gateway);
    const grown = await highest(async () => {
      const received = await client.query("select repeat('0123456789', 10000000)");
      assert.ok(received.some(({ bytes }) => bytes.length > 100_000_000));
    });
    assertFlat(grown);
    const parameter = Buffer.concat(
      ['Parse "" "select length($1::text)"', 'Bind "" "" values=["0123456789"*10000000]', 'Execute ""', 'Sync'].map(
        encodeMessage,
      ),
    );
    const grownByParameter = await highest(async () => {
      await client.send(parameter);
      const answer = await client.until(backendTag.readyForQuery);
      assert.ok(answer.some(({ tag }) => tag === backendTag.dataRow));
    });
    assertFlat(grownByParameter);
    await client.close();
  });

  it('goes unnoticed by an ordinary session', () => ordinary.leave());
});

function largeResult(rows: number, mark: string): Uint8Array {
  return encodeMessage(`Query "select repeat(md5(n::text), 300) from generate_series(1, ${rows}) n /* ${mark} */"`);
}

/** The server waits for somebody to read what it sends. */
function blocked(mark: string): string {
  return `select count(*) = 1 from pg_stat_activity where wait_event = 'ClientWrite' and query like '%/* ${mark} */'`;
}

async function rowsOf(client: WireClient): Promise<number> {
  let rows = 0;
  for (let tag = 0; tag !== backendTag.readyForQuery; ) {
    const message = await client.next();
    assert.ok(message !== undefined, 'the session ended');
    tag = message.tag;
    if (tag === backendTag.dataRow) rows += 1;
  }
  return rows;
}
