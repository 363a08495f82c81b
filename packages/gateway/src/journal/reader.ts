import { join } from 'node:path';
import { batchEntries, decodeEntry, type Entry, type FramedEntry } from '@onrecord/record';
import { JournalCorruption } from './journal-corruption.ts';
import { machineFiles, type OpenFile, type ReadableFiles } from './readable-files.ts';
import { segmentFileName, segmentsAmong } from './segment-file.ts';
import { type PlacedBatch, SegmentReader } from './segment-reader.ts';
import { sha256 } from './sha256.ts';

/** Where an entry is: the first index of its segment, which names the file, and the offset of its frame in it. */
export interface Place {
  readonly segment: number;
  readonly offset: number;
}

export interface Placed {
  readonly entry: Entry;
  readonly place: Place;
}

/**
 * Reads a journal directory: one that a gateway is writing to, a copy, one that may only be read. It takes no lock and
 * writes nothing. In the segment that is being written it stops before what is not whole yet; anywhere else that is a
 * JournalCorruption. Byte fields of entries are views of memory that the reader does not use again.
 */
export class JournalReader {
  readonly #directory: string;
  readonly #files: ReadableFiles;
  #current: OpenSegment | undefined;
  #batch: PlacedBatch | undefined;
  /** The entries of `#batch`, once one of them was read. */
  #frames: readonly FramedEntry[] | undefined;
  #tornOnly: number | undefined;

  constructor(directory: string, files: ReadableFiles = machineFiles) {
    this.#directory = directory;
    this.#files = files;
  }

  /**
   * Entries with an index of at least `from`, in order, up to what is whole on disk now; call it again for what came
   * since. With a `hint`, the place of entry `from` or of an earlier one, it need not search for it.
   */
  *entries(from: number, hint?: Place): Generator<Placed> {
    let segment = this.#startOf(from, hint);
    while (segment !== undefined) {
      const { file, reader } = this.#open(segment);
      try {
        if (hint?.segment === segment) seekHint(reader, hint.offset, from);
        hint = undefined;
        yield* this.#entriesOf(reader, from);
        segment = this.#segmentAfter(segment);
        // The end of the last segment is what the writer may be working on; that of another must meet the next.
        if (segment === undefined) this.#assertTornOnly(reader);
        else yield* this.#rest(reader, from, segment);
      } finally {
        file.close();
      }
    }
  }

  /** The entry at a place that `entries` gave. Keeps the last segment open and the last batch in memory. */
  read(place: Place): Entry {
    let reader = this.#opened(place.segment);
    let batch = this.#batchAround(reader, place.offset);
    if (batch === undefined) {
      // A gateway that started since has put another file in the place of the one that is open.
      this.close();
      reader = this.#opened(place.segment);
      batch = this.#batchAround(reader, place.offset);
    }
    if (batch === undefined) throw new JournalCorruption(reader.file, place.offset, 'no whole batch around this place');
    const framed = this.#framesOf(batch, reader.file);
    const at = placeAmong(framed, place.offset - batch.offset);
    const frame = framed[at];
    if (frame === undefined) throw new JournalCorruption(reader.file, place.offset, 'no entry starts here');
    return decode(frame, batch, at, reader);
  }

  close(): void {
    this.#current?.file.close();
    this.#current = undefined;
    this.#batch = this.#frames = undefined;
  }

  *#entriesOf(reader: SegmentReader, from: number): Generator<Placed> {
    for (let batch = reader.next(); batch !== undefined; batch = reader.next()) {
      if (batch.firstIndex + batch.count <= from) continue;
      const framed = framesOf(batch, reader.file);
      for (let at = Math.max(0, from - batch.firstIndex); at < framed.length; at += 1) {
        const frame = framed[at] as FramedEntry;
        yield {
          entry: decode(frame, batch, at, reader),
          place: { segment: reader.header.firstIndex, offset: batch.offset + frame.offset },
        };
      }
    }
  }

  /** What the writer added before it went on to the next segment; then nothing may be missing. */
  *#rest(reader: SegmentReader, from: number, next: number): Generator<Placed> {
    yield* this.#entriesOf(reader, from);
    if (reader.nextIndex === next) return;
    throw new JournalCorruption(
      reader.file,
      reader.at,
      `no whole batch, but the next segment starts with entry ${next}, not ${reader.nextIndex}`,
    );
  }

  #segments(): number[] {
    return segmentsAmong(this.#files.list(this.#directory));
  }

  #startOf(from: number, hint: Place | undefined): number | undefined {
    const segments = this.#segments();
    if (hint !== undefined && hint.segment <= from && segments.includes(hint.segment)) return hint.segment;
    return segments.findLast((first) => first <= from) ?? segments[0];
  }

  #segmentAfter(segment: number): number | undefined {
    return this.#segments().find((first) => first > segment);
  }

  /** Once for each last segment: it reads the whole file. */
  #assertTornOnly(reader: SegmentReader): void {
    if (this.#tornOnly === reader.header.firstIndex) return;
    reader.assertTornOnly();
    this.#tornOnly = reader.header.firstIndex;
  }

  #batchAround(reader: SegmentReader, offset: number): PlacedBatch | undefined {
    const start = reader.batchStartOf(offset);
    if (start === undefined) return undefined;
    if (this.#batch?.offset !== start) {
      this.#batch = reader.batchAt(start);
      this.#frames = undefined;
    }
    return this.#batch;
  }

  #framesOf(batch: PlacedBatch, file: string): readonly FramedEntry[] {
    this.#frames ??= framesOf(batch, file);
    return this.#frames;
  }

  #opened(segment: number): SegmentReader {
    if (this.#current?.reader.header.firstIndex !== segment) {
      this.close();
      this.#current = this.#open(segment);
    }
    return this.#current.reader;
  }

  #open(segment: number): OpenSegment {
    const path = join(this.#directory, segmentFileName(segment));
    const file = this.#files.open(path);
    try {
      return { file, reader: new SegmentReader(file, path, segment) };
    } catch (error) {
      file.close();
      throw error;
    }
  }
}

interface OpenSegment {
  readonly file: OpenFile;
  readonly reader: SegmentReader;
}

/** Moves to the batch of the hint, if there is one and it does not lie behind `from`. */
function seekHint(reader: SegmentReader, offset: number, from: number): void {
  const start = reader.batchStartOf(offset);
  const batch = start === undefined ? undefined : reader.batchAt(start);
  if (batch !== undefined && batch.firstIndex <= from) reader.seek(batch.offset);
}

function framesOf(batch: PlacedBatch, file: string): FramedEntry[] {
  try {
    return batchEntries(batch);
  } catch (error) {
    throw new JournalCorruption(file, batch.offset, messageOf(error), error);
  }
}

/** Where the frame that starts at `offset` is among the frames of a batch, which lie in order; -1 when none does. */
function placeAmong(framed: readonly FramedEntry[], offset: number): number {
  let low = 0;
  let high = framed.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = (framed[middle] as FramedEntry).offset - offset;
    if (found === 0) return middle;
    if (found < 0) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

function decode(frame: FramedEntry, batch: PlacedBatch, at: number, reader: SegmentReader): Entry {
  try {
    return decodeEntry(frame.bytes, { index: batch.firstIndex + at, version: reader.header.version }, sha256);
  } catch (error) {
    throw new JournalCorruption(reader.file, batch.offset + frame.offset, messageOf(error), error);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
