import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { authorityPin, generateEnrollmentToken, parseEnrollmentToken } from './enrollment-token.ts';

const pin = authorityPin(Buffer.from('a certificate'));

test('a token reads as what it was made of', () => {
  const token = generateEnrollmentToken(pin);
  assert.deepEqual(parseEnrollmentToken(token.text), token);
  assert.equal(token.authority, pin);
});

test('a token with any one digit changed, cut or added is none', () => {
  const { text } = generateEnrollmentToken(pin);
  for (let at = 0; at < text.length; at += 1) {
    const other = text[at] === '7' ? '8' : '7';
    assert.equal(parseEnrollmentToken(text.slice(0, at) + other + text.slice(at + 1)), undefined, `at ${at}`);
  }
  for (const wrong of ['', text.slice(1), text.slice(0, -1), `${text}7`, ` ${text}`, `${text}\n`, text.toUpperCase()]) {
    assert.equal(parseEnrollmentToken(wrong), undefined);
  }
});

test('a pin is all of the hash, in 52 digits', () => {
  const digits = '0123456789abcdefghjkmnpqrstvwxyz';
  const value = [...pin].reduce((sum, digit) => sum * 32n + BigInt(digits.indexOf(digit)), 0n);
  const hash = createHash('sha256').update('a certificate').digest('hex');
  assert.equal(pin.length, 52);
  assert.equal((value >> 4n).toString(16).padStart(64, '0'), hash);
  assert.equal(value & 15n, 0n);
});
