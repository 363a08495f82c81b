import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { backendTag } from '@onrecord/wire';
import { WireClient } from '../support/wire-client.ts';
import { assertNothingLost } from './assert-nothing-lost.ts';
import { Crew } from './crew.ts';
import { entriesOf } from './gateway-entries.ts';
import { type LinkedPair, startLinkedPair } from './linked-pair.ts';

/** The shortest that there may be. It is renewed after 40 s. */
const certificate = '60s';
const size = 3;

/** The one test that takes a minute, because a certificate has to reach its end; it sleeps for most of it. */
describe('a certificate that is renewed and ends', { timeout: 600_000 }, () => {
  let pair: LinkedPair;
  before(async () => {
    pair = await startLinkedPair({ settings: { connectors: { certificate } } });
  });
  after(() => pair?.stop());

  it('disturbs no session, neither when it is renewed nor when the old one ends', async () => {
    const first = entriesOf(pair.gateway, 'connector_enrolled')[0]?.body;
    assert.ok(first !== undefined);
    const idle = await WireClient.login(pair.gateway);
    const crew = new Crew(pair.gateway, size, 'renewal');
    await delay(first.notAfter / 1000 - Date.now() + 2_000);
    await crew.progress(size * 5);
    const renewed = entriesOf(pair.gateway, 'connector_renewed').map(({ body }) => body);
    assert.equal(renewed.length, 1, 'it was renewed once');
    assert.equal(renewed[0]?.previous, first.certificate);
    assert.ok((renewed[0]?.notAfter ?? 0) > first.notAfter);
    assert.deepEqual([crew.farewells, crew.refusals], [[], []]);
    assert.deepEqual(entriesOf(pair.gateway, 'connector_disconnected'), []);
    assert.ok((await idle.query('select 1')).some(({ tag }) => tag === backendTag.commandComplete));
    await idle.close();
    await crew.stop();
    // With the new one it is let in again.
    await pair.connector.kill9();
    await pair.connector.restart();
    await (await WireClient.login(pair.gateway)).close();
    await assertNothingLost(pair, [crew]);
  });
});
