import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dialGateway } from './dial-gateway.ts';
import { startTestGateway } from './gateway.fixture.ts';
import { Spares } from './spares.ts';

test('what has waited for long is replaced, as the gateway may not have it any more', async (t) => {
  const gateway = await startTestGateway();
  const trust = { authority: gateway.authority.certificate, own: undefined };
  const spares = new Spares({
    dial: (signal) => dialGateway(gateway.address, { trust, signal }),
    instance: 'this-life',
    taken: () => assert.fail('nobody has asked for one'),
    log: () => {},
    tidyMs: 100,
  });
  t.after(async () => {
    spares.stop();
    await gateway.stop();
  });
  spares.keep(2);
  const first = [await gateway.accept('spare'), await gateway.accept('spare')];
  // Nothing is closed or said here, and two more come in their place.
  await gateway.accept('spare');
  await gateway.accept('spare');
  await Promise.all(first.map(({ peer }) => peer.end()));
});
