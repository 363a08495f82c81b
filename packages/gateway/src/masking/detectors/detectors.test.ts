import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MaskAction } from '../mask.ts';
import type { DetectorName } from '../masking-rule.ts';
import { hmac, text, utf8 } from '../masks.fixture.ts';
import { familyOf } from '../value-family.ts';
import { detectText } from './detect-text.ts';
import { builtInDetectors, patternDetector } from './detector.ts';
import { replaceInValue } from './replace-in-value.ts';

const names = Object.keys(builtInDetectors) as DetectorName[];

interface Detection {
  readonly type?: number;
  readonly format?: number;
  readonly action?: MaskAction;
  readonly only?: readonly DetectorName[];
}

function detect(value: Uint8Array, { type = 25, format = 0, action = 'redact', only = names }: Detection = {}) {
  const detectors = only.map((name) => ({ detector: builtInDetectors[name], action }));
  const family = familyOf(type);
  const replaced = replaceInValue(value, 0, value.length, { family, format }, { detectors, hmac, tell: () => {} });
  return replaced === undefined ? value : replaced;
}

function shown(value: string, detection: Detection = {}): string | null {
  const replaced = detect(utf8(value), detection);
  return replaced && text(replaced);
}

/** Each holds what it says, with something in front and behind. */
const positives: readonly (readonly [DetectorName, string])[] = [
  ['card', '4111111111111111'],
  ['card', '4111 1111 1111 1111'],
  ['card', '5500-0000-0000-0004'],
  ['card', '378282246310005'],
  ['card', '3782 822463 10005'],
  ['card', '6011111111111117'],
  ['card', '3530111333300000'],
  ['card', '30569309025904'],
  ['card', '4222222222222'],
  ['card', '2223003122003222'],
  ['email', 'bob@example.com'],
  ['email', 'Bob.O_Neil+tag@mail.example.co.uk'],
  ['email', 'b@xn--bcher-kva.xn--p1ai'],
  ['email', 'käthe@bücher.example'],
  ['phone', '+44 20 7946 0958'],
  ['phone', '+14155552671'],
  ['phone', '+49 (30) 901820'],
  ['phone', '(415) 555-2671'],
  ['phone', '415-555-2671'],
  ['iban', 'DE89370400440532013000'],
  ['iban', 'GB82 WEST 1234 5698 7654 32'],
  ['iban', 'FR14 2004 1010 0505 0001 3M02 606'],
  ['iban', 'NO9386011117947'],
  ['iban', 'NL91ABNA0417164300'],
  ['national_id', '536-90-4399'],
  ['national_id', 'AB123456C'],
  ['national_id', 'AB 12 34 56 C'],
  ['national_id', '65929970489'],
  ['national_id', '86 095 742 719'],
  ['national_id', '2 69 05 49 588 157 80'],
  ['national_id', '12345678Z'],
  ['national_id', 'X1234567L'],
  ['national_id', 'RSSMRA85T10A562S'],
  ['national_id', '44051401359'],
  ['national_id', '811218-9876'],
  ['national_id', '131052-308T'],
  ['national_id', '85.07.30-033.28'],
  ['national_id', '756.9217.0769.85'],
  ['national_id', '529.982.247-25'],
  ['api_key', 'AKIAIOSFODNN7EXAMPLE'],
  ['api_key', `ghp_${'a1B2'.repeat(9)}`],
  ['api_key', 'xoxb-123456789012-abcdefghijkl'],
  ['api_key', `sk_live_${'4eC39HqLyjWDarjtT1zdp7dc'}`],
  ['api_key', `AIza${'SyA-1_b'.repeat(5)}`],
  ['api_key', `sk-ant-api03-${'Ab1-'.repeat(10)}x`],
  ['api_key', `sk-proj-${'Ab1_'.repeat(10)}`],
  ['api_key', `SG.${'a'.repeat(22)}.${'b'.repeat(43)}`],
  ['api_key', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U'],
  ['private_key', '-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----'],
  ['private_key', '-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----'],
];

/** Nothing is found in any of these. */
const negatives = [
  '',
  'an ordinary sentence, of twelve words, with (some) marks: and – dashes; done.',
  '4111111111111112', // Luhn
  '41111111111111111111111111', // longer than any card
  'x4111111111111111',
  '4111111111111111y',
  '0.4111111111111111',
  '1700000000000000', // microseconds
  '1700000000000',
  '2026-01-17 10:00:00.123456+00',
  '550e8400-e29b-41d4-a716-446655440000',
  'user@localhost',
  'pkg@1.2.3',
  '@handle and a@b',
  'C++ 1234567890',
  '+1234',
  '123-456-7890', // no area code begins with 1
  'DE89370400440532013001', // check digits
  'XX89370400440532013000', // no such country
  '000-12-3456',
  '666-12-3456',
  '1234567890',
  '12345678901', // neither PESEL nor Steuer-ID
  '12345678A',
  'sk-1',
  'eyJhbGciOiJIUzI1NiJ9',
  '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
  'v1.22.333.4444',
  '192.168.100.200',
  'SELECT count(*) FROM t WHERE id = 1234567',
];

describe('the detectors', () => {
  for (const [name, value] of positives) {
    it(`find ${name} in ${JSON.stringify(value.slice(0, 40))}, and nothing around it`, () => {
      assert.equal(shown(value, { only: [name] }), `[${name}]`);
      assert.equal(shown(`see (${value}), please`, { only: [name] }), `see ([${name}]), please`);
      assert.equal(shown(`${value}\n${value}`, { only: [name] }), `[${name}]\n[${name}]`);
    });
  }

  it('find nothing in what only looks like it', () => {
    for (const value of negatives) assert.equal(shown(value), value);
  });

  it('find a card behind a date, and a phone number in front of another number', () => {
    assert.equal(shown('2026-01-02 4111 1111 1111 1111'), '2026-01-02 [card]');
    assert.equal(shown('+44 20 7946 0958 17', { only: ['phone'] }), '[phone] 17');
  });

  it('take a private key that is cut off up to the end', () => {
    assert.equal(shown('key: -----BEGIN PRIVATE KEY-----\nMIIB'), 'key: [private_key]');
  });

  it('keep four characters, hash, or make the whole value NULL, as their action says', () => {
    assert.equal(shown('pay 4111111111111111 now', { action: 'partial' }), 'pay ************1111 now');
    assert.match(shown('pay 4111111111111111 now', { action: 'hash' }) ?? '', /^pay [\da-f]{32} now$/);
    assert.equal(shown('pay 4111111111111111 now', { action: 'null' }), null);
  });

  it('leave the bytes around what they find as they are, whatever they are', () => {
    const value = Uint8Array.from([0xff, 0xfe, 0x20, ...utf8('bob@example.com'), 0x20, 0xc3, 0x28]);
    assert.deepEqual(detect(value), Uint8Array.from([0xff, 0xfe, 0x20, ...utf8('[email]'), 0x20, 0xc3, 0x28]));
  });

  it('take time in proportion to the text, whatever is in it', () => {
    // Quadratic work on these would take minutes; the limit of the test run is the measure.
    for (const part of [
      '@a.a',
      '+1',
      '-----BEGIN PRIVATE KEY-----',
      'eyJ-eyJ_',
      '4 ',
      'AA11 ',
      '1-',
      'SG.a.',
      'a@',
      '"\\',
      '12345678-',
    ]) {
      detect(utf8(part.repeat(200_000 / part.length)));
    }
  });
});

describe('detectors in JSON', () => {
  const json = { type: 114 } as const;

  it('look at strings, keys and numbers, and leave JSON behind', () => {
    const table = [
      ['{"mail":"bob@example.com","n":1}', '{"mail":"[email]","n":1}'],
      ['{"bob@example.com":true}', '{"[email]":true}'],
      ['{"card": 4111111111111111, "x": [1, -2.5e3]}', '{"card": "[card]", "x": [1, -2.5e3]}'],
      ['"\\u0062ob@example.com"', '"[email]"'],
      ['"bob\\u0040example.com\\n"', '"[email]\\n"'],
      ['["\\nbob@example.com"]', '["\\n[email]"]'],
      ['"a \\"bob@example.com\\" b"', '"a \\"[email]\\" b"'],
      ['{"a":false,"b":null,"c":"plain \\\\ text"}', '{"a":false,"b":null,"c":"plain \\\\ text"}'],
    ] as const;
    for (const [value, expected] of table) {
      assert.equal(shown(value, json), expected);
      JSON.parse(expected);
    }
  });

  it('keep the version of jsonb in binary format', () => {
    assert.equal(shown('\u0001{"m":"bob@example.com"}', { type: 3802, format: 1 }), '\u0001{"m":"[email]"}');
  });

  it('hide a text that is not JSON where form would be touched', () => {
    assert.equal(shown('"bob@example.com', json), '"[email]');
  });
});

describe('detectors in values of other types', () => {
  const wire = (...parts: readonly (number | string)[]): Uint8Array =>
    Uint8Array.from(
      parts.flatMap((part) =>
        typeof part === 'string'
          ? Array.from(utf8(part))
          : [part >>> 24, part >>> 16, part >>> 8, part].map((byte) => byte & 0xff),
      ),
    );

  it('look into arrays of text in both formats', () => {
    assert.equal(shown('{a,bob@example.com,"4111 1111 1111 1111"}', { type: 1009 }), '{a,[email],"[card]"}');
    const array = wire(1, 0, 25, 3, 1, 1, 'a', -1, 15, 'bob@example.com');
    assert.deepEqual(detect(array, { type: 1009, format: 1 }), wire(1, 1, 25, 3, 1, 1, 'a', -1, 7, '[email]'));
    assert.deepEqual(detect(array, { type: 1009, format: 1, action: 'null' }), wire(1, 1, 25, 3, 1, 1, 'a', -1, -1));
  });

  it('look into composite values in both formats', () => {
    assert.equal(shown('(1,bob@example.com,"x y")', { type: 2249 }), '(1,[email],"x y")');
    const record = wire(2, 23, 4, 7, 25, 15, 'bob@example.com');
    assert.deepEqual(detect(record, { type: 2249, format: 1 }), wire(2, 23, 4, 7, 25, 7, '[email]'));
  });

  it('make NULL of binary values that are not of their type, and of unknown ones in which something stands', () => {
    assert.equal(detect(wire(1, 0, 25, 3, 1, 900), { type: 1009, format: 1 }), null);
    assert.equal(detect(wire(9, 23), { type: 2249, format: 1 }), null);
    assert.equal(detect(utf8('x bob@example.com'), { type: 16_500, format: 1 }), null);
    assert.deepEqual(detect(utf8('x bob'), { type: 16_500, format: 1 }), utf8('x bob'));
  });

  it('make NULL, or a hash, of numbers that are cards', () => {
    for (const type of [20, 1700]) {
      assert.equal(shown('4111111111111111', { type }), null);
      assert.match(shown('4111111111111111', { type, action: 'hash' }) ?? '', /^\d+$/);
      assert.equal(shown('4111111111111112', { type }), '4111111111111112');
      assert.equal(shown('-4111111111111111', { type }), '-4111111111111111');
    }
    const int8 = new Uint8Array(8);
    new DataView(int8.buffer).setBigInt64(0, 4_111_111_111_111_111n);
    assert.equal(detect(int8, { type: 20, format: 1 }), null);
  });

  it('leave other types alone', () => {
    for (const type of [17, 23, 701, 1184, 2950]) assert.equal(shown('4111111111111111', { type }), '4111111111111111');
  });
});

describe('patterns of users', () => {
  const replace = (pattern: string, value: string, type = 25): string | null => {
    const detector = patternDetector({ name: 'order "no"', pattern, action: 'redact' });
    const bytes = utf8(value);
    const options = { detectors: [{ detector, action: 'redact' as const }], hmac, tell: () => {} };
    const replaced = replaceInValue(bytes, 0, bytes.length, { family: familyOf(type), format: 0 }, options);
    return replaced === undefined ? value : replaced && text(replaced);
  };

  it('are replaced wherever they match, with a name that needs no quotes', () => {
    assert.equal(replace('ORD-[0-9]{8}', 'é ORD-12345678, ORD-87654321'), 'é [order_no_], [order_no_]');
    assert.equal(replace('(?i)straße', 'die Straße', 114), 'die Straße', 'not JSON, nothing in it');
    assert.equal(replace('(?i)straße', '{"a":"die Straße"}', 114), '{"a":"die [order_no_]"}');
  });

  it('make NULL of an array whose form they match', () => {
    assert.equal(replace('a.b', '{a,b}', 1009), null);
    assert.equal(replace('a.b', '{axb}', 1009), '{[order_no_]}');
  });

  it('do not backtrack', () => {
    const value = `${'a'.repeat(5_000)}!`;
    assert.equal(replace('(a+)+$', value), value);
  });
});

describe('detectText', () => {
  it('replaces what any detector finds in a recorded text', () => {
    const sql = "UPDATE t SET mail = 'bob@example.com', card = '4111 1111 1111 1111' WHERE id = 7";
    assert.equal(text(detectText(utf8(sql))), "UPDATE t SET mail = '[email]', card = '[card]' WHERE id = 7");
    const plain = utf8('SELECT 1');
    assert.equal(detectText(plain), plain);
  });
});
