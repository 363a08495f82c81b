import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ProtocolError } from '../protocol-error.ts';
import { protocolVersion, requestCode } from '../protocol-version.ts';
import { Writer } from '../writer.ts';
import { startupParameter } from './startup-message.ts';
import { decodeStartup, encodeStartup, startupPacketBytes } from './startup-packet.ts';

function packet(body: readonly (number | string)[], version: number = protocolVersion.v3_0): Uint8Array {
  const writer = new Writer().beginUntagged().int32(version);
  for (const part of body) {
    if (typeof part === 'number') writer.uint8(part);
    else writer.bytes(Buffer.from(part));
  }
  return writer.end().finish();
}

describe('the length of a startup packet', () => {
  test('is known from its first four bytes', () => {
    for (let bytes = 0; bytes < 4; bytes += 1) assert.equal(startupPacketBytes(new Uint8Array(bytes)), undefined);
    assert.equal(startupPacketBytes(Uint8Array.of(0, 0, 0, 8)), 8);
  });

  test('is what Postgres reads: 8 to 10,004 bytes', () => {
    const lengths = [-0x80000000, -1, 0, 4, 7, 10_005, 0x7fffffff];
    for (const length of lengths) {
      const bytes = new Writer().int32(length).finish();
      assert.throws(() => startupPacketBytes(bytes), /^ProtocolError: invalid length of startup packet$/);
    }
    assert.equal(startupPacketBytes(new Writer().int32(10_004).finish()), 10_004);
  });

  test('makes an HTTP request and a TLS handshake impossible packets', () => {
    for (const bytes of [Buffer.from('GET / HTTP/1.1\r\n'), Uint8Array.of(0x16, 3, 1, 2)]) {
      assert.throws(() => startupPacketBytes(bytes), ProtocolError);
    }
  });
});

describe('a StartupMessage', () => {
  test('keeps its parameters in their order, and the last of a name holds', () => {
    const message = decodeStartup(packet(['user', 0, 'a', 0, 'database', 0, 0, 'user', 0, 'b', 0, 0]));
    assert.equal(message.type, 'startupMessage');
    if (message.type !== 'startupMessage') return;
    assert.deepEqual(
      message.parameters.map(({ name, value }) => [name, Buffer.from(value).toString()]),
      [
        ['user', 'a'],
        ['database', ''],
        ['user', 'b'],
      ],
    );
    assert.equal(Buffer.from(startupParameter(message, 'user') ?? []).toString(), 'b');
    assert.equal(startupParameter(message, 'User'), undefined);
  });

  test('must end with a terminator and nothing behind it', () => {
    const wrong = [[], ['user', 0, 'a', 0], ['user', 0, 'a'], ['user', 0], ['user'], [0, 0], ['user', 0, 'a', 0, 0, 0]];
    for (const body of wrong) {
      const expected = { sqlstate: '08P01', message: /^invalid startup packet layout: expected terminator/ };
      assert.throws(() => decodeStartup(packet(body)), expected, JSON.stringify(body));
    }
  });

  test('of another major version is not supported', () => {
    for (const version of [2 << 16, 4 << 16, 0, 0x7fff_0000, 1234 << 16]) {
      assert.throws(() => decodeStartup(packet([0], version)), { sqlstate: '0A000' });
    }
    assert.equal(decodeStartup(packet([0], (3 << 16) + 999)).type, 'startupMessage');
  });

  test('has names in UTF-8 and values in whatever it may be', () => {
    assert.throws(() => decodeStartup(packet([0xff, 0, 'a', 0, 0])), { sqlstate: '22021' });
    const message = decodeStartup(packet(['ü', 0, 0xff, 0, 0]));
    assert.deepEqual(message.type === 'startupMessage' && message.parameters, [
      { name: 'ü', value: Uint8Array.of(0xff) },
    ]);
  });

  test('cannot be written with a name that would end it', () => {
    const parameters = [{ name: '', value: new Uint8Array(0) }];
    const message = { type: 'startupMessage', version: protocolVersion.v3_0, parameters } as const;
    assert.throws(() => encodeStartup(message), RangeError);
  });
});

describe('a CancelRequest', () => {
  test('has a key of 1 to 256 bytes', () => {
    for (const [bytes, message] of [
      [0, 'invalid length of cancel key in cancel request packet'],
      [257, 'invalid length of cancel key in cancel request packet'],
    ] as const) {
      const body = new Writer().beginUntagged().int32(requestCode.cancel).int32(1).bytes(new Uint8Array(bytes)).end();
      assert.throws(() => decodeStartup(body.finish()), { message, sqlstate: '08P01' });
    }
    const short = new Writer().beginUntagged().int32(requestCode.cancel).uint8(1).end();
    assert.throws(() => decodeStartup(short.finish()), /invalid length of cancel request packet/);
  });
});
