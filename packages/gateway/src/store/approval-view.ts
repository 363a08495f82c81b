import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Entry } from '@onrecord/record';
import type { JournalReader } from '../journal/reader.ts';
import type { ApprovalStepView, ApprovalView } from './views.ts';

/** Reads approvals out of the journal, by the places of their entries that the index has. */
export class ApprovalReader {
  readonly #journal: JournalReader;
  readonly #selectSteps: StatementSync;
  readonly #selectAccess: StatementSync;

  constructor(database: DatabaseSync, journal: JournalReader) {
    this.#journal = journal;
    this.#selectSteps = database.prepare(
      'SELECT segment, offset FROM approval_steps WHERE approval = ? ORDER BY entry',
    );
    this.#selectAccess = database.prepare(
      `SELECT approval FROM access WHERE identity = ? AND connection = ? AND from_at <= ? AND until_at > ?
       ORDER BY from_at DESC LIMIT 1`,
    );
  }

  read(approval: string): ApprovalView {
    const places = this.#selectSteps.all(approval);
    const entries = places.map((row) =>
      this.#journal.read({ segment: Number(row['segment']), offset: Number(row['offset']) }),
    );
    return approvalView(approval, entries);
  }

  /** The approval under which an identity could open a session on a connection; undefined when it needed none. */
  accessAt(identity: string, connection: string, at: number): ApprovalView | undefined {
    const row = this.#selectAccess.get(identity, connection, at, at);
    return row === undefined ? undefined : this.read(String(row['approval']));
  }
}

/** Joins the entries of one approval, in order. Pure. */
function approvalView(approval: string, entries: readonly Entry[]): ApprovalView {
  const request = entries.find(({ body }) => body.type === 'approval_requested');
  const asked = request?.body.type === 'approval_requested' ? request.body : undefined;
  return {
    approval,
    requestedAt: request?.at,
    session: entries[0]?.session ?? '',
    n: asked?.of,
    scope: asked?.scope,
    hash: asked?.hash,
    asks: asked?.asks ?? [],
    expiresAt: asked?.expiresAt,
    reason: asked?.reason,
    connection: asked?.connection,
    steps: entries.flatMap((entry) => stepOf(entry) ?? []),
  };
}

function stepOf({ at, session, body }: Entry): ApprovalStepView | undefined {
  switch (body.type) {
    case 'approval_evidence': {
      const { explain, rows, rowsAreEstimated = false, locks = [], problem } = body;
      return { type: 'evidence', at, explain, rows, rowsAreEstimated, locks, problem };
    }
    case 'approval_voted':
      return { type: 'vote', at: body.votedAt, by: body.by, vote: body.vote, reason: body.reason };
    case 'approval_ended': {
      const { result, by, reason, usableUntil } = body;
      return { type: 'end', at, result, by, reason, usableUntil };
    }
    case 'approval_used':
      return { type: 'use', at, session, n: body.of };
    default:
      return undefined;
  }
}
