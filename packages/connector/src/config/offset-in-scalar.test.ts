import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readYaml } from './yaml-source.ts';

const value = 'a == "x" && bad';

const styles: readonly { readonly style: string; readonly text: string; readonly place: string }[] = [
  { style: 'plain', text: 'when: a == "x" && bad\n', place: '1:19' },
  { style: 'plain over two lines', text: 'when: a == "x" &&\n  bad\n', place: '2:3' },
  { style: 'in single quotes', text: `when: 'a == "x" && bad'\n`, place: '1:20' },
  { style: 'in double quotes', text: 'when: "a == \\"x\\" && bad"\n', place: '1:22' },
  { style: 'a literal block', text: 'when: |-\n    a == "x" && bad\n', place: '2:17' },
  { style: 'a folded block', text: 'when: >- # why\n    a == "x"\n    && bad\n', place: '3:8' },
];

for (const { style, text, place } of styles) {
  test(`the place inside a text is found: ${style}`, () => {
    const source = readYaml(text);
    assert.deepEqual(source.value, { when: value });
    const { line, column } = source.positionIn(['when'], value.indexOf('bad'));
    assert.equal(`${line}:${column}`, place);
  });
}

test('quotes and escapes inside quotes count as the characters that they stand for', () => {
  const single = readYaml("when: 'it''s bad'\n").positionIn(['when'], "it's ".length);
  assert.deepEqual(single, { line: 1, column: 14 });
  const double = readYaml('when: "\\u0041\\t\\x42 bad"\n').positionIn(['when'], 'A\tB '.length);
  assert.deepEqual(double, { line: 1, column: 21 });
});

test('the end of a text is behind its last character', () => {
  assert.deepEqual(readYaml('when: |\n  a b\n\n').positionIn(['when'], 'a b\n'.length), { line: 2, column: 6 });
  assert.deepEqual(readYaml("when: 'a b'\n").positionIn(['when'], 'a b'.length), { line: 1, column: 11 });
});

test('a place that is not there is the beginning of the value, or of what is around it', () => {
  const source = readYaml('list:\n  - when: abc\n');
  assert.deepEqual(source.positionIn(['list', 0, 'when'], 99), { line: 2, column: 11 });
  assert.deepEqual(source.positionIn(['list', 0, 'then'], 1), source.positionOf(['list', 0, 'then']));
});
