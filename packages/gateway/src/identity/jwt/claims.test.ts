import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Issuer } from '../../config/issuer.ts';
import { claimAt, matchesClaims, matchesGlob } from './claims.ts';
import { hasDuplicateNames } from './has-duplicate-names.ts';
import { mapClaims } from './map-claims.ts';

describe('a pattern', () => {
  it('matches text to the letter, and anything where it has a star', () => {
    const yes: readonly (readonly [string, string])[] = [
      ['a', 'a'],
      ['repo:acme/app:ref:refs/heads/main', 'repo:acme/app:*'],
      ['repo:acme/app:ref:refs/heads/main', 'repo:*:ref:refs/heads/*'],
      ['repo:acme/app:ref:refs/heads/main', '*main'],
      ['', '*'],
      ['ab', 'a*b'],
      ['a*b', 'a*b'],
    ];
    const no: readonly (readonly [string, string])[] = [
      ['A', 'a'],
      ['a ', 'a'],
      ['aa', 'a'],
      ['repo:acme/apple:x', 'repo:acme/app:*'],
      ['xrepo:acme/app:', 'repo:acme/app:*'],
      ['aba', 'ab*ba'],
      ['ab', 'a*b*b'],
      ['a.c', 'a?c'],
      ['abc', 'a.c'],
    ];
    for (const [text, pattern] of yes) assert.ok(matchesGlob(text, pattern), `${text} ${pattern}`);
    for (const [text, pattern] of no) assert.ok(!matchesGlob(text, pattern), `${text} ${pattern}`);
  });

  it('is what a regular expression of the same meaning is', () => {
    const letters = fc.array(fc.constantFrom('a', 'b', '*'), { maxLength: 8 }).map((list) => list.join(''));
    fc.assert(
      fc.property(letters, letters, (text, pattern) => {
        const expected = new RegExp(`^${pattern.replaceAll('*', '[^]*')}$`).test(text);
        assert.equal(matchesGlob(text, pattern), expected);
      }),
    );
  });

  it('takes no time that grows with the square of the text', () => {
    const text = 'a'.repeat(60_000);
    assert.equal(matchesGlob(text, `${'a*'.repeat(50)}b`), false);
  });
});

describe('the claims of a token', () => {
  const claims = {
    sub: 'system:serviceaccount:billing:agent',
    aud: ['onrecord', 'other'],
    admin: true,
    level: 3,
    'kubernetes.io': { namespace: 'billing', serviceaccount: { name: 'agent' } },
    realm_access: { roles: ['finance', 'ops'] },
    email: 'ann@example.com',
  };

  it('match when all that a rule names are as it says', () => {
    assert.ok(
      matchesClaims(claims, { sub: 'system:serviceaccount:billing:*', aud: 'onrecord', admin: true, level: 3 }),
    );
    assert.ok(matchesClaims(claims, { 'kubernetes.io': { namespace: 'billing', serviceaccount: { name: 'agent' } } }));
    assert.ok(matchesClaims(claims, { realm_access: { roles: 'ops' } }));
    assert.ok(!matchesClaims(claims, { sub: 'system:serviceaccount:billing:*', aud: 'nobody' }));
    assert.ok(!matchesClaims(claims, { admin: 'true' }));
    assert.ok(!matchesClaims(claims, { level: '3' }));
    assert.ok(!matchesClaims(claims, { absent: '*' }));
    assert.ok(!matchesClaims(claims, { 'kubernetes.io': 'billing' }));
    assert.ok(!matchesClaims(claims, { sub: { length: 35 } }));
  });

  it('match no rule that names none, and have nothing that they inherit', () => {
    assert.ok(!matchesClaims(claims, {}));
    assert.equal(claimAt(claims, ['constructor', 'name']), undefined);
    assert.equal(claimAt(claims, ['aud', 'length']), undefined);
    assert.equal(claimAt(JSON.parse('{"__proto__":{"a":"b"}}'), ['__proto__', 'a']), 'b');
  });

  const issuer = (over: Partial<Issuer> = {}): Issuer => ({
    name: 'corp',
    issuer: 'https://id.example.com',
    audience: ['onrecord'],
    keys: { type: 'discovery' },
    tlsCa: undefined,
    algorithms: ['RS256'],
    clockSkewMs: 0,
    scope: 'openid',
    identities: [
      { claims: { sub: '*:other' }, identity: 'other', groups: [] },
      { claims: { sub: '*:agent' }, identity: 'agent', groups: ['rule'] },
      { claims: { sub: '*' }, identity: 'anybody', groups: [] },
    ],
    groups: ['realm_access', 'roles'],
    onBehalfOf: ['email'],
    ...over,
  });

  it('are the identity of the first rule that matches, with groups and the person it acts for', () => {
    assert.deepEqual(mapClaims(claims, issuer()), {
      type: 'mapped',
      identity: 'agent',
      groups: ['rule', 'finance', 'ops'],
      onBehalfOf: 'ann@example.com',
    });
    const plain = mapClaims({ sub: 'a:other' }, issuer());
    assert.deepEqual(plain, { type: 'mapped', identity: 'other', groups: [], onBehalfOf: undefined });
    assert.equal(mapClaims({ email: 'a' }, issuer()).type, 'refused');
  });

  it('are refused when groups or the person are not names: a right is not guessed', () => {
    const refused = (more: object): void => {
      const mapped = mapClaims({ ...claims, ...more }, issuer());
      assert.ok(mapped.type === 'refused', JSON.stringify(more));
      assert.ok(!mapped.reason.includes('ann'));
    };
    refused({ realm_access: { roles: ['finance', 1] } });
    refused({ realm_access: { roles: { finance: true } } });
    refused({ realm_access: { roles: Array.from({ length: 257 }, (_, at) => `g${at}`) } });
    refused({ realm_access: { roles: ['a\nb'] } });
    refused({ email: ['ann@example.com'] });
    refused({ email: 'ann'.repeat(100) });
    refused({ email: 'ann\u202e' });
    refused({ email: '' });
  });
});

describe('duplicate names', () => {
  const twice = (text: string): boolean => hasDuplicateNames(text, JSON.parse(text));

  it('are found at any depth, whatever escapes they are written with', () => {
    for (const text of ['{"a":1,"a":2}', '{"x":[{"a":1,"a":1}]}', '{"a":1,"\\u0061":2}', '{"a" :1, "a"\n:2}']) {
      assert.ok(twice(text), text);
    }
    for (const text of ['{"a":"b\\":","c":{"a":1}}', '[]', '{"a":["a","a"]}', '{"a:":":","__proto__":1}', '"a"']) {
      assert.ok(!twice(text), text);
    }
  });

  it('are not found in what a serializer wrote', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => !twice(JSON.stringify(value))));
  });
});
