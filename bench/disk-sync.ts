import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** What a journal batch of one statement is about. */
const recordBytes = 256;
const allocatedBytes = 1 << 20;

/**
 * How long the disk of a directory takes to make a small write durable: write + fdatasync into space that is allocated
 * already, as the journal does it. Microseconds, one for each of `samples`.
 */
export function diskSyncUs(directory: string, samples: number): readonly number[] {
  const file = join(directory, 'disk-sync-probe');
  const fd = openSync(file, 'w');
  try {
    writeSync(fd, Buffer.alloc(allocatedBytes), 0, allocatedBytes, 0);
    fdatasyncSync(fd);
    const record = Buffer.alloc(recordBytes, 'x');
    return Array.from({ length: samples }, (_, at) => {
      const started = process.hrtime.bigint();
      writeSync(fd, record, 0, recordBytes, (at * recordBytes) % allocatedBytes);
      fdatasyncSync(fd);
      return Number(process.hrtime.bigint() - started) / 1000;
    });
  } finally {
    closeSync(fd);
    rmSync(file);
  }
}
