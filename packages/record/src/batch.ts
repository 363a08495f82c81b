import type { ByteSink } from './codec/byte-sink.ts';
import { ByteSource } from './codec/byte-source.ts';
import { CodecError } from './codec/codec-error.ts';
import { hashBytes, type Sha256 } from './codec.ts';
import { type Crc32, markBytes } from './segment-header.ts';

/**
 * The unit of writing (docs/journal-format.md, "Batch"): entries that were written with one system call. Pure: hash and
 * checksum are given in.
 *
 *     mark 8 | length 4 | crc 4 | first index 8 | synced 8 | count 4 | count × (length 4 | back 4 | entry) | running 32
 */

const lengthAt = markBytes;
const crcAt = lengthAt + 4;
/** The checksum covers everything from here to the batch's end. */
const coveredAt = crcAt + 4;
export const batchHeaderBytes: number = coveredAt + 8 + 8 + 4;
/** In front of each entry: its length, and how far behind the batch's start this frame starts. */
export const frameBytes = 8;
/** What a batch takes besides its frames. */
export const batchOverheadBytes: number = batchHeaderBytes + hashBytes;

/** A batch whose checksum matched. `bytes` are all of it, as a view. */
export interface Batch {
  readonly bytes: Uint8Array;
  readonly firstIndex: number;
  /** When it was written, all entries below this index were known to be on disk. */
  readonly synced: number;
  readonly count: number;
}

/** An entry in its batch: where its frame starts within the batch, and its bytes as a view. */
export interface FramedEntry {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Leaves room for the header, which `sealBatch` fills in. Returns where the batch starts. */
export function beginBatch(sink: ByteSink): number {
  sink.reserve(batchHeaderBytes);
  const start = sink.at;
  sink.at += batchHeaderBytes;
  return start;
}

/** Starts the frame of an entry; returns where the entry's own bytes start. */
export function beginFrame(sink: ByteSink, batchStart: number): number {
  const back = sink.at - batchStart;
  sink.uint32(0);
  sink.uint32(back);
  return sink.at;
}

export function endFrame(sink: ByteSink, entryStart: number): void {
  sink.setUint32(entryStart - frameBytes, sink.at - entryStart);
}

/** What a batch says of itself and its surroundings. */
export interface Seal {
  readonly mark: Uint8Array;
  readonly firstIndex: number;
  readonly synced: number;
  readonly count: number;
  readonly running: Uint8Array;
}

/** Ends the batch that starts at `start`; it is whole then. */
export function sealBatch(sink: ByteSink, start: number, seal: Seal, crc32: Crc32): void {
  sink.raw(seal.running);
  const end = sink.at;
  sink.at = start;
  sink.raw(seal.mark);
  sink.uint32(end - start);
  sink.at = start + coveredAt;
  sink.uint64(seal.firstIndex);
  sink.uint64(seal.synced);
  sink.uint32(seal.count);
  sink.at = end;
  sink.setUint32(start + crcAt, crc32(sink.bytes.subarray(start + coveredAt, end)));
}

/** Running hash behind a batch: SHA-256 over the one before it and the hashes of its entries. */
export function runningHash(before: Uint8Array, hashes: readonly Uint8Array[], sha256: Sha256): Uint8Array {
  const all = new Uint8Array(hashBytes * (hashes.length + 1));
  all.set(before);
  for (let at = 0; at < hashes.length; at += 1) all.set(hashes[at] as Uint8Array, hashBytes * (at + 1));
  return sha256(all);
}

/** Length of the batch whose first `batchHeaderBytes` are given; 0 when no batch starts there. */
export function batchLength(header: Uint8Array, mark: Uint8Array): number {
  if (header.length < batchHeaderBytes) return 0;
  for (let at = 0; at < markBytes; at += 1) if (header[at] !== mark[at]) return 0;
  const length = new ByteSource(header, lengthAt).uint32();
  return length < batchOverheadBytes ? 0 : length;
}

/** The batch that `bytes` are, or undefined when its checksum does not match. */
export function openBatch(bytes: Uint8Array, crc32: Crc32): Batch | undefined {
  const source = new ByteSource(bytes, crcAt);
  if (source.uint32() !== crc32(bytes.subarray(coveredAt))) return undefined;
  return { bytes, firstIndex: source.uint64(), synced: source.uint64(), count: source.uint32() };
}

/** The entries of a batch, in order. Throws a CodecError when its frames don't fill it. */
export function batchEntries({ bytes, count }: Batch): FramedEntry[] {
  const source = new ByteSource(bytes, batchHeaderBytes, bytes.length - hashBytes);
  const entries: FramedEntry[] = [];
  while (source.at < source.end) {
    const offset = source.at;
    const length = source.uint32();
    if (source.uint32() !== offset) throw new CodecError('frame does not say where it stands', offset);
    entries.push({ offset, bytes: source.raw(length) });
  }
  if (entries.length !== count) throw new CodecError(`${count} entries expected, ${entries.length} found`, 0);
  return entries;
}

export function batchRunning({ bytes }: Batch): Uint8Array {
  return bytes.subarray(bytes.length - hashBytes);
}
