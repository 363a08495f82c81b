import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sqlTokens } from './sql-tokens.ts';

const kinds = (sql: string): string[] =>
  sqlTokens(sql)
    .filter(({ kind }) => kind !== 'other')
    .map(({ kind, text }) => `${kind}:${text}`);

test('keywords, names, numbers and parameters are told apart', () => {
  assert.deepEqual(kinds('SELECT "a b", x1 FROM t WHERE n >= 1.5e3 AND id = $12'), [
    'keyword:SELECT',
    'name:"a b"',
    'name:x1',
    'keyword:FROM',
    'name:t',
    'keyword:WHERE',
    'name:n',
    'number:1.5e3',
    'keyword:AND',
    'name:id',
    'parameter:$12',
  ]);
});

test('strings of every form end where Postgres ends them', () => {
  assert.deepEqual(kinds(`'it''s' E'a\\'b' $$ x ' $$ $q$ $$ $q$ U&'d' 'back\\' select`), [
    `string:'it''s'`,
    `string:E'a\\'b'`,
    `string:$$ x ' $$`,
    'string:$q$ $$ $q$',
    `string:U&'d'`,
    `string:'back\\'`,
    'keyword:select',
  ]);
});

test('comments nest, and hide quotes', () => {
  assert.deepEqual(kinds(`/* a /* ' */ b */ select -- it's\n1`), [
    `comment:/* a /* ' */ b */`,
    'keyword:select',
    `comment:-- it's`,
    'number:1',
  ]);
});

test('what is not closed runs to the end', () => {
  assert.deepEqual(kinds(`select 'abc`), ['keyword:select', `string:'abc`]);
  assert.deepEqual(kinds('/* abc'), ['comment:/* abc']);
  assert.deepEqual(kinds('$a$ abc'), ['string:$a$ abc']);
});

const sqlish = fc
  .array(
    fc.oneof(
      fc.constantFrom("'", '"', '$$', '$a$', '/*', '*/', '--', '\n', 'select', '1', "E'", '\\', ' '),
      fc.string(),
    ),
  )
  .map((parts) => parts.join(''));

test('joined, the tokens are the input', () => {
  fc.assert(
    fc.property(sqlish, (sql) => {
      assert.equal(
        sqlTokens(sql)
          .map(({ text }) => text)
          .join(''),
        sql,
      );
    }),
  );
});

test('the page can run sqlTokens from its source text alone', () => {
  const alone = new Function(`return ${sqlTokens}`)() as typeof sqlTokens;
  fc.assert(fc.property(sqlish, (sql) => assert.deepEqual(alone(sql), sqlTokens(sql))));
});

test('a string of many megabytes is one token, found without recursion', () => {
  for (const long of [`'${"a''".repeat(8_000_000)}'`, `E'${'\\a'.repeat(8_000_000)}'`, `/*${'*'.repeat(24_000_000)}`]) {
    assert.equal(sqlTokens(long).length, 1);
  }
});
