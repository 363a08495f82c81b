import { dirname } from 'node:path';
import type { Disk, DiskCall, DiskLock, Lane, Performed } from '../../packages/gateway/src/journal/disk.ts';
import type { SeededRandom } from './seeded-random.ts';
import { diskError, type Inode, read, type SimulatedDisk } from './simulated-disk.ts';

/** What goes wrong with the `nth` call (from 1) that changes something. */
export interface Fault {
  readonly nth: number;
  /** `fails`: nothing, or a part of it, has happened. `persists`: all of it has, and yet it failed. */
  readonly how: 'fails' | 'persists';
  readonly code: 'EIO' | 'ENOSPC';
}

/** A call that a mutant does not make, or makes otherwise. Returns true when nothing is left to do. */
export type Mutation = (call: DiskCall) => boolean;

export interface ProcessOptions {
  readonly fault?: Fault | undefined;
  /** The process is killed in the middle of this call (from 1). */
  readonly killedAt?: number | undefined;
  readonly mutation?: Mutation | undefined;
  /** The mutant that goes on in the file it finds. */
  readonly reopensInPlace?: boolean;
}

/**
 * One process on a simulated disk, from its start to its death. Calls on other threads are made a few turns later, one by
 * one, so that death can come between any two.
 */
export class SimulatedProcess implements Disk {
  readonly #disk: SimulatedDisk;
  readonly #random: SeededRandom;
  readonly #options: ProcessOptions;
  readonly #open: Map<number, Inode> = new Map();
  readonly #lanes: Map<Lane, Task[]> = new Map();
  /** Files that are written in place, in the mutant that does. */
  readonly #inPlace: Set<Inode> = new Set();
  readonly #death: PromiseWithResolvers<void> = Promise.withResolvers();
  #nextFd = 3;
  #calls = 0;
  #ticking = false;
  #dead = false;
  /** The call that the fault befell, if it came to that. */
  faulted: CallName | undefined;

  constructor(disk: SimulatedDisk, random: SeededRandom, options: ProcessOptions = {}) {
    this.#disk = disk;
    this.#random = random;
    this.#options = options;
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** Resolves when the process has been killed. */
  get death(): Promise<void> {
    return this.#death.promise;
  }

  kill(): void {
    if (this.#dead) return;
    // Other threads get as far as they get.
    for (const tasks of this.#lanes.values()) {
      for (const call of tasks[0]?.calls.slice(tasks[0].made) ?? []) {
        if (this.#random.chance(0.5)) break;
        try {
          this.#apply(call);
        } catch {
          break;
        }
      }
    }
    this.#dead = true;
    this.#lanes.clear();
    this.#death.resolve();
  }

  lock(): DiskLock {
    return { release: () => {} };
  }

  makeDirectory(): void {}

  list(directory: string): string[] {
    this.#alive();
    return this.#disk.list(directory);
  }

  open(path: string, mode: 'read' | 'create'): number {
    this.#alive();
    let inode: Inode | undefined;
    if (mode === 'read') inode = this.#disk.find(path);
    else {
      this.#make('create', {
        whole: () => {
          inode = this.#created(path);
        },
      });
    }
    if (inode === undefined) throw diskError('EIO', 'create');
    const fd = this.#nextFd++;
    this.#open.set(fd, inode);
    return fd;
  }

  size(fd: number): number {
    return this.#inode(fd).cached.length;
  }

  read(fd: number, into: Uint8Array, at: number): number {
    this.#alive();
    return read(this.#inode(fd), into, at);
  }

  call(call: DiskCall): void {
    const whole = (): void => this.#apply(call);
    if (call.call === 'write') this.#make('write', { whole, part: () => this.#writePart(call) });
    else if (call.call === 'fsync' || call.call === 'fdatasync') {
      this.#make(call.call, { whole, failing: () => this.#disk.dropDirty(this.#inode(call.fd)) });
    } else this.#make(call.call, { whole });
  }

  /** Makes a call, or what becomes of it when the process dies in the middle of it, or when it is to fail. */
  #make(name: CallName, { whole, part, failing }: Outcomes): void {
    this.#alive();
    this.#calls += 1;
    if (this.#calls === this.#options.killedAt) {
      if (part !== undefined) part();
      else if (this.#random.chance(0.5)) whole();
      this.kill();
      throw diskError('EKILLED', name);
    }
    const { fault } = this.#options;
    if (fault?.nth !== this.#calls) return whole();
    this.faulted = name;
    if (fault.how === 'persists') whole();
    else (failing ?? part)?.();
    throw diskError(fault.code, name);
  }

  perform(lane: Lane, calls: readonly DiskCall[], done: (performed: Performed) => void): void {
    // The dead have no threads, and hear nothing.
    if (this.#dead) return;
    const tasks = this.#lanes.get(lane) ?? [];
    this.#lanes.set(lane, tasks);
    tasks.push({ calls, made: 0, done });
    this.#tickSoon();
  }

  close(): void {
    this.#lanes.clear();
  }

  #tickSoon(): void {
    if (this.#ticking) return;
    this.#ticking = true;
    setImmediate(() => {
      this.#ticking = false;
      if (this.#dead) return;
      for (const tasks of this.#lanes.values()) {
        while (!this.#dead && tasks[0] !== undefined && this.#random.chance(0.7)) this.#step(tasks, tasks[0]);
      }
      for (const tasks of this.#lanes.values()) if (tasks.length > 0) this.#tickSoon();
    });
  }

  #step(tasks: Task[], task: Task): void {
    try {
      this.call(task.calls[task.made] as DiskCall);
      task.made += 1;
      if (task.made < task.calls.length) return;
      tasks.shift();
      task.done({ failure: undefined, us: 100 });
    } catch (error) {
      if (this.#dead) return;
      tasks.shift();
      task.done({ failure: { error: error as Error, call: task.made }, us: 100 });
    }
  }

  #created(path: string): Inode {
    const original = path.replace(/\.unfinished$/, '');
    if (this.#options.reopensInPlace !== true || !this.#disk.exists(original)) return this.#disk.create(path);
    const inode = this.#disk.find(original);
    this.#inPlace.add(inode);
    return inode;
  }

  #writePart(call: DiskCall & { call: 'write' }): void {
    const part = call.bytes.subarray(0, this.#random.below(call.bytes.length + 1));
    this.#disk.write(this.#inode(call.fd), part, call.at);
  }

  #apply(call: DiskCall): void {
    if (this.#options.mutation?.(call)) return;
    switch (call.call) {
      case 'write':
        return this.#write(call.fd, call.bytes, call.at);
      case 'zeros':
        return this.#write(call.fd, new Uint8Array(Math.max(0, call.end - call.at)), call.at);
      case 'fsync':
      case 'fdatasync':
        return this.#disk.sync(this.#inode(call.fd));
      case 'fsyncDirectory':
        if (dirname(call.path) !== call.path) this.#disk.syncDirectory();
        return;
      case 'rename':
        if (!this.#disk.exists(call.from) && this.#options.reopensInPlace === true) return;
        return this.#disk.rename(call.from, call.to);
      case 'unlink':
        return this.#disk.unlink(call.path);
      case 'close':
        this.#open.delete(call.fd);
    }
  }

  #write(fd: number, bytes: Uint8Array, at: number): void {
    const inode = this.#inode(fd);
    // Whoever goes on in place does not write again what stands there already.
    if (this.#inPlace.has(inode) && Buffer.compare(bytes, inode.cached.subarray(at, at + bytes.length)) === 0) return;
    this.#disk.write(inode, bytes, at);
  }

  #inode(fd: number): Inode {
    const inode = this.#open.get(fd);
    if (inode === undefined) throw diskError('EBADF', String(fd));
    return inode;
  }

  #alive(): void {
    if (this.#dead) throw diskError('EKILLED', 'call');
  }
}

/** A call that changes something. */
export type CallName = DiskCall['call'] | 'create';

/** What may become of a call: all of it, a part of it, or what a failure does. */
interface Outcomes {
  readonly whole: () => void;
  readonly part?: () => void;
  readonly failing?: () => void;
}

interface Task {
  readonly calls: readonly DiskCall[];
  made: number;
  readonly done: (performed: Performed) => void;
}
