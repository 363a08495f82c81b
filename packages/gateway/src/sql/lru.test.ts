import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Lru } from './lru.ts';

describe('Lru', () => {
  test('computes each value once while it is kept, and keeps what was used last', () => {
    const computed: string[] = [];
    const cache = new Lru<string | undefined>({ maxEntries: 2, maxCharacters: 1_000 });
    const compute = (key: string): string | undefined => {
      computed.push(key);
      return key === 'none' ? undefined : key.toUpperCase();
    };
    for (const key of ['a', 'none', 'a', 'none', 'b', 'none', 'a']) cache.get(key, compute);
    assert.deepEqual(computed, ['a', 'none', 'b', 'a']);
    assert.equal(cache.get('a', compute), 'A');
    assert.equal(cache.get('none', compute), undefined);
  });

  test('keeps within its characters, and no key that would take most of them', () => {
    const cache = new Lru<number>({ maxEntries: 1_000, maxCharacters: 100 });
    for (let index = 0; index < 100; index += 1) cache.get(String(index).padStart(10, '0'), (key) => key.length);
    assert.equal(cache.size, 10);
    cache.get('x'.repeat(11), (key) => key.length);
    assert.equal(cache.size, 10);
  });

  test('keeps what it is given in the place of what it has, within its characters', () => {
    const cache = new Lru<number>({ maxEntries: 1_000, maxCharacters: 100 });
    for (let round = 0; round < 100; round += 1) cache.keep('0123456789', round);
    cache.keep('9876543210', 1);
    assert.equal(cache.find('0123456789'), 99);
    assert.equal(cache.find('9876543210'), 1);
    assert.equal(cache.find('none'), undefined);
  });
});
