import { frontendTag } from '@onrecord/wire';
import type { ExpectedReply } from './expected-replies.ts';
import { join } from './join.ts';
import type { OpenStatement } from './open-statement.ts';
import { poisonParse, poisonQuery } from './poison.ts';
import type { TurnAsk } from './turn.ts';

/**
 * Messages that wait for approval together: from the first statement that needs one to the end of its Query or pipeline.
 * Nothing of it has gone to Postgres, and the replies that it will cause are not expected yet.
 */
export class WithheldGroup {
  /** Bytes of the messages, as they came; views. */
  readonly bytes: Uint8Array[] = [];
  readonly replies: ExpectedReply[] = [];
  readonly statements: OpenStatement[] = [];
  /** Its first message: a Bind, or a Query or FunctionCall alone. */
  readonly #first: number;
  /** A statement of it changes names or settings: what comes behind it cannot be judged before it has run. */
  hasEffect = false;
  /** A message that cannot belong to the group came before its end; it has not been taken. */
  cutShort = false;

  constructor(first: number) {
    this.#first = first;
  }

  add(statement: OpenStatement): void {
    if (!this.statements.includes(statement)) this.statements.push(statement);
  }

  /** What a message of the group will cause once it is forwarded. */
  expect(reply: ExpectedReply): void {
    this.replies.push(reply);
    if (reply.statement !== undefined) this.add(reply.statement);
  }

  /** What people are asked. `settings`: those that can change what the statements mean. */
  ask(settings: string): TurnAsk {
    const judged = new Set(this.statements.map((statement) => statement.judged));
    const asks = Array.from(judged).flatMap((one) => one?.verdict.asks ?? []);
    return { asks, statements: [...this.statements], settings };
  }

  /** Keeps its bytes and not the chunks that they came in. */
  own(): void {
    this.bytes.splice(0, this.bytes.length, join(this.bytes).slice());
  }

  /** What is forwarded when it may run. */
  approved(): Uint8Array {
    return join(this.bytes);
  }

  /** What is forwarded when it may not: something that fails, and the end of the group. */
  refused(): readonly Uint8Array[] {
    if (this.#first !== frontendTag.bind) return [poisonQuery];
    return this.replies.at(-1)?.to === 'sync' ? [poisonParse, sync] : [poisonParse];
  }
}

const sync = new Uint8Array([frontendTag.sync, 0, 0, 0, 4]);
