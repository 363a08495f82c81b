import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { escapeForTerminal, escapeHtml, escapeJson, piecesOf } from './escape.ts';

const line = (text: string): string => escapeForTerminal(text, { multiline: false });
const block = (text: string): string => escapeForTerminal(text, { multiline: true });

test('terminal commands are shown and not sent', () => {
  assert.equal(line('\x1b[2J\x1b]0;title\x07'), '\\x1b[2J\\x1b]0;title\\x07');
  assert.equal(line('\x9b31m'), '\\x9b31m');
  assert.equal(line('a\bb\x7f\0'), 'a\\x08b\\x7f\\x00');
});

test('bidi overrides, isolates and marks are shown', () => {
  for (const code of [0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069, 0x200e, 0x200f, 0x061c]) {
    assert.equal(line(`a${String.fromCodePoint(code)}b`), `a\\u${code.toString(16).padStart(4, '0')}b`);
  }
});

test('characters that nobody sees are shown', () => {
  assert.equal(line('a\u200bb\u00adc\ufeffd\u2060'), 'a\\u200bb\\xadc\\ufeffd\\u2060');
  assert.equal(line('\u{e0041}\u{e0100}\ufe0f\u3164'), '\\u{e0041}\\u{e0100}\\ufe0f\\u3164');
});

test('lone surrogates and line separators are shown', () => {
  assert.equal(line('a\ud83dz\udc00'), 'a\\ud83dz\\udc00');
  assert.equal(line('a\u2028b\u2029c\u0085'), 'a\\u2028b\\u2029c\\x85');
});

test('text that is only text stays as it is', () => {
  const text = "select 'Grüße, 世界, 👍, שלום' \\ n";
  assert.equal(line(text), text);
});

test('a single line has its breaks and tabs escaped; a block keeps breaks, and shows a lone carriage return', () => {
  assert.equal(line('a\r\nb\tc'), 'a\\r\\nb\\tc');
  assert.equal(block('a\r\nb\tc\rd'), 'a\nb    c\\rd');
});

test('combining marks cannot sit on what is not theirs, nor pile up', () => {
  assert.equal(line('\u0301a\u0301'), '\\u0301a\u0301');
  assert.equal(line('\u202e\u0301'), '\\u202e\\u0301');
  assert.equal(line(`a${'\u0301'.repeat(6)}`), `a${'\u0301'.repeat(4)}\\u0301\\u0301`);
});

/** Any UTF-16 at all, with what is dangerous far more often than chance would have it. */
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
      fc.constantFrom(
        '\x1b',
        '\x9b',
        '\u202e',
        '\u2066',
        '\u200b',
        '\u{e0041}',
        '\n',
        '\r\n',
        '\t',
        '\u0301',
        '<',
        '&',
        '"',
      ),
    ),
  )
  .map((parts) => parts.join(''));

const neverShown = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/v;

test('no escaped line ever holds a character that is not shown', () => {
  fc.assert(fc.property(hostile, (text) => !neverShown.test(line(text))));
});

test('no escaped block ever holds one besides line breaks', () => {
  fc.assert(fc.property(hostile, (text) => !neverShown.test(block(text).replaceAll('\n', ''))));
});

test('escaping what is escaped changes nothing', () => {
  fc.assert(fc.property(hostile, (text) => line(line(text)) === line(text)));
});

test('HTML holds no markup of the text, and marks escapes when asked', () => {
  assert.equal(escapeHtml(`<img src="x" onerror='1'>&`), '&lt;img src=&quot;x&quot; onerror=&#39;1&#39;&gt;&amp;');
  assert.equal(escapeHtml('a\u202e<', 'hidden'), 'a<span class="hidden">\\u202e</span>&lt;');
  fc.assert(fc.property(hostile, (text) => !/[<>"']/.test(escapeHtml(text))));
  fc.assert(fc.property(hostile, (text) => !neverShown.test(escapeHtml(text).replaceAll(/[\n\t]/g, ''))));
});

test('JSON means the same when escaped, and has nothing that HTML or a terminal would act on', () => {
  assert.equal(escapeJson(JSON.stringify('</script><!--\u2028')), '"\\u003c/script\\u003e\\u003c!--\\u2028"');
  fc.assert(
    fc.property(hostile, (text) => {
      const escaped = escapeJson(JSON.stringify({ text }));
      assert.deepEqual(JSON.parse(escaped), { text });
      assert.doesNotMatch(escaped, neverShown);
      assert.doesNotMatch(escaped, /[<>&]/);
    }),
  );
});

test('the page can run piecesOf from its source text alone', () => {
  const alone = new Function(`return ${piecesOf}`)() as typeof piecesOf;
  fc.assert(fc.property(hostile, (text) => assert.deepEqual(alone(text, '\n'), piecesOf(text, '\n'))));
});
