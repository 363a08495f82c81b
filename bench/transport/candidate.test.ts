import assert from 'node:assert/strict';
import { test } from 'node:test';
import { candidateNames } from './candidate.ts';
import { loopback } from './network.ts';
import { startPair } from './pair.ts';

const megabyte = 1e6;

for (const name of candidateNames) {
  test(`${name}: more sessions than were prepared for open at once, and carry what is sent both ways`, async () => {
    const pair = await startPair(name, loopback);
    try {
      const opened = await pair.gateway.ask('openAtOnce', 30);
      assert.ok(opened.maxMs >= opened.p50Ms && opened.p50Ms > 0);
      const echoes = await pair.gateway.ask('echo', { streams: 3, forMs: 0 });
      assert.equal(echoes.count, 3);
      const read = await pair.gateway.ask('read', { streams: 2, bytes: megabyte, atMostMs: 60_000 });
      assert.equal(read.bytes, 2 * megabyte);
    } finally {
      await pair.stop();
    }
  });

  test(`${name}: a reader that has stopped gets no more than its windows, and others go on`, async () => {
    const pair = await startPair(name, loopback);
    try {
      const stopped = pair.gateway.ask('read', { streams: 2, bytes: 10e9, atMostMs: 500, bytesPerSecond: 0 });
      assert.ok((await pair.gateway.ask('echo', { streams: 1, forMs: 300 })).count >= 1);
      assert.equal((await stopped).bytes, 0);
    } finally {
      await pair.stop();
    }
  });
}
