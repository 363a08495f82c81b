import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateToken, parseToken } from './token.ts';

test('a token names its id, and reads back', () => {
  const token = generateToken();
  assert.match(token.text, /^onr_[0-9a-hjkmnp-tv-z]{10}_[0-9a-hjkmnp-tv-z]{39}$/);
  assert.equal(token.text.split('_')[1], token.id);
  assert.deepEqual(parseToken(token.text), token);
});

test('a token needs no escapes in a URL', () => {
  const { text } = generateToken();
  assert.equal(encodeURIComponent(text), text);
  assert.equal(new URL(`postgres://agent:${text}@localhost/billing`).password, text);
});

test('a typing error anywhere is noticed', () => {
  const { text } = generateToken();
  for (let at = 0; at < text.length; at += 1) {
    const wrong = `${text.slice(0, at)}${text[at] === '7' ? '8' : '7'}${text.slice(at + 1)}`;
    assert.equal(parseToken(wrong), undefined, wrong);
  }
  for (const wrong of ['', 'onr_', text.slice(1), `${text}0`, text.slice(0, -1), text.toUpperCase()]) {
    assert.equal(parseToken(wrong), undefined, wrong);
  }
});

test('every digit of id and secret is as likely as the others', () => {
  const counts = new Map<string, number>();
  const tokens = 2000;
  for (let n = 0; n < tokens; n += 1) {
    const text = generateToken().text.slice(0, -7).replace('onr_', '').replace('_', '');
    for (const digit of text) counts.set(digit, (counts.get(digit) ?? 0) + 1);
  }
  const expected = (tokens * 42) / 32;
  assert.equal(counts.size, 32);
  // Ten standard deviations: a fair generator fails this less than once in 10^20 runs.
  for (const [digit, count] of counts) assert.ok(Math.abs(count - expected) < 10 * Math.sqrt(expected), digit);
});

test('the checksum is CRC-32 of what stands before it', () => {
  // CRC-32 of the first 47 characters, computed with another implementation (Python's zlib.crc32).
  const known = 'onr_0000000000_000000000000000000000000000000002jcc4x0';
  assert.deepEqual(parseToken(known), { id: '0000000000', text: known });
});
