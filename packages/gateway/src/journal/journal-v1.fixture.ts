import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { segmentFileName } from './segment-file.ts';

/**
 * A journal of three segments as the last Onrecord of format version 1 wrote it, and was killed: every type of entry of
 * that version, two sessions open, a statement of each owing its outcome. `entries.jsonl` is what that Onrecord's reader
 * read in it, a line an entry, bytes in hex. No later Onrecord can write it again: the files never change.
 */
export const goldenV1: string = join(import.meta.dirname, '..', '..', 'golden', 'journal-v1');
export const goldenV1Segments: readonly string[] = [0, 33, 69].map(segmentFileName);

/** A line of `entries.jsonl` for each entry. */
export function goldenV1Entries(): readonly unknown[] {
  const lines = readFileSync(join(goldenV1, 'entries.jsonl'), 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line));
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
