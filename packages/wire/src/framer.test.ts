import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Framer, type FramerOptions } from './framer.ts';
import { ProtocolError } from './protocol-error.ts';
import { Writer } from './writer.ts';

const held = 0x48;
const streamed = 0x64;
/** Streamed only when it is long. */
const both = 0x42;
const unknown = 0x3f;
const maxHeldBytes = 64;

const options: FramerOptions = {
  streams: (tag, length) => tag === streamed || (tag === both && length > 32),
  maxHeldBytes: (tag) => {
    if (tag === unknown) throw new ProtocolError(`unknown tag ${tag}`);
    return maxHeldBytes;
  },
};

interface Framed {
  readonly tag: number;
  readonly length: number;
  readonly bytes: Uint8Array;
}

/** What a Framer makes of `chunks`: its messages, streamed ones joined, up to the error if there is one. */
function frame(chunks: readonly Uint8Array[], framer: Framer = new Framer(options)) {
  const messages: Framed[] = [];
  let pieces: Uint8Array[] = [];
  let open = false;
  try {
    for (const chunk of chunks) {
      framer.push(chunk);
      while (framer.next()) {
        const { tag, length, bytes, start, end, first, last } = framer;
        assert.equal(first, !open, 'first');
        open = !last;
        pieces.push(bytes.subarray(start, end));
        if (!last) continue;
        messages.push({ tag, length, bytes: join(pieces) });
        pieces = [];
      }
    }
  } catch (error) {
    assert.ok(error instanceof ProtocolError, String(error));
    return { messages, error: `${error.sqlstate} ${error.message}`, framer };
  }
  return { messages, error: undefined, framer };
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

function message(tag: number, bodyBytes: number): Uint8Array {
  const body = Uint8Array.from({ length: bodyBytes }, (_, at) => (tag + at) & 0xff);
  return new Writer().begin(tag).bytes(body).end().finish().slice();
}

/** Cuts bytes at the given places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.slice(at[index], end));
}

const sizes = fc.integer({ min: 0, max: 59 });
const messages = fc.oneof(
  fc.tuple(fc.constantFrom(held, streamed, both), sizes).map(([tag, size]) => message(tag, size)),
  fc.integer({ min: 0, max: 500 }).map((size) => message(streamed, size)),
);

describe('a stream of messages', () => {
  test('comes out as what it was, however it was cut', () => {
    fc.assert(
      fc.property(fc.array(messages, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 30 }), (all, places) => {
        const { messages: framed, error, framer } = frame(cut(join(all), places));
        assert.equal(error, undefined);
        assert.deepEqual(
          framed.map(({ bytes }) => bytes),
          all,
        );
        for (const { tag, length, bytes } of framed) assert.deepEqual([tag, length], [bytes[0], bytes.length]);
        assert.equal(framer.idle, true);
        assert.equal(framer.heldBytes, 0);
      }),
      { numRuns: 1000 },
    );
  });

  test('that is cut at every byte comes out as what it was', () => {
    const all = [message(held, 0), message(streamed, 0), message(both, 40), message(held, 20), message(streamed, 90)];
    const bytes = join(all);
    const single = Array.from(bytes, (byte) => Uint8Array.of(byte));
    assert.deepEqual(
      frame(single).messages.map((framed) => framed.bytes),
      all,
    );
    for (let at = 0; at <= bytes.length; at += 1) {
      const framed = frame([bytes.slice(0, at), bytes.slice(at)]).messages;
      assert.deepEqual(
        framed.map((one) => one.bytes),
        all,
      );
    }
  });

  test('of any bytes ends in the same messages and the same error, however it was cut', () => {
    const wrong = fc.oneof(
      messages,
      fc.uint8Array({ maxLength: 30 }),
      fc.constantFrom(message(held, 60), message(held, 200), message(unknown, 3)),
      fc.constantFrom(Uint8Array.of(held, 0, 0, 0, 3), Uint8Array.of(held, 0xff, 0xff, 0xff, 0xff)),
      fc.constant(Uint8Array.of(held, 0x7f, 0xff, 0xff, 0xff)),
    );
    fc.assert(
      fc.property(fc.array(wrong, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 30 }), (all, places) => {
        const bytes = join(all);
        const whole = frame([bytes]);
        const pieces = frame(cut(bytes, places));
        assert.equal(pieces.error, whole.error);
        assert.deepEqual(pieces.messages, whole.messages);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a message that is whole in its chunk', () => {
  test('is a view of it', () => {
    const chunk = join([message(held, 3), message(streamed, 5)]);
    const framer = new Framer(options);
    framer.push(chunk);
    const places: number[][] = [];
    while (framer.next()) {
      assert.equal(framer.bytes, chunk);
      places.push([framer.start, framer.end]);
    }
    assert.deepEqual(places, [
      [0, 8],
      [8, 18],
    ]);
  });

  test('may be a view of a larger buffer itself', () => {
    const buffer = join([message(held, 4), message(held, 7), message(held, 2)]);
    const chunk = buffer.subarray(9, 21);
    assert.deepEqual(frame([chunk]).messages, [{ tag: held, length: 12, bytes: message(held, 7) }]);
  });
});

describe('a message that streams', () => {
  test('is passed on as it comes, with nothing held', () => {
    const bytes = message(streamed, 1000);
    const framer = new Framer(options);
    const flags: [boolean, boolean, number][] = [];
    for (const chunk of cut(bytes, [10, 400, 700])) {
      framer.push(chunk);
      while (framer.next()) {
        assert.equal(framer.length, bytes.length);
        flags.push([framer.first, framer.last, framer.end - framer.start]);
      }
      assert.equal(framer.heldBytes, 0);
    }
    assert.deepEqual(flags, [
      [true, false, 10],
      [false, false, 390],
      [false, false, 300],
      [false, true, 305],
    ]);
  });

  test('whose header was cut begins with its header', () => {
    const bytes = message(streamed, 100);
    const framer = new Framer(options);
    const lengths: number[] = [];
    for (const chunk of [bytes.slice(0, 3), bytes.slice(3, 50), bytes.slice(50)]) {
      framer.push(chunk);
      while (framer.next()) lengths.push(framer.end - framer.start);
    }
    assert.deepEqual(lengths, [5, 45, 55]);
  });

  test('is not idle until its end', () => {
    const framer = new Framer(options);
    framer.push(message(streamed, 100).slice(0, 50));
    while (framer.next());
    assert.equal(framer.idle, false);
  });
});

describe('a message that is held', () => {
  test('claims no memory before its bytes are there', () => {
    const framer = new Framer({ streams: () => false, maxHeldBytes: () => 0x4000_0000 });
    const before = process.memoryUsage().arrayBuffers;
    for (const byte of [held, 0x3f, 0xff, 0xff, 0xff, 1, 2, 3]) {
      framer.push(Uint8Array.of(byte));
      assert.equal(framer.next(), false);
    }
    assert.ok(process.memoryUsage().arrayBuffers - before < 10_000_000);
    assert.equal(framer.heldBytes, 8);
  });

  test('that comes in byte by byte costs about its own size', () => {
    const size = 200_000;
    const framer = new Framer({ streams: () => false, maxHeldBytes: () => 1_000_000 });
    const bytes = message(held, size);
    const chunks = Array.from({ length: bytes.length - 1 }, (_, at) => bytes.subarray(at, at + 1));
    const before = process.memoryUsage();
    for (const chunk of chunks) {
      framer.push(chunk);
      assert.equal(framer.next(), false);
    }
    const after = process.memoryUsage();
    assert.equal(framer.heldBytes, size + 4);
    // The doubled buffers before the last one may not be collected yet: four times the message, not two hundred.
    assert.ok(after.arrayBuffers - before.arrayBuffers < 20 * size, 'buffers');
  });

  test('is copied, so that its chunks can be reused', () => {
    const bytes = message(held, 30);
    const framer = new Framer(options);
    const chunk = bytes.slice(0, 20);
    framer.push(chunk);
    assert.equal(framer.next(), false);
    chunk.fill(0);
    framer.push(bytes.slice(20));
    assert.equal(framer.next(), true);
    assert.deepEqual(framer.bytes.subarray(framer.start, framer.end), bytes);
  });

  test('is refused by its header when it is too large', () => {
    for (const chunks of [[message(held, 60).slice(0, 5)], cut(message(held, 60).slice(0, 5), [2])]) {
      const { error } = frame(chunks);
      assert.equal(error, '54000 a message of 65 bytes is over the limit of 64 bytes');
    }
    assert.equal(frame([message(held, 59)]).error, undefined);
  });
});

describe('an impossible header', () => {
  test('is refused in the words of Postgres', () => {
    for (const length of [0, 3, -1, -0x80000000]) {
      const header = new Writer().uint8(held).int32(length).finish();
      assert.equal(frame([header]).error, '08P01 invalid message length');
    }
  });
});

describe('what is left', () => {
  test('is taken back with the beginning of a held message', () => {
    const bytes = join([message(held, 3), message(held, 30).slice(0, 12)]);
    for (let at = 0; at <= bytes.length; at += 1) {
      const framer = new Framer(options);
      const taken: Uint8Array[] = [];
      for (const chunk of [bytes.slice(0, at), bytes.slice(at)]) {
        framer.push(chunk);
        while (framer.next()) taken.push(framer.bytes.slice(framer.start, framer.end));
      }
      assert.deepEqual(taken, [message(held, 3)]);
      assert.deepEqual(framer.takeRest().slice(), bytes.slice(8));
      assert.equal(framer.idle, true);
    }
  });

  test('behind the last piece is taken back before it is looked at', () => {
    const framer = new Framer(options);
    framer.push(Uint8Array.from([...message(held, 3), 0xff, 0xff]));
    assert.equal(framer.next(), true);
    assert.deepEqual(framer.takeRest(), Uint8Array.of(0xff, 0xff));
    assert.equal(framer.next(), false);
  });

  test('is not lost when more bytes come before it was taken', () => {
    const all = [message(held, 3), message(streamed, 70), message(held, 0), message(both, 40)];
    const bytes = join(all);
    for (let size = 1; size <= bytes.length; size += 1) {
      const framer = new Framer(options);
      let taken: number[] = [];
      const take = (): boolean => {
        const more = framer.next();
        if (more) taken = [...taken, ...framer.bytes.subarray(framer.start, framer.end)];
        return more;
      };
      for (let at = 0; at < bytes.length; at += size) {
        framer.push(bytes.slice(at, at + size));
        // One piece for each push at most: what stands behind it is left.
        take();
      }
      while (take());
      assert.deepEqual(Uint8Array.from(taken), bytes);
    }
  });

  test('after a chunk is used up is no reference to it', () => {
    const framer = new Framer(options);
    framer.push(message(held, 3));
    while (framer.next());
    assert.equal(framer.bytes.length, 0);
  });
});
