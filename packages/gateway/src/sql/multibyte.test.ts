import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { latin1 } from '../session/latin1.ts';
import { maskMultibyte } from './multibyte.ts';
import { redactPasswords } from './redact.ts';
import { createSplitter } from './split.ts';

const split = await createSplitter();

/** 表 in SJIS: its second byte is that of a backslash. */
const table = '\x95\x5c';

describe('maskMultibyte', () => {
  test('hides the bytes behind the first of a character, and no others', () => {
    assert.equal(maskMultibyte(`E'${table}'`, 'SJIS'), "E'\x95\xff'");
    assert.equal(maskMultibyte("'\xb1'", 'SJIS'), "'\xb1'");
    assert.equal(maskMultibyte('\x81\x30\x81\x30\\', 'GB18030'), '\x81\xff\xff\xff\\');
    assert.equal(maskMultibyte('\x81\x5c\\', 'GBK'), '\x81\xff\\');
    assert.equal(maskMultibyte('\x8f\x5c\x5c\\', 'JOHAB'), '\x8f\xff\xff\\');
    assert.equal(maskMultibyte('a\x81', 'BIG5'), 'a\x81');
    for (const encoding of ['UTF8', 'LATIN1', 'EUC_JP', 'SQL_ASCII'])
      assert.equal(maskMultibyte(table, encoding), table);
  });

  test('keeps the length, and ASCII text as it is', () => {
    const encoding = fc.constantFrom('BIG5', 'GB18030', 'GBK', 'JOHAB', 'SHIFT_JIS_2004', 'SJIS', 'UHC');
    fc.assert(
      fc.property(
        encoding,
        fc.uint8Array({ maxLength: 40 }),
        fc.string({ unit: 'binary-ascii' }),
        (name, bytes, ascii) => {
          assert.equal(maskMultibyte(latin1(bytes), name).length, bytes.length);
          assert.equal(maskMultibyte(ascii, name), ascii);
        },
      ),
    );
  });

  test('lets boundaries and passwords be found as Postgres finds them', () => {
    const sql = `select E'${table}'; select 2 -- '`;
    const ranges = split(sql, { clientEncoding: 'SJIS' });
    assert.deepEqual(
      ranges?.map(({ start, end }) => sql.slice(start, end)),
      [`select E'${table}'`, "select 2 -- '"],
    );
    assert.equal(
      redactPasswords(`alter role b password E'${table}' valid until '${table}'`, true, 'SJIS'),
      `alter role b password E'***' valid until '${table}'`,
    );
  });
});
