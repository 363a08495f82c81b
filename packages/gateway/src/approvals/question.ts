import type { Ask } from '../policy/verdict.ts';

/**
 * What is put to the approvers, and what an approval covers: exactly this. Two questions with the same `hash` are the
 * same question.
 */
export interface Question {
  readonly scope: 'statement' | 'session';
  /** SHA-256, hex, over everything that the approval binds to (`questionHash`). */
  readonly hash: string;
  readonly session: string;
  readonly identity: string;
  readonly identityKind: 'agent' | 'service' | 'person';
  readonly onBehalfOf?: string;
  readonly connection: string;
  readonly database: string;
  readonly role: string;
  readonly client: string;
  /** Number of the statement in its session; absent for `session`. */
  readonly statement?: number;
  /** What runs, for people: the text of each statement of the Query or pipeline, and its parameters as text. Passwords are redacted. */
  readonly sql: readonly string[];
  readonly parameters: readonly (string | null)[];
  /** How many of `parameters` belong to each text of `sql`, in order; absent: it has one text, or none has any. */
  readonly parametersOf?: readonly number[];
  /** The reason that the requester gave: `-c onrecord.reason=…`. */
  readonly reason?: string;
  readonly asks: readonly Ask[];
  /** The last statements of the session before this one, the newest last. */
  readonly recent: readonly string[];
  readonly transactionStatus: 'I' | 'T' | 'E';
  readonly backendPid: number;
}

/** How a question ended for the one who waits. */
export type Answer =
  | { readonly type: 'approved'; readonly approval: string; readonly by: readonly string[] }
  | { readonly type: 'denied'; readonly approval: string; readonly by: string; readonly reason: string }
  | { readonly type: 'expired'; readonly approval: string; readonly afterMs: number }
  /** It was called off: the gateway stops, the identity or its credential is revoked, too many wait. */
  | { readonly type: 'ended'; readonly approval: string; readonly why: string };

/** Why a question is withdrawn by the side that asked. */
export type Withdrawal = 'client gone' | 'cancelled' | 'session ended' | 'gateway stopped';

/** A question that waits. */
export interface Waiting {
  readonly approval: string;
  /** Resolves once, and only when what it says is on record (`approval_ended`). */
  readonly answer: Promise<Answer>;
}

/** What net/ needs of approvals. */
export interface Approvals {
  /**
   * Puts the question to people, on record before it returns; the answer may come at once (a covering approval, `reuseMs`).
   * `withdrawn` ends it, on record, unless it has ended; its reason is a Withdrawal. Throws a Refusal when too many wait
   * (53300), and when it is withdrawn already (57014).
   */
  ask(question: Question, withdrawn?: AbortSignal): Promise<Waiting>;
  /**
   * Uses the approval up, on record (`approval_used`), right before what it covers is forwarded. Throws a Refusal when it
   * does not cover it any more: used already, revoked, run out since.
   */
  use(approval: string, question: Question): Promise<void>;
  /**
   * Just-in-time access to a connection: resolves with when it ends (wall-clock microseconds) once people have approved it,
   * or at once while an earlier approval lasts. Throws a Termination otherwise: 42501 denied, 57014 expired, and with
   * `meanwhile: refuse` at once, with the id to come back with. Aborts, on record, with `signal` (the client went away).
   */
  access(
    question: Question,
    options: { readonly meanwhile: 'hold' | 'refuse'; readonly durationMs: number; readonly signal: AbortSignal },
  ): Promise<number>;
}
