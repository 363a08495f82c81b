import type { GatewayError, Refusal } from '../errors.ts';
import { Arrivals } from './arrivals.ts';
import { errorResponse } from './error-response.ts';
import type { Ending } from './open-statement.ts';
import { Replies } from './replies.ts';
import { type SessionOptions, SessionState } from './session-state.ts';
import { emptyTurn, type Turn } from './turn.ts';

/**
 * One session behind its startup: bytes of either side in, what to record, forward and deliver out. Opens no socket,
 * reads no clock; a test drives it with arrays.
 */
export class Session {
  readonly #state: SessionState;
  readonly #arrivals: Arrivals;
  readonly #replies: Replies;

  constructor(options: SessionOptions) {
    this.#state = new SessionState(options);
    this.#arrivals = new Arrivals(this.#state);
    this.#replies = new Replies(this.#state);
  }

  /** Bytes of the client; none, to go on with a message that was held. `refusal`: new work must not start now, and why. */
  frontend(chunk: Uint8Array, us: number, refusal?: GatewayError): Turn {
    const turn = this.#arrivals.push(chunk, refusal, us);
    this.#replies.answer(turn, us);
    return turn;
  }

  /** The catalog has been read again: call `frontend` again. */
  catalogRead(): void {
    if (this.#state.waitsFor === 'catalog') this.#state.waitsFor = undefined;
  }

  /**
   * The people who were asked have answered: what waited goes on, or is answered with `refusal`. Call `frontend` again
   * behind it.
   */
  release(refusal: Refusal | undefined): Turn {
    return this.#arrivals.release(refusal);
  }

  /** What waits for approval will not run any more, whatever the answer: what came before it in its pipeline has failed. */
  get waitsInVain(): boolean {
    return this.#state.waitsFor === 'approval' && this.#state.skipping;
  }

  /** The catalog must be read again before anything else is judged. */
  get needsCatalog(): boolean {
    return this.#state.options.guard?.isStale === true;
  }

  /** What the held message waits for besides the server. */
  get waitsFor(): 'catalog' | 'approval' | undefined {
    return this.#state.waitsFor;
  }

  /** Gives up what is under way because of `error`: the client gets it in the place of the server's own. */
  giveUp(error: Refusal): void {
    const open = this.#state.expected.head?.current;
    if (open !== undefined && !open.ended) open.givesUp ??= errorResponse(error);
  }

  /** Bytes of the server. The turn is `broken`, by a ProtocolError, when they are not the protocol. */
  backend(chunk: Uint8Array, us: number): Turn {
    const turn = emptyTurn();
    this.#replies.push(chunk, turn, us);
    return turn;
  }

  /** No answer will come any more: every statement that is owed one ends like this. */
  abandon(ending: Ending, us: number): Turn {
    const turn = emptyTurn();
    this.#replies.abandon(turn, ending, us);
    return turn;
  }

  /** A message of the client waits for answers of the server: call `frontend` again behind each turn of it. */
  get held(): boolean {
    return this.#state.held;
  }

  /** Answers that the server still owes. */
  get pending(): number {
    return this.#state.expected.length;
  }

  /** Number of the statement that is being worked on, for a cancel request. */
  get current(): number | undefined {
    const open = this.#state.expected.head?.current;
    return open === undefined || open.ended ? undefined : open.n;
  }

  /** Statements recorded so far. */
  get statements(): number {
    return this.#state.count;
  }

  /** OIDs of types that are not built in and were named for the first time since the last call. */
  takeSightings(): readonly number[] {
    return this.#state.takeSightings();
  }

  /** SQLSTATE of the FATAL error with which the server ended the session. */
  get fatal(): string | undefined {
    return this.#state.fatal;
  }
}
