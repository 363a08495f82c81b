import { isDeepStrictEqual } from 'node:util';
import { batchEntries, batchRunning, decodeEntry, type Entry, type Heads, runningHash } from '@onrecord/record';
import { ChainHeads } from './chain-heads.ts';
import { JournalCorruption } from './journal-corruption.ts';
import type { PlacedBatch, SegmentReader } from './segment-reader.ts';
import { sha256 } from './sha256.ts';

/** Where everything stands behind the last whole batch of a segment. */
export interface VerifiedSegment {
  readonly heads: ChainHeads;
  readonly running: Uint8Array;
  readonly last: Entry;
}

/**
 * Reads the whole batches of a segment, and verifies that they hash to their running hashes and that every entry
 * continues its chains, from what the segment's own `heads` says. With `before`, what the segment in front came to, the
 * header and the `heads` must agree with it. Throws a JournalCorruption.
 */
export function verifySegment(reader: SegmentReader, before?: VerifiedSegment): VerifiedSegment {
  if (before !== undefined && Buffer.compare(before.running, reader.header.running) !== 0) {
    throw new JournalCorruption(reader.file, 0, 'the header does not continue the running hash of the segment before');
  }
  let { running } = reader.header;
  let heads: ChainHeads | undefined;
  let last: Entry | undefined;
  for (let batch = reader.next(); batch !== undefined; batch = reader.next()) {
    try {
      const entries = entriesOf(batch, reader.header.version);
      running = runningHash(
        running,
        entries.map((entry) => entry.hash),
        sha256,
      );
      if (Buffer.compare(running, batchRunning(batch)) !== 0) throw new Error('the running hash does not match');
      for (const entry of entries) {
        heads ??= headsIn(entry, before);
        heads.follow(entry);
        last = entry;
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new JournalCorruption(reader.file, batch.offset, reason, error);
    }
  }
  if (heads === undefined || last === undefined) {
    // A segment gets its name when its first batch is on disk.
    throw new JournalCorruption(reader.file, reader.at, 'the first batch is not whole');
  }
  return { heads, running, last };
}

function entriesOf(batch: PlacedBatch, version: number): Entry[] {
  return batchEntries(batch).map(({ bytes }, at) =>
    decodeEntry(bytes, { index: batch.firstIndex + at, version }, sha256),
  );
}

function headsIn({ body }: Entry, before: VerifiedSegment | undefined): ChainHeads {
  if (body.type !== 'heads') throw new Error('the first entry of a segment is not "heads"');
  if (before !== undefined && !isDeepStrictEqual(byName(body), byName(before.heads.snapshot()))) {
    throw new Error('"heads" is not what the segment before came to');
  }
  return ChainHeads.from(body);
}

/** In no order. */
function byName({ identities, sessions }: Heads): unknown {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  return [
    new Map(identities.map((head) => [head.identity, { ...head, hash: hex(head.hash) }])),
    new Map(
      sessions.map((head) => [
        head.session,
        { ...head, hash: hex(head.hash), openStatements: new Set(head.openStatements) },
      ]),
    ),
  ];
}
