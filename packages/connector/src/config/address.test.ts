import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress, parseAddress } from './address.ts';

test('an address is a host and a port, IPv6 in brackets', () => {
  assert.deepEqual(parseAddress('127.0.0.1:6432'), { host: '127.0.0.1', port: 6432 });
  assert.deepEqual(parseAddress('db.example:0'), { host: 'db.example', port: 0 });
  assert.deepEqual(parseAddress('[::1]:6432'), { host: '::1', port: 6432 });
  assert.deepEqual(parseAddress('[fe80::1%eth0]:1'), { host: 'fe80::1%eth0', port: 1 });
});

test('half an address is none', () => {
  for (const text of [
    '',
    '6432',
    ':6432',
    'localhost',
    'localhost:',
    '::1:6432',
    '[::1]',
    '[zz]:1',
    'h:65536',
    'a b:1',
    'http://h:1',
  ]) {
    assert.equal(parseAddress(text), undefined, text);
  }
});

test('an address is written as it is read', () => {
  for (const text of ['127.0.0.1:6432', '[::1]:6432', 'localhost:1']) {
    const parsed = parseAddress(text);
    assert.ok(parsed);
    assert.equal(formatAddress(parsed), text);
  }
});
