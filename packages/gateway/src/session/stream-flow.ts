import type { Body, ReplicationData } from '@onrecord/record';
import type { Digest } from './digest.ts';
import type { OpenStatement } from './open-statement.ts';

/** One direction of a replication stream since its last entry. */
interface Flow {
  messages: number;
  bytes: number;
  digest: Digest;
}

/** A replication stream: both directions are counted and digested, and what a turn carried is one entry. */
export class StreamFlow {
  readonly statement: OpenStatement;
  readonly #createDigest: () => Digest;
  readonly #flows: { readonly [Direction in ReplicationData['direction']]: Flow };

  constructor(statement: OpenStatement, createDigest: () => Digest) {
    this.statement = statement;
    this.#createDigest = createDigest;
    this.#flows = {
      'to client': { messages: 0, bytes: 0, digest: createDigest() },
      'to server': { messages: 0, bytes: 0, digest: createDigest() },
    };
  }

  /** Takes a message, or a piece of one. Call `record` with the entries of the turn afterwards. */
  count(direction: ReplicationData['direction'], piece: Uint8Array, first: boolean): void {
    const flow = this.#flows[direction];
    if (first) flow.messages += 1;
    flow.bytes += piece.length;
    flow.digest.update(piece);
  }

  /** Adds an entry of what a direction has carried since its last one, when there is anything. */
  record(direction: ReplicationData['direction'], entries: Body[]): void {
    const flow = this.#flows[direction];
    if (flow.bytes === 0) return;
    const { messages, bytes } = flow;
    entries.push({
      type: 'replication_data',
      of: this.statement.n,
      direction,
      messages,
      bytes,
      digest: flow.digest.digest(),
    });
    flow.messages = flow.bytes = 0;
    flow.digest = this.#createDigest();
  }
}
