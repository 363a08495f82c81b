import { crc32 } from 'node:zlib';
import {
  type Batch,
  batchHeaderBytes,
  batchLength,
  decodeSegmentHeader,
  LaterVersionError,
  openBatch,
  type SegmentHeader,
  segmentHeaderBytes,
} from '@onrecord/record';
import { JournalCorruption } from './journal-corruption.ts';

/** An open file: its length, and reading into `into` from `at` on, which returns how many bytes there were. */
export interface ReadableFile {
  size(): number;
  read(into: Uint8Array, at: number): number;
}

/** A batch and where in the file it starts. */
export interface PlacedBatch extends Batch {
  readonly offset: number;
}

/** Bytes that are read at once: few at a place that is new, twice as many each time that it goes on from there. */
const smallestWindowBytes = 8 * 1024;
const largestWindowBytes = 256 * 1024;

/**
 * Reads the batches of one segment file in order, while it may still be written. Every batch's checksum and index are
 * verified, hashes are not. Batches are views of memory that is never used again.
 */
export class SegmentReader {
  readonly file: string;
  readonly header: SegmentHeader;
  /** Where the next batch starts, and the index of its first entry. */
  at: number = segmentHeaderBytes;
  nextIndex: number;
  readonly #readable: ReadableFile;
  #window: Uint8Array = new Uint8Array(0);
  #windowAt = 0;
  #windowBytes = smallestWindowBytes;

  /** `file` names the file in errors. Throws a JournalCorruption or a LaterVersionError. */
  constructor(readable: ReadableFile, file: string, firstIndex: number) {
    this.#readable = readable;
    this.file = file;
    try {
      this.header = decodeSegmentHeader(this.#bytes(0, segmentHeaderBytes), crc32);
    } catch (error) {
      if (error instanceof LaterVersionError) throw error;
      throw new JournalCorruption(file, 0, error instanceof Error ? error.message : String(error), error);
    }
    if (this.header.firstIndex !== firstIndex) {
      throw new JournalCorruption(file, 0, `the header says that its first entry is ${this.header.firstIndex}`);
    }
    this.nextIndex = firstIndex;
  }

  /** The next batch, or undefined when there is none that is whole, now. */
  next(): PlacedBatch | undefined {
    const batch = this.batchAt(this.at);
    if (batch === undefined) return undefined;
    if (batch.firstIndex !== this.nextIndex) {
      throw new JournalCorruption(this.file, this.at, `entry ${this.nextIndex} expected, ${batch.firstIndex} found`);
    }
    this.at += batch.bytes.length;
    this.nextIndex += batch.count;
    return batch;
  }

  /** Goes on from a batch whose place is known. False when no whole batch starts there. */
  seek(offset: number): boolean {
    const batch = this.batchAt(offset);
    if (batch === undefined) return false;
    this.at = offset;
    this.nextIndex = batch.firstIndex;
    return true;
  }

  /** The whole batch that starts at `offset`, or undefined when there is none now. */
  batchAt(offset: number): PlacedBatch | undefined {
    const length = batchLength(this.#bytes(offset, batchHeaderBytes), this.header.mark);
    const bytes = this.#bytes(offset, length);
    const batch = length > 0 && bytes.length === length ? openBatch(bytes, crc32) : undefined;
    if (batch !== undefined) return { ...batch, offset };
    // What is not there yet must be read again later.
    this.#window = new Uint8Array(0);
    return undefined;
  }

  /** Start of the batch that the frame at `offset` belongs to, by what the frame says; undefined when it cannot be. */
  batchStartOf(offset: number): number | undefined {
    const frame = this.#bytes(offset, 8);
    if (frame.length < 8) return undefined;
    const back = new DataView(frame.buffer, frame.byteOffset).getUint32(4, true);
    return back < batchHeaderBytes || back > offset - segmentHeaderBytes ? undefined : offset - back;
  }

  /**
   * Throws when the bytes where the next batch should be were once on disk as a whole batch: that is so when a whole
   * batch stands behind them that was written after they were synced. Otherwise they are what a crash left of a write
   * that nobody was told had succeeded. Reads to the end of the file.
   */
  assertTornOnly(): void {
    const later = this.#laterBatch((batch) => batch.synced > this.nextIndex);
    // A writer may have finished the batch while we read on.
    this.#window = new Uint8Array(0);
    if (later === undefined || this.batchAt(this.at) !== undefined) return;
    throw new JournalCorruption(
      this.file,
      this.at,
      `no whole batch, but the one at byte ${later} was written after entry ${this.nextIndex} was on disk`,
    );
  }

  /** Offset of the last byte that is not zero, plus one: where what was ever written ends. At least `at`. */
  writtenEnd(): number {
    const scratch = new Uint8Array(largestWindowBytes);
    for (let end = this.#readable.size(); end > this.at; ) {
      const start = Math.max(this.at, end - largestWindowBytes);
      const chunk = this.#readInto(scratch.subarray(0, end - start), start);
      for (let at = chunk.length - 1; at >= 0; at -= 1) if (chunk[at] !== 0) return start + at + 1;
      end = start;
    }
    return this.at;
  }

  #laterBatch(matches: (batch: Batch) => boolean): number | undefined {
    const mark = Buffer.from(this.header.mark);
    const size = this.#readable.size();
    // One for the whole file: what is allocated for each window is 64 MiB that wait for a collection.
    const scratch = new Uint8Array(largestWindowBytes);
    for (let start = this.at + 1; start + batchHeaderBytes < size; ) {
      const { buffer, byteLength } = this.#readInto(scratch, start);
      const chunk = Buffer.from(buffer, 0, byteLength);
      for (let found = chunk.indexOf(mark); found !== -1; found = chunk.indexOf(mark, found + 1)) {
        const batch = this.batchAt(start + found);
        if (batch !== undefined && matches(batch)) return start + found;
      }
      if (chunk.length <= mark.length) break;
      start += chunk.length - mark.length + 1;
    }
    return undefined;
  }

  /** `length` bytes from `offset`, fewer at the end of the file. */
  #bytes(offset: number, length: number): Uint8Array {
    const start = offset - this.#windowAt;
    if (start >= 0 && start + length <= this.#window.length) return this.#window.subarray(start, start + length);
    const goesOn = start >= 0 && start <= this.#window.length && this.#window.length > 0;
    this.#windowBytes = goesOn ? Math.min(2 * this.#windowBytes, largestWindowBytes) : smallestWindowBytes;
    this.#window = this.#read(offset, Math.max(length, this.#windowBytes));
    this.#windowAt = offset;
    return this.#window.subarray(0, length);
  }

  #read(offset: number, length: number): Uint8Array {
    const size = Math.max(0, Math.min(length, this.#readable.size() - offset));
    const bytes = new Uint8Array(size);
    const read = this.#readInto(bytes, offset);
    return read.length === size ? bytes : read.slice();
  }

  /** Fills `bytes` from `offset`; answers with the part that was filled, shorter at the end of the file. */
  #readInto(bytes: Uint8Array, offset: number): Uint8Array {
    let filled = 0;
    while (filled < bytes.length) {
      const count = this.#readable.read(bytes.subarray(filled), offset + filled);
      if (count === 0) break;
      filled += count;
    }
    return bytes.subarray(0, filled);
  }
}
