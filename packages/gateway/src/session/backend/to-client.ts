import { backendTag, type Framer, Writer } from '@onrecord/wire';
import type { SessionState } from '../session-state.ts';
import { Span, type Turn } from '../turn.ts';

/** The way to the client: messages as they came or what takes their place, and answers of the gateway's own. */
export class ToClient {
  readonly #state: SessionState;
  /** The message that is being taken. */
  readonly #framer: Framer;
  #turn: Turn | undefined;
  #span: Span = new Span([]);

  constructor(state: SessionState, framer: Framer) {
    this.#state = state;
    this.#framer = framer;
  }

  /** Only between `begin` and `end`. */
  get turn(): Turn {
    return this.#turn as Turn;
  }

  begin(turn: Turn): void {
    this.#turn = turn;
    this.#span = new Span(turn.deliver);
  }

  /** Puts what was delivered into the turn, and lets go of it. */
  end(): void {
    this.#span.flush();
    this.#turn = undefined;
  }

  /** Delivers the message, or the piece of it, as it came. */
  deliver(): void {
    const { bytes, start, end } = this.#framer;
    this.#span.add(bytes, start, end);
  }

  /** Delivers bytes that the gateway made. */
  insert(bytes: Uint8Array): void {
    this.#span.insert(bytes);
  }

  /** Gives the gateway's own answers that have become due, and drops what causes no answer. */
  answerDue(): void {
    const { expected, transaction } = this.#state;
    for (let due = expected.takeDue(); due !== undefined; due = expected.takeDue()) {
      if (due.error === undefined) continue;
      if (due.error.length > 0) this.insert(due.error);
      if (due.behind === 'ready') {
        this.insert(new Writer(6).begin(backendTag.readyForQuery).uint8(transaction.charCodeAt(0)).end().finish());
      }
      if (due.behind === 'end') {
        this.turn.end = {
          reason: 'terminated by the gateway',
          ...(due.reason === undefined ? {} : { detail: due.reason }),
        };
      }
    }
  }
}
