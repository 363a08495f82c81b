import { type GatewayError, Refusal, Termination } from '../errors.ts';
import { answerError } from './answer-error.ts';
import type { ApprovalBook, Live } from './approval-book.ts';
import { covers, sameAsks } from './covers.ts';
import type { Answer, Approvals, Question } from './question.ts';

type Options = Parameters<Approvals['access']>[1];

interface Desk {
  readonly nowUs: () => number;
  /** Throws a Refusal when it cannot be asked now. */
  readonly open: (question: Question, lastsMs: number) => Live;
}

/** Who was turned away and does not come back has no use for the answer. */
const keptAnswers = 1_000;

/**
 * Just-in-time access to connections. Several sessions of an identity that want the same wait for one question, and its approval
 * lets in all that come while it lasts.
 */
export class AccessRequests {
  readonly #book: ApprovalBook;
  readonly #desk: Desk;
  /** Sessions that are held, by the id of what they wait for. */
  readonly #held = new Map<string, number>();
  /** What became of questions whose asker was turned away, by what they bind to: told once, so that a no is heard. */
  readonly #untold = new Map<string, Answer>();

  constructor(book: ApprovalBook, desk: Desk) {
    this.#book = book;
    this.#desk = desk;
  }

  async access(question: Question, options: Options): Promise<number> {
    try {
      return await this.#enter(this.#granted(question) ?? (await this.#approved(question, options)), question);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw fatal(error);
    }
  }

  /** On record that it is made use of. */
  async #enter(live: Live, question: Question): Promise<number> {
    const { end } = live.approval;
    if (end?.usableUntil === undefined || !covers(live, question, this.#desk.nowUs())) {
      throw new Refusal('42501', `approval ${live.approval.id} is over`, { hint: 'Connect again to ask again.' });
    }
    await this.#book.use(live, question);
    return end.usableUntil;
  }

  #granted(question: Question): Live | undefined {
    const nowUs = this.#desk.nowUs();
    for (const live of this.#book) if (covers(live, question, nowUs)) return live;
    return undefined;
  }

  async #approved(question: Question, { meanwhile, durationMs, signal }: Options): Promise<Live> {
    if (signal.aborted) throw clientGone();
    if (meanwhile === 'refuse') return await this.#turnAway(question, durationMs);
    const live = this.#waiting(question) ?? this.#desk.open(question, durationMs);
    await this.#hold(live, signal);
    return live;
  }

  #waiting({ hash, asks }: Question): Live | undefined {
    return this.#book
      .waiting()
      .find(
        ({ approval: { question } }) =>
          question.scope === 'session' && question.hash === hash && sameAsks(question, { asks }),
      );
  }

  /** Returns when it is approved. */
  async #hold(live: Live, signal: AbortSignal): Promise<void> {
    const { id } = live.approval;
    this.#held.set(id, (this.#held.get(id) ?? 0) + 1);
    const aborted = Promise.withResolvers<undefined>();
    const abort = (): void => aborted.resolve(undefined);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await live.opened;
      if (signal.aborted) abort();
      const answer = await Promise.race([live.answer.promise, aborted.promise]);
      if (answer === undefined) throw clientGone();
      if (answer.type !== 'approved') throw answerError(answer);
    } finally {
      signal.removeEventListener('abort', abort);
      const left = (this.#held.get(id) ?? 1) - 1;
      if (left > 0) this.#held.set(id, left);
      else this.#held.delete(id);
      // Nobody waits for it any more.
      if (left === 0 && live.approval.end === undefined) await this.#book.end(live, 'client gone').catch(() => {});
    }
  }

  async #turnAway(question: Question, durationMs: number): Promise<never> {
    const asked = this.#waiting(question);
    if (asked === undefined) {
      const answer = this.#untold.get(question.hash);
      this.#untold.delete(question.hash);
      if (answer !== undefined && answer.type !== 'approved') throw answerError(answer);
    }
    const live = asked ?? this.#desk.open(question, durationMs);
    await live.opened;
    if (asked === undefined) void live.answer.promise.then((answer) => this.#remember(question.hash, answer));
    const { id } = live.approval;
    const groups = [...new Set(question.asks.map(({ group }) => `"${group}"`))].join(', ');
    throw new Refusal('42501', `access to "${question.connection}" waits for approval ${id}`, {
      detail: `People of ${groups} have been asked.`,
      hint: 'Connect again when it is approved.',
    });
  }

  #remember(hash: string, answer: Answer): void {
    if (answer.type !== 'denied' && answer.type !== 'expired') return;
    this.#untold.delete(hash);
    this.#untold.set(hash, answer);
    for (const oldest of this.#untold.keys()) {
      if (this.#untold.size <= keptAnswers) break;
      this.#untold.delete(oldest);
    }
  }
}

function clientGone(): Refusal {
  return new Refusal('57014', 'the client went away while it waited for approval');
}

/** The same, for a session that does not begin. */
function fatal({ sqlstate, message, detail, hint }: GatewayError): Termination {
  return new Termination(sqlstate, message, {
    ...(detail === undefined ? {} : { detail }),
    ...(hint === undefined ? {} : { hint }),
  });
}
