import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import type { ReadableFile } from './segment-reader.ts';

/** Files open for reading only. Tests put those of a simulated disk in their place. */
export interface ReadableFiles {
  list(directory: string): string[];
  open(path: string): OpenFile;
}

export interface OpenFile extends ReadableFile {
  close(): void;
}

/** The files of this machine. */
export const machineFiles: ReadableFiles = {
  list: (directory) => readdirSync(directory),
  open(path) {
    const fd = openSync(path, 'r');
    return {
      size: () => fstatSync(fd).size,
      read: (into, at) => readSync(fd, into, 0, into.length, at),
      close: () => closeSync(fd),
    };
  },
};
