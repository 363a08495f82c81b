import assert from 'node:assert/strict';
import { hash, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import {
  batchEntries,
  batchHeaderBytes,
  batchLength,
  batchRunning,
  beginBatch,
  beginFrame,
  endFrame,
  openBatch,
  runningHash,
  sealBatch,
} from './batch.ts';
import { ByteSink } from './codec/byte-sink.ts';
import { CodecError } from './codec/codec-error.ts';
import { formatVersion } from './codec/format-version.ts';
import { decodeSegmentHeader, encodeSegmentHeader, LaterVersionError, segmentHeaderBytes } from './segment-header.ts';

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(hash('sha256', bytes, 'buffer'));
const mark = Uint8Array.of(9, 8, 7, 6, 5, 4, 3, 2);
const running = sha256(new Uint8Array(1));

function batchOf(contents: readonly Uint8Array[], firstIndex = 5, synced = 3): Uint8Array {
  const sink = new ByteSink(1);
  sink.raw(Uint8Array.of(1, 2, 3));
  const start = beginBatch(sink);
  for (const content of contents) {
    const entry = beginFrame(sink, start);
    sink.raw(content);
    endFrame(sink, entry);
  }
  sealBatch(sink, start, { mark, firstIndex, synced, count: contents.length, running }, crc32);
  return sink.view(start).slice();
}

describe('batch', () => {
  it('gives back the entries, the indexes and the running hash that were sealed in', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), fc.maxSafeNat(), fc.maxSafeNat(), (contents, firstIndex, synced) => {
        const bytes = batchOf(contents, firstIndex, synced);
        assert.equal(batchLength(bytes.subarray(0, batchHeaderBytes), mark), bytes.length);
        const batch = openBatch(bytes, crc32);
        assert.ok(batch);
        assert.deepEqual([batch.firstIndex, batch.synced, batch.count], [firstIndex, synced, contents.length]);
        const entries = batchEntries(batch);
        assert.deepEqual(
          entries.map((entry) => entry.bytes),
          contents,
        );
        for (const { offset, bytes: entry } of entries) {
          assert.deepEqual(bytes.slice(offset + 8, offset + 8 + entry.length), entry);
        }
        assert.deepEqual(batchRunning(batch), running);
      }),
    );
  });

  it('is not whole when any one bit of it is another', () => {
    const bytes = batchOf([Uint8Array.of(1, 2), Uint8Array.of(3)]);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const damaged = bytes.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      const length = batchLength(damaged.subarray(0, batchHeaderBytes), mark);
      if (length !== bytes.length) continue;
      assert.equal(openBatch(damaged, crc32), undefined, `bit ${bit}`);
    }
  });

  it('refuses frames that do not fill it, even under a right checksum', () => {
    const sink = new ByteSink(64);
    const start = beginBatch(sink);
    const entry = beginFrame(sink, start);
    sink.raw(Uint8Array.of(1, 2, 3));
    endFrame(sink, entry);
    const seal = { mark, firstIndex: 0, synced: 0, count: 1, running };
    sink.setUint32(entry - 8, 2);
    sealBatch(sink, start, seal, crc32);
    const short = openBatch(sink.view(start), crc32);
    assert.ok(short);
    assert.throws(() => batchEntries(short), CodecError);
    const miscounted = openBatch(batchOfCount(7), crc32);
    assert.ok(miscounted);
    assert.throws(() => batchEntries(miscounted), /7 entries expected, 0 found/);
  });

  it('has a running hash that depends on every entry and on their order', () => {
    const a = sha256(Uint8Array.of(1));
    const b = sha256(Uint8Array.of(2));
    const hashes = [[a, b], [b, a], [a], []].map((list) =>
      Buffer.from(runningHash(running, list, sha256)).toString('hex'),
    );
    assert.equal(new Set(hashes).size, 4);
    assert.equal(hashes[0], Buffer.from(sha256(new Uint8Array([...running, ...a, ...b]))).toString('hex'));
  });
});

function batchOfCount(count: number): Uint8Array {
  const sink = new ByteSink(64);
  const start = beginBatch(sink);
  sealBatch(sink, start, { mark, firstIndex: 0, synced: 0, count, running }, crc32);
  return sink.view(start);
}

describe('segment header', () => {
  const header = { journal: new Uint8Array(randomBytes(16)), mark, firstIndex: 2 ** 40 + 5, running };

  it('gives back what was encoded', () => {
    const bytes = encodeSegmentHeader(header, crc32);
    assert.equal(bytes.length, segmentHeaderBytes);
    assert.deepEqual(decodeSegmentHeader(bytes, crc32), { version: formatVersion, ...header });
  });

  it('is refused when any one bit of it is another, or when it is cut', () => {
    const bytes = encodeSegmentHeader(header, crc32);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const damaged = bytes.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      assert.throws(
        () => decodeSegmentHeader(damaged, crc32),
        (error) => error instanceof CodecError || error instanceof LaterVersionError,
        `bit ${bit}`,
      );
    }
    for (let length = 0; length < bytes.length; length += 1) {
      assert.throws(() => decodeSegmentHeader(bytes.subarray(0, length), crc32), CodecError);
    }
  });

  it('says of a later version that it is later, not that it is damaged', () => {
    const bytes = encodeSegmentHeader(header, crc32).slice();
    bytes[8] = 4;
    assert.throws(() => decodeSegmentHeader(bytes, crc32), /format 4 is later than 3/);
  });

  it('is read in every version up to the latest, and in no version 0', () => {
    for (const version of [0, 1, 2, 3]) {
      const bytes = encodeSegmentHeader(header, crc32).slice();
      const view = new DataView(bytes.buffer);
      view.setUint32(8, version, true);
      view.setUint32(80, crc32(bytes.subarray(0, 80)), true);
      if (version === 0) assert.throws(() => decodeSegmentHeader(bytes, crc32), CodecError);
      else assert.equal(decodeSegmentHeader(bytes, crc32).version, version);
    }
  });
});
