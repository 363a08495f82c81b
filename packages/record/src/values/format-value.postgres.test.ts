import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { type Postgres, startPostgres } from '../../../../tests/support/postgres.ts';
import { errorText, WireClient } from '../../../../tests/support/wire-client.ts';
import type { LearnedType } from '../entry.ts';
import { decodeColumns, type RawColumn } from './decode-columns.ts';
import { decodeRows } from './decode-messages.ts';
import { formatValue } from './format-value.ts';
import { concat, cstring, int16, int32, list, message, utf8, value } from './message.fixture.ts';
import { textDecoding } from './text-decoding.ts';
import { TypeCatalog } from './type-catalog.ts';

/**
 * Each value is asked of a live Postgres twice, as text and in binary; what we make of the binary has to be the text.
 * The `reg…` types are absent: their text is a name that the bytes do not hold.
 */
const literals: { readonly [type: string]: readonly string[] } = {
  bool: ['true', 'false'],
  bytea: ['', '\\x', '\\x00ff10', 'abc'],
  '"char"': ['', 'a', '\\344', ' ', '"'],
  name: ['', 'x', 'ünï"c\\ode'],
  int2: ['0', '-32768', '32767'],
  int4: ['0', '-2147483648', '2147483647'],
  int8: ['0', '-9223372036854775808', '9223372036854775807'],
  oid: ['0', '4294967295'],
  xid: ['0', '4294967295'],
  cid: ['0', '4294967295'],
  xid8: ['0', '18446744073709551615'],
  tid: ['(0,1)', '(4294967295,65535)'],
  pg_lsn: ['0/0', '16/B374D848', 'FFFFFFFF/FFFFFFFF'],
  pg_snapshot: ['10:20:10,14,15', '1:1:'],
  txid_snapshot: ['10:20:10,14,15'],
  int2vector: ['1 2 3', '', '-5'],
  oidvector: ['1 2 3', '', '4294967295'],
  float4: [
    ...[
      '0',
      '-0',
      '1',
      '-1.5',
      '0.1',
      '1e-5',
      '0.0001',
      '123456',
      '999999',
      '1e6',
      '1234567',
      '3.4028235e38',
      '1.1754944e-38',
    ],
    ...[
      '1e-45',
      'NaN',
      'Infinity',
      '-Infinity',
      '16777216',
      '8388608',
      '2e-44',
      '1.17549435e-38',
      '9.8e-45',
      '33554432',
      '1.0e10',
    ],
  ],
  float8: [
    ...[
      '0',
      '-0',
      '1',
      '-1.5',
      '0.1',
      '1e-5',
      '0.0001',
      '123456789012345',
      '999999999999999',
      '1e15',
      '1234567890123456',
    ],
    ...[
      '1.7976931348623157e308',
      '2.2250738585072014e-308',
      '5e-324',
      'NaN',
      'Infinity',
      '-Infinity',
      '9007199254740993',
      '1e23',
    ],
    ...[
      '9.5367431640625e-07',
      '2e-308',
      '1e22',
      '1e21',
      '123e-7',
      '5e-5',
      '4.35',
      '0.3',
      '2.98023223876953125e-8',
      '8.41e21',
      '9.409340012568248e18',
    ],
  ],
  numeric: [
    ...[
      '0',
      '0.000',
      '-0.00',
      '1',
      '-1',
      '10000',
      '100000000',
      '0.0001',
      '0.00000001',
      '12345.678900',
      '-99999999.99999999',
    ],
    ...[
      'NaN',
      'Infinity',
      '-Infinity',
      '1e131071',
      '1e-16383',
      '123456789012345678901234567890.123456789',
      '0.1',
      '1000.0001',
      '1e10',
      '1e-5',
    ],
  ],
  money: [
    '0',
    '1',
    '-1',
    '0.05',
    '-0.05',
    '1234567.89',
    '-92233720368547758.08',
    '92233720368547758.07',
    '999.99',
    '1000',
  ],
  text: ['', 'hello', 'ünïcödé 漢字 🙂', 'a"b\\c\'d', 'null'],
  varchar: ['abc '],
  'char(5)': ['ab'],
  json: ['{"a": 1,  "b": [null, true]}', '1'],
  jsonb: ['{"b": 1, "a": {"x": [1, 2.50, null, "é"]}}', '"x"', 'null'],
  jsonpath: ['$.a[*] ? (@.b > 1)', 'strict $'],
  xml: ['<a b="c">d</a>', 'text'],
  refcursor: ['c'],
  uuid: ['00000000-0000-0000-0000-000000000000', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'],
  date: [
    ...[
      '2000-01-01',
      '1999-12-31',
      '2024-02-29',
      '0001-01-01',
      '0001-12-31 BC',
      '0044-03-15 BC',
      '4714-11-24 BC',
      '9999-12-31',
    ],
    ...[
      '10000-01-01',
      '5874897-12-31',
      'infinity',
      '-infinity',
      '1900-02-28',
      '1900-03-01',
      '2100-02-28',
      '2000-02-29',
      '1582-10-10',
      '0001-02-29 BC',
      '0005-02-29 BC',
    ],
  ],
  time: ['00:00', '23:59:59.999999', '24:00', '12:34:56.7', '01:02:03.000001'],
  timetz: [
    '00:00+00',
    '12:34:56.78-08',
    '24:00+15:59',
    '01:02:03+05:30',
    '01:02:03-00:00:01',
    '10:00+05:53:28',
    '10:00-15:59:59',
  ],
  timestamp: [
    ...[
      '2000-01-01 00:00',
      '1999-12-31 23:59:59.999999',
      '0001-01-01 00:00',
      '0044-03-15 12:34:56.5 BC',
      '294276-12-31 23:59:59.999999',
    ],
    ...[
      '4713-01-01 00:00 BC',
      'infinity',
      '-infinity',
      '2024-02-29 12:00:00.000001',
      '1970-01-01',
      '10000-06-15 01:00',
    ],
  ],
  timestamptz: [
    ...[
      '2000-01-01 00:00+00',
      '2024-02-29 12:00:00.123+05:30',
      '0044-03-15 12:00 BC',
      'infinity',
      '-infinity',
      '1969-12-31 23:59:59.9Z',
    ],
  ],
  interval: [
    ...[
      '0',
      '1 year',
      '-1 year',
      '1 year 2 mons 3 days 04:05:06.789',
      '-1 year -2 mons +3 days -04:05:06',
      '1 mon -1 day',
      '-1 day 1 hour',
    ],
    ...[
      '1 day -1 hour',
      '100:00:00',
      '-0.000001 s',
      '1 s',
      '178000000 years',
      'infinity',
      '-infinity',
      '1 year -1 mon',
      '13 mons',
      '-13 mons 1 day',
      '2562047788:00:54.775807',
      '-1 mon 1 day',
    ],
  ],
  inet: [
    ...[
      '1.2.3.4',
      '1.2.3.4/24',
      '0.0.0.0/0',
      '::',
      '::1',
      '::2',
      '::/0',
      '2001:db8::1/64',
      '::ffff:1.2.3.4',
      '::1.2.3.4',
      '1::',
      '1:0:0:2::3',
    ],
    ...[
      '1:0:2:0:3:0:4:0',
      'fe80::1:0:0:1',
      '1:2:3:4:5:6:7:8',
      '0:0:1::',
      '1:0:0:1:0:0:0:1',
      '::ffff:0:1',
      '::1:2',
      '0:0:0:0:0:1:0:0',
      '::ffff:1.2.3.4/100',
    ],
  ],
  cidr: ['1.2.3.0/24', '1.2.3.4', '::/0', '2001:db8::/32', '::1', '::ffff:0:0/96', '10.0.0.0/8'],
  macaddr: ['08:00:2b:01:02:03'],
  macaddr8: ['08:00:2b:01:02:03:04:ff'],
  'bit(3)': ['101'],
  varbit: ['', '1', '10110011', '101100111'],
  point: ['(1,2)', '(-1.5,1e300)', '(NaN,Infinity)'],
  line: ['{1,2,3}', '{0.1,-2,0}'],
  lseg: ['[(1,2),(3,4)]'],
  box: ['(3,4),(1,2)', '(0.1,0),(0,-1)'],
  path: ['((1,2),(3,4))', '[(1,2),(3,4)]', '[(0,0)]'],
  polygon: ['((1,2),(3,4),(5,6))'],
  circle: ['<(1,2),3>'],
  tsvector: ["'a':1A,2B,3C,4 'b' 'it''s':5 'back\\\\slash' 'é'", ''],
  tsquery: [
    ...[
      'a',
      '',
      'a & b | !c',
      '(a | b) & c',
      'a <-> b <3> c',
      'a <-> (b <-> c)',
      '(a <-> b) <-> c',
      '!(a & b)',
      '!!a',
      "'it''s':*AB & x:D",
    ],
    ...[
      'a:* | b:ABCD',
      '!(a <-> b) <-> c',
      'a & (b & c)',
      '(a & b) & c',
      '(a | b) <-> (c | !d)',
      '!(!a | b)',
      'a <0> b',
    ],
  ],
  int4range: ['[1,10)', 'empty', '(,5)', '[3,)', '(,)'],
  int8range: ['[1,10)'],
  numrange: ['[1.5,2.50]', '(0,NaN)', '(,1e10)'],
  tsrange: ['[2020-01-01 12:00,2020-01-02)', '(-infinity,infinity)'],
  tstzrange: ['[2020-01-01 12:00+00,2020-01-02 00:00+02)'],
  daterange: ['[2020-01-01,2020-02-01)', '(,infinity)'],
  int4multirange: ['{}', '{[1,2),[5,9)}', '{(,)}'],
  nummultirange: ['{[1.0,2],(3,4.50)}'],
  tsmultirange: ['{[2020-01-01,2020-01-02)}'],
  'int4[]': ['{}', '{1,NULL,-3}', '[0:1]={1,2}', '{{1,2},{3,4}}', '[2:2][-1:0]={{1,2}}', '{{{1}},{{2}}}'],
  'text[]': [String.raw`{a,"",NULL,"NULL",null,"a b","a,b","{","}","\"","\\",é,"\n	"," ",a(b),nullx}`, '{"\v","\f"}'],
  'bytea[]': [String.raw`{"\\x00ff"}`],
  'box[]': ['{(3,4),(1,2);(1,1),(0,0)}'],
  'point[]': ['{"(1,2)"}'],
  'numrange[]': ['{"[1,2)",empty}'],
  'json[]': [String.raw`{"{\"a\": [1, \"x\"]}",1}`],
  'interval[]': ['{"1 day","-1 mon +1 day"}'],
  'bool[]': ['{t,f}'],
  '"char"[]': ['{a,""}'],
  'timestamptz[]': ['{"2020-01-01 00:00:00+00"}'],
  'int2vector[]': ['{"1 2"}'],
};

/** Values that are made, not read. */
const expressions: readonly string[] = [
  "row(1, null, '', 'a b', 'a\"b\\c', '(x)', array[1,2], row(1, 'x y'))",
  'row()',
  'row(null)',
  "row(1.50::numeric, 'x'::bpchar, now()::date, '{\"a\": 1}'::jsonb)",
  "array[row(1, 'a'), row(2, 'b c')]",
  "array[row(array['x y', 'it''s \"q\"'])]",
  'null::int',
  "'x'::unknown",
  "(1, 'x', null)::test_pair",
  "array[(1, 'x y', array['p q'])::test_pair]",
  "'b c'::test_mood",
  "array['a', 'b c']::test_mood[]",
  '7::test_positive',
  "row(7::test_positive, 'x'::test_code)",
  '\'[a,"b c")\'::test_textrange',
  "'{[a,b)}'::test_textmultirange",
  "array['[a,b)', 'empty']::test_textrange[]",
  '(select most_common_vals from pg_stats limit 0)',
  'pg_typeof(1)::text::name',
  '(select array_agg(i) from generate_series(1, 2000) i)',
  "repeat('x', 100000)",
];

const schema = `
  create type test_mood as enum ('a', 'b c', 'ü');
  create domain test_positive as int check (value > 0);
  create domain test_code as varchar(3);
  create type test_pair as (n test_positive, t text, more text[]);
  create type test_textrange as range (subtype = text, multirange_type_name = test_textmultirange);
`;

const learn = `
  select t.oid::int, t.typname as name, t.typtype as kind, e.oid is not null as array,
         coalesce(e.oid, nullif(t.typbasetype, 0), r.rngsubtype, m.rngtypid, 0)::int as of
  from pg_type t
  left join pg_type e on e.typarray = t.oid
  left join pg_range r on r.rngtypid = t.oid
  left join pg_range m on m.rngmultitypid = t.oid
  where t.oid >= 16384`;

const decodeText = textDecoding('UTF8');

describe('formatValue, against Postgres', () => {
  let postgres: Postgres;
  let client: WireClient;
  let catalog: TypeCatalog;

  before(async () => {
    postgres = await startPostgres({ settings: { lc_monetary: 'C' } });
    client = await WireClient.login(postgres);
    for (const statement of schema.split(';')) await fetch(statement);
    catalog = new TypeCatalog((await texts(learn)).map(learned));
  });

  after(async () => {
    await client?.close();
    await postgres?.stop();
  });

  interface Result {
    readonly columns: readonly RawColumn[];
    readonly rows: readonly (readonly (Uint8Array | null)[])[];
  }

  async function fetch(sql: string, values: readonly string[] = [], format = 0): Promise<Result> {
    await client.send(
      concat(
        message('P', cstring(''), cstring(sql), int16(0)),
        message(
          'B',
          cstring(''),
          cstring(''),
          int16(0),
          list(values, (text) => value(utf8(text))),
          list([format], int16),
        ),
        message('D', utf8('P'), cstring('')),
        message('E', cstring(''), int32(0)),
        message('S'),
      ),
    );
    const answer = await client.until(tagOf('Z'));
    const failed = answer.find(({ tag }) => tag === tagOf('E'));
    if (failed !== undefined) throw new Error(`${errorText(failed)}: ${sql}`);
    const description = answer.find(({ tag }) => tag === tagOf('T'));
    return {
      columns: decodeColumns(description?.bytes.subarray(5) ?? new Uint8Array(2)) ?? [],
      rows: answer.filter(({ tag }) => tag === tagOf('D')).flatMap(({ bytes }) => decodeRows(bytes)),
    };
  }

  async function texts(sql: string): Promise<(string | null)[][]> {
    const { rows } = await fetch(sql);
    return rows.map((row) => row.map((bytes) => (bytes === null ? null : decodeText(bytes))));
  }

  async function compare(sql: string, values: readonly string[] = []): Promise<void> {
    const text = await fetch(sql, values, 0);
    const { columns, rows } = await fetch(sql, values, 1);
    assert.equal(rows.length, text.rows.length);
    for (const [index, row] of rows.entries()) {
      for (const [at, { type }] of columns.entries()) {
        const bytes = row[at] as Uint8Array | null;
        const expected = text.rows[index]?.[at] as Uint8Array | null;
        const formatted = formatValue(bytes, type, 1, { decodeText, catalog });
        const about = `${sql.slice(0, 200)} [${at}] ${values[at] ?? ''} ${Buffer.from(bytes ?? [])
          .toString('hex')
          .slice(0, 200)}`;
        assert.deepEqual(
          [formatted.text, formatted.decoded],
          [expected === null ? null : decodeText(expected), true],
          about,
        );
      }
    }
  }

  for (const [type, values] of Object.entries(literals)) {
    test(`reads ${type}`, async () => {
      await compare(`select ${values.map((_, at) => `$${at + 1}::text::${type}`).join(', ')}`, values);
    });
  }

  test('reads composites, enums, domains and ranges of the database', async () => {
    for (const expression of expressions) await compare(`select ${expression}`);
  });

  test('reads anyarray, and NULL of any type', async () => {
    await client.query(
      'create table test_stats as select i % 3 as i from generate_series(1, 100) i; analyze test_stats',
    );
    await compare("select most_common_vals, histogram_bounds from pg_stats where tablename = 'test_stats'");
  });

  test('names the types as Postgres does', async () => {
    for (const [oid, name] of await texts(
      "select oid, typname from pg_type where oid < 10000 or typname like 'test\\_p%'",
    )) {
      const known = catalog.nameOf(Number(oid));
      assert.ok(known === name || (known.endsWith('[]') && name?.startsWith('_')), `${oid}: ${known}, ${name}`);
    }
    assert.equal(catalog.nameOf(1007), 'int4[]');
  });

  test('reads floats, numerics and times of any bits as Postgres does', async () => {
    const one = fc.record({
      float8: fc.oneof(fc.double(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(fromBits), powerOfTwo),
      float4: fc.oneof(fc.float(), powerOfTwo.map(Math.fround), fc.integer({ min: -1e9, max: 1e9 }).map(Math.fround)),
      numeric: fc.tuple(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.integer({ min: -30, max: 30 })),
      time: fc.bigInt({ min: -200_000_000_000_000_000n, max: 9_000_000_000_000_000_000n }),
      days: fc.oneof(fc.integer({ min: -2_451_545, max: 2_145_031_948 }), fc.integer({ min: -800_000, max: 800_000 })),
      interval: fc.tuple(
        fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }),
        fc.integer({ min: -40, max: 40 }),
        fc.integer({ min: -40, max: 40 }),
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(one, { minLength: 40, maxLength: 40 }), async (many) => {
        const columns = many.map(({ float8, float4, numeric, days, interval }) =>
          [
            `'${float8}'::float8`,
            `'${float4}'::float4`,
            `(${numeric[0]}e${numeric[1]})::numeric`,
            `'2000-01-01'::date + (${days})`,
            `make_interval(months => ${interval[2]}, days => ${interval[1]}, secs => 0) + ${interval[0]} * interval '1 microsecond'`,
          ].join(', '),
        );
        await compare(`select ${columns.join(', ')}`);
      }),
      { numRuns: 10 },
    );
  });
});

function tagOf(letter: string): number {
  return letter.charCodeAt(0);
}

function learned([oid, name, kind, array, of]: readonly (string | null)[]): LearnedType {
  return { oid: Number(oid), name: name ?? '', kind: kind ?? '', array: array === 't', of: Number(of) };
}

const powerOfTwo = fc
  .tuple(fc.integer({ min: -1074, max: 1023 }), fc.constantFrom(1, -1))
  .map(([power, sign]) => sign * 2 ** power);

function fromBits(bits: bigint): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigInt64(0, bits);
  return view.getFloat64(0);
}
