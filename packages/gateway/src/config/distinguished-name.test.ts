import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDistinguishedName, sameName } from './distinguished-name.ts';

const same = (a: string, b: string): boolean =>
  sameName(parseDistinguishedName(a) ?? assert.fail(a), parseDistinguishedName(b) ?? assert.fail(b));

test('a name is the same in the order of RFC 4514 and in that of a certificate', () => {
  assert.ok(same('CN=agent, O=Example Ltd,C=GB', 'C=GB\nO=Example Ltd\nCN=agent'));
  assert.ok(same('cn=agent', 'CN=agent'));
  assert.ok(same('CN=a+UID=1,O=x', 'O=x\nUID=1 + CN=a'));
});

test('a name is the whole of it, to the letter', () => {
  assert.ok(!same('CN=agent', 'CN=agent,O=Example'));
  assert.ok(!same('CN=agent', 'CN=Agent'));
  assert.ok(!same('CN=a,CN=a', 'CN=a'));
  assert.ok(!same('CN=agent', 'OU=agent'));
});

test('what is escaped does not end a value', () => {
  assert.deepEqual(parseDistinguishedName('CN=Ann\\, Ltd,O=a\\=b\\+c'), ['CN=Ann, Ltd', 'O=a=b+c']);
  assert.deepEqual(parseDistinguishedName('CN=L\\C3\\A9a'), ['CN=Léa']);
  assert.deepEqual(parseDistinguishedName('CN=a\\\\,O=b'), ['CN=a\\', 'O=b']);
  assert.deepEqual(parseDistinguishedName('CN=a\\ ,O=b'), ['CN=a ', 'O=b']);
  // A value cannot pass for two attributes.
  assert.ok(!same('CN=x\\,O=Example', 'CN=x,O=Example'));
});

test('half a name is none', () => {
  for (const text of ['', 'agent', 'CN=', '=a', 'CN=a,b', '1CN=a'])
    assert.equal(parseDistinguishedName(text), undefined, text);
});
