import { closeSync, fdatasyncSync, fsyncSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import type { DiskCall } from './disk.ts';

const zeros = new Uint8Array(1024 * 1024);

/** Makes one system call, on this thread. Imported by the disk's threads too: it knows nothing but the file system. */
export function makeDiskCall(call: DiskCall): void {
  switch (call.call) {
    case 'write':
      return writeAll(call.fd, call.bytes, call.at);
    case 'zeros':
      for (let at = call.at; at < call.end; at += zeros.length) {
        writeAll(call.fd, zeros.subarray(0, Math.min(zeros.length, call.end - at)), at);
      }
      return;
    case 'fsync':
      return fsyncSync(call.fd);
    case 'fdatasync':
      return fdatasyncSync(call.fd);
    case 'fsyncDirectory':
      return fsyncDirectory(call.path);
    case 'rename':
      return renameSync(call.from, call.to);
    case 'unlink':
      return unlinkSync(call.path);
    case 'close':
      return closeSync(call.fd);
    default:
      throw new Error(`not a disk call: ${JSON.stringify(call satisfies never)}`);
  }
}

/** A write may take fewer bytes than it was given; the rest of them then says why. */
function writeAll(fd: number, bytes: Uint8Array, at: number): void {
  for (let written = 0; written < bytes.length; ) {
    written += writeSync(fd, bytes, written, bytes.length - written, at + written);
  }
}

function fsyncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
