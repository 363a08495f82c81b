import { dirname } from 'node:path';
import type { ReadableFiles } from '../../packages/gateway/src/journal/readable-files.ts';
import type { SeededRandom } from './seeded-random.ts';

/** A sector is written whole or not at all; everything larger may be torn, and sectors may be written in any order. */
const sectorBytes = 512;

/** A file: what the kernel shows, what the disk holds, and which sectors differ because nobody has written them back. */
interface Inode {
  cached: Uint8Array;
  durable: Uint8Array;
  readonly dirty: Set<number>;
  sizeIsDirty: boolean;
}

/** A change of the directory that no fsync of the directory has covered yet; all of it happens or nothing. */
type DirectoryChange = readonly { readonly name: string; readonly inode: Inode | undefined }[];

/**
 * A disk that keeps only what it was told to keep. Until a sync, a power cut may lose any sector and any change of a
 * directory, and write-back may save any of them at any time. A sync that fails may have saved nothing and yet leave the
 * pages clean, so that the next one succeeds without them; what is then shown may be the new content or the old.
 */
export class SimulatedDisk {
  readonly #random: SeededRandom;
  readonly #visible: Map<string, Inode> = new Map();
  readonly #durable: Map<string, Inode> = new Map();
  #changes: DirectoryChange[] = [];
  /** Bytes that files may have together. */
  capacityBytes: number = Number.POSITIVE_INFINITY;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** What a process would see. */
  get files(): ReadableFiles {
    return {
      list: (directory) => this.list(directory),
      open: (path) => {
        const inode = this.find(path);
        return { size: () => inode.cached.length, read: (into, at) => read(inode, into, at), close: () => {} };
      },
    };
  }

  list(directory: string): string[] {
    return [...this.#visible.keys()]
      .filter((path) => dirname(path) === directory)
      .map((path) => path.slice(directory.length + 1));
  }

  exists(path: string): boolean {
    return this.#visible.has(path);
  }

  find(path: string): Inode {
    const inode = this.#visible.get(path);
    if (inode === undefined) throw diskError('ENOENT', path);
    return inode;
  }

  create(path: string): Inode {
    if (this.#visible.has(path)) throw diskError('EEXIST', path);
    const inode: Inode = {
      cached: new Uint8Array(0),
      durable: new Uint8Array(0),
      dirty: new Set(),
      sizeIsDirty: false,
    };
    this.#change([{ name: path, inode }]);
    return inode;
  }

  /** Replaces bytes in the cache; `bytes` may be a prefix of what was asked for. Throws ENOSPC. */
  write(inode: Inode, bytes: Uint8Array, at: number): void {
    const end = at + bytes.length;
    if (end > inode.cached.length) {
      if (this.#usedBytes() + end - inode.cached.length > this.capacityBytes) throw diskError('ENOSPC', 'write');
      const grown = new Uint8Array(end);
      grown.set(inode.cached);
      inode.cached = grown;
      inode.sizeIsDirty = true;
    }
    inode.cached.set(bytes, at);
    for (let sector = Math.floor(at / sectorBytes); sector * sectorBytes < end; sector += 1) inode.dirty.add(sector);
    this.#writeBackSome(inode);
  }

  sync(inode: Inode): void {
    if (inode.sizeIsDirty) this.#saveSize(inode);
    for (const sector of inode.dirty) this.#writeBack(inode, sector);
    inode.dirty.clear();
  }

  /** What a failed sync may leave behind: pages that count as clean and were never written. */
  dropDirty(inode: Inode): void {
    const forget = this.#random.chance(0.5);
    for (const sector of inode.dirty) {
      if (!forget) continue;
      const start = sector * sectorBytes;
      const old = new Uint8Array(Math.min(sectorBytes, inode.cached.length - start));
      old.set(inode.durable.subarray(start, start + old.length));
      inode.cached.set(old, start);
    }
    inode.dirty.clear();
  }

  rename(from: string, to: string): void {
    const inode = this.find(from);
    this.#change([
      { name: to, inode },
      { name: from, inode: undefined },
    ]);
  }

  unlink(path: string): void {
    this.find(path);
    this.#change([{ name: path, inode: undefined }]);
  }

  syncDirectory(): void {
    for (const change of this.#changes) apply(this.#durable, change);
    this.#changes = [];
  }

  /** The machine goes dark: of what was not synced, some of it is there. */
  cutPower(): void {
    // Either a file system that keeps the order of its changes, or one that does not.
    const inOrder = this.#random.chance(0.5);
    const kept = this.#random.below(this.#changes.length + 1);
    for (const [at, change] of this.#changes.entries()) {
      if (inOrder ? at < kept : this.#random.chance(0.5)) apply(this.#durable, change);
    }
    this.#changes = [];
    this.#visible.clear();
    for (const inode of new Set(this.#durable.values())) this.#loseDirty(inode);
    for (const [path, inode] of this.#durable) this.#visible.set(path, inode);
  }

  #loseDirty(inode: Inode): void {
    if (inode.sizeIsDirty && this.#random.chance(0.5)) this.#saveSize(inode);
    const survives = this.#random.next();
    for (const sector of inode.dirty) if (this.#random.chance(survives)) this.#writeBack(inode, sector);
    inode.dirty.clear();
    inode.sizeIsDirty = false;
    inode.cached = inode.durable.slice();
  }

  #change(change: DirectoryChange): void {
    apply(this.#visible, change);
    this.#changes.push(change);
  }

  /** The kernel writes back what it likes, when it likes. */
  #writeBackSome(inode: Inode): void {
    if (!this.#random.chance(0.1)) return;
    for (const sector of [...inode.dirty]) {
      if (!this.#random.chance(0.5)) continue;
      this.#writeBack(inode, sector);
      inode.dirty.delete(sector);
    }
  }

  #writeBack(inode: Inode, sector: number): void {
    const start = sector * sectorBytes;
    const end = Math.min(start + sectorBytes, inode.cached.length);
    if (end > inode.durable.length) this.#saveSize(inode);
    inode.durable.set(inode.cached.subarray(start, end), start);
  }

  #saveSize(inode: Inode): void {
    const grown = new Uint8Array(inode.cached.length);
    grown.set(inode.durable.subarray(0, grown.length));
    inode.durable = grown;
    inode.sizeIsDirty = false;
  }

  #usedBytes(): number {
    let used = 0;
    for (const inode of new Set(this.#visible.values())) used += inode.cached.length;
    return used;
  }
}

export type { Inode };

export function read(inode: Inode, into: Uint8Array, at: number): number {
  const bytes = inode.cached.subarray(at, at + into.length);
  into.set(bytes);
  return bytes.length;
}

export function diskError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what} (simulated)`), { code });
}

function apply(entries: Map<string, Inode>, change: DirectoryChange): void {
  for (const { name, inode } of change) {
    if (inode === undefined) entries.delete(name);
    else entries.set(name, inode);
  }
}
