import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Body, type Chains, markBytes } from '@onrecord/record';
import { Halt, Refusal } from '../errors.ts';
import type { ComposedBatch, ComposedSegment, Composer, Moment } from './composer.ts';
import type { Disk, DiskCall, DiskLock } from './disk.ts';
import { NodeDisk } from './node-disk.ts';
import type { Durable, Receipt, Recorder } from './receipt.ts';
import { type Recovered, recover } from './recover.ts';
import { segmentFileName } from './segment-file.ts';
import { discardSpare, type Spare, SpareSegment } from './spare-segment.ts';
import { SyncPace } from './sync-pace.ts';

export interface JournalOptions {
  /** Created when it is not there. One journal at a time has it. */
  readonly directory: string;
  readonly segmentBytes?: number;
  readonly clock: JournalClock;
  /** Called once when the journal can no longer keep its promise; everything that waits is settled with the Halt then. */
  readonly onHalt?: (halt: Halt) => void;
  /** Sync on the writing thread while the disk takes less than this; 0: never. */
  readonly syncInlineBelowUs?: number;
  /** The machine's, unless a test puts another in its place. */
  readonly disk?: Disk;
}

/** Wall-clock microseconds since 1970, and microseconds of a clock that never goes back. */
export interface JournalClock {
  wallUs(): number;
  monotonicUs(): number;
}

const defaultSegmentBytes = 64 * 1024 * 1024;
const defaultSyncInlineBelowUs = 200;
/** A batch that has grown beyond this is written without waiting for the end of the turn. */
const batchLimitBytes = 1024 * 1024;
/** What is only `written` is synced after this; the rest of the second (DESIGN §3) is for the sync itself. */
const relaxedSyncMs = 800;

/** Somebody who waits; `result` is what he will be told. */
interface Waiting {
  readonly durable: Durable;
  readonly bytes: number;
  readonly settled: (receipt: Receipt | Error) => void;
  readonly result: Receipt | Error;
}

/** Writes and new segments that cannot be made yet, in order. */
type Job =
  | { readonly type: 'write'; readonly batch: ComposedBatch; readonly waiting: readonly Waiting[] }
  | { readonly type: 'segment'; readonly segment: ComposedSegment };

/**
 * The record of everything, one writer, append only. What is appended in one turn of the event loop is one batch and one
 * write at the end of the turn, on this thread; one sync serves all that wait for it, and while it runs the next ones
 * gather (docs/adr/0001-journal-writer.md). After a write or a sync that failed, what is on disk is not known: everything
 * that waits and everything after it is settled with a Halt. A disk without room for the next segment is not that: `admit`
 * refuses new work until there is room, and what is left of this segment is for closing what is open.
 */
export class Journal implements Recorder {
  readonly #disk: Disk;
  readonly #lock: DiskLock;
  readonly #options: JournalOptions;
  readonly #segmentBytes: number;
  readonly #composer: Composer;
  readonly #spare: SpareSegment;
  readonly #pace: SyncPace;
  readonly #moment: { at: number; us: number } = { at: 0, us: 0 };
  #fd: number;
  /** Who is in the batch that is being composed. */
  #inBatch: Waiting[] = [];
  #jobs: Job[] = [];
  /** Whose entries are written, or who is refused, and is told at the end of the turn. */
  #toldAtTurn: Waiting[] = [];
  /** Whose entries are written and who waits for a sync. */
  #unsynced: Waiting[] = [];
  #writtenIndex: number;
  #syncedIndex: number;
  /** A sync or a change of segment is under way on another thread; who waits for it. */
  #underWay: readonly Waiting[] | undefined;
  #turnDue = false;
  #relaxedTimer: NodeJS.Timeout | undefined;
  #pendingBytes = 0;
  #halt: Halt | undefined;
  #halting = false;
  #closing: { readonly closed: () => void } | undefined;

  /** Takes the directory, recovers what a death left behind, and records it. Throws a JournalInUse, a JournalCorruption. */
  static async open(options: JournalOptions): Promise<Journal> {
    const disk = options.disk ?? new NodeDisk();
    disk.makeDirectory(options.directory);
    const lock = disk.lock(options.directory);
    try {
      const segmentBytes = options.segmentBytes ?? defaultSegmentBytes;
      const moment = { at: options.clock.wallUs(), us: options.clock.monotonicUs() };
      const recovered = recover(disk, { directory: options.directory, segmentBytes, moment });
      const journal = new Journal(disk, lock, options, recovered);
      await journal.#settle(recovered.owed);
      return journal;
    } catch (error) {
      disk.close();
      lock.release();
      throw error;
    }
  }

  private constructor(disk: Disk, lock: DiskLock, options: JournalOptions, recovered: Recovered) {
    this.#disk = disk;
    this.#lock = lock;
    this.#options = options;
    this.#segmentBytes = options.segmentBytes ?? defaultSegmentBytes;
    this.#composer = recovered.composer;
    this.#fd = recovered.fd;
    this.#writtenIndex = this.#syncedIndex = recovered.nextIndex;
    this.#pace = new SyncPace(options.syncInlineBelowUs ?? defaultSyncInlineBelowUs);
    this.#spare = new SpareSegment(disk, options.directory, this.#segmentBytes, () => this.#spareChanged());
    this.#spare.prepare();
  }

  /** Index of the last entry that is written; it may not be synced yet. */
  get lastIndex(): number {
    return this.#writtenIndex - 1;
  }

  /** Bytes of entries whose appends have not been settled yet. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  admit(): void {
    if (this.#halt !== undefined) throw this.#halt;
    const failure = this.#spare.failure;
    if (failure !== undefined) throw noRoom(failure);
  }

  append(chains: Chains, bodies: readonly Body[], durable: Durable, settled: (receipt: Receipt | Error) => void): void {
    this.#turnIsDue();
    let bytes = 0;
    let result: Receipt | Error;
    try {
      bytes = this.#compose(chains, bodies);
      result = { index: this.#composer.nextIndex - 1 } as Receipt;
    } catch (error) {
      result = error as Error;
    }
    this.#pendingBytes += bytes;
    this.#inBatch.push({ durable, bytes, settled, result });
    if (this.#composer.batchBytes > batchLimitBytes && this.#jobs.length === 0) this.#sealBatch();
  }

  /** Records and syncs what was appended, and lets go of the directory. Append nothing after it. */
  async close(): Promise<void> {
    if (this.#closing !== undefined) throw new Error('the journal is being closed already');
    await new Promise<void>((resolve) => {
      this.#closing = { closed: resolve };
      this.#turnIsDue();
    });
    clearTimeout(this.#relaxedTimer);
    await this.#spare.close();
    try {
      this.#disk.call({ call: 'close', fd: this.#fd });
    } finally {
      this.#disk.close();
      this.#lock.release();
    }
  }

  async #settle(owed: Recovered['owed']): Promise<void> {
    const results = owed.map(
      ({ session, identity, bodies }) =>
        new Promise<Receipt | Error>((resolve) => {
          this.append({ session, identity }, bodies, 'synced', resolve);
        }),
    );
    for (const result of await Promise.all(results)) if (result instanceof Error) throw result;
  }

  /** Adds entries to the batch, in a new segment if need be. Returns their bytes; throws why it cannot. */
  #compose(chains: Chains, bodies: readonly Body[]): number {
    if (this.#halt !== undefined) throw this.#halt;
    if (this.#closing !== undefined) throw new Refusal('57P01', 'the journal is closed');
    const moment = this.#now();
    const bytes = this.#composer.append(chains, bodies, moment);
    if (bytes > 0) return bytes;
    const failure = this.#spare.failure;
    if (failure !== undefined) throw noRoom(failure);
    this.#sealBatch();
    const segment = this.#composer.startSegment(randomBytes(markBytes), this.#segmentBytes, -bytes, moment);
    this.#jobs.push({ type: 'segment', segment });
    this.#runJobs();
    const added = this.#composer.append(chains, bodies, moment);
    if (added < 0) throw noRoom(this.#spare.failure ?? new Error('the next segment could not be made'));
    return added;
  }

  #now(): Moment {
    this.#moment.at = this.#options.clock.wallUs();
    this.#moment.us = this.#options.clock.monotonicUs();
    return this.#moment;
  }

  #turnIsDue(): void {
    if (this.#turnDue) return;
    this.#turnDue = true;
    setImmediate(() => this.#endTurn());
  }

  /** Behind everything that the turn's sockets brought: one write, one sync, and everybody is told. */
  #endTurn(): void {
    this.#turnDue = false;
    if (this.#jobs.length === 0) this.#sealBatch();
    if (this.#halt === undefined && !this.#pace.inline) this.#sync();
    if (this.#halt === undefined) {
      const told = this.#toldAtTurn;
      this.#toldAtTurn = [];
      this.#tell(told);
    }
    if (this.#halt === undefined && this.#pace.inline) this.#sync();
    if (this.#halt !== undefined) this.#tellOfHalt(this.#halt);
    this.#closeWhenIdle();
  }

  #sealBatch(): void {
    const waiting = this.#inBatch;
    const { batchBytes, nextIndex } = this.#composer;
    if (waiting.length === 0 && batchBytes === 0) return;
    this.#inBatch = [];
    const sealed = batchBytes === 0 ? nothing(nextIndex) : this.#composer.seal(this.#syncedIndex);
    // The composer writes the next batch over this one.
    const bytes = this.#jobs.length === 0 ? sealed.bytes : sealed.bytes.slice();
    this.#jobs.push({ type: 'write', batch: { ...sealed, bytes }, waiting });
    this.#runJobs();
  }

  /** Makes the writes at the front, up to a segment that is not there yet. */
  #runJobs(): void {
    for (let job = this.#jobs[0]; job !== undefined && this.#halt === undefined; job = this.#jobs[0]) {
      if (job.type === 'segment') {
        this.#startSegment(job.segment);
        return;
      }
      this.#jobs.shift();
      this.#write(job.batch);
      if (this.#halt !== undefined) this.#toldAtTurn.push(...job.waiting);
      else {
        this.#writtenIndex = job.batch.endIndex;
        this.#isWritten(job.waiting);
      }
    }
  }

  #write({ bytes, at }: ComposedBatch): void {
    if (bytes.length === 0) return;
    try {
      this.#disk.call({ call: 'write', fd: this.#fd, bytes, at });
    } catch (error) {
      this.#fail('write', error as Error);
    }
  }

  #isWritten(waiting: readonly Waiting[]): void {
    for (const each of waiting) {
      (each.durable === 'synced' ? this.#unsynced : this.#toldAtTurn).push(each);
    }
    this.#syncSoon();
  }

  /** For what nobody waits for. */
  #syncSoon(): void {
    if (this.#relaxedTimer !== undefined || this.#writtenIndex === this.#syncedIndex) return;
    this.#relaxedTimer = setTimeout(() => {
      this.#relaxedTimer = undefined;
      if (this.#writtenIndex > this.#syncedIndex) this.#syncElsewhere();
    }, relaxedSyncMs);
    this.#relaxedTimer.unref();
  }

  /** Syncs when somebody waits for it; while one runs, arrivals gather for the next. */
  #sync(): void {
    if (this.#underWay !== undefined || this.#unsynced.length === 0) return;
    if (this.#writtenIndex === this.#syncedIndex) {
      // Nothing but refusals.
      this.#tell(this.#takeUnsynced());
    } else if (this.#pace.inline) this.#syncHere();
    else this.#syncElsewhere();
  }

  #syncHere(): void {
    const waiting = this.#takeUnsynced();
    const index = this.#writtenIndex;
    const start = performance.now();
    try {
      this.#disk.call({ call: 'fdatasync', fd: this.#fd });
    } catch (error) {
      this.#toldAtTurn.push(...waiting);
      this.#fail('sync', error as Error);
      return;
    }
    this.#pace.took((performance.now() - start) * 1000);
    this.#syncedIndex = index;
    this.#tell(waiting);
  }

  #syncElsewhere(): void {
    if (this.#underWay !== undefined || this.#halt !== undefined) return;
    this.#underWay = this.#takeUnsynced();
    const index = this.#writtenIndex;
    this.#disk.perform('commit', [{ call: 'fdatasync', fd: this.#fd }], ({ failure, us }) => {
      if (failure !== undefined) this.#fail('sync', failure.error);
      else {
        this.#pace.took(us);
        this.#syncedIndex = index;
      }
      this.#arrived();
    });
  }

  #takeUnsynced(): readonly Waiting[] {
    const waiting = this.#unsynced;
    this.#unsynced = [];
    return waiting;
  }

  /** What was under way has come to its end, well or not. */
  #arrived(): void {
    const waiting = this.#underWay ?? [];
    this.#underWay = undefined;
    // What the ones just told append joins the next sync.
    this.#turnIsDue();
    if (this.#halt !== undefined) {
      this.#toldAtTurn.push(...waiting);
      return;
    }
    this.#tell(waiting);
    this.#runJobs();
    this.#syncSoon();
  }

  /**
   * The segment is written and synced under another name, everything before it is synced, and then it gets its name: a
   * segment that is there is whole up to its first batch, and nothing before it can be missing.
   */
  #startSegment(segment: ComposedSegment): void {
    if (this.#underWay !== undefined) return;
    const failure = this.#spare.failure;
    if (failure !== undefined) return this.#refuseFrom(segment, failure);
    const spare = this.#spare.take();
    if (spare === undefined) return this.#spare.prepare();
    this.#underWay = this.#takeUnsynced();
    this.#disk.perform('commit', this.#segmentCalls(segment, spare), ({ failure: failed }) => {
      const widening = segment.sizeBytes > spare.bytes ? 2 : 0;
      if (failed === undefined) {
        this.#fd = spare.fd;
        this.#jobs.shift();
        this.#writtenIndex = this.#syncedIndex = segment.firstIndex + 1;
      } else if (failed.call < widening) {
        // Nothing was synced yet.
        this.#unsynced.unshift(...(this.#underWay ?? []));
        this.#underWay = [];
        discardSpare(this.#disk, spare);
        this.#refuseFrom(segment, failed.error);
      } else {
        this.#fail('change of segment', failed.error);
      }
      if (this.#halt === undefined) this.#spare.prepare();
      this.#arrived();
    });
  }

  #segmentCalls(segment: ComposedSegment, spare: Spare): DiskCall[] {
    const { directory } = this.#options;
    const { fd } = spare;
    const widening: DiskCall[] = [
      { call: 'zeros', fd, at: spare.bytes, end: segment.sizeBytes },
      { call: 'fsync', fd },
    ];
    return [
      ...(segment.sizeBytes > spare.bytes ? widening : []),
      { call: 'fdatasync', fd: this.#fd },
      { call: 'write', fd, bytes: segment.bytes, at: 0 },
      { call: 'fdatasync', fd },
      { call: 'rename', from: spare.path, to: join(directory, segmentFileName(segment.firstIndex)) },
      { call: 'fsyncDirectory', path: directory },
      { call: 'close', fd: this.#fd },
    ];
  }

  /** There is no room for a segment: nothing is lost, but everything composed for it and after it is refused. */
  #refuseFrom(segment: ComposedSegment, failure: Error): void {
    const refusal = noRoom(failure);
    const refused = this.#jobs.flatMap((job) => (job.type === 'write' ? job.waiting : [])).concat(this.#inBatch);
    this.#jobs = [];
    this.#inBatch = [];
    this.#composer.rewind(segment.before);
    this.#isWritten(refused.map((each) => (each.result instanceof Error ? each : { ...each, result: refusal })));
    this.#turnIsDue();
  }

  #spareChanged(): void {
    this.#runJobs();
    this.#turnIsDue();
  }

  #fail(what: string, error: Error): void {
    this.#turnIsDue();
    if (this.#halt !== undefined) return;
    this.#halt = new Halt('58030', `a ${what} of the journal failed: ${error.message}`, {
      hint: 'What is on disk is not known. Look at the disk and start the gateway again: recovery finds out what is true.',
      cause: error,
    });
  }

  #tellOfHalt(halt: Halt): void {
    if (this.#underWay !== undefined) return;
    const queued = this.#jobs.flatMap((job) => (job.type === 'write' ? job.waiting : []));
    const all = [...this.#toldAtTurn, ...this.#unsynced, ...queued, ...this.#inBatch];
    this.#jobs = [];
    this.#toldAtTurn = [];
    this.#unsynced = [];
    this.#inBatch = [];
    if (!this.#halting) {
      this.#halting = true;
      this.#options.onHalt?.(halt);
    }
    this.#tell(all.map((each) => ({ ...each, result: halt })));
  }

  #tell(waiting: readonly Waiting[]): void {
    for (const { settled, bytes, result } of waiting) {
      this.#pendingBytes -= bytes;
      settled(result);
    }
  }

  #closeWhenIdle(): void {
    if (this.#closing === undefined || this.#underWay !== undefined || this.#jobs.length > 0) return;
    if (this.#halt === undefined && this.#writtenIndex > this.#syncedIndex) return this.#syncElsewhere();
    if (this.#turnDue) return;
    this.#closing.closed();
  }
}

function nothing(endIndex: number): ComposedBatch {
  return { bytes: new Uint8Array(0), at: 0, endIndex };
}

function noRoom(failure: Error): Refusal {
  const { code } = failure as NodeJS.ErrnoException;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return new Refusal(full ? '53100' : '58030', `there is no room to record in: ${failure.message}`, {
    hint: full
      ? 'Make room on the disk of the data directory. New statements are taken again by themselves then.'
      : 'Look at the disk of the data directory. New statements are taken again by themselves when it can be written.',
    cause: failure,
  });
}
