import type { StatementSync } from 'node:sqlite';
import type { State } from '../store/state.ts';
import type { Approval } from './approval.ts';

/** An approval that waited or could be used when the gateway's last run ended. */
export interface Left {
  readonly approval: Approval;
  /** Index of an entry before those of the approval, -1 for none. */
  readonly afterIndex: number;
}

/** What has ended is shown for so long, and so many of them: the record has all of it for good. */
const rememberedUs = 30 * 86_400_000_000;
const remembered = 1_000;

/** Approvals in the state. The gateway alone writes them. */
export class ApprovalShelf {
  readonly #state: State;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #one: StatementSync;

  constructor(state: State) {
    this.#state = state;
    const { database } = state;
    this.#insert = database.prepare(
      'INSERT INTO approvals (id, requested_at, after_index, is_live, body) VALUES (?, ?, ?, 1, ?)',
    );
    this.#update = database.prepare('UPDATE approvals SET is_live = ?, body = ? WHERE id = ?');
    this.#one = database.prepare('SELECT body FROM approvals WHERE id = ?');
  }

  /** Keeps a new one, and forgets what ended long ago. */
  insert(approval: Approval, afterIndex: number): void {
    this.#state.transaction(() => {
      this.#insert.run(approval.id, approval.requestedAt, afterIndex, JSON.stringify(approval));
      this.#state.database
        .prepare(
          `DELETE FROM approvals WHERE is_live = 0 AND (requested_at < ? OR id IN (
             SELECT id FROM approvals WHERE is_live = 0 ORDER BY requested_at DESC, id LIMIT -1 OFFSET ?))`,
        )
        .run(approval.requestedAt - rememberedUs, remembered);
    });
  }

  /** `live`: it waits or can be used, also after the gateway's next start. */
  save(approval: Approval, life: 'live' | 'over'): void {
    this.#update.run(life === 'live' ? 1 : 0, JSON.stringify(approval), approval.id);
  }

  remove(id: string): void {
    this.#state.database.prepare('DELETE FROM approvals WHERE id = ?').run(id);
  }

  get(id: string): Approval | undefined {
    const row = this.#one.get(id);
    return row === undefined ? undefined : approvalOf(row);
  }

  /** All that is remembered, the newest first. */
  list(): readonly Approval[] {
    return this.#state.database
      .prepare('SELECT body FROM approvals ORDER BY requested_at DESC, id')
      .all()
      .map(approvalOf);
  }

  left(): readonly Left[] {
    return this.#state.database
      .prepare('SELECT body, after_index FROM approvals WHERE is_live = 1 ORDER BY requested_at, id')
      .all()
      .map((row) => ({ approval: approvalOf(row), afterIndex: row['after_index'] as number }));
  }
}

function approvalOf(row: { readonly [column: string]: unknown }): Approval {
  return JSON.parse(String(row['body'])) as Approval;
}
