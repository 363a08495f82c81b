import type { Disk, DiskCall, DiskLock, Lane, Performed } from './disk.ts';
import { NodeDisk } from './node-disk.ts';

/** The machine's disk, with a log of the calls on files; other threads' calls are made here, when the test says so. */
export class LoggedDisk implements Disk {
  readonly calls: DiskCall['call'][] = [];
  /** Calls of the commit lane wait for `release` while this is true. */
  held = false;
  /** What a call fails with, if it is to. */
  failing: ((call: DiskCall) => Error | undefined) | undefined;
  readonly #disk = new NodeDisk();
  #waiting: (() => void)[] = [];

  lock(directory: string): DiskLock {
    return this.#disk.lock(directory);
  }

  makeDirectory(path: string): void {
    this.#disk.makeDirectory(path);
  }

  list(directory: string): string[] {
    return this.#disk.list(directory);
  }

  open(path: string, mode: 'read' | 'create'): number {
    return this.#disk.open(path, mode);
  }

  size(fd: number): number {
    return this.#disk.size(fd);
  }

  read(fd: number, into: Uint8Array, at: number): number {
    return this.#disk.read(fd, into, at);
  }

  call(call: DiskCall): void {
    this.calls.push(call.call);
    const error = this.failing?.(call);
    if (error !== undefined) throw error;
    this.#disk.call(call);
  }

  perform(lane: Lane, calls: readonly DiskCall[], done: (performed: Performed) => void): void {
    const make = (): void => {
      for (const [at, call] of calls.entries()) {
        try {
          this.call(call);
        } catch (error) {
          return done({ failure: { error: error as Error, call: at }, us: 1000 });
        }
      }
      done({ failure: undefined, us: 1000 });
    };
    if (lane === 'commit' && this.held) this.#waiting.push(make);
    else setImmediate(make);
  }

  /** Makes the calls that wait, and those to come. */
  release(): void {
    this.held = false;
    for (const make of this.#waiting.splice(0)) setImmediate(make);
  }

  close(): void {
    this.#disk.close();
  }
}

export function errno(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}
