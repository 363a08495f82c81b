import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

/** Parts are read with an overlap, so that what lies across two of them is found. */
const partBytes = 16 * 1024 * 1024;

/**
 * True when a process has one of the needles somewhere in the memory that it can write to. Linux; the same user or root.
 * What is searched for must not be in the process by another way, such as its own source.
 */
export function memoryHolds(pid: number, needles: readonly Buffer[]): boolean {
  const overlap = Math.max(...needles.map(({ length }) => length));
  const part = Buffer.allocUnsafe(partBytes);
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    for (const { start, end } of writableRanges(pid)) {
      for (let at = start; at < end; at += partBytes - overlap) {
        const read = readPart(memory, part.subarray(0, Math.min(partBytes, end - at)), at);
        const bytes = part.subarray(0, read);
        if (needles.some((needle) => bytes.includes(needle))) return true;
      }
    }
    return false;
  } finally {
    closeSync(memory);
    part.fill(0);
  }
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/** Source: proc_pid_maps(5). */
function writableRanges(pid: number): readonly Range[] {
  const found: Range[] = [];
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const [, start, end] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
    if (start !== undefined && end !== undefined) {
      found.push({ start: Number.parseInt(start, 16), end: Number.parseInt(end, 16) });
    }
  }
  return found;
}

/** A range may be given back between the listing and the reading of it (EIO). */
function readPart(memory: number, into: Buffer, position: number): number {
  try {
    return readSync(memory, into, 0, into.length, position);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EIO') return 0;
    throw error;
  }
}
