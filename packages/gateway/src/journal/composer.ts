import { crc32 } from 'node:zlib';
import {
  type Body,
  ByteSink,
  batchOverheadBytes,
  beginBatch,
  beginFrame,
  type Chains,
  type Envelope,
  encodeEntry,
  encodeSegmentHeader,
  endFrame,
  type Heads,
  hashBytes,
  runningHash,
  sealBatch,
  segmentHeaderBytes,
} from '@onrecord/record';
import { ChainHeads } from './chain-heads.ts';
import { sha256 } from './sha256.ts';

/** What a batch buffer keeps between batches; one that grew beyond it is let go. */
const keptBytes = 1024 * 1024;

/** When an entry is appended. */
export interface Moment {
  readonly at: number;
  readonly us: number;
}

/** Where composing stands: everything that the next batch depends on. */
export interface Position {
  readonly heads: Heads;
  readonly nextIndex: number;
  readonly running: Uint8Array;
  readonly segment: SegmentPosition;
}

/** The segment that batches are composed for: first index, batch mark, size, and where the next batch goes. */
export interface SegmentPosition {
  readonly firstIndex: number;
  readonly mark: Uint8Array;
  readonly bytes: number;
  readonly at: number;
}

/** A whole batch, and where in its segment it belongs. `bytes` are a view that is good until the next append. */
export interface ComposedBatch {
  readonly bytes: Uint8Array;
  readonly at: number;
  /** Index behind its last entry. */
  readonly endIndex: number;
}

/** First bytes of a new segment: its header and the batch with its `heads` entry. */
export interface ComposedSegment {
  readonly firstIndex: number;
  readonly bytes: Uint8Array;
  readonly sizeBytes: number;
  /** Where composing stood before it. */
  readonly before: Position;
}

/**
 * Turns bodies into entries, entries into batches and batches into segments: gives each its place, its chains and its
 * hashes. Makes no system call. Entries are encoded straight into the batch that is being composed.
 */
export class Composer {
  readonly #journal: Uint8Array;
  #heads: ChainHeads;
  #nextIndex: number;
  #running: Uint8Array;
  #segment: SegmentPosition;
  #sink: ByteSink = new ByteSink(64 * 1024);
  #hashes: Uint8Array[] = [];
  /** One envelope for all entries: what `encodeEntry` reads, not what anybody keeps. */
  readonly #envelope: { -readonly [Key in keyof Omit<Envelope, 'index'>]: Envelope[Key] } = {
    at: 0,
    us: 0,
    session: '',
    sessionSeq: 0,
    identity: '',
    identitySeq: 0,
    previousInSession: new Uint8Array(0),
    previousOfIdentity: new Uint8Array(0),
  };

  constructor(journal: Uint8Array, position: Omit<Position, 'heads'>, heads: ChainHeads) {
    this.#journal = journal;
    this.#heads = heads;
    this.#nextIndex = position.nextIndex;
    this.#running = position.running;
    this.#segment = position.segment;
    beginBatch(this.#sink);
  }

  get nextIndex(): number {
    return this.#nextIndex;
  }

  /** Bytes of the batch that is being composed; 0 when it has no entries. */
  get batchBytes(): number {
    return this.#hashes.length === 0 ? 0 : this.#sink.at + hashBytes;
  }

  get heads(): ChainHeads {
    return this.#heads;
  }

  /**
   * Adds entries to the batch and returns how many bytes they take, or, negative, how many they would take when the
   * segment has no room for them. Throws what `encodeEntry` throws, or when the session is not open. Nothing is added then.
   */
  append(chains: Chains, bodies: readonly Body[], moment: Moment): number {
    const start = this.#sink.at;
    const count = this.#hashes.length;
    const sessionHead = this.#heads.session(chains, bodies[0]);
    const identityHead = this.#heads.identity(chains.identity);
    try {
      this.#encode(chains, bodies, moment, { session: sessionHead, identity: identityHead });
    } catch (error) {
      this.#giveUp(start, count);
      throw error;
    }
    const bytes = this.#sink.at - start;
    if (this.#segment.at + this.#sink.at + hashBytes > this.#segment.bytes) {
      this.#giveUp(start, count);
      return -bytes;
    }
    for (let at = 0; at < bodies.length; at += 1) {
      sessionHead.seq += 1;
      identityHead.seq += 1;
      sessionHead.hash = identityHead.hash = this.#hashes[count + at] as Uint8Array;
      this.#heads.advance(sessionHead, chains.identity, identityHead, bodies[at] as Body);
    }
    this.#nextIndex += bodies.length;
    return bytes;
  }

  /** Ends the batch; entries below `synced` are on disk. The next append starts another. */
  seal(synced: number): ComposedBatch {
    const sink = this.#sink;
    this.#running = runningHash(this.#running, this.#hashes, sha256);
    const count = this.#hashes.length;
    const { mark, at } = this.#segment;
    const seal = { mark, firstIndex: this.#nextIndex - count, synced, count, running: this.#running };
    sealBatch(sink, 0, seal, crc32);
    const bytes = sink.view();
    this.#segment = { ...this.#segment, at: at + bytes.length };
    this.#hashes = [];
    if (sink.bytes.length > keptBytes) this.#sink = new ByteSink(keptBytes);
    this.#sink.at = 0;
    beginBatch(this.#sink);
    return { bytes, at, endIndex: this.#nextIndex };
  }

  /**
   * Goes on to a new segment with room for at least `neededBytes` of entries. The batch must have been sealed. Everything
   * before the segment will be on disk when its bytes are.
   */
  startSegment(mark: Uint8Array, segmentBytes: number, neededBytes: number, moment: Moment): ComposedSegment {
    if (this.#hashes.length > 0) throw new Error('the batch has not been sealed');
    const before = this.position();
    const firstIndex = this.#nextIndex;
    const header = { journal: this.#journal, mark, firstIndex, running: this.#running };
    const headerBytes = encodeSegmentHeader(header, crc32);
    this.#segment = { firstIndex, mark, bytes: Number.POSITIVE_INFINITY, at: segmentHeaderBytes };
    this.append({ session: '', identity: '' }, [before.heads], moment);
    const { bytes: heads, at } = this.seal(firstIndex);
    const bytes = new Uint8Array(at + heads.length);
    bytes.set(headerBytes);
    bytes.set(heads, at);
    const sizeBytes = Math.max(segmentBytes, bytes.length + batchOverheadBytes + neededBytes);
    this.#segment = { ...this.#segment, bytes: sizeBytes };
    return { firstIndex, bytes, sizeBytes, before };
  }

  position(): Position {
    return {
      heads: this.#heads.snapshot(),
      nextIndex: this.#nextIndex,
      running: this.#running,
      segment: this.#segment,
    };
  }

  /** Gives up everything that was composed since `position`. */
  rewind(position: Position): void {
    this.#heads = ChainHeads.from(position.heads);
    this.#nextIndex = position.nextIndex;
    this.#running = position.running;
    this.#segment = position.segment;
    this.#giveUp(0, 0);
    beginBatch(this.#sink);
  }

  #encode(
    chains: Chains,
    bodies: readonly Body[],
    moment: Moment,
    heads: {
      readonly session: { seq: number; hash: Uint8Array };
      readonly identity: { seq: number; hash: Uint8Array };
    },
  ): void {
    const envelope = this.#envelope;
    const sink = this.#sink;
    envelope.at = moment.at;
    envelope.us = moment.us;
    envelope.session = chains.session;
    envelope.identity = chains.identity;
    envelope.previousInSession = heads.session.hash;
    envelope.previousOfIdentity = heads.identity.hash;
    for (let at = 0; at < bodies.length; at += 1) {
      envelope.sessionSeq = heads.session.seq + 1 + at;
      envelope.identitySeq = heads.identity.seq + 1 + at;
      const start = beginFrame(sink, 0);
      encodeEntry(sink, envelope, bodies[at] as Body);
      endFrame(sink, start);
      const entryHash = sha256(sink.view(start));
      envelope.previousInSession = envelope.previousOfIdentity = entryHash;
      this.#hashes.push(entryHash);
    }
  }

  #giveUp(sinkAt: number, hashes: number): void {
    this.#sink.at = sinkAt;
    this.#hashes.length = hashes;
  }
}
