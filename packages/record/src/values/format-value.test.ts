import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { builtInTypes } from './built-in-types.ts';
import { formatValue } from './format-value.ts';
import { textDecoding } from './text-decoding.ts';
import { TypeCatalog } from './type-catalog.ts';

const decodeText = textDecoding('UTF8');
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const binary = (hex: string, type: number, catalog = new TypeCatalog()) =>
  formatValue(bytes(hex), type, 1, { decodeText, catalog });

describe('formatValue', () => {
  test('tells NULL from the empty string, in both formats', () => {
    for (const format of [0, 1]) {
      assert.deepEqual(formatValue(null, 25, format, { decodeText }), { text: null, decoded: true, typeName: 'text' });
      assert.deepEqual(formatValue(bytes(''), 25, format, { decodeText }), {
        text: '',
        decoded: true,
        typeName: 'text',
      });
    }
  });

  test('shows as hex, and says so, what it cannot read', () => {
    const cases: readonly (readonly [string, number, string])[] = [
      ['0001', 23, 'int4'],
      ['0000000102', 23, 'int4'],
      ['01', 16_999, 'type 16999'],
      ['01', 0, 'unspecified'],
      ['ff', 3361, 'pg_ndistinct'],
      ['0263', 3802, 'jsonb'],
      ['0000000100000000000000170000000100000001', 1007, 'int4[]'],
      ['0000000100000000000000177fffffff00000001', 1007, 'int4[]'],
      ['7fffffff', 2249, 'record'],
      ['00', 1700, 'numeric'],
      ['0001000000000000 2710', 1700, 'numeric'],
      ['00000001', 1562, 'varbit'],
      ['000000010000', 1562, 'varbit'],
    ];
    for (const [hex, type, typeName] of cases) {
      const text = `\\x${hex.replaceAll(' ', '')}`;
      assert.deepEqual(binary(hex, type), { text, decoded: false, typeName }, hex);
    }
    const other = formatValue(bytes('61'), 25, 2, { decodeText });
    assert.deepEqual(other, { text: '\\x61', decoded: false, typeName: 'text' });
  });

  test('reads types of widespread extensions by their names', () => {
    const named = (name: string) => new TypeCatalog([{ oid: 20_000, name, kind: 'b', of: 0, array: false }]);
    assert.equal(binary('c3a9', 20_000, named('citext')).text, 'é');
    assert.equal(binary('01 612e62', 20_000, named('ltree')).text, 'a.b');
    assert.equal(binary('0002 0000 3f800000 40200000', 20_000, named('vector')).text, '[1,2.5]');
    const hstore = binary('00000002 00000001 61 00000001 22 00000001 62 ffffffff', 20_000, named('hstore'));
    assert.equal(hstore.text, '"a"=>"\\"", "b"=>NULL');
    assert.equal(binary('61', 20_000, named('mystery')).decoded, false);
    // A name that a built-in type has says nothing of a type that is not built in.
    assert.equal(binary('00000001', 20_000, named('int4')).decoded, false);
  });

  test('follows domains, and gives up those that go in circles', () => {
    const catalog = new TypeCatalog([
      { oid: 20_000, name: 'a', kind: 'd', of: 20_001, array: false },
      { oid: 20_001, name: 'b', kind: 'd', of: 23, array: false },
      { oid: 20_002, name: 'c', kind: 'd', of: 20_002, array: false },
    ]);
    assert.deepEqual(binary('00000007', 20_000, catalog), { text: '7', decoded: true, typeName: 'a' });
    assert.equal(binary('00000007', 20_002, catalog).decoded, false);
  });

  test('does not let a few bytes become megabytes', () => {
    // numeric: one digit of weight 32,767 is 131,072 characters. An array of them would be a thousand times its size.
    const numeric = '0000000a 0001 7fff 0000 0000 0001';
    const array = (count: number) =>
      binary(
        `00000001 00000000 000006a4 ${count.toString(16).padStart(8, '0')} 00000001 ${numeric.repeat(count)}`,
        1231,
      );
    assert.equal(array(2).decoded, true);
    assert.equal(array(5_000).decoded, false);
    // Records within records: each level doubles the quotes of all levels within.
    let nested = '22';
    for (let level = 0; level < 40; level += 1) {
      const type = level === 0 ? 25 : 2249;
      const length = (nested.length / 2).toString(16).padStart(8, '0');
      nested = `00000001 ${type.toString(16).padStart(8, '0')} ${length} ${nested}`.replaceAll(' ', '');
    }
    assert.equal(binary(nested, 2249).decoded, false);
  });

  test('reads random bytes of any type without throwing, in bounded space', () => {
    const type = fc.constantFrom(...builtInTypes.map(([oid]) => oid));
    const small = fc.constantFrom(0, 1, 2, 3, 4, 8, 0x40, 0x7f, 0x80, 0xff);
    const value = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.array(small, { maxLength: 80 }).map((list) => Uint8Array.from(list)),
    );
    fc.assert(
      fc.property(type, value, (oid, random) => {
        const { text, decoded } = formatValue(random, oid, 1, { decodeText });
        assert.ok(text !== null && text.length <= (1 << 21) + random.length * 64);
        if (!decoded) assert.equal(text, `\\x${Buffer.from(random).toString('hex')}`);
      }),
      { numRuns: 20_000 },
    );
  });

  test('reads a value that was cut short or changed without throwing', () => {
    const whole = [
      ['00000001000000000000001700000003000000010000000400000001ffffffff00000004fffffffd', 1007],
      ['0000000200000017000000040000000100000019000000026120', 2249],
      ['02000000040000000100000004 0000000a', 3904],
      ['000000030202020001000061 0001000062', 3615],
      ['0000000161000100030000', 3614],
    ] as const;
    const change = fc.tuple(fc.constantFrom(...whole), fc.nat(), fc.nat({ max: 255 }), fc.nat());
    fc.assert(
      fc.property(change, ([[hex, type], at, byte, length]) => {
        const value = bytes(hex);
        value[at % value.length] = byte;
        formatValue(value.subarray(0, length % (value.length + 1)), type, 1, { decodeText });
      }),
      { numRuns: 5_000 },
    );
  });
});
