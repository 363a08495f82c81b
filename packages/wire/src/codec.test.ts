import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  backendTag,
  decodeBackend,
  decodeFrontend,
  decodeStartup,
  encodeBackend,
  encodeFrontend,
  encodeStartup,
  type FrontendMessage,
  frontendTag,
  type PasswordKind,
  ProtocolError,
  Reader,
  Writer,
} from './index.ts';
import { backendMessages, frontendMessages, startupPackets } from './messages.fixture.ts';

const headerBytes = 5;

const passwordKinds: { readonly [type: string]: PasswordKind } = {
  passwordMessage: 'password',
  saslInitialResponse: 'sasl initial',
  saslResponse: 'sasl',
  gssResponse: 'gss',
};

/** Bytes that are compared as bytes, whatever kind of array a runtime makes. */
function bodyOf(message: Uint8Array): Reader {
  const length = new DataView(message.buffer, message.byteOffset).getInt32(1);
  assert.equal(length, message.length - 1, 'the length word counts itself and the body');
  return new Reader(message, headerBytes);
}

describe('what was encoded is decoded as what it was', () => {
  for (const [type, messages] of Object.entries(frontendMessages)) {
    test(`frontend ${type}`, () => {
      fc.assert(
        fc.property(messages as fc.Arbitrary<FrontendMessage>, (message) => {
          const bytes = encodeFrontend(message).finish();
          const decoded = decodeFrontend(bytes[0] as number, bodyOf(bytes), passwordKinds[type]);
          assert.deepEqual(decoded, message);
        }),
      );
    });
  }

  for (const [type, messages] of Object.entries(backendMessages)) {
    test(`backend ${type}`, () => {
      fc.assert(
        fc.property(messages, (message) => {
          const bytes = encodeBackend(message).finish();
          assert.deepEqual(decodeBackend(bytes[0] as number, bodyOf(bytes)), message);
        }),
      );
    });
  }

  for (const [type, packets] of Object.entries(startupPackets)) {
    test(`startup ${type}`, () => {
      fc.assert(
        fc.property(packets, (packet) => assert.deepEqual(decodeStartup(encodeStartup(packet).finish()), packet)),
      );
    });
  }

  test('one after the other in the same Writer', () => {
    const writer = new Writer(0);
    encodeFrontend({ type: 'sync' }, encodeFrontend({ type: 'flush' }, writer));
    assert.deepEqual([...writer.finish()], [0x48, 0, 0, 0, 4, 0x53, 0, 0, 0, 4]);
  });
});

/** Runs a decoder on bytes that are no message, or not quite one; nothing but a ProtocolError may come out. */
function survives(decode: (body: Reader) => unknown, body: Uint8Array): void {
  try {
    decode(new Reader(body));
  } catch (error) {
    assert.ok(error instanceof ProtocolError, String(error));
    assert.match(error.sqlstate, /^[0-9A-Z]{5}$/);
  }
}

/** Nonsense, and messages with a few bytes changed, cut short or made longer. */
function damaged(encoded: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 });
  const edited = fc
    .tuple(encoded, edits, fc.nat(), fc.uint8Array({ maxLength: 4 }))
    .map(([bytes, changes, cut, more]) => {
      const copy = bytes.slice();
      for (const [at, byte] of changes) if (copy.length > 0) copy[at % copy.length] = byte;
      return Buffer.concat([copy.subarray(0, copy.length - (cut % 3)), more]);
    });
  return fc.oneof(fc.uint8Array({ maxLength: 200 }), edited);
}

describe('a decoder throws nothing but ProtocolErrors', () => {
  for (const [type, messages] of Object.entries(frontendMessages)) {
    test(`frontend ${type}`, () => {
      const encoded = (messages as fc.Arbitrary<FrontendMessage>).map((m) => encodeFrontend(m).finish());
      const tag = fc.sample(encoded, 1)[0]?.[0] ?? 0;
      const bodies = damaged(encoded.map((bytes) => bytes.subarray(headerBytes)));
      fc.assert(
        fc.property(bodies, (body) => survives((reader) => decodeFrontend(tag, reader, passwordKinds[type]), body)),
        { numRuns: 500 },
      );
    });
  }

  for (const [type, messages] of Object.entries(backendMessages)) {
    test(`backend ${type}`, () => {
      const encoded = (messages as fc.Arbitrary<Parameters<typeof encodeBackend>[0]>).map((m) =>
        encodeBackend(m).finish(),
      );
      const tag = fc.sample(encoded, 1)[0]?.[0] ?? 0;
      const bodies = damaged(encoded.map((bytes) => bytes.subarray(headerBytes)));
      fc.assert(
        fc.property(bodies, (body) => survives((reader) => decodeBackend(tag, reader), body)),
        { numRuns: 500 },
      );
    });
  }

  for (const [type, packets] of Object.entries(startupPackets)) {
    test(`startup ${type}`, () => {
      const encoded = (packets as fc.Arbitrary<Parameters<typeof encodeStartup>[0]>).map((p) =>
        encodeStartup(p).finish(),
      );
      fc.assert(
        fc.property(damaged(encoded), (packet) => survives(() => decodeStartup(packet), packet)),
        { numRuns: 500 },
      );
    });
  }

  test('for any tag', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), fc.uint8Array(), (tag, body) => {
        survives((reader) => decodeFrontend(tag, reader), body);
        survives((reader) => decodeBackend(tag, reader), body);
      }),
    );
  });
});

describe('a decoder does not believe a count', () => {
  /** What a body of a few bytes that claims the most costs, in bytes of heap. */
  function cost(decode: (body: Reader) => unknown, body: Uint8Array): number {
    const before = process.memoryUsage();
    assert.throws(() => decode(new Reader(body)), ProtocolError);
    const after = process.memoryUsage();
    return after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  }

  const claims: readonly (readonly [string, (body: Reader) => unknown, readonly number[]])[] = [
    ['Bind, formats', (body) => decodeFrontend(frontendTag.bind, body), [0, 0, 0xff, 0xff]],
    ['Bind, parameters', (body) => decodeFrontend(frontendTag.bind, body), [0, 0, 0, 0, 0xff, 0xff]],
    ['Bind, a parameter', (body) => decodeFrontend(frontendTag.bind, body), [0, 0, 0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff]],
    ['Parse', (body) => decodeFrontend(frontendTag.parse, body), [0, 0, 0xff, 0xff]],
    ['DataRow', (body) => decodeBackend(backendTag.dataRow, body), [0xff, 0xff]],
    ['DataRow, a value', (body) => decodeBackend(backendTag.dataRow, body), [0, 1, 0x7f, 0xff, 0xff, 0xff]],
    ['RowDescription', (body) => decodeBackend(backendTag.rowDescription, body), [0xff, 0xff]],
    [
      'NegotiateProtocolVersion',
      (body) => decodeBackend(backendTag.negotiateProtocolVersion, body),
      [0, 3, 0, 0, 0x7f, 0xff, 0xff, 0xff],
    ],
  ];
  for (const [what, decode, body] of claims) {
    test(what, () => assert.ok(cost(decode, Uint8Array.from(body)) < 1_000_000));
  }
});

describe('what Postgres refuses is refused with its SQLSTATE', () => {
  const cases: readonly (readonly [string, () => unknown, string, RegExp])[] = [
    [
      'more parameter formats than parameters',
      () => decodeFrontend(frontendTag.bind, reader([0, 0, 0, 2, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0])),
      '08P01',
      /^bind message has 2 parameter formats but 1 parameters$/,
    ],
    [
      'a negative length',
      () => decodeFrontend(frontendTag.bind, reader([0, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xfe])),
      '08P01',
      /^insufficient data left in message$/,
    ],
    ['bytes left over', () => decodeFrontend(frontendTag.sync, reader([0])), '08P01', /^invalid message format$/],
    [
      'a string without an end',
      () => decodeFrontend(frontendTag.query, reader([65])),
      '08P01',
      /^invalid string in message$/,
    ],
    [
      'Describe of something else',
      () => decodeFrontend(frontendTag.describe, reader([88, 0])),
      '08P01',
      /^invalid DESCRIBE message subtype 88$/,
    ],
    [
      'Close of something else',
      () => decodeFrontend(frontendTag.close, reader([0, 0])),
      '08P01',
      /^invalid CLOSE message subtype 0$/,
    ],
    [
      'an argument of negative size',
      () => decodeFrontend(frontendTag.functionCall, reader([0, 0, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xfe, 0, 0])),
      '08P01',
      /^invalid argument size -2 in function call message$/,
    ],
    [
      'an empty password',
      () => decodeFrontend(frontendTag.password, reader([0]), 'password'),
      '28P01',
      /^empty password/,
    ],
    [
      'two passwords',
      () => decodeFrontend(frontendTag.password, reader([65, 0, 65, 0]), 'password'),
      '08P01',
      /^invalid password packet size$/,
    ],
    [
      'a password that nobody asked for',
      () => decodeFrontend(frontendTag.password, reader([65, 0])),
      '08P01',
      /^invalid frontend message type 112$/,
    ],
    ['an unknown tag', () => decodeFrontend(0, reader([])), '08P01', /^invalid frontend message type 0$/],
    [
      'a backend tag',
      () => decodeFrontend(backendTag.readyForQuery, reader([73])),
      '08P01',
      /^invalid frontend message type 90$/,
    ],
  ];
  for (const [what, decode, sqlstate, message] of cases) {
    test(what, () => assert.throws(decode, { name: 'ProtocolError', sqlstate, message }));
  }

  test('bodies that it does not look at are not refused', () => {
    assert.deepEqual(decodeFrontend(frontendTag.terminate, reader([1, 2])), { type: 'terminate' });
    assert.deepEqual(decodeFrontend(frontendTag.copyDone, reader([1, 2])), { type: 'copyDone' });
    const fail = decodeFrontend(frontendTag.copyFail, reader([65, 0, 1, 2]));
    assert.deepEqual(fail, { type: 'copyFail', reason: Uint8Array.of(65) });
  });

  test('65,535 parameters are legal', () => {
    const parameters = new Array<null>(0xffff).fill(null);
    const none = new Uint8Array(0);
    const message: FrontendMessage = {
      type: 'bind',
      portal: none,
      statement: none,
      parameterFormats: [],
      parameters,
      resultFormats: [],
    };
    const bytes = encodeFrontend(message).finish();
    const decoded = decodeFrontend(frontendTag.bind, bodyOf(bytes));
    assert.equal(decoded.type === 'bind' && decoded.parameters.length, 0xffff);
    const more: FrontendMessage = { ...message, parameters: [...parameters, null] };
    assert.throws(() => encodeFrontend(more), RangeError);
  });
});

function reader(bytes: readonly number[]): Reader {
  return new Reader(Uint8Array.from(bytes));
}
