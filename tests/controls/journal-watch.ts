import { closeSync, type FSWatcher, fstatSync, openSync, readdirSync, readSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import { type Body, batchEntries, decodeEntry, type Entry } from '@onrecord/record';
import { segmentFileName, segmentsAmong } from '../../packages/gateway/src/journal/segment-file.ts';
import { SegmentReader } from '../../packages/gateway/src/journal/segment-reader.ts';
import { sha256 } from '../../packages/gateway/src/journal/sha256.ts';

/** From the first word of a write to a look at what was written: one rarely comes alone. */
const settleMs = 5;
/** How long to wait for word of a write before looking anyway: not every system tells at once of one to an open file. */
const lookMs = 100;

/**
 * Follows a gateway's journal while it is written. It keeps the segment open and looks only when something was written: what
 * watches is one of few processes on a small machine, and should not take from those that it watches.
 */
export class JournalWatch {
  readonly #directory: string;
  readonly #writes: FSWatcher;
  readonly #looks: NodeJS.Timeout;
  /** Bodies by session, and the sessions of each backend: the gateway's own question before an agent is let in is one. */
  readonly #sessions = new Map<string, Body[]>();
  readonly #backends = new Map<number, string[]>();
  #segment: { readonly fd: number; readonly first: number; readonly reader: SegmentReader } | undefined;
  /** Index of the next entry. */
  #next = 0;
  #settling: NodeJS.Timeout | undefined;
  #written = Promise.withResolvers<void>();

  constructor(dataDirectory: string) {
    this.#directory = join(dataDirectory, 'journal');
    this.#writes = watch(this.#directory, () => {
      this.#settling ??= setTimeout(this.#tell, settleMs);
    });
    this.#looks = setInterval(this.#tell, lookMs);
  }

  /** What is on record of the sessions of that backend. */
  of(backendPid: number): readonly Body[] {
    this.#read();
    return (this.#backends.get(backendPid) ?? []).flatMap((session) => this.#sessions.get(session) ?? []);
  }

  /** The first body of those that is wanted, as soon as there is one; rejects when it is called off. */
  async first<Wanted extends Body>(
    backendPid: number,
    wanted: (body: Body) => body is Wanted,
    signal: AbortSignal = AbortSignal.timeout(60_000),
  ): Promise<Wanted> {
    const calledOff = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    // Nobody may wait for it by then.
    calledOff.catch(() => {});
    for (;;) {
      signal.throwIfAborted();
      const found = this.of(backendPid).find(wanted);
      if (found !== undefined) return found;
      await Promise.race([this.#written.promise, calledOff]);
    }
  }

  close(): void {
    this.#writes.close();
    clearInterval(this.#looks);
    clearTimeout(this.#settling);
    if (this.#segment !== undefined) closeSync(this.#segment.fd);
  }

  readonly #tell = (): void => {
    this.#settling = undefined;
    this.#written.resolve();
    this.#written = Promise.withResolvers();
  };

  #read(): void {
    const segments = segmentsAmong(readdirSync(this.#directory));
    for (const first of segments.filter((each) => each >= (this.#segment?.first ?? 0))) {
      if (!this.#isOpen(first)) this.#open(first);
      // A segment that has a next one was whole when that was made, and is read to its end before the next.
      this.#take();
    }
  }

  /** A gateway that starts again may put another file in the place of the one that is open. */
  #isOpen(first: number): boolean {
    if (this.#segment?.first !== first) return false;
    return fstatSync(this.#segment.fd).ino === statSync(this.#pathOf(first)).ino;
  }

  #pathOf(first: number): string {
    return join(this.#directory, segmentFileName(first));
  }

  #open(first: number): void {
    if (this.#segment !== undefined) closeSync(this.#segment.fd);
    const path = this.#pathOf(first);
    const fd = openSync(path, 'r');
    const file = {
      size: () => fstatSync(fd).size,
      read: (into: Uint8Array, at: number) => readSync(fd, into, 0, into.length, at),
    };
    this.#segment = { fd, first, reader: new SegmentReader(file, path, first) };
  }

  #take(): void {
    const { reader } = this.#segment ?? {};
    for (let batch = reader?.next(); reader !== undefined && batch !== undefined; batch = reader.next()) {
      for (const [at, { bytes }] of batchEntries(batch).entries()) {
        const index = batch.firstIndex + at;
        if (index < this.#next) continue;
        this.#next = index + 1;
        // Entries are views of their bytes, which are views of a window that is many times as large.
        this.#keep(decodeEntry(bytes.slice(), { index, version: reader.header.version }, sha256));
      }
    }
  }

  #keep({ session, body }: Entry): void {
    const bodies = this.#sessions.get(session) ?? [];
    bodies.push(body);
    this.#sessions.set(session, bodies);
    if (body.type !== 'session_opened') return;
    this.#backends.set(body.backendPid, [...(this.#backends.get(body.backendPid) ?? []), session]);
  }
}
