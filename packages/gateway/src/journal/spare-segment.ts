import { join } from 'node:path';
import type { Disk, DiskCall } from './disk.ts';
import { unfinished } from './recover.ts';

/**
 * Zeros are synced in pieces of this size: a file system may have to write what is dirty in one file before it can sync
 * another, and then sessions wait for the whole of it.
 */
const pieceBytes = 4 * 1024 * 1024;
const retryMs = 1_000;

/** A file of zeros, all of it on disk, that can become the next segment. */
export interface Spare {
  readonly fd: number;
  readonly path: string;
  readonly bytes: number;
}

/**
 * Keeps the file for the next segment ready, ahead of need and on another thread. When that fails (a full disk, mostly)
 * it tries again every second with a new file; nothing is lost meanwhile.
 */
export class SpareSegment {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #bytes: number;
  readonly #changed: () => void;
  #spare: Spare | undefined;
  #failure: Error | undefined;
  #busy = false;
  #closed = false;
  #idle: (() => void) | undefined;
  #number = 0;
  #retry: NodeJS.Timeout | undefined;

  /** `changed` is called when a spare has become ready, or could not be made. */
  constructor(disk: Disk, directory: string, bytes: number, changed: () => void) {
    this.#disk = disk;
    this.#directory = directory;
    this.#bytes = bytes;
    this.#changed = changed;
  }

  /** Why there is no spare, while that is because the last try failed. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** The spare, if it is ready; it is the caller's then. */
  take(): Spare | undefined {
    const spare = this.#spare;
    this.#spare = undefined;
    return spare;
  }

  /** Makes a spare unless there is one, or one is being made. */
  prepare(): void {
    if (this.#busy || this.#closed || this.#spare !== undefined) return;
    clearTimeout(this.#retry);
    const path = join(this.#directory, `spare-${this.#number++}${unfinished}`);
    let fd: number;
    try {
      fd = this.#disk.open(path, 'create');
    } catch (error) {
      this.#failed(error as Error);
      return;
    }
    this.#busy = true;
    this.#zero({ fd, path, bytes: this.#bytes }, 0);
  }

  /** Lets go of the spare; none is made any more. Resolves when nothing is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    const spare = this.take();
    if (spare !== undefined) discardSpare(this.#disk, spare);
    if (!this.#busy) return;
    await new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
  }

  /** Piece by piece, so that other files' syncs and `close` need not wait for all of them. */
  #zero(spare: Spare, at: number): void {
    const { fd, bytes } = spare;
    const end = Math.min(at + pieceBytes, bytes);
    const calls: DiskCall[] = [
      { call: 'zeros', fd, at, end },
      { call: 'fsync', fd },
    ];
    this.#disk.perform('space', calls, ({ failure }) => {
      if (failure === undefined && !this.#closed && end < bytes) return this.#zero(spare, end);
      this.#busy = false;
      if (failure !== undefined || this.#closed) discardSpare(this.#disk, spare);
      if (this.#closed) this.#idle?.();
      else if (failure !== undefined) this.#failed(failure.error);
      else this.#ready(spare);
    });
  }

  #ready(spare: Spare): void {
    this.#failure = undefined;
    this.#spare = spare;
    this.#changed();
  }

  #failed(error: Error): void {
    this.#failure = error;
    this.#retry = setTimeout(() => this.prepare(), retryMs);
    this.#retry.unref();
    this.#changed();
  }
}

/** Lets go of a spare. What cannot be removed now is removed when the journal is opened next. */
export function discardSpare(disk: Disk, { fd, path }: Spare): void {
  for (const call of [{ call: 'close', fd } as const, { call: 'unlink', path } as const]) {
    try {
      disk.call(call);
    } catch {
      // Nobody depends on it.
    }
  }
}
