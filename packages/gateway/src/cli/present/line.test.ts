import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cutLine, foldLine, linesOf, lineWidth, padLine, padLineStart, paintLine, recorded, span } from './line.ts';

const plainText = (line: readonly { text: string }[]): string => line.map(({ text }) => text).join('');

test('a line is cut to columns, not characters', () => {
  assert.equal(plainText(cutLine([span('世界世界')], 6)), '世界…');
  assert.equal(plainText(cutLine([span('世界世界')], 5)), '世界…');
  assert.equal(plainText(cutLine([span('abc'), span('def')], 4)), 'abc…');
  assert.equal(plainText(cutLine([span('abc')], 3)), 'abc');
  assert.equal(plainText(cutLine([span('abc')], 0)), '');
});

test('padding reaches exactly the width', () => {
  assert.equal(plainText(padLine([span('世')], 4)), '世  ');
  assert.equal(plainText(padLineStart([span('世')], 4)), '  世');
});

test('folding prefers spaces and indents what follows', () => {
  assert.deepEqual(foldLine([span('one two three')], 9, 2).map(plainText), ['one two ', '  three']);
  assert.deepEqual(foldLine([span('abcdefghij')], 4).map(plainText), ['abcd', 'efgh', 'ij']);
});

const text = fc.string({ unit: fc.constantFrom('a', ' ', '世', 'é', '👍', '\x1b', '\u202e', '-') });

test('folding loses nothing and keeps to the width', () => {
  fc.assert(
    fc.property(fc.array(text), fc.integer({ min: 2, max: 30 }), (texts, width) => {
      const line = texts.flatMap((part) => recorded(part));
      const folded = foldLine(line, width);
      assert.equal(folded.map(plainText).join(''), plainText(line));
      for (const part of folded) assert.ok(lineWidth(part) <= width, `${lineWidth(part)} > ${width}`);
    }),
  );
});

test('cutting and padding give exactly the width asked for', () => {
  fc.assert(
    fc.property(fc.array(text), fc.integer({ min: 1, max: 30 }), (texts, width) => {
      assert.equal(
        lineWidth(
          padLine(
            texts.flatMap((part) => recorded(part)),
            width,
          ),
        ),
        width,
      );
    }),
  );
});

test('spans are split at line breaks, with their style', () => {
  assert.deepEqual(linesOf([span('a\nb', 'bad'), span('c\n')]), [
    [span('a', 'bad')],
    [span('b', 'bad'), span('c')],
    [],
  ]);
});

test('styles are written only when colour is on', () => {
  assert.equal(paintLine([span('a', 'bad'), span('b')], false), 'ab');
  assert.equal(paintLine([span('a', 'bad'), span('b')], true), '\x1b[31ma\x1b[39mb');
});
