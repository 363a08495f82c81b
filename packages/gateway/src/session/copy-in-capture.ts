import type { Body, CopyIn } from '@onrecord/record';
import { encodeFrontend } from '@onrecord/wire';
import { join } from './join.ts';
import type { CopyInFlow, OpenStatement } from './open-statement.ts';
import type { SessionOptions } from './session-state.ts';

type Capped = Pick<SessionOptions, 'rows' | 'createDigest' | 'redact'>;

/** Keeps the data of COPY FROM STDIN up to the caps, and its digest, before it is forwarded. */
export class CopyInCapture {
  readonly #options: Capped;
  /** Captured pieces of this turn that no entry holds yet. */
  #pieces: Uint8Array[] = [];
  #messages = 0;
  #of: OpenStatement | undefined;

  constructor(options: Capped) {
    this.#options = options;
  }

  /** Takes a CopyData message, or a piece of one. */
  data(statement: OpenStatement, piece: Uint8Array, place: { first: boolean; last: boolean; entries: Body[] }): void {
    const flow = this.#flow(statement);
    if (this.#of !== statement) this.flush(place.entries);
    this.#of = statement;
    flow.bytes += piece.length;
    if (place.first) flow.messages += 1;
    flow.digest.update(piece);
    const { rows } = this.#options;
    const whole = place.first && place.last;
    if (flow.capturing && whole && flow.messages <= rows.max && flow.capturedBytes + piece.length <= rows.bytes) {
      flow.capturedBytes += piece.length;
      flow.capturedMessages += 1;
      this.#pieces.push(this.#redacted(piece));
      this.#messages += 1;
    } else {
      flow.capturing = false;
    }
  }

  /** CopyDone, or CopyFail with its message. */
  end(statement: OpenStatement, failure: Uint8Array | undefined, entries: Body[]): void {
    const flow = this.#flow(statement);
    this.flush(entries);
    entries.push({
      type: 'copy_in_ended',
      of: statement.n,
      messages: flow.messages,
      bytes: flow.bytes,
      digest: flow.digest.digest(),
      ...(failure === undefined ? {} : { failure }),
      ...(flow.capturing ? {} : { truncated: true }),
    });
    statement.copy = undefined;
  }

  /** Makes the entry of what this turn has captured. */
  flush(entries: Body[]): void {
    if (this.#of === undefined || this.#pieces.length === 0) return;
    const entry: CopyIn = { type: 'copy_in', of: this.#of.n, count: this.#messages, messages: join(this.#pieces) };
    entries.push(entry);
    this.#pieces = [];
    this.#messages = 0;
  }

  /** A CopyData message as it is recorded. */
  #redacted(message: Uint8Array): Uint8Array {
    const { redact } = this.#options;
    if (redact === undefined) return message;
    const data = message.subarray(5);
    const kept = redact(data);
    return kept === data ? message : encodeFrontend({ type: 'copyData', data: kept }).finish();
  }

  #flow(statement: OpenStatement): CopyInFlow {
    statement.copy ??= {
      messages: 0,
      bytes: 0,
      capturedMessages: 0,
      capturedBytes: 0,
      capturing: this.#options.rows.max > 0,
      digest: this.#options.createDigest(),
    };
    return statement.copy;
  }
}
