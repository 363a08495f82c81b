import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { saslprep } from './saslprep.ts';

function prepared(text: string): string {
  return Buffer.from(saslprep(Buffer.from(text))).toString();
}

describe('SASLprep', () => {
  test('prepares the examples of RFC 4013 section 3', () => {
    assert.equal(prepared('I\u00adX'), 'IX');
    assert.equal(prepared('user'), 'user');
    assert.equal(prepared('USER'), 'USER');
    assert.equal(prepared('\u00aa'), 'a');
    assert.equal(prepared('\u2168'), 'IX');
  });

  test('makes spaces of spaces and nothing of nothing', () => {
    assert.equal(prepared('a\u00a0b\u3000c\u200bd'), 'a b c d');
    assert.equal(prepared('a\u2060b\ufe0f'), 'ab');
  });

  test('leaves ASCII as it is, control characters too', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary-ascii' }), (text) => assert.equal(prepared(text), text)));
    assert.equal(prepared('a\u0007'), 'a\u0007');
  });

  test('takes what is not allowed as the bytes it is', () => {
    const raw = [
      // A control character next to something that would be changed.
      '\u2168\u0007',
      // Right-to-left text that ends in a digit (RFC 3454 section 6), or holds a Latin letter.
      '\u06271',
      '\u0627a\u0628\u00aa',
      // Nothing left.
      '\u00ad',
      // Private use, a non-character, and U+0221, unassigned in Unicode 3.2.
      '\u2168\ue000',
      '\u2168\ufdd0',
      '\u2168\u0221',
      // An emoji that Unicode 3.2 did not know.
      '\u2168\u{1f512}',
    ];
    for (const text of raw) assert.equal(prepared(text), text);
    assert.equal(prepared('\u06271\u0628'), '\u06271\u0628');
  });

  test('takes what is not UTF-8 as the bytes it is', () => {
    for (const bytes of [[0xff, 0x41], [0xc3], [0xe2, 0x85, 0xa8, 0xed, 0xa0, 0x80]]) {
      assert.deepEqual([...saslprep(Uint8Array.from(bytes))], bytes);
    }
  });

  test('changes nothing that it has prepared', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const once = saslprep(Buffer.from(text));
        assert.deepEqual(Buffer.from(saslprep(once)), Buffer.from(once));
      }),
    );
  });
});
