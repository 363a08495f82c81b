import { frontendTag, ImpossibleLength, ProtocolError } from '@onrecord/wire';
import { type GatewayError, Termination } from '../errors.ts';
import { CopyInCapture } from './copy-in-capture.ts';
import { errorResponse } from './error-response.ts';
import { ExpectedReply } from './expected-replies.ts';
import { takeBindPiece } from './frontend/bind-piece.ts';
import { takeCopyData, takeCopyEnd } from './frontend/copy-data.ts';
import { takeExtended } from './frontend/extended.ts';
import { FromClient } from './frontend/from-client.ts';
import { takeFunctionCall } from './frontend/function-call.ts';
import { takeQuery } from './frontend/query.ts';
import { takeSync } from './frontend/sync.ts';
import { unexpected } from './frontend-framer.ts';
import { LargeBind } from './large-bind.ts';
import { goesByEffects, mustWait } from './must-wait.ts';
import type { SessionState } from './session-state.ts';
import { emptyTurn, type Turn } from './turn.ts';

/**
 * What the client sends: names each statement, remembers which replies it will cause, and says what to record before
 * the bytes go on. Pure. Messages that arrive together are one group: a Parse with its Bind and Execute is one entry.
 *
 * Names take their new meaning when the message arrives, because the server works through messages in order; Replies
 * confirms them or takes them back.
 */
export class Arrivals {
  readonly #state: SessionState;
  readonly #from: FromClient;
  readonly #copies: CopyInCapture;
  #largeBind: LargeBind = new LargeBind();
  #ended = false;

  constructor(state: SessionState) {
    this.#state = state;
    this.#from = new FromClient(state);
    this.#copies = new CopyInCapture(state.options);
  }

  /** `refusal` is set when new work must not start; what arrives is then refused, not recorded. */
  push(chunk: Uint8Array, refusal: GatewayError | undefined, us: number): Turn {
    const turn = emptyTurn();
    const from = this.#from;
    const { framer, server } = from;
    from.refusal = refusal;
    from.us = us;
    server.begin(turn);
    if (this.#ended) return turn;
    if (chunk.length > 0) framer.push(chunk);
    try {
      while (!this.#ended && this.#next()) this.#take();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#terminate(error);
    }
    server.commit();
    this.#copies.flush(turn.entries);
    this.#state.stream?.record('to server', turn.entries);
    server.end();
    return turn;
  }

  /**
   * What waits for approval goes on, or `refusal` takes its place: the client gets it as the answer to the first statement
   * that waits.
   */
  release(refusal: GatewayError | undefined): Turn {
    return this.#from.server.release(refusal);
  }

  /** Moves to the next message, or stays at the one that was held; false when there is none, or it has to wait. */
  #next(): boolean {
    const state = this.#state;
    const { framer, server } = this.#from;
    if (state.waitsFor !== undefined) return false;
    if (!state.held && !framer.next()) return false;
    const waits = mustWait(framer, state);
    if (waits && !state.held) server.askForAnswers();
    state.held = waits;
    return !waits;
  }

  #take(): void {
    const state = this.#state;
    const from = this.#from;
    const { framer, server } = from;
    const { tag } = framer;
    if (state.stream !== undefined && this.#streamed()) return;
    // As the server does after an error in a pipeline: everything is dropped up to the Sync.
    if (state.refusing && tag !== frontendTag.sync && tag !== frontendTag.terminate) return;
    if (server.withholds && !this.#joins()) return server.ask({ cutShort: true });
    switch (tag) {
      case frontendTag.query:
        return takeQuery(from);
      case frontendTag.bind:
        if (!framer.first || !framer.last) return this.#takeBindPiece();
        return takeExtended(from, tag);
      case frontendTag.parse:
      case frontendTag.execute:
      case frontendTag.describe:
      case frontendTag.close:
        return takeExtended(from, tag);
      case frontendTag.sync:
        return takeSync(from);
      case frontendTag.flush:
        server.forward();
        return server.ask({ cutShort: false });
      case frontendTag.functionCall:
        return takeFunctionCall(from);
      case frontendTag.copyData:
        return takeCopyData(from, this.#copies);
      case frontendTag.copyDone:
      case frontendTag.copyFail:
        return takeCopyEnd(from, this.#copies);
      case frontendTag.terminate:
        return this.#end();
      default:
        throw unexpected(tag);
    }
  }

  /** True when the message may wait for approval with what is withheld already: it belongs to its group, and means the same before and behind it. */
  #joins(): boolean {
    const { framer, server } = this.#from;
    return grouped.has(framer.tag) && !(server.withholdsEffect && goesByEffects(framer, this.#state));
  }

  #takeBindPiece(): void {
    const from = this.#from;
    from.inGroup = true;
    if (from.framer.first) this.#largeBind = new LargeBind();
    takeBindPiece(from, this.#largeBind);
  }

  /** True when the message belongs to the running replication stream. */
  #streamed(): boolean {
    const { framer, server } = this.#from;
    const { tag, bytes, start, end, first } = framer;
    if (tag !== frontendTag.copyData && tag !== frontendTag.copyDone) return false;
    server.forward();
    this.#state.stream?.count('to server', bytes.subarray(start, end), first);
    return true;
  }

  /** The client ends the session. */
  #end(): void {
    const { server } = this.#from;
    this.#ended = true;
    server.commit();
    server.giveUp();
    server.forward();
    server.turn.end = { reason: 'client terminated' };
  }

  /** Ends the session behind everything that was asked before, as a FATAL error of the server would. */
  #terminate(error: ProtocolError): void {
    this.#ended = true;
    const answer =
      error instanceof ImpossibleLength ? nothing : errorResponse(new Termination(error.sqlstate, error.message));
    const reason = `the client broke the protocol: ${error.message}`;
    this.#from.server.endWith(new ExpectedReply('refusal', { error: answer, behind: 'end', reason }));
  }
}

const nothing = new Uint8Array(0);

/** Messages that belong to a group which waits for approval, or end it. */
const grouped: ReadonlySet<number> = new Set([
  frontendTag.parse,
  frontendTag.bind,
  frontendTag.describe,
  frontendTag.execute,
  frontendTag.close,
  frontendTag.flush,
  frontendTag.sync,
  frontendTag.terminate,
]);
