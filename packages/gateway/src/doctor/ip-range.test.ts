import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { containsRange, formatIpRange, type IpRange, isLoopback, parseIpRange, sharedRange } from './ip-range.ts';

function range(text: string, netmask?: string): IpRange {
  const parsed = parseIpRange(text, netmask);
  assert.ok(parsed, text);
  return parsed;
}

describe('an address range', () => {
  for (const [text, netmask, formatted] of [
    ['10.1.2.3', undefined, '10.1.2.3/32'],
    ['10.1.2.3', '255.0.0.0', '10.0.0.0/8'],
    ['0.0.0.0', '0.0.0.0', '0.0.0.0/0'],
    ['192.168.7.0/24', undefined, '192.168.7.0/24'],
    ['::1', undefined, '::1/128'],
    ['::', '::', '::/0'],
    ['fe80::1', 'ffc0::', 'fe80::/10'],
    ['2001:db8:0:0:1:0:0:1', undefined, '2001:db8::1:0:0:1/128'],
    ['::ffff:10.0.0.1', undefined, '::ffff:a00:1/128'],
  ] as const) {
    it(`reads ${text} ${netmask ?? ''}`, () => assert.equal(formatIpRange(range(text, netmask)), formatted));
  }

  it('is none for a name, a mask with holes or too many bits', () => {
    for (const text of ['samehost', '.example.com', '10.0.0.0/33', '::/129', '10.0.0.0/x']) {
      assert.equal(parseIpRange(text), undefined, text);
    }
    assert.equal(parseIpRange('10.0.0.0', '255.0.255.0'), undefined);
  });

  it('contains narrower ones of its family', () => {
    assert.ok(containsRange(range('10.0.0.0/8'), range('10.9.0.0/16')));
    assert.ok(!containsRange(range('10.9.0.0/16'), range('10.0.0.0/8')));
    assert.ok(!containsRange(range('0.0.0.0/0'), range('::1')));
    assert.ok(isLoopback(range('127.0.0.1')) && isLoopback(range('::1')) && !isLoopback(range('0.0.0.0/0')));
  });

  it('shares what both have', () => {
    assert.deepEqual(sharedRange(range('10.0.0.0/8'), range('10.9.0.0/16')), range('10.9.0.0/16'));
    assert.equal(sharedRange(range('10.0.0.0/8'), range('11.0.0.0/8')), undefined);
  });

  it('reads what it writes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(32), (address, bits) => {
        const once = range(`${address}/${bits}`);
        assert.deepEqual(range(formatIpRange(once)), once);
      }),
    );
  });
});
