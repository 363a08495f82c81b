import { type CancelElsewhere, Rate } from '@onrecord/connector/link';
import type { ForeignCancel } from './connector-gate.ts';

/** Guessing a key is of no use at this rate, and nobody cancels more. */
const perSecond = 100;
/** Two connectors may bring the same request from the same gateway. */
const sameMs = 10_000;
const maximumSame = 1000;

/** Cancel requests that one gateway passes on to others, because it does not know their keys: bounded both ways. */
export class ForeignCancels {
  readonly #outgoing = new Rate(perSecond, perSecond);
  readonly #incoming = new Map<string, Rate>();
  readonly #recent = new Map<string, number>();

  /** The message for the connectors; undefined when there are too many. */
  outgoing({ pid, key, client }: ForeignCancel, nowMs: number): CancelElsewhere | undefined {
    if (!this.#outgoing.take(nowMs)) return undefined;
    return { type: 'cancel elsewhere', pid, key: Buffer.from(key).toString('base64'), client };
  }

  /** What a connector passed on; undefined when it came before, or there are too many. */
  incoming(connector: string, message: CancelElsewhere, nowMs: number): ForeignCancel | undefined {
    const rate = this.#incoming.get(connector) ?? new Rate(perSecond, perSecond);
    this.#incoming.set(connector, rate);
    if (!rate.take(nowMs)) return undefined;
    const { pid, key, client } = message;
    // The port of the client tells its requests apart.
    const name = `${pid} ${key} ${client}`;
    const before = this.#recent.get(name);
    if (before !== undefined && nowMs - before < sameMs) return undefined;
    this.#recent.delete(name);
    this.#recent.set(name, nowMs);
    for (const oldest of this.#recent.keys()) {
      if (this.#recent.size <= maximumSame) break;
      this.#recent.delete(oldest);
    }
    return { pid, key: Buffer.from(key, 'base64'), client };
  }
}
