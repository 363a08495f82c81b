import { OpenStatement } from './open-statement.ts';
import { decisionBody, outcomeBody, statementBody } from './recorded.ts';
import type { SessionState } from './session-state.ts';
import type { Turn } from './turn.ts';

/**
 * Statements that have arrived and whose entry is not made yet, in order: a message that comes right behind may still
 * become part of the newest one's entry.
 */
export class Arrived {
  readonly #state: SessionState;
  #statements: OpenStatement[] = [];
  /** Names that skipped messages gave or took: they count for what else comes in the group, and for nothing behind it. */
  #skippedNames: { dead: boolean }[] = [];

  constructor(state: SessionState) {
    this.#state = state;
  }

  begin(kind: OpenStatement['kind']): OpenStatement {
    const statement = new OpenStatement(kind, this.#state.transaction);
    statement.slot = this.#statements.length;
    this.#statements.push(statement);
    return statement;
  }

  /** True when a message that comes now may still become part of the statement's entry. */
  isNewest(statement: OpenStatement): boolean {
    return statement.slot >= 0 && statement.slot === this.#statements.length - 1;
  }

  skipName(named: { dead: boolean }): void {
    this.#skippedNames.push(named);
  }

  /** Numbers the newest statement now; its entry is made by somebody else, when all of it has come. */
  numberApart(newest: OpenStatement, turn: Turn): void {
    this.#statements.pop();
    this.#number(newest, turn);
  }

  /** Makes the entries of what has arrived so far. */
  commit(turn: Turn): void {
    const statements = this.#statements;
    if (statements.length > 0) this.#statements = [];
    for (const statement of statements) {
      this.#number(statement, turn);
      turn.entries.push(statementBody(statement));
      const decision = decisionBody(statement);
      if (decision !== undefined) turn.entries.push(decision);
    }
    for (const statement of statements) {
      if (!statement.skipped) continue;
      statement.ended = true;
      turn.entries.push(outcomeBody(statement, { outcome: 'skipped' }, 0));
    }
    if (this.#skippedNames.length === 0) return;
    for (const named of this.#skippedNames) named.dead = true;
    this.#skippedNames = [];
  }

  #number(statement: OpenStatement, turn: Turn): void {
    const state = this.#state;
    state.count += 1;
    statement.n = state.count;
    state.last = statement;
    turn.statements.push(statement);
  }
}
