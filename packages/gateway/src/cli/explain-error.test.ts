import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { explainError } from './explain-error.ts';

test('a port that somebody else has is said in words, with the setting that names it', async () => {
  const [first, second] = [createServer(), createServer()];
  await once(first.listen(0, '127.0.0.1'), 'listening');
  second.listen({ ...(first.address() as object), host: '127.0.0.1' });
  const [error] = await once(second, 'error');
  first.close();
  const { code, told } = await explained(error);
  assert.equal(code, 1);
  assert.match(told, /^onrecord: listen EADDRINUSE: .*\nAnother process listens there.*`listen` in onrecord\.yaml/);
});

test('a bug keeps its stack', async () => {
  const { told } = await explained(new TypeError('x is not a function'));
  assert.match(told, /^onrecord: TypeError: x is not a function\n +at /);
});

async function explained(error: unknown): Promise<{ readonly code: number; readonly told: string }> {
  const stderr = new PassThrough();
  const code = explainError(error, { stderr });
  stderr.end();
  return { code, told: await text(stderr) };
}
