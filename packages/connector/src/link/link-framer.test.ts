import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtocolError } from '@onrecord/wire';
import { encodeLinkMessage, LinkFramer, maxLinkMessageBytes } from './link-framer.ts';
import type { CancelElsewhere } from './messages.ts';

const named = (client: string): CancelElsewhere => ({ type: 'cancel elsewhere', pid: 1, key: '', client });

test('messages come out as they went in, in whatever pieces they arrive', () => {
  const messages = ['a', 'é'.repeat(300), '', 'b'.repeat(70_000)].map(named);
  const rest = Buffer.from('bytes of a session');
  const all = Buffer.concat([...messages.map(encodeLinkMessage), rest]);
  for (const size of [1, 3, 64, 1_000, all.length]) {
    const framer = new LinkFramer();
    const taken: unknown[] = [];
    for (let at = 0; at < all.length; at += size) {
      framer.push(all.subarray(at, at + size));
      while (taken.length < messages.length) {
        const message = framer.next();
        if (message === undefined) break;
        taken.push(message);
      }
    }
    assert.deepEqual(taken, messages);
    assert.deepEqual(Buffer.from(framer.takeRest()), rest);
    assert.equal(framer.takeRest().length, 0);
  }
});

test('a message that comes byte by byte is not copied with every byte', { timeout: 150_000 }, () => {
  const message = named('x'.repeat(maxLinkMessageBytes - 100));
  const framer = new LinkFramer();
  let taken: unknown;
  for (const byte of encodeLinkMessage(message)) {
    framer.push(Buffer.of(byte));
    taken ??= framer.next();
  }
  assert.deepEqual(taken, message);
});

test('what is too long for who says it, or no message, is refused', () => {
  const whole = encodeLinkMessage(named('x'.repeat(100)));
  const strict = new LinkFramer(100);
  strict.push(whole.subarray(0, 4));
  assert.throws(() => strict.next(), ProtocolError);
  for (const text of ['', 'no JSON', 'null', '[]', '{"type":1}']) {
    const framer = new LinkFramer();
    framer.push(Buffer.concat([Buffer.of(0, 0, 0, text.length), Buffer.from(text)]));
    assert.throws(() => framer.next(), ProtocolError, text);
  }
});
