import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeKeys, type Key } from './keys.ts';

const names = (input: string): string[] =>
  decodeKeys(input).keys.map((key) => (key.type === 'key' ? key.name : `'${key.text}'`));

test('arrows and pages are understood in both cursor modes and with modifiers', () => {
  assert.deepEqual(names('\x1b[A\x1b[B\x1b[C\x1b[D'), ['up', 'down', 'right', 'left']);
  assert.deepEqual(names('\x1bOA\x1bOH\x1bOF'), ['up', 'home', 'end']);
  assert.deepEqual(names('\x1b[5~\x1b[6~\x1b[1~\x1b[4~\x1b[7~\x1b[8~'), [
    'page up',
    'page down',
    'home',
    'end',
    'home',
    'end',
  ]);
  assert.deepEqual(names('\x1b[1;5C\x1b[6;2~'), ['right', 'page down']);
});

test('characters and controls are keys of their own', () => {
  assert.deepEqual(names('a/界👍\r\x7f\x03\x1a'), [
    "'a'",
    "'/'",
    "'界'",
    "'👍'",
    'enter',
    'backspace',
    'quit',
    'suspend',
  ]);
  assert.deepEqual(names('\0\x1c'), []);
});

test('an escape at the end waits for what may follow', () => {
  assert.deepEqual(decodeKeys('q\x1b'), { keys: [{ type: 'character', text: 'q' }], rest: '\x1b' });
  assert.equal(decodeKeys('\x1b[').rest, '\x1b[');
  assert.equal(decodeKeys('\x1b[1;').rest, '\x1b[1;');
  assert.equal(decodeKeys('\x1bO').rest, '\x1bO');
});

test('an escape before something else is the escape key', () => {
  assert.deepEqual(names('\x1bq'), ['escape', "'q'"]);
  assert.deepEqual(names('\x1b\x1b[A'), ['escape', 'up']);
});

test('sequences that are no key of ours, such as mouse reports, are dropped whole', () => {
  assert.deepEqual(names('\x1b[<0;10;20Mq\x1b[200~x\x1b[15~'), ["'q'", "'x'"]);
});

test('however the input is split, the keys are the same', () => {
  const part = fc.constantFrom('a', '\x1b[A', '\x1bOB', '\x1b[1;5C', '\x1b[6~', '\r', '界', '\x1b[<0;1;2M');
  fc.assert(
    fc.property(fc.array(part), fc.array(fc.nat()), (parts, cuts) => {
      const input = parts.join('');
      let pending = '';
      const keys: Key[] = [];
      const places = [...new Set(cuts.map((cut) => cut % (input.length + 1)))].sort((a, b) => a - b);
      [...places, input.length].forEach((end, i) => {
        const { keys: more, rest } = decodeKeys(pending + input.slice(places[i - 1] ?? 0, end));
        keys.push(...more);
        pending = rest;
      });
      assert.deepEqual(keys, decodeKeys(input).keys);
    }),
  );
});
