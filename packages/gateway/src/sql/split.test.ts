import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { latin1 } from '../session/latin1.ts';
import { createSplitter } from './split.ts';
import { splitTokens } from './split-tokens.ts';

const split = await createSplitter();
const bytes = (sql: string): string => latin1(new TextEncoder().encode(sql));
const pieces = (sql: string, standardConformingStrings = true): string[] | undefined =>
  split(sql, { standardConformingStrings })?.map(({ start, end }) => sql.slice(start, end));

const whole: readonly string[] = [
  'select 1',
  "insert into t values ('a;b', E'it\\'s; \\\\', $$x;y$$, $a$;$$;$a$)",
  'update "odd;name" set x = 1 where y <> 2',
  '/* first; */ select 2 /* nested /* ; */ */',
  '-- a line; of comment\nselect 3',
  'create rule r as on insert to t do also (insert into a values (1); insert into b values (2))',
  'create function f() returns int begin atomic select case when true then 1 else 2 end; select 2 as end; end',
  'create or replace procedure p(a int) begin atomic insert into t values (a); end',
  "do $$ begin perform 1; raise notice 'x;y'; end $$",
  'begin',
  'commit',
  'select \'é;ü\', "naïve;" from täbelle',
  'copy t from stdin',
  "select U&'d\\0061;t', B'1010', x'ff'",
  "select 'a'\n';b'",
  'select $1::int + 1',
  'prepare p as select 1',
  'merge into t using s on t.a = s.a when matched then delete',
].map(bytes);

describe('splitStatements', () => {
  test('finds no statement in blanks, comments and semicolons', () => {
    for (const sql of ['', ' \n\t', ';', ' ; ; ', '-- only', '-- a; b', '/* x; */', '/* x */ ; -- y\n;', ';/*;*/;']) {
      assert.deepEqual(pieces(sql), [], JSON.stringify(sql));
    }
  });

  test('finds each statement alone, with and without a semicolon', () => {
    for (const sql of whole) {
      assert.deepEqual(pieces(sql), [sql]);
      assert.deepEqual(pieces(` ${sql}\n; \n`), [sql]);
    }
  });

  test('gives back the statements that were joined', () => {
    const separator = fc.constantFrom(';', '; ', ' ;\n', ';;', '\n;\n;  ');
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...whole), separator), { minLength: 1, maxLength: 6 }), (parts) => {
        const sql = parts.map(([statement, end]) => statement + end).join('');
        assert.deepEqual(
          pieces(sql),
          parts.map(([statement]) => statement),
        );
      }),
      { numRuns: 300 },
    );
  });

  test('keeps a comment with the statement behind it', () => {
    assert.deepEqual(pieces('select 1; -- one\n/* two */ select 2 -- end'), [
      'select 1',
      '-- one\n/* two */ select 2 -- end',
    ]);
  });

  test('takes what follows an empty statement from behind it', () => {
    assert.deepEqual(pieces('select 1; /* nothing */ ; select 2;;'), ['select 1', 'select 2']);
  });

  test('cannot tell when the grammar does not accept the text', () => {
    for (const sql of [
      'selec 1; select 2',
      "select 1; select 'x",
      'select (1; select 2',
      'select 1); select 2',
      'select 1; /* x',
      'select 1; select $a$ x',
      'create function f() returns int begin atomic select 1; select 2',
    ]) {
      assert.equal(pieces(sql), undefined, sql);
    }
  });

  test('reads a backslash as the session does', () => {
    const sql = "select 'a\\'; select 2; --'";
    assert.deepEqual(pieces(sql, true), ["select 'a\\'", 'select 2']);
    assert.deepEqual(pieces(sql, false), [sql]);
    assert.deepEqual(pieces("select 'a\\';'; select 2", false), ["select 'a\\';'", 'select 2']);
  });

  test('reads bytes that are not UTF-8', () => {
    assert.deepEqual(pieces("select '\xe9;\xff'; select 2"), ["select '\xe9;\xff'", 'select 2']);
  });

  test('splits what is too deep or too long for the parser, which stays whole', () => {
    const chain = `select ${'1+'.repeat(30_000)}1`;
    for (let round = 0; round < 40; round += 1)
      assert.deepEqual(pieces(`${chain}; select ${round}`), [chain, `select ${round}`]);
    const deep = `select ${'not '.repeat(5_000)}true`;
    assert.deepEqual(pieces(`${deep};select 2`), [deep, 'select 2']);
    assert.deepEqual(pieces('select 1; select 2 where true'), ['select 1', 'select 2 where true']);
    assert.equal(pieces('select 1; selec 2'), undefined);
  });

  test('never throws, and its ranges are in order, apart and not blank', () => {
    const fragment = fc.constantFrom(
      ...["'", '"', '$$', '$a$', ';', '(', ')', '--', '/*', '*/', '\n', ' ', 'E', 'U&', '\\', 'begin', 'atomic'],
      ...['end', 'case', 'select', '1', '.', ',', '\xe9', 'create function f()', 'as', '+'],
    );
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 30 }), fc.boolean(), (fragments, standardConformingStrings) => {
        const sql = fragments.join('');
        for (const ranges of [split(sql, { standardConformingStrings }), splitTokens(sql, standardConformingStrings)]) {
          let at = 0;
          for (const { start, end } of ranges ?? []) {
            assert.ok(at <= start && start < end && end <= sql.length);
            assert.equal(sql.slice(start, end).trim(), sql.slice(start, end));
            at = end;
          }
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
