import { ByteSink } from './codec/byte-sink.ts';
import { ByteSource } from './codec/byte-source.ts';
import { CodecError } from './codec/codec-error.ts';
import { formatVersion } from './codec/format-version.ts';
import { hashBytes } from './codec.ts';

/** First bytes of a segment file (docs/journal-format.md, "Header"). Pure: the checksum is given in. */
export interface SegmentHeader {
  /** Version of the format that all entries of the segment are in. */
  readonly version: number;
  /** Sixteen random bytes that all segments of a journal share. */
  readonly journal: Uint8Array;
  /**
   * Eight random bytes that begin every batch of this segment. Batches can be found again behind damage by them, and
   * nobody who only sends statements can forge one.
   */
  readonly mark: Uint8Array;
  /** Index of the segment's first entry. */
  readonly firstIndex: number;
  /** Running hash behind the last batch of the segment before; 32 zero bytes for the first segment. */
  readonly running: Uint8Array;
}

/** CRC-32 as in zlib, Ethernet and PNG. */
export type Crc32 = (bytes: Uint8Array) => number;

export const segmentHeaderBytes = 84;
export const journalIdBytes = 16;
export const markBytes = 8;

/** "onrecord" in ASCII. */
const magic = Uint8Array.of(0x6f, 0x6e, 0x72, 0x65, 0x63, 0x6f, 0x72, 0x64);

/** A header of a later version than this reader knows; not a damaged one. */
export class LaterVersionError extends Error {
  constructor(version: number) {
    super(`journal format ${version} is later than ${formatVersion}, the latest that this version of Onrecord reads`);
    this.name = 'LaterVersionError';
  }
}

/** Segments are written in the latest version only. */
export function encodeSegmentHeader(header: Omit<SegmentHeader, 'version'>, crc32: Crc32): Uint8Array {
  const sink = new ByteSink(segmentHeaderBytes);
  sink.raw(magic);
  sink.uint32(formatVersion);
  sink.uint32(segmentHeaderBytes);
  sink.raw(header.journal);
  sink.raw(header.mark);
  sink.uint64(header.firstIndex);
  sink.raw(header.running);
  sink.uint32(crc32(sink.view()));
  if (sink.at !== segmentHeaderBytes) throw new RangeError(`a segment header of ${sink.at} bytes`);
  return sink.view();
}

/** Byte fields are views of `bytes`. Throws a CodecError or a LaterVersionError. */
export function decodeSegmentHeader(bytes: Uint8Array, crc32: Crc32): SegmentHeader {
  const source = new ByteSource(bytes);
  if (!source.raw(magic.length).every((byte, at) => byte === magic[at])) {
    throw new CodecError('not a journal segment', 0);
  }
  const version = source.uint32();
  if (version > formatVersion) throw new LaterVersionError(version);
  if (version === 0) throw new CodecError(`journal format ${version}`, 8);
  if (source.uint32() !== segmentHeaderBytes) throw new CodecError('wrong header length', 12);
  const header = {
    version,
    journal: source.raw(journalIdBytes),
    mark: source.raw(markBytes),
    firstIndex: source.uint64(),
    running: source.raw(hashBytes),
  };
  const end = source.at;
  if (source.uint32() !== crc32(bytes.subarray(0, end))) throw new CodecError('header checksum does not match', end);
  return header;
}
