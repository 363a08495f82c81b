import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { optionSettings } from './startup-options.ts';

/** Each setting as \`name=value\` with the text that says it. */
function settings(options: string): readonly string[] {
  return optionSettings(options).map(
    ({ name, value, start, end }) => `${name}=${value} <${options.slice(start, end)}>`,
  );
}

test('every way to write a setting is read', () => {
  assert.deepEqual(settings('-c a.b=1'), ['a.b=1 <-c a.b=1>']);
  assert.deepEqual(settings('-ca.b=1'), ['a.b=1 <-ca.b=1>']);
  assert.deepEqual(settings('--a.b=1'), ['a.b=1 <--a.b=1>']);
  assert.deepEqual(settings('--Work-Mem=1'), ['work_mem=1 <--Work-Mem=1>']);
  assert.deepEqual(settings(' -c  a=b=c\t-c\nd= '), ['a=b=c <-c  a=b=c>', 'd= <-c\nd=>']);
});

test('a backslash makes the next character part of the word', () => {
  assert.deepEqual(settings('-c a=x\\ y\\\\z'), ['a=x y\\z <-c a=x\\ y\\\\z>']);
  assert.deepEqual(settings('-\\c a=1\\'), ['a=1 <-\\c a=1\\>']);
});

test('switches before it in the same word stay', () => {
  assert.deepEqual(settings('-ec a=1'), ['a=1 <c a=1>']);
  assert.deepEqual(settings('-esca=1'), ['a=1 <ca=1>']);
});

test('the argument of another switch is no setting', () => {
  assert.deepEqual(settings('-f -c -c a=1'), ['a=1 <-c a=1>']);
  assert.deepEqual(settings('-S 100 -tpa -c a=1'), ['a=1 <-c a=1>']);
  assert.deepEqual(settings('-B-c x=1'), []);
});

test('nothing is a setting behind a double dash', () => {
  assert.deepEqual(settings('-c a=1 -- -c b=2'), ['a=1 <-c a=1>']);
});

test('a setting without a value, and a switch without an argument, are read as they are', () => {
  assert.deepEqual(settings('-c a'), ['a=undefined <-c a>']);
  assert.deepEqual(settings('-c'), ['=undefined <-c>']);
  assert.deepEqual(settings(''), []);
  assert.deepEqual(settings('word -'), []);
});

test('places are within the text and in order, whatever the text', () => {
  const text = fc.string({ unit: fc.constantFrom('-', 'c', ' ', '\\', '=', 'a', 'f', '\t', '.'), maxLength: 30 });
  fc.assert(
    fc.property(text, (options) => {
      let from = 0;
      for (const { start, end } of optionSettings(options)) {
        assert.ok(from <= start && start < end && end <= options.length);
        from = end;
      }
    }),
  );
});
