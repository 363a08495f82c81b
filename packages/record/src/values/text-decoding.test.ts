import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import pg from 'pg';
import { type Postgres, startPostgres } from '../../../../tests/support/postgres.ts';
import { decodeUtf8, textDecoding } from './text-decoding.ts';

describe('textDecoding', () => {
  test('shows each byte that is not UTF-8, and nothing else, escaped', () => {
    const cases: readonly (readonly [readonly number[], string])[] = [
      [[0x61, 0xc3, 0xa9, 0x62], 'aéb'],
      [[0x61, 0xff, 0x62], 'a\\xffb'],
      [[0xc3], '\\xc3'],
      [[0xe2, 0x82, 0x61], '\\xe2\\x82a'],
      [[0xe2, 0x82, 0xac, 0xe2, 0x82], '€\\xe2\\x82'],
      [[0xed, 0xa0, 0x80], '\\xed\\xa0\\x80'],
      [[0xc0, 0x80], '\\xc0\\x80'],
      [[0xf0, 0x9f, 0x99, 0x82, 0xf5], '🙂\\xf5'],
      [[0xef, 0xbb, 0xbf, 0x61], '\ufeffa'],
    ];
    for (const [bytes, text] of cases) assert.equal(textDecoding('UTF8')(Uint8Array.from(bytes)), text);
  });

  test('never throws, whatever the bytes and the encoding', () => {
    const encoding = fc.constantFrom(
      'UTF8',
      'SQL_ASCII',
      'SJIS',
      'EUC_TW',
      'GB18030',
      'LATIN1',
      'BIG5',
      'WIN1258',
      'nonsense',
      '',
    );
    fc.assert(
      fc.property(encoding, fc.uint8Array({ maxLength: 30 }), (name, bytes) => {
        assert.equal(typeof textDecoding(name)(bytes), 'string');
      }),
      { numRuns: 2_000 },
    );
  });

  test('shows what means nothing in an encoding escaped, and reads the rest', () => {
    assert.equal(textDecoding('SJIS')(Uint8Array.of(0x95, 0x5c, 0xff, 0x61, 0xb1, 0x95)), '表\\xffaｱ\\x95');
    assert.equal(textDecoding('UHC')(Uint8Array.of(0xc7, 0xd1, 0x8c, 0x63)), '한\\x8cc');
    assert.equal(textDecoding('WIN1252')(Uint8Array.of(0x80, 0x81)), '€\\x81');
  });

  test('reads SQL_ASCII as UTF-8 where it is that, and as LATIN1 otherwise', () => {
    const decode = textDecoding('SQL_ASCII');
    assert.equal(decode(Uint8Array.of(0xc3, 0xa9)), 'é');
    assert.equal(decode(Uint8Array.of(0xe9, 0x61)), 'éa');
  });

  test('shows high bytes escaped in encodings that it does not know', () => {
    for (const name of ['EUC_TW', 'JOHAB', 'MULE_INTERNAL', 'nonsense']) {
      assert.equal(textDecoding(name)(Uint8Array.of(0x61, 0xc4, 0xe3)), 'a\\xc4\\xe3');
    }
  });
});

const singleByte = [
  ...['LATIN1', 'LATIN2', 'LATIN3', 'LATIN4', 'LATIN5', 'LATIN6', 'LATIN7', 'LATIN8', 'LATIN9', 'LATIN10'],
  ...['ISO_8859_5', 'ISO_8859_6', 'ISO_8859_7', 'ISO_8859_8', 'KOI8R', 'KOI8U', 'WIN866', 'WIN874'],
  ...['WIN1250', 'WIN1251', 'WIN1252', 'WIN1253', 'WIN1254', 'WIN1255', 'WIN1256', 'WIN1257', 'WIN1258'],
];

const samples: { readonly [encoding: string]: string } = {
  BIG5: '繁體中文 測試',
  EUC_CN: '简体中文 测试',
  EUC_JIS_2004: '日本語 テスト ｶﾅ',
  EUC_JP: '日本語 テスト ｶﾅ',
  EUC_KR: '한국어 시험',
  GB18030: '简体中文 繁體 🙂 é',
  GBK: '简体中文 繁體',
  SHIFT_JIS_2004: '日本語 表示 ｶﾅ',
  SJIS: '日本語 表示 ｶﾅ',
  UHC: '한국어 시험',
};

describe('textDecoding, against Postgres', () => {
  let postgres: Postgres;
  let client: pg.Client;

  before(async () => {
    postgres = await startPostgres();
    client = new pg.Client({ ...postgres });
    await client.connect();
    await client.query(`
      create function text_of(byte int, encoding text) returns text language plpgsql as $$
      begin
        return convert_from(set_byte('\\x00', 0, byte), encoding);
      exception when others then return null;
      end $$`);
  });

  after(async () => {
    await client?.end();
    await postgres?.stop();
  });

  for (const encoding of singleByte) {
    test(`reads every byte of ${encoding}`, async () => {
      const { rows } = await client.query<{ byte: number; text: string | null }>(
        'select byte, text_of(byte, $1) as text from generate_series(1, 255) byte',
        [encoding],
      );
      const decode = textDecoding(encoding);
      const differ = rows.filter(({ byte, text }) => text !== null && decode(Uint8Array.of(byte)) !== text);
      assert.deepEqual(differ, []);
    });
  }

  for (const [encoding, text] of Object.entries(samples)) {
    test(`reads ${encoding}`, async () => {
      const { rows } = await client.query<{ bytes: Buffer }>('select convert_to($1, $2) as bytes', [text, encoding]);
      assert.equal(textDecoding(encoding)(rows[0]?.bytes ?? new Uint8Array(0)), text);
    });
  }
});

test('decodeUtf8 agrees with the decoder of the platform on well-formed text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const bytes = new TextEncoder().encode(text);
      assert.equal(decodeUtf8(bytes), text);
      // With one byte that is never part of a character, everything takes the slow path.
      const broken = Uint8Array.from([...bytes, 0xff]);
      assert.equal(decodeUtf8(broken), `${text}\\xff`);
    }),
  );
});
