import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { type Body, formatVersion, hashBytes, journalIdBytes, markBytes, type UnusedApproval } from '@onrecord/record';
import { ChainHeads, type SessionHead } from './chain-heads.ts';
import { Composer, type Moment, type SegmentPosition } from './composer.ts';
import type { Disk } from './disk.ts';
import { segmentFileName, segmentsAmong } from './segment-file.ts';
import { SegmentReader } from './segment-reader.ts';
import { heldFrom, unended } from './unused-approvals.ts';
import { type VerifiedSegment, verifySegment } from './verify-segment.ts';

const copyBytes = 1024 * 1024;
/** A file that has not got its name yet. What is left of one is of no use to anybody. */
export const unfinished = '.unfinished';

/** A journal that can be appended to: its last segment's file, open, and where composing takes up. */
export interface Recovered {
  readonly composer: Composer;
  readonly fd: number;
  /** Index behind the last entry; all below it is on disk. */
  readonly nextIndex: number;
  /** What must be appended before anything else: what a death left open. Empty after an orderly end. */
  readonly owed: readonly OwedEntries[];
}

export interface OwedEntries {
  readonly session: string;
  readonly identity: string;
  readonly bodies: readonly Body[];
}

export interface RecoverOptions {
  readonly directory: string;
  readonly segmentBytes: number;
  readonly moment: Moment;
}

/**
 * Makes a directory into a journal that can be appended to. The last segment is verified and its verified prefix copied
 * to a new file, which is synced and takes the old one's name; the old one is never written again, because what the
 * kernel says of pages of a file whose sync once failed cannot be believed. Death at any point leaves the old file or the
 * new one. A segment of an earlier version of the format is carried over like any other and gets no more entries; one of
 * the latest version is started behind it. Throws a JournalCorruption when bytes that were once on disk are not there any more.
 */
export function recover(disk: Disk, options: RecoverOptions): Recovered {
  const { directory } = options;
  const names = disk.list(directory);
  for (const name of names) {
    if (name.endsWith(unfinished)) disk.call({ call: 'unlink', path: join(directory, name) });
  }
  const last = segmentsAmong(names).at(-1);
  return last === undefined ? create(disk, options) : takeUp(disk, options, last);
}

function create(disk: Disk, { directory, segmentBytes, moment }: RecoverOptions): Recovered {
  disk.call({ call: 'fsyncDirectory', path: dirname(directory) });
  const start = {
    nextIndex: 0,
    running: new Uint8Array(hashBytes),
    segment: { firstIndex: 0, mark: new Uint8Array(0), bytes: 0, at: 0 },
  };
  const composer = new Composer(randomBytes(journalIdBytes), start, ChainHeads.from(noHeads));
  const fd = startSegment(disk, composer, { directory, segmentBytes, moment });
  return { composer, fd, nextIndex: composer.nextIndex, owed: [] };
}

/** Puts a new segment behind everything composed so far, which is on disk. Returns its file. */
function startSegment(disk: Disk, composer: Composer, { directory, segmentBytes, moment }: RecoverOptions): number {
  const segment = composer.startSegment(randomBytes(markBytes), segmentBytes, 0, moment);
  return replace(disk, join(directory, segmentFileName(segment.firstIndex)), (to) => {
    disk.call({ call: 'write', fd: to, bytes: segment.bytes, at: 0 });
    disk.call({ call: 'zeros', fd: to, at: segment.bytes.length, end: segment.sizeBytes });
  });
}

const noHeads = { type: 'heads', identities: [], sessions: [] } as const;

function takeUp(disk: Disk, options: RecoverOptions, first: number): Recovered {
  const { directory, segmentBytes } = options;
  const path = join(directory, segmentFileName(first));
  const from = disk.open(path, 'read');
  try {
    const file = { size: () => disk.size(from), read: (into: Uint8Array, at: number) => disk.read(from, into, at) };
    const reader = new SegmentReader(file, path, first);
    const verified = verifySegment(reader);
    reader.assertTornOnly();
    const discardedBytes = reader.writtenEnd() - reader.at;
    const end = reader.at;
    const { journal, mark, version } = reader.header;
    const finished = version < formatVersion;
    const bytes = finished ? end : Math.max(segmentBytes, disk.size(from));
    const copied = replace(disk, path, (to) => {
      copy(disk, from, to, end);
      if (bytes > end) disk.call({ call: 'zeros', fd: to, at: end, end: bytes });
    });
    const { nextIndex } = reader;
    const segment: SegmentPosition = { firstIndex: first, mark: mark.slice(), bytes, at: end };
    const { heads, running } = verified;
    const composer = new Composer(journal.slice(), { nextIndex, running: running.slice(), segment }, heads);
    const found = { segment: segmentFileName(first), entries: nextIndex - first, discardedBytes };
    const owed = owedBy(verified, found);
    if (!finished) return { composer, fd: copied, nextIndex, owed };
    disk.call({ call: 'close', fd: copied });
    const fd = startSegment(disk, composer, options);
    return { composer, fd, nextIndex: composer.nextIndex, owed };
  } finally {
    disk.call({ call: 'close', fd: from });
  }
}

/** Writes a new file and gives it the name when it is whole on disk. Returns its descriptor, which stays open. */
function replace(disk: Disk, path: string, write: (fd: number) => void): number {
  const temporary = path + unfinished;
  const fd = disk.open(temporary, 'create');
  try {
    write(fd);
    disk.call({ call: 'fsync', fd });
    disk.call({ call: 'rename', from: temporary, to: path });
    disk.call({ call: 'fsyncDirectory', path: dirname(path) });
    return fd;
  } catch (error) {
    disk.call({ call: 'close', fd });
    throw error;
  }
}

function copy(disk: Disk, from: number, to: number, end: number): void {
  const buffer = new Uint8Array(Math.min(copyBytes, end));
  for (let at = 0; at < end; ) {
    const count = disk.read(from, buffer.subarray(0, end - at), at);
    if (count === 0) throw new Error('the segment got shorter while it was copied');
    disk.call({ call: 'write', fd: to, bytes: buffer.subarray(0, count), at });
    at += count;
  }
}

interface Found {
  readonly segment: string;
  readonly entries: number;
  readonly discardedBytes: number;
}

/**
 * `recovered`; then, for each session that was open, the end of each question, an outcome for each statement that owes
 * one, and the session's end. Nothing after an orderly end.
 */
function owedBy({ heads, last }: VerifiedSegment, found: Found): OwedEntries[] {
  const sessions = heads.openSessions();
  const own = unended(heads.gatewayItself()?.unusedApprovals ?? []);
  const orderly = last.body.type === 'gateway_stopped' && found.discardedBytes === 0;
  if (orderly && sessions.length === 0 && own.length === 0) return [];
  const openStatements = sessions.reduce((sum, session) => sum + session.openStatements.size, 0);
  const recovered: Body = { type: 'recovered', ...found, openSessions: sessions.length, openStatements };
  const closed = sessions.map((head) => ({
    session: head.session,
    identity: head.identity,
    bodies: [
      ...unended(head.unusedApprovals).map(diedWaiting),
      ...outcomesOwed(head),
      { type: 'session_closed', reason: 'gateway died', statements: head.statements } as const,
    ],
  }));
  const asked = own.map((each) => ({ session: '', identity: each.identity ?? '', bodies: [diedWaiting(each)] }));
  return [{ session: '', identity: '', bodies: [recovered] }, ...asked, ...closed];
}

function diedWaiting({ approval, of }: UnusedApproval): Body {
  return { type: 'approval_ended', approval, ...(of === undefined ? {} : { of }), result: 'gateway died', by: [] };
}

function outcomesOwed({ openStatements, unusedApprovals }: SessionHead): readonly Body[] {
  const held = heldFrom(unusedApprovals);
  return [...openStatements].map((of) => {
    const owed = of >= held ? neverForwarded : notKnown;
    return { type: 'outcome', of, ...owed, rowCount: 0, rowBytes: 0 };
  });
}

const neverForwarded = { outcome: 'refused', reason: 'the gateway died while it waited for approval' } as const;
const notKnown = { outcome: 'unknown', reason: 'the gateway died before the outcome was recorded' } as const;
