import { join } from 'node:path';
import { JournalCorruption } from './journal-corruption.ts';
import { machineFiles, type ReadableFiles } from './readable-files.ts';
import { segmentFileName, segmentsAmong } from './segment-file.ts';
import { SegmentReader } from './segment-reader.ts';
import { type VerifiedSegment, verifySegment } from './verify-segment.ts';

/** What a journal that verified consists of. */
export interface VerifiedJournal {
  /** The journal's id, hex; empty when there are no segments. */
  readonly journal: string;
  readonly segments: number;
  /** Index of the first entry; above 0 when older segments were moved away. */
  readonly firstIndex: number;
  /** Index behind the last entry. */
  readonly endIndex: number;
  /** Running hash behind the last batch, hex: says all of the above and every byte of every entry. */
  readonly running: string;
  /** Bytes behind the last whole batch that are not zero: a write that a crash, or a copy, cut short. */
  readonly tornBytes: number;
}

/**
 * Reads all segments of a directory and verifies every checksum, every running hash, that indexes and sequences are
 * contiguous, that every entry names the hash of the one before it in its session and in its identity, and that segments
 * continue each other. Takes no lock and writes nothing. Throws a JournalCorruption at the first thing that is not so.
 */
export function verifyJournal(directory: string, files: ReadableFiles = machineFiles): VerifiedJournal {
  const segments = segmentsAmong(files.list(directory));
  const firstIndex = segments[0] ?? 0;
  let before: VerifiedSegment | undefined;
  let journal = '';
  let endIndex = firstIndex;
  let tornBytes = 0;
  for (const [at, first] of segments.entries()) {
    const path = join(directory, segmentFileName(first));
    const file = files.open(path);
    try {
      const reader = new SegmentReader(file, path, first);
      const id = Buffer.from(reader.header.journal).toString('hex');
      if (at > 0 && id !== journal) throw new JournalCorruption(path, 0, 'it belongs to another journal');
      journal = id;
      before = verifySegment(reader, before);
      endIndex = reader.nextIndex;
      reader.assertTornOnly();
      tornBytes = reader.writtenEnd() - reader.at;
      const next = segments[at + 1];
      if (next !== undefined && next !== endIndex) {
        throw new JournalCorruption(path, reader.at, `no whole batch, but the next segment starts with entry ${next}`);
      }
      if (next !== undefined && tornBytes > 0) {
        throw new JournalCorruption(path, reader.at, 'there are bytes behind the last batch of a finished segment');
      }
    } finally {
      file.close();
    }
  }
  const running = before === undefined ? '' : Buffer.from(before.running).toString('hex');
  return { journal, segments: segments.length, firstIndex, endIndex, running, tornBytes };
}
