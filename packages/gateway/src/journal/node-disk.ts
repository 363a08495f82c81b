import { fstatSync, mkdirSync, openSync, readdirSync, readSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { Disk, DiskCall, DiskLock, Lane, Performed } from './disk.ts';
import { makeDiskCall } from './disk-call.ts';
import type { DiskAnswer } from './disk-thread.ts';
import { lockDirectory } from './lock-directory.ts';

/** The disk of this machine. One thread for each lane, started when it is first needed. */
export class NodeDisk implements Disk {
  readonly #lanes: Map<Lane, DiskThread> = new Map();

  lock(directory: string): DiskLock {
    return lockDirectory(directory);
  }

  makeDirectory(path: string): void {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  }

  list(directory: string): string[] {
    return readdirSync(directory);
  }

  open(path: string, mode: 'read' | 'create'): number {
    return openSync(path, mode === 'read' ? 'r' : 'wx+', 0o600);
  }

  size(fd: number): number {
    return fstatSync(fd).size;
  }

  read(fd: number, into: Uint8Array, at: number): number {
    return readSync(fd, into, 0, into.length, at);
  }

  call(call: DiskCall): void {
    makeDiskCall(call);
  }

  perform(lane: Lane, calls: readonly DiskCall[], done: (performed: Performed) => void): void {
    let thread = this.#lanes.get(lane);
    if (thread === undefined) {
      thread = new DiskThread();
      this.#lanes.set(lane, thread);
    }
    thread.perform(calls, (performed) => {
      // A segment's worth of work goes by until the next one: a thread that waits for it would hold 15 MB.
      if (lane === 'space' && thread.idle) {
        this.#lanes.delete(lane);
        thread.end();
      }
      done(performed);
    });
  }

  close(): void {
    for (const thread of this.#lanes.values()) thread.end();
    this.#lanes.clear();
  }
}

/** The thread's file, in the sources as in what is published. */
const threadFile = new URL(import.meta.url.endsWith('.ts') ? './disk-thread.ts' : './disk-thread.js', import.meta.url);

class DiskThread {
  /** The thread closes files that it did not open; it does not keep count of them. */
  readonly #worker: Worker = new Worker(threadFile, { trackUnmanagedFds: false });
  readonly #waiting: ((performed: Performed) => void)[] = [];

  constructor() {
    this.#worker.unref();
    this.#worker.on('message', ([call, code, message, us]: DiskAnswer) => {
      this.#answer(
        call === -1
          ? { failure: undefined, us }
          : { failure: { call, error: Object.assign(new Error(message), { code }) }, us },
      );
    });
    this.#worker.on('error', (error) => {
      while (this.#waiting.length > 0) this.#answer({ failure: { call: 0, error: error as Error }, us: 0 });
    });
  }

  perform(calls: readonly DiskCall[], done: (performed: Performed) => void): void {
    // The process stays alive while somebody waits.
    if (this.#waiting.length === 0) this.#worker.ref();
    this.#waiting.push(done);
    this.#worker.postMessage(calls);
  }

  /** Nobody waits for it. */
  get idle(): boolean {
    return this.#waiting.length === 0;
  }

  end(): void {
    void this.#worker.terminate();
  }

  #answer(performed: Performed): void {
    const done = this.#waiting.shift();
    if (this.#waiting.length === 0) this.#worker.unref();
    done?.(performed);
  }
}
