import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import fc from 'fast-check';
import { loadModule, scanSync } from 'libpg-query';
import { latin1 } from '../session/latin1.ts';
import { Lexer, tokenKind } from './lexer.ts';
import { readLiteral } from './literal.ts';

before(loadModule);

const bytes = (sql: string): string => latin1(new TextEncoder().encode(sql));

function tokens(sql: string, standardConformingStrings = true): [number, string][] {
  const lexer = new Lexer(sql, standardConformingStrings);
  const found: [number, string][] = [];
  while (lexer.next() !== tokenKind.end) found.push([lexer.kind, sql.slice(lexer.start, lexer.end)]);
  return found;
}

/** Postgres's own scanner; undefined when it refuses the text. Its offsets are of UTF-8, and ASCII is all it gets. */
function scanned(sql: string): { start: number; end: number }[] | undefined {
  try {
    return scanSync(sql).tokens;
  } catch {
    return undefined;
  }
}

/**
 * True where a comment stands between the parts of one string, `'a' -- why` and `'b'` on the next line: one constant to
 * Postgres, three tokens to libpg_query, whose scanner is changed to report comments.
 */
function splitsContinuation(tokens: readonly string[]): boolean {
  return tokens.some((token, index) => {
    if (!token.startsWith('--') || tokens[index - 1]?.endsWith("'") !== true) return false;
    const after = tokens.slice(index).find((following) => !following.startsWith('--'));
    return after?.startsWith("'") === true;
  });
}

const k = tokenKind;

describe('Lexer', () => {
  test('finds the same tokens as the scanner of Postgres', () => {
    const fragment = fc.constantFrom(
      ...["'", "''", '"', '""', '$$', '$a$', '$1', '$', ';', '(', ')', '[', ']', ',', '.', '..', ':', '::', ':=', '=>'],
      ...[
        '--',
        '/*',
        '*/',
        '\n',
        ' ',
        '\t',
        '\f',
        '\v',
        '\r',
        'E',
        'e',
        'U&',
        'u&',
        'B',
        'x',
        'N',
        '\\',
        "\\'",
        'select',
        'uescape',
      ],
      ...['1', '12_3', '1.5', '.5', '1.', '1e10', '1e', '1e+5', '0x1F', '0b1', '0o7', '0x', '_', 'a$b', 'tag'],
      ...[
        '+',
        '-',
        '*',
        '/',
        '<',
        '>',
        '=',
        '~',
        '!',
        '@',
        '#',
        '%',
        '^',
        '&',
        '|',
        '`',
        '?',
        '<>',
        '!=',
        '->>',
        '@-',
        '{',
        '}',
      ],
    );
    let compared = 0;
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 14 }), (fragments) => {
        const sql = fragments.join('');
        const expected = scanned(sql);
        if (expected === undefined || splitsContinuation(expected.map(({ start, end }) => sql.slice(start, end))))
          return;
        compared += 1;
        assert.deepEqual(
          tokens(sql).map(([, text]) => text),
          expected.map(({ start, end }) => sql.slice(start, end)),
          JSON.stringify(sql),
        );
      }),
      { numRuns: 20_000, examples: [[["''", '--', '\n', "''"]]] },
    );
    assert.ok(compared > 2_000, `${compared} texts were compared`);
  });

  test('joins the parts of a string that a comment and a line end stand between, as Postgres does', () => {
    assert.deepEqual(
      tokens("'a' -- one\n--two\n 'b'").map(([, text]) => text),
      ["'a' -- one\n--two\n 'b'"],
    );
  });

  test('names what it finds', () => {
    assert.deepEqual(tokens(`SELECT "a""b", 'x''y', $1 -- z`), [
      [k.identifier, 'SELECT'],
      [k.quotedIdentifier, '"a""b"'],
      [k.punctuation, ','],
      [k.string, "'x''y'"],
      [k.punctuation, ','],
      [k.parameter, '$1'],
      [k.comment, '-- z'],
    ]);
    assert.deepEqual(tokens(bytes('/* a /* b */ */ täg$1 <= $é$x$$y$é$')), [
      [k.comment, '/* a /* b */ */'],
      [k.identifier, bytes('täg$1')],
      [k.operator, '<='],
      [k.dollarString, bytes('$é$x$$y$é$')],
    ]);
    assert.deepEqual(tokens("E'a\\'b' U&'c' U&\"d\" b'1' X'f'"), [
      [k.escapeString, "E'a\\'b'"],
      [k.unicodeString, "U&'c'"],
      [k.quotedIdentifier, 'U&"d"'],
      [k.bitString, "b'1'"],
      [k.bitString, "X'f'"],
    ]);
  });

  test('reads a backslash in plain strings as standard_conforming_strings says', () => {
    assert.deepEqual(tokens("'a\\' z'", true).slice(0, 2), [
      [k.string, "'a\\'"],
      [k.identifier, 'z'],
    ]);
    assert.deepEqual(tokens("'a\\' z'", false), [[k.escapeString, "'a\\' z'"]]);
  });

  test('joins the pieces of a literal over lines, and only those', () => {
    assert.equal(tokens("'a'\n'b'").length, 1);
    assert.equal(tokens("'a' -- c\n\t'b'").length, 1);
    assert.equal(tokens("'a' 'b'").length, 2);
    assert.equal(tokens("'a' /* c */\n'b'").length, 3);
    assert.equal(tokens("E'a\\''\n'b\\''").length, 1);
    assert.equal(tokens('$$a$$\n$$b$$').length, 2);
  });

  test('says what does not end', () => {
    for (const sql of ["'a", "'a''", '"a', '$$a', '$a$ $b$', '/* /* */', "E'a\\'", "U&'a", '"a""']) {
      const lexer = new Lexer(sql);
      lexer.next();
      assert.deepEqual([lexer.terminated, lexer.end], [false, sql.length], sql);
    }
  });

  test('reads any bytes, always moving on', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (random, standardConformingStrings) => {
        const sql = latin1(random);
        const lexer = new Lexer(sql, standardConformingStrings);
        let at = 0;
        while (lexer.next() !== tokenKind.end) {
          assert.ok(lexer.start >= at && lexer.end > lexer.start && lexer.end <= sql.length);
          at = lexer.end;
        }
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('readLiteral', () => {
  const content = (sql: string, standardConformingStrings = true): string => {
    const lexer = new Lexer(sql, standardConformingStrings);
    lexer.next();
    return readLiteral(lexer).text;
  };

  test('resolves quotes, escapes and pieces', () => {
    assert.equal(content("'a''b'"), "a'b");
    assert.equal(content('"a""b"'), 'a"b');
    assert.equal(content("'a' -- x\n 'b'"), 'ab');
    assert.equal(content("E'a\\'\\n\\x41\\101\\u0042\\U00000043\\q'"), "a'\nAABCq");
    assert.equal(content("E'\\u00e9'"), bytes('é'));
    assert.equal(content("U&'d\\0061t\\+000061\\\\'"), 'data\\');
    assert.equal(content("'a\\n'", false), 'a\n');
    assert.equal(content('$x$a\'"\\$x$'), 'a\'"\\');
    assert.equal(content("'open"), 'open');
    assert.equal(content('$x$open'), 'open');
  });

  test('knows where each character came from', () => {
    const sql = "E'ab''c\\'d'";
    const lexer = new Lexer(sql);
    lexer.next();
    const { text, origin } = readLiteral(lexer);
    assert.equal(text, "ab'c'd");
    assert.deepEqual(
      [...text].map((_, index) => sql[origin(index)]),
      ['a', 'b', "'", 'c', '\\', 'd'],
    );
    assert.equal(origin(text.length), sql.length - 1);
  });
});
