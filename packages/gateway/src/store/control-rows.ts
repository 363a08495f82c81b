import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Body, Decision, Entry } from '@onrecord/record';
import type { Place } from '../journal/reader.ts';
import { controlled, decisionCode } from './codes.ts';
import { Names } from './names.ts';

/** An entry of an approval. */
export type ApprovalStep = Extract<Body, { readonly type: `approval_${string}` }>;

/** Where a step stands, and which statement it is for: the index of its entry. */
interface StepPlace {
  readonly place: Place;
  readonly statement: number | undefined;
}

/** Writes what was decided, approved and masked into the index. */
export class ControlRows {
  readonly #rules: Names;
  readonly #insertControlled: StatementSync;
  readonly #insertStatement: StatementSync;
  readonly #insertStep: StatementSync;
  readonly #insertAccess: StatementSync;
  readonly #grant: StatementSync;
  readonly #withdraw: StatementSync;

  constructor(database: DatabaseSync) {
    this.#rules = new Names(database, 'rules');
    this.#insertControlled = database.prepare('INSERT OR IGNORE INTO controlled VALUES (?, ?, ?)');
    this.#insertStatement = database.prepare('INSERT OR IGNORE INTO approval_statements VALUES (?, ?)');
    this.#insertStep = database.prepare('INSERT INTO approval_steps VALUES (?, ?, ?, ?)');
    this.#insertAccess = database.prepare('INSERT OR IGNORE INTO access VALUES (?, ?, ?, NULL, NULL)');
    this.#grant = database.prepare('UPDATE access SET from_at = ?, until_at = ? WHERE approval = ?');
    // Access that was approved before ends now.
    this.#withdraw = database.prepare('UPDATE access SET until_at = min(until_at, ?) WHERE approval = ?');
  }

  /** `statement`: the index of the statement's entry; undefined when it is not in the journal any more. */
  decided(body: Decision, statement: number | undefined): void {
    for (const { rule } of body.rules) this.#control(controlled.rule, this.#rules.id(rule), statement);
    this.#control(controlled.decision, decisionCode(body.decision), statement);
  }

  masked(statement: number | undefined): void {
    this.#control(controlled.masked, 0, statement);
  }

  approval(entry: Entry, body: ApprovalStep, { place, statement }: StepPlace): void {
    this.#insertStep.run(body.approval, entry.index, place.segment, place.offset);
    if (statement !== undefined) this.#insertStatement.run(body.approval, statement);
    if (body.type === 'approval_requested' && body.scope === 'session')
      this.#insertAccess.run(body.approval, entry.identity, body.connection ?? '');
    if (body.type !== 'approval_ended') return;
    if (body.result === 'approved') this.#grant.run(entry.at, body.usableUntil ?? null, body.approval);
    else this.#withdraw.run(entry.at, body.approval);
  }

  #control(what: number, name: number, statement: number | undefined): void {
    if (statement !== undefined) this.#insertControlled.run(what, name, statement);
  }
}
