import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { segmentFileName } from './segment-file.ts';

/**
 * A journal of three segments as the last Onrecord of a format version wrote it, and was killed: every type of entry of
 * that version, two sessions open, a statement of each owing its outcome. `entries.jsonl` is what that Onrecord's reader
 * read in it, a line an entry, bytes in hex. No later Onrecord can write it again: the files never change.
 */
export interface GoldenJournal {
  readonly version: number;
  readonly directory: string;
  readonly segments: readonly string[];
  /** A line of `entries.jsonl` for each entry. */
  readonly entries: readonly unknown[];
  /** Running hash behind the last batch, hex. */
  readonly running: string;
}

export const goldenV1: GoldenJournal = goldenJournal(
  1,
  'fc8490db0452471342d1161046b706b6308b4a969027270c21a4551605aca642',
);
export const goldenV2: GoldenJournal = goldenJournal(
  2,
  'a179d23b18d00d114d876c584a4d2301da4ea74f2bd043586cd477e44d1e7c8d',
);
export const goldenJournals: readonly GoldenJournal[] = [goldenV1, goldenV2];

function goldenJournal(version: number, running: string): GoldenJournal {
  const directory = join(import.meta.dirname, '..', '..', 'golden', `journal-v${version}`);
  const lines = readFileSync(join(directory, 'entries.jsonl'), 'utf8').trimEnd().split('\n');
  const segments = [0, 33, 69].map(segmentFileName);
  return { version, directory, segments, entries: lines.map((line) => JSON.parse(line)), running };
}

/** An entry as `entries.jsonl` has it. */
export function asGolden(entry: unknown): unknown {
  return JSON.parse(
    JSON.stringify(entry, (_, value) => (value instanceof Uint8Array ? hex(value) : fromBuffer(value))),
  );
}

/** The segment with another version in its header. */
export function withVersion(segment: Uint8Array, version: number): Uint8Array {
  const bytes = segment.slice();
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint32(8, version, true);
  view.setUint32(80, crc32(bytes.subarray(0, 80)), true);
  return bytes;
}

/** JSON.stringify asks a Buffer for its own form first. */
function fromBuffer(value: unknown): unknown {
  const buffer = value as { readonly type?: unknown; readonly data?: unknown } | null;
  if (buffer?.type !== 'Buffer' || !Array.isArray(buffer.data)) return value;
  return hex(Uint8Array.from(buffer.data));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
