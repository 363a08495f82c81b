import type { ServerMessage } from '@onrecord/record';
import type { Framer } from '@onrecord/wire';
import { createBackendFramer, outOfPlace } from '../backend-framer.ts';
import { CutReply } from '../cut-reply.ts';
import type { ExpectedReply } from '../expected-replies.ts';
import { latin1 } from '../latin1.ts';
import type { OpenStatement } from '../open-statement.ts';
import { ResultCapture } from '../result-capture.ts';
import type { SessionState } from '../session-state.ts';
import type { Turn } from '../turn.ts';
import { untilNul } from '../until-nul.ts';
import { GuardedReplies } from './guarded-replies.ts';
import { Outcomes } from './outcomes.ts';
import { ToClient } from './to-client.ts';

/**
 * The message of the server that is being taken, with what every kind of message needs for that: one for a session. Each
 * kind has a file here, and some share one.
 */
export class FromServer {
  readonly state: SessionState;
  readonly framer: Framer;
  readonly client: ToClient;
  readonly capture: ResultCapture;
  /** Undefined in a session without a guard. */
  readonly guarded: GuardedReplies | undefined;
  readonly outcomes: Outcomes;
  /** The beginning of a message that comes in pieces. */
  readonly cut: CutReply = new CutReply();
  /** When the message came, by the gateway's monotonic clock, in microseconds. */
  us = 0;
  #commandTag = '';

  constructor(state: SessionState) {
    const { guard } = state.options;
    this.state = state;
    this.framer = createBackendFramer(state.options);
    this.client = new ToClient(state, this.framer);
    this.capture = new ResultCapture(state.options);
    this.guarded = guard === undefined ? undefined : new GuardedReplies(guard, this);
    this.outcomes = new Outcomes(this);
  }

  begin(turn: Turn, us: number): void {
    this.us = us;
    this.client.begin(turn);
    this.outcomes.begin(us);
  }

  /** A view, unless the message came in pieces; then ask once. */
  body(): Uint8Array {
    const { bytes, start, end, first } = this.framer;
    return first ? bytes.subarray(start + 5, end) : this.cut.take();
  }

  /** The command tag of CommandComplete; agents get the same one again and again. */
  commandTag(): string {
    const { bytes, start, end } = this.framer;
    const last = this.#commandTag;
    const from = start + 5;
    let same = end - 1 - from === last.length;
    for (let at = 0; same && at < last.length; at += 1) same = bytes[from + at] === last.charCodeAt(at);
    if (!same) this.#commandTag = latin1(untilNul(this.body()));
    return this.#commandTag;
  }

  /** The statement that the message is about; throws a ProtocolError when there is none. */
  statement(head: ExpectedReply): OpenStatement {
    const open = head.current;
    if (open === undefined) throw outOfPlace(this.framer.tag);
    return open;
  }

  /** The reply that was expected first has come. */
  next(): void {
    this.state.expected.shift();
    this.client.answerDue();
  }

  /** Records a message that belongs to no statement. */
  record(message: ServerMessage['message'], body: Uint8Array): void {
    const after = this.state.last?.n;
    this.client.turn.entries.push({ type: 'server_message', message, body, ...(after === undefined ? {} : { after }) });
  }
}
