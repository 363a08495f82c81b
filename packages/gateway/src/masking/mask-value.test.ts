import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MaskAction } from './mask.ts';
import { maskActions } from './mask.ts';
import { valueMask } from './mask-value.ts';
import { hmac, text, utf8 } from './masks.fixture.ts';
import { numericOfText, textOfNumeric } from './numeric.ts';
import { familyOf } from './value-family.ts';

const oids = {
  bool: 16,
  bytea: 17,
  name: 19,
  int8: 20,
  int2: 21,
  int4: 23,
  text: 25,
  json: 114,
  xml: 142,
  float8: 701,
  bpchar: 1042,
  varchar: 1043,
  'text[]': 1009,
  date: 1082,
  numeric: 1700,
  record: 2249,
  uuid: 2950,
  jsonb: 3802,
  'type of a user': 16_500,
} as const;

function mask(type: keyof typeof oids, value: Uint8Array, action: MaskAction, format = 0): Uint8Array | null {
  const masked = valueMask(action, { family: familyOf(oids[type]), format, hmac });
  return masked.type === 'constant' ? masked.value : masked.of(value);
}

function shown(type: keyof typeof oids, value: string, action: MaskAction): string | null {
  const masked = mask(type, utf8(value), action);
  return masked && text(masked);
}

function binary(width: 2 | 4 | 8, value: bigint): Uint8Array {
  const bytes = new Uint8Array(width);
  for (let at = 0; at < width; at += 1) bytes[at] = Number((value >> BigInt(8 * (width - 1 - at))) & 0xffn);
  return bytes;
}

describe('valueMask', () => {
  it('makes NULL of every type, in any format', () => {
    for (const type of Object.keys(oids) as (keyof typeof oids)[]) {
      for (const format of [0, 1, 2]) assert.equal(mask(type, utf8('x'), 'null', format), null);
    }
  });

  it('makes NULL of a format that it does not know, whatever the action', () => {
    for (const action of maskActions) assert.equal(mask('text', utf8('secret'), action, 2), null);
  });

  it('redacts text to a label, JSON to a string, and all else to NULL', () => {
    for (const type of ['text', 'varchar', 'bpchar', 'name', 'xml'] as const) {
      assert.equal(shown(type, 'secret', 'redact'), '[masked]');
      assert.deepEqual(mask(type, utf8('secret'), 'redact', 1), utf8('[masked]'));
    }
    assert.equal(shown('json', '{"a":1}', 'redact'), '"[masked]"');
    assert.equal(shown('jsonb', '{"a":1}', 'redact'), '"[masked]"');
    assert.deepEqual(mask('jsonb', utf8('\u0001{"a":1}'), 'redact', 1), utf8('\u0001"[masked]"'));
    for (const type of [
      'bool',
      'bytea',
      'int4',
      'float8',
      'text[]',
      'date',
      'numeric',
      'record',
      'uuid',
      'type of a user',
    ] as const) {
      assert.equal(shown(type, '1', 'redact'), null);
      assert.equal(mask(type, utf8('1'), 'redact', 1), null);
    }
  });

  it('keeps the last four characters of a text, and hides four at least', () => {
    const table = [
      ['', ''],
      ['abc', '***'],
      ['abcd', '****'],
      ['abcde', '****e'],
      ['abcdefg', '****efg'],
      ['abcdefgh', '****efgh'],
      ['bob@example.com', '***********.com'],
      ['ÄÖÜäöüß', '****öüß'],
      ['naïve 🎉🎊🎈🎁🎀', '*******🎊🎈🎁🎀'],
    ] as const;
    for (const [value, partial] of table) {
      assert.equal(shown('text', value, 'partial'), partial);
      assert.deepEqual(mask('text', utf8(value), 'partial', 1), utf8(partial));
    }
    for (const type of ['int4', 'json', 'uuid', 'text[]'] as const)
      assert.equal(shown(type, '12345678', 'partial'), null);
  });

  it('hides what is not UTF-8 byte by byte, and shows of it nothing beyond ASCII', () => {
    assert.deepEqual(
      mask('text', Uint8Array.of(0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0x41, 0xa8), 'partial'),
      utf8('******A*'),
    );
  });

  it('hashes a value alike in text and binary format', () => {
    const uuid = '0f8fad5b-d9cb-469f-a165-70867728950e';
    const uuidBytes = Uint8Array.from(Buffer.from(uuid.replaceAll('-', ''), 'hex'));
    const hashed = shown('uuid', uuid, 'hash') ?? '';
    assert.match(hashed, /^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    assert.equal(Buffer.from(mask('uuid', uuidBytes, 'hash', 1) ?? []).toString('hex'), hashed.replaceAll('-', ''));

    for (const [type, width, value] of [
      ['int2', 2, -3n],
      ['int4', 4, 1_234_567n],
      ['int8', 8, -9_007_199_254_740_993n],
    ] as const) {
      const asText = BigInt(shown(type, String(value), 'hash') ?? '');
      assert.ok(asText >= 0n && asText < 1n << BigInt(width * 8 - 1), `${type} ${asText}`);
      assert.deepEqual(
        Buffer.from(mask(type, binary(width, value), 'hash', 1) ?? []),
        Buffer.from(binary(width, asText)),
      );
    }

    const bytes = Uint8Array.of(0, 1, 0x5c, 0xff);
    const hex = shown('bytea', '\\x00015cff', 'hash');
    assert.match(hex ?? '', /^\\x[\da-f]{32}$/);
    assert.equal(shown('bytea', '\\000\\001\\\\\\377', 'hash'), hex, 'bytea_output = escape');
    assert.equal(`\\x${Buffer.from(mask('bytea', bytes, 'hash', 1) ?? []).toString('hex')}`, hex);
  });

  it('hashes numerics by their value, whatever zeros stand at their end', () => {
    const hashed = shown('numeric', '12.50', 'hash');
    assert.match(hashed ?? '', /^\d{1,15}$/);
    assert.equal(shown('numeric', '12.5', 'hash'), hashed);
    // 12.5 as numeric_send writes it: two groups of base 10,000, the first of weight 0, one place.
    const wire = Uint8Array.of(0, 2, 0, 0, 0, 0, 0, 1, 0, 12, 0x13, 0x88);
    const masked = mask('numeric', wire, 'hash', 1);
    assert.equal(masked && textOfNumeric(masked), hashed);
    assert.equal(mask('numeric', Uint8Array.of(0, 9, 0, 0), 'hash', 1), null, 'not a numeric');
  });

  it('writes numbers of up to 15 digits as numerics', () => {
    for (const digits of ['0', '7', '9999', '10000', '100000000', '281474976710655', '999999999999999']) {
      assert.equal(textOfNumeric(numericOfText(digits)), digits);
    }
  });

  it('hashes text alike in all columns of text', () => {
    const hashed = shown('text', 'bob@example.com', 'hash');
    assert.match(hashed ?? '', /^[\da-f]{32}$/);
    for (const type of ['varchar', 'name'] as const) assert.equal(shown(type, 'bob@example.com', 'hash'), hashed);
    assert.equal(shown('bpchar', 'bob@example.com     ', 'hash'), hashed);
    assert.notEqual(shown('text', 'bob@example.com ', 'hash'), hashed);
  });

  it('has no hash for other types', () => {
    for (const type of ['bool', 'float8', 'date', 'json', 'jsonb', 'text[]', 'record', 'type of a user'] as const) {
      assert.equal(shown(type, '1', 'hash'), null);
    }
  });
});
