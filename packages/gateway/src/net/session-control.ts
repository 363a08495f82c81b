import type { Answer } from '../approvals/question.ts';
import type { TurnAsk } from '../session/turn.ts';

/** What a guarded session's Drive needs from outside: the catalog, people, and a way to stop what is under way. */
export interface SessionControl {
  /** Reads the catalog again where it has changed; resolves also when it could not be read: then nothing is known of it. */
  readCatalog(): Promise<void>;
  /** Puts what waits to people, until `withdrawn`, whose reason is a Withdrawal. Throws a Refusal when it may not wait. */
  ask(ask: TurnAsk, withdrawn: AbortSignal): Promise<Asked>;
  /** Has Postgres give up what the session is doing, as a cancel request of the client would. Resolves when it has been told. */
  cancel(): Promise<void>;
  /** How long one statement may take; undefined: as long as it likes. */
  readonly timeMs: number | undefined;
}

/** People have been asked. */
export interface Asked {
  readonly approval: string;
  /** NoticeResponse that tells the client what it waits for. */
  readonly notice: Uint8Array;
  readonly answer: Promise<Answer>;
  /** Uses the approval up, on record; throws a Refusal when it does not cover what waits any more. */
  use(): Promise<void>;
}
