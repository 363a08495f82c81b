import { backendTag } from '@onrecord/wire';
import { takeCompletion, takeFunctionResult, takeSuspension } from './backend/completion.ts';
import { takeConfirmation } from './backend/confirmation.ts';
import { takeCopyBoth, takeCopyData, takeCopyDone, takeCopyIn, takeCopyOut } from './backend/copy.ts';
import { takeNoData, takeParameterDescription, takeRowDescription } from './backend/description.ts';
import { takeError } from './backend/error.ts';
import { FromServer } from './backend/from-server.ts';
import { takeNotice } from './backend/notice.ts';
import { takeParameterStatus } from './backend/parameter-status.ts';
import { takeReady } from './backend/ready-for-query.ts';
import { isUntimely } from './backend/untimely.ts';
import { cutTags, outOfPlace, unexpected } from './backend-framer.ts';
import { type ExpectedReply, statementsOf } from './expected-replies.ts';
import type { Ending, OpenStatement } from './open-statement.ts';
import { rowsBody } from './recorded.ts';
import type { SessionState } from './session-state.ts';
import type { Turn } from './turn.ts';

/**
 * What the server answers: matches it with the queue of expected replies, and says what to record before the client
 * sees it. Pure. An error in the extended protocol discards what is expected up to the Sync; in a simple Query it ends
 * that Query only.
 */
export class Replies {
  readonly #state: SessionState;
  readonly #from: FromServer;

  constructor(state: SessionState) {
    this.#state = state;
    this.#from = new FromServer(state);
  }

  /** `us`: when the bytes arrived, by the gateway's monotonic clock. */
  push(chunk: Uint8Array, turn: Turn, us: number): void {
    const { framer } = this.#from;
    this.#from.begin(turn, us);
    framer.push(chunk);
    try {
      while (framer.next()) this.#take();
      this.#finish(turn);
    } catch (error) {
      // Statements that ended before this still need their entries.
      turn.broken = error;
      turn.deliver.length = 0;
    }
  }

  /** Gives the gateway's own answers that are due. */
  answer(turn: Turn, us: number): void {
    if (!this.#state.expected.mayBeDue) return;
    this.#from.begin(turn, us);
    this.#from.client.answerDue();
    this.#finish(turn);
  }

  /** Ends every statement whose outcome is owed, because there will be no more answers. */
  abandon(turn: Turn, ending: Ending, us: number): void {
    const { expected } = this.#state;
    this.#from.begin(turn, us);
    for (let reply = expected.shift(); reply !== undefined; reply = expected.shift()) {
      for (const statement of statementsOf(reply)) {
        if (!statement.owesOutcome || statement.ended) continue;
        // What was refused never went out, whatever has become of what went in its place.
        const isRefused = statement.refusal !== undefined;
        this.#from.outcomes.end(statement, isRefused ? { ...ending, outcome: 'refused' } : ending);
      }
    }
    this.#finish(turn);
  }

  #finish({ entries }: Turn): void {
    const { capture, client, guarded } = this.#from;
    guarded?.flushRows();
    capture.takeRun();
    const open = this.#state.expected.head?.current;
    if (open !== undefined && open.uncommitted.length > 0) {
      capture.letGo(open);
      const rows = rowsBody(open);
      if (rows !== undefined) entries.push(rows);
    }
    this.#state.stream?.record('to client', entries);
    client.end();
  }

  #take(): void {
    const from = this.#from;
    const { framer, client, guarded, capture } = from;
    const { tag } = framer;
    const head = this.#head(tag);
    const open = head?.current;
    if (guarded === undefined) client.deliver();
    else if ((tag === backendTag.dataRow || tag === backendTag.copyData) && open !== undefined) {
      if (guarded.row(open, from.us)) return;
    } else guarded.message(head);
    if (tag === backendTag.dataRow) return this.#takeRow(open);
    capture.takeRun();
    if ((!framer.first || !framer.last) && cutTags.has(tag)) {
      const { bytes, start, end, first, last } = framer;
      from.cut.push(bytes.subarray(first ? start + 5 : start, end), first);
      if (!last) return;
    }
    switch (tag) {
      case backendTag.noticeResponse:
        return takeNotice(from, head);
      case backendTag.parameterStatus:
        return takeParameterStatus(from);
      case backendTag.notificationResponse:
        return from.record('notification', from.body());
      case backendTag.errorResponse:
        return takeError(from, head);
      case backendTag.readyForQuery:
        return takeReady(from, head);
      case backendTag.copyData:
        return takeCopyData(from, open);
    }
    if (head === undefined) throw outOfPlace(tag);
    if (open !== undefined && open.firstByteUs === 0) open.firstByteUs = from.us;
    this.#takeReply(head);
  }

  /** What the message answers, as far as it answers anything: Syncs that the server has passed over are not that. */
  #head(tag: number): ExpectedReply | undefined {
    const { expected } = this.#state;
    while (expected.head?.doubtful && tag !== backendTag.readyForQuery && !isUntimely(tag)) expected.shift();
    return expected.head;
  }

  #takeRow(open: OpenStatement | undefined): void {
    const { framer, capture, us } = this.#from;
    if (open === undefined) throw outOfPlace(framer.tag);
    if (open.firstByteUs === 0) open.firstByteUs = us;
    capture.row(open, framer.bytes, framer);
  }

  #takeReply(head: ExpectedReply): void {
    const from = this.#from;
    switch (from.framer.tag) {
      case backendTag.parseComplete:
      case backendTag.bindComplete:
      case backendTag.closeComplete:
        return takeConfirmation(from, head);
      case backendTag.parameterDescription:
        return takeParameterDescription(from, head);
      case backendTag.rowDescription:
        return takeRowDescription(from, head);
      case backendTag.noData:
        return takeNoData(from, head);
      case backendTag.commandComplete:
        return takeCompletion(from, head, from.commandTag());
      case backendTag.emptyQueryResponse:
        return takeCompletion(from, head, undefined);
      case backendTag.portalSuspended:
        return takeSuspension(from, head);
      case backendTag.copyInResponse:
        return takeCopyIn(from, head);
      case backendTag.copyOutResponse:
        return takeCopyOut(from, head);
      case backendTag.copyDone:
        return takeCopyDone(from, head);
      case backendTag.copyBothResponse:
        return takeCopyBoth(from, head);
      case backendTag.functionCallResponse:
        return takeFunctionResult(from, head);
      default:
        throw unexpected(from.framer.tag);
    }
  }
}
