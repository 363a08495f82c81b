import type { TransactionStatus } from '@onrecord/record';
import { type ExpectedReply, statementsOf } from '../expected-replies.ts';
import type { Ending, OpenStatement } from '../open-statement.ts';
import { maskedBody, outcomeBody } from '../recorded.ts';
import type { ResultCapture } from '../result-capture.ts';
import type { SessionState } from '../session-state.ts';
import type { FromServer } from './from-server.ts';
import type { GuardedReplies } from './guarded-replies.ts';
import type { ToClient } from './to-client.ts';

/** How statements end, and the parts of their answers: as entries, and for the session that goes on. */
export class Outcomes {
  readonly #state: SessionState;
  readonly #client: ToClient;
  readonly #capture: ResultCapture;
  readonly #guarded: GuardedReplies | undefined;
  #us = 0;
  /** The entry of this turn that the next ReadyForQuery is about. */
  #last: { transactionAfter?: TransactionStatus } | undefined;

  constructor({ state, client, capture, guarded }: Pick<FromServer, 'state' | 'client' | 'capture' | 'guarded'>) {
    this.#state = state;
    this.#client = client;
    this.#capture = capture;
    this.#guarded = guarded;
  }

  /** A turn begins. `us`: when its bytes came. */
  begin(us: number): void {
    this.#us = us;
    this.#last = undefined;
  }

  /** Ends a statement. */
  end(statement: OpenStatement, ending: Ending): void {
    statement.ended = true;
    if (statement.effectCounts) {
      statement.effectCounts = false;
      this.#state.effects -= 1;
    }
    this.#record(statement, ending);
    this.#guarded?.ended(statement, ending);
  }

  /** The server will not come to run what an expected reply was about. */
  skip(reply: ExpectedReply): void {
    for (const statement of statementsOf(reply)) {
      if (!statement.ended) this.end(statement, { outcome: 'skipped' });
    }
  }

  /** Records an answer of a statement that goes on. */
  part(open: OpenStatement, tag: string | undefined): void {
    this.#record(open, { ...completed(tag), more: true });
    open.resetResult();
  }

  /** ReadyForQuery has come. */
  ready(transaction: TransactionStatus): void {
    if (this.#last !== undefined) this.#last.transactionAfter = transaction;
    this.#last = undefined;
  }

  #record(statement: OpenStatement, ending: Ending): void {
    this.#guarded?.flushRows();
    this.#capture.takeRun();
    const masked = this.#guarded === undefined ? undefined : maskedBody(statement);
    const { entries } = this.#client.turn;
    if (masked !== undefined) entries.push(masked);
    const body = outcomeBody(statement, ending, this.#us);
    entries.push(body);
    this.#last = body;
  }
}

/** A statement's end with the command tag; undefined for an empty query, which has none. */
export function completed(tag: string | undefined): Ending {
  return tag === undefined ? { outcome: 'completed' } : { outcome: 'completed', tag };
}
