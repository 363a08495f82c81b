import { type Framer, frontendTag } from '@onrecord/wire';
import type { GatewayError } from '../../errors.ts';
import type { Effect } from '../../sql/analysis.ts';
import type { Arrived } from '../arrived.ts';
import { errorResponse } from '../error-response.ts';
import { type ExpectedReply, statementsOf } from '../expected-replies.ts';
import type { Ending, OpenStatement } from '../open-statement.ts';
import { outcomeBody } from '../recorded.ts';
import type { SessionState } from '../session-state.ts';
import { emptyTurn, Span, type Turn } from '../turn.ts';
import { WithheldGroup } from '../withheld-group.ts';

/**
 * The way to Postgres: messages as they came or what takes their place, and the replies that they will cause. What waits
 * for approval leaves it, with everything behind it up to the end of its group, until people have answered.
 */
export class ToServer {
  readonly #state: SessionState;
  /** The message that is being taken. */
  readonly #framer: Framer;
  readonly #arrived: Arrived;
  #turn: Turn = emptyTurn();
  #span: Span = new Span([]);
  /** What waits for approval, or will once the end of its group has come. */
  #withheld: WithheldGroup | undefined;

  constructor(state: SessionState, framer: Framer, arrived: Arrived) {
    this.#state = state;
    this.#framer = framer;
    this.#arrived = arrived;
  }

  get turn(): Turn {
    return this.#turn;
  }

  /** True when what is forwarded now waits for approval. */
  get withholds(): boolean {
    return this.#withheld !== undefined;
  }

  /** True when something that waits for approval changes names or settings. */
  get withholdsEffect(): boolean {
    return this.#withheld?.hasEffect === true;
  }

  begin(turn: Turn): void {
    this.#turn = turn;
    this.#span = new Span(this.#withheld?.bytes ?? turn.forward);
  }

  /** Puts what was forwarded into the turn. */
  end(): void {
    this.#span.flush();
    const withheld = this.#withheld?.statements;
    if (withheld === undefined) return;
    const { statements } = this.#turn;
    statements.splice(0, statements.length, ...statements.filter((statement) => !withheld.includes(statement)));
  }

  /** Forwards the message, or the piece of it, as it came. */
  forward(): void {
    const { bytes, start, end } = this.#framer;
    this.#span.add(bytes, start, end);
  }

  /** Forwards bytes that the gateway made. */
  insert(bytes: Uint8Array): void {
    this.#span.insert(bytes);
  }

  /** Makes the entries of what has arrived so far. */
  commit(): void {
    this.#arrived.commit(this.#turn);
  }

  /** The server keeps its answers until it is asked for them: not for those to what is withheld, but to all in front of it. */
  askForAnswers(): void {
    this.commit();
    const { newest } = this.#state.expected;
    if (newest === undefined || newest.to === 'sync' || newest.to === 'query') return;
    if (this.#withheld === undefined) this.#span.insert(flush);
    else this.#turn.forward.push(flush);
  }

  /** Nothing goes on any more; `reply`, the gateway's own, is the last one behind all that is owed. */
  endWith(reply: ExpectedReply): void {
    this.commit();
    this.giveUp();
    // The server keeps its replies until it is asked for them; the client is owed those in front of the error.
    if (this.#state.expected.length > 0) this.#span.insert(flush);
    this.#state.expected.push(reply);
  }

  /** Remembers an answer of the gateway's own, in the place of a message that is not forwarded. */
  answer(reply: ExpectedReply): void {
    this.commit();
    if (this.#withheld === undefined) this.#state.expected.push(reply);
    else this.#withheld.expect(reply);
  }

  /** Remembers which reply a forwarded message causes: none, while the server discards what arrives. */
  expect(reply: ExpectedReply): void {
    const state = this.#state;
    if (this.#withheld !== undefined) {
      if (reply.to === 'execute' && this.#hasEffect(reply.statement)) this.#withheld.hasEffect = true;
      return this.#withheld.expect(reply);
    }
    if (reply.to === 'sync') {
      // Of a group that has waited: meanwhile the server may have come to skip what is in front of it.
      state.skipping = false;
      state.expected.push(reply);
      return;
    }
    // If COPY is still reading, it gives up here: a Sync that comes now is certain.
    state.copyIn = undefined;
    if (!state.skipping) {
      state.expected.push(reply);
      if (reply.to === 'execute') this.#countEffect(reply.statement);
      for (const statement of reply.statements) this.#countEffect(statement);
      return;
    }
    if (reply.statement !== undefined) reply.statement.skipped = true;
    for (const statement of reply.statements) statement.skipped = true;
    // The name counts for what else comes in this group, which is skipped as well.
    if (reply.named !== undefined) this.#arrived.skipName(reply.named);
  }

  #countEffect(statement: OpenStatement | undefined): void {
    if (statement === undefined || !this.#hasEffect(statement)) return;
    statement.effectCounts = true;
    this.#state.effects += 1;
    if (statement.effect !== undefined) this.#state.namings += 1;
    if (statement.judged?.analysis?.effects.some(mayChangeCode)) this.#state.definitions += 1;
  }

  /** Whether a statement changes what those behind it mean. */
  #hasEffect(statement: OpenStatement | undefined): boolean {
    if (statement?.effect !== undefined) return true;
    const judged = statement?.judged;
    return judged !== undefined && this.#state.options.guard?.changesWhatFollows(judged) === true;
  }

  /** From the message that is being taken on nothing goes to Postgres until people have been asked about `statements`. */
  withhold(statements: readonly OpenStatement[]): void {
    if (this.#withheld === undefined) {
      this.#withheld = new WithheldGroup(this.#framer.tag);
      this.#span.flush();
      this.#span = new Span(this.#withheld.bytes);
    }
    for (const statement of statements) this.#withheld.add(statement);
  }

  /** People are to be asked about what was withheld, if anything was. `cutShort`: by a message that cannot belong to it. */
  ask({ cutShort }: { readonly cutShort: boolean }): void {
    const group = this.#withheld;
    if (group === undefined) return;
    const state = this.#state;
    this.#span.flush();
    group.cutShort = cutShort;
    group.own();
    state.held = true;
    state.waitsFor = 'approval';
    this.askForAnswers();
    this.#turn.ask = group.ask(state.options.guard?.settings ?? '');
  }

  /**
   * What waits for approval goes on, or `refusal` takes its place: the client gets it as the answer to the first statement
   * that waits.
   */
  release(refusal: GatewayError | undefined): Turn {
    const turn = emptyTurn();
    const group = this.#withheld;
    if (group === undefined) return turn;
    const state = this.#state;
    this.#turn = turn;
    this.#withheld = undefined;
    state.waitsFor = undefined;
    state.held = group.cutShort;
    if (refusal !== undefined) {
      for (const statement of group.statements) statement.refusal ??= errorResponse(refusal);
      turn.forward.push(...group.refused());
    } else {
      turn.forward.push(group.approved());
      turn.statements.push(...group.statements);
    }
    // The message that has cut it short may have to wait for its answers.
    if (group.cutShort) turn.forward.push(flush);
    for (const reply of group.replies) {
      if (!state.skipping || reply.to === 'sync') this.expect(reply);
      else this.#giveUp(reply, { outcome: 'skipped' });
    }
    return turn;
  }

  /** The client ends the session in the middle of what it would have had to wait for. */
  giveUp(): void {
    const group = this.#withheld;
    if (group === undefined) return;
    this.#withheld = undefined;
    this.#span.flush();
    this.#span = new Span(this.#turn.forward);
    for (const reply of group.replies) this.#giveUp(reply, { outcome: 'client gone', reason: notAsked });
  }

  /** Ends what was recorded and will not be forwarded. */
  #giveUp(reply: ExpectedReply, ending: Ending): void {
    if (reply.named !== undefined) reply.named.dead = true;
    for (const statement of statementsOf(reply)) {
      if (statement.ended) continue;
      statement.ended = true;
      this.#turn.entries.push(outcomeBody(statement, ending, 0));
    }
  }
}

/** Settings too: code can ask for any. */
function mayChangeCode({ type }: Effect): boolean {
  return type !== 'transaction';
}

const flush = new Uint8Array([frontendTag.flush, 0, 0, 0, 4]);
const notAsked = 'the session ended before the statement could be approved';
