import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { encodeLinkMessage } from '@onrecord/connector/link';
import { MessageStream } from './message-stream.ts';

const pongs = (count: number): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => encodeLinkMessage({ type: 'pong' })));

function streamOver(): { readonly socket: PassThrough; readonly stream: MessageStream } {
  const socket = new PassThrough();
  return { socket, stream: new MessageStream(socket as unknown as TLSSocket) };
}

test('a flood of messages is dealt with in turns, in which others have theirs', async () => {
  const { socket, stream } = streamOver();
  let heard = 0;
  const message = (): void => {
    heard += 1;
  };
  stream.listen({ message, closed: () => {} });
  for (let block = 0; block < 3; block += 1) socket.write(pongs(1_000));
  let most = 0;
  for (let before = 0; heard < 3_000; before = heard) {
    await nextTurn();
    most = Math.max(most, heard - before);
  }
  // A chunk may have arrived in the same turn.
  assert.ok(most <= 100, `${most} messages in a turn`);
});

test('who lets go of the stream in the middle of a flood gets every byte behind the last message', async () => {
  const { socket, stream } = streamOver();
  const { promise: taken, resolve } = Promise.withResolvers<Uint8Array>();
  let heard = 0;
  const message = (): void => {
    heard += 1;
    if (heard === 60) resolve(stream.release());
  };
  stream.listen({ message, closed: () => {} });
  socket.write(pongs(200));
  assert.deepEqual(Buffer.from(await taken), pongs(140));
  await nextTurn();
  assert.equal(heard, 60);
  assert.ok(socket.isPaused());
});
