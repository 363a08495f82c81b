/**
 * What the journal asks of a disk, as system calls: one method each, nothing clever. `nodeDisk` makes them; the tests put
 * a simulated disk in its place that loses, tears and reorders what was not synced.
 *
 * Every method throws what the system call failed with; the error's `code` is its errno (`EIO`, `ENOSPC`).
 */
export interface Disk {
  /** Takes the directory for this process; the lock falls when the process dies. Throws a JournalInUse. */
  lock(directory: string): DiskLock;
  makeDirectory(path: string): void;
  list(directory: string): string[];
  /** `create` fails when the file exists. */
  open(path: string, mode: 'read' | 'create'): number;
  size(fd: number): number;
  read(fd: number, into: Uint8Array, at: number): number;
  /** One call of the list below, on this thread, now. */
  call(call: DiskCall): void;
  /**
   * Makes the calls one after the other on another thread until one fails. Calls of one lane keep their order; lanes
   * don't wait for each other. `done` is called once, never before `perform` returns.
   */
  perform(lane: Lane, calls: readonly DiskCall[], done: (performed: Performed) => void): void;
  /** Ends the threads. Nothing may be under way. */
  close(): void;
}

export interface DiskLock {
  release(): void;
}

/** `commit`: what sessions wait for. `space`: getting the next segment ready. */
export type Lane = 'commit' | 'space';

/** Plain data, because it is sent to another thread. */
export type DiskCall =
  /** All of the bytes, or it fails. */
  | { readonly call: 'write'; readonly fd: number; readonly bytes: Uint8Array; readonly at: number }
  /** Zeros from `at` to `end`, so that the space is allocated and stays allocated. */
  | { readonly call: 'zeros'; readonly fd: number; readonly at: number; readonly end: number }
  /** Content and size. */
  | { readonly call: 'fsync'; readonly fd: number }
  /** Content only: enough where the size does not change. */
  | { readonly call: 'fdatasync'; readonly fd: number }
  | { readonly call: 'fsyncDirectory'; readonly path: string }
  | { readonly call: 'rename'; readonly from: string; readonly to: string }
  | { readonly call: 'unlink'; readonly path: string }
  | { readonly call: 'close'; readonly fd: number };

export interface Performed {
  /** What the first call that failed failed with, and which it was. */
  readonly failure: { readonly error: Error; readonly call: number } | undefined;
  /** How long the calls took, without the way to the other thread and back. */
  readonly us: number;
}
