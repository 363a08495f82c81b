import { hash } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import {
  type Body,
  ByteSink,
  beginBatch,
  beginFrame,
  encodeEntry,
  encodeSegmentHeader,
  endFrame,
  runningHash,
  sealBatch,
} from '@onrecord/record';
import { segmentFileName } from '../journal/segment-file.ts';

/** Hand-written journals: the bytes of docs/journal-format.md with times that the test chooses. */
export class JournalFixture {
  readonly data: string;
  readonly #directory: string;
  readonly #sink = new ByteSink(1 << 16);
  readonly #mark = hash('sha256', 'mark', 'buffer').subarray(0, 8);
  readonly #journal: Uint8Array;
  #segment = -1;
  #running: Uint8Array = new Uint8Array(32);
  next = 0;

  constructor(options: { readonly data?: string; readonly journal?: string } = {}) {
    this.data = options.data ?? mkdtempSync(join(tmpdir(), 'onrecord-store-'));
    this.#journal = hash('sha256', options.journal ?? 'journal', 'buffer').subarray(0, 16);
    this.#directory = join(this.data, 'journal');
    mkdirSync(this.#directory, { recursive: true });
    this.startSegment();
  }

  /** The entries that follow go to a file of their own. */
  startSegment(): void {
    this.#segment = this.next;
    const header = encodeSegmentHeader(
      { journal: this.#journal, mark: this.#mark, firstIndex: this.next, running: this.#running },
      crc32,
    );
    appendFileSync(this.segmentFile, header);
  }

  get segmentFile(): string {
    return join(this.#directory, segmentFileName(this.#segment));
  }

  /** Appends entries as one batch; returns the index of the first. */
  append(...entries: readonly FixtureEntry[]): number {
    const first = this.next;
    this.#sink.at = 0;
    const start = beginBatch(this.#sink);
    const hashes: Uint8Array[] = [];
    for (const { at, us = 0, session = '', identity = '', body } of entries) {
      const entry = beginFrame(this.#sink, start);
      const chain = { sessionSeq: 0, identitySeq: 0, previousInSession: zero, previousOfIdentity: zero };
      encodeEntry(this.#sink, { at, us, session, identity, ...chain }, body);
      hashes.push(hash('sha256', this.#sink.view(entry), 'buffer'));
      endFrame(this.#sink, entry);
    }
    this.#running = runningHash(this.#running, hashes, (bytes) => hash('sha256', bytes, 'buffer'));
    const seal = { mark: this.#mark, firstIndex: first, synced: first, count: entries.length, running: this.#running };
    sealBatch(this.#sink, start, seal, crc32);
    appendFileSync(this.segmentFile, this.#sink.view(start));
    this.next += entries.length;
    return first;
  }

  remove(): void {
    rmSync(this.data, { recursive: true, force: true });
  }
}

export interface FixtureEntry {
  readonly at: number;
  readonly us?: number;
  readonly session?: string;
  readonly identity?: string;
  readonly body: Body;
}

const zero = new Uint8Array(32);

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Bodies of messages, built as the protocol has them. */
export function cstrings(...texts: readonly string[]): Uint8Array {
  return utf8(texts.map((text) => `${text}\0`).join(''));
}

/** Body of Bind behind its names: text parameters, text results. */
export function textParameters(...values: readonly (string | null)[]): Uint8Array {
  const parts: number[] = [0, 0, values.length >> 8, values.length & 0xff];
  for (const value of values) parts.push(...(value === null ? [255, 255, 255, 255] : sized(utf8(value))));
  return Uint8Array.from([...parts, 0, 0]);
}

/** A whole DataRow message with text values. */
export function dataRow(...values: readonly (string | null)[]): Uint8Array {
  const body: number[] = [values.length >> 8, values.length & 0xff];
  for (const value of values) body.push(...(value === null ? [255, 255, 255, 255] : sized(utf8(value))));
  return Uint8Array.from([0x44, ...int32(body.length + 4), ...body]);
}

/** Body of RowDescription: columns by name and type. */
export function rowDescription(...columns: readonly (readonly [name: string, type: number])[]): Uint8Array {
  const body: number[] = [0, columns.length];
  for (const [name, type] of columns) {
    body.push(...cstrings(name), ...int32(0), 0, 0, ...int32(type), 255, 255, ...int32(-1), 0, 0);
  }
  return Uint8Array.from(body);
}

/** Body of ErrorResponse or NoticeResponse. */
export function errorFields(fields: { readonly [code: string]: string }): Uint8Array {
  return utf8(
    `${Object.entries(fields)
      .map(([code, value]) => `${code}${value}\0`)
      .join('')}\0`,
  );
}

/** A whole CopyData message. */
export function copyData(data: string): Uint8Array {
  const bytes = utf8(data);
  return Uint8Array.from([0x64, ...int32(bytes.length + 4), ...bytes]);
}

function sized(bytes: Uint8Array): number[] {
  return [...int32(bytes.length), ...bytes];
}

function int32(value: number): number[] {
  return [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}
