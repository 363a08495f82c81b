import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromBase64, toBase64 } from './base64.ts';

test('base64 is what Node makes of it, and back', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = toBase64(bytes);
      assert.equal(text, Buffer.from(bytes).toString('base64'));
      assert.deepEqual(fromBase64(text), bytes);
    }),
  );
});

test('base64 in any but its canonical form is none', () => {
  for (const text of ['A', 'AA', 'AAA', 'A===', '====', 'AB==', 'AAB=', 'AA=A', 'AA==AA==', ' AA=', 'AA-_', 'AAÁA']) {
    assert.equal(fromBase64(text), undefined, text);
  }
  fc.assert(
    fc.property(fc.string(), (text) => {
      const bytes = fromBase64(text);
      if (bytes !== undefined) assert.equal(toBase64(bytes), text);
    }),
  );
});
