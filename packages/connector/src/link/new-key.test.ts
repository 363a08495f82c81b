import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dialGateway } from './dial-gateway.ts';
import { startTestGateway } from './gateway.fixture.ts';
import { LinkError } from './link-error.ts';
import { certificateRequest, newKey } from './new-key.ts';

test('a connection that broke while the key was made is the end of the link, and not of the process', async (t) => {
  const gateway = await startTestGateway();
  t.after(() => gateway.stop());
  const trust = { authority: gateway.authority.certificate, own: undefined };
  const connection = await dialGateway(gateway.address, { trust, signal: new AbortController().signal });
  const key = await newKey();
  assert.ok(certificateRequest(key, connection).proof);
  connection.destroy();
  assert.throws(() => certificateRequest(key, connection), LinkError);
});
