import type { Body, Decision, OutcomeKind, Statement } from '@onrecord/record';

/**
 * Words of the journal as the small numbers that the index stores. The numbers are part of the schema: a change to any
 * of them is a new `schemaVersion`.
 */
const outcomeCodes: { readonly [Kind in OutcomeKind]: number } = {
  completed: 0,
  failed: 1,
  skipped: 2,
  cancelled: 3,
  refused: 4,
  suspended: 5,
  'client gone': 6,
  unknown: 7,
};

/** No outcome yet. */
export const pending = 8;
export const completed: number = outcomeCodes.completed;
export const failed: number = outcomeCodes.failed;

const outcomes = Object.keys(outcomeCodes) as readonly OutcomeKind[];

export function outcomeCode(kind: OutcomeKind): number {
  return outcomeCodes[kind];
}

/** Undefined for `pending`. */
export function outcomeOf(code: number): OutcomeKind | undefined {
  return outcomes[code];
}

const kindCodes: { readonly [Kind in Statement['kind']]: number } = {
  simple: 0,
  execute: 1,
  fetch: 2,
  prepare: 3,
  bind: 4,
  call: 5,
  replication: 6,
};

export function kindCode(kind: Statement['kind']): number {
  return kindCodes[kind];
}

/** What a row of `pieces` is for its statement. */
export const role = {
  part: 0,
  rows: 1,
  copyIn: 2,
  copyInEnded: 3,
  /** An outcome that was not the last. */
  outcome: 4,
  /** The entry of a later Execute of the portal. */
  fetch: 5,
  cancel: 6,
  decision: 7,
  /** Any step of an approval. */
  approval: 8,
  masked: 9,
} as const;

/** What a row of `controlled` says of its statement; `name` is the number of the decision or of the rule, or 0. */
export const controlled = { decision: 0, rule: 1, masked: 2 } as const;

const decisionCodes: { readonly [Kind in Decision['decision']]: number } = { allow: 0, approve: 1, deny: 2 };

export function decisionCode(decision: Decision['decision']): number {
  return decisionCodes[decision];
}

/** Entries that are events of a timeline, as against parts of a statement. */
export type EventType = Exclude<
  Body['type'],
  'heads' | 'statement' | 'statement_part' | 'rows' | 'copy_in' | 'copy_in_ended' | 'outcome' | 'decision' | 'masked'
>;

const eventCodes: { readonly [Type in EventType]: number } = {
  gateway_started: 0,
  gateway_stopped: 1,
  configured: 2,
  recovered: 3,
  gap: 4,
  session_opened: 5,
  session_closed: 6,
  login_refused: 7,
  token_created: 8,
  token_revoked: 9,
  viewed: 10,
  cancel_requested: 11,
  server_message: 12,
  replication_data: 13,
  types_learned: 14,
  connector_enrollment_created: 15,
  connector_enrolled: 16,
  connector_renewed: 17,
  connector_connected: 18,
  connector_disconnected: 19,
  connector_refused: 20,
  connector_revoked: 21,
  watch_started: 22,
  blind_session: 23,
  blind_session_ended: 24,
  blind_sessions_unseen: 25,
  approval_requested: 26,
  approval_evidence: 27,
  approval_voted: 28,
  approval_ended: 29,
  approval_used: 30,
};

export function eventCode(type: EventType): number {
  return eventCodes[type];
}

export const eventTypes: readonly EventType[] = Object.keys(eventCodes) as readonly EventType[];
