import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';

const chunkBytes = 1 << 20;

/** Bytes that were written to the segments of a journal: the space that is allocated ahead, all zeros, does not count. */
export function journalBytes(directory: string): number {
  const segments = readdirSync(directory).filter((name) => name.endsWith('.segment'));
  return segments.reduce((sum, name) => sum + lengthWithoutZeros(join(directory, name)), 0);
}

function lengthWithoutZeros(file: string): number {
  const fd = openSync(file, 'r');
  try {
    const chunk = Buffer.alloc(chunkBytes);
    for (let end = fstatSync(fd).size; end > 0; ) {
      const start = Math.max(0, end - chunkBytes);
      const read = readSync(fd, chunk, 0, end - start, start);
      for (let at = read - 1; at >= 0; at -= 1) if (chunk[at] !== 0) return start + at + 1;
      end = start;
    }
    return 0;
  } finally {
    closeSync(fd);
  }
}
