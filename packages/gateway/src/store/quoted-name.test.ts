import assert from 'node:assert/strict';
import { it } from 'node:test';
import { quotedName } from './quoted-name.ts';

it('a name is quoted only where it could be read as more than a name', () => {
  for (const name of ['ann@example.com', 'Ann Example', "repo:acme/app:O'Hara", 'Zoë', '<alice>']) {
    assert.equal(quotedName(name), name);
  }
  const misleading: { readonly [name: string]: string } = {
    'boss (verified), x': '"boss (verified), x"',
    'boss → billing': '"boss → billing"',
    'boss    ': '"boss    "',
    'boss\u00a0': '"boss\u00a0"',
    'a" (verified) "\\': '"a\\" (verified) \\"\\\\"',
    '': '""',
  };
  for (const [name, quoted] of Object.entries(misleading)) assert.equal(quotedName(name), quoted);
});
