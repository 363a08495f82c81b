import { answerError, withdrawnError } from '../approvals/answer-error.ts';
import type { Withdrawal } from '../approvals/question.ts';
import { GatewayError, Refusal } from '../errors.ts';
import type { TurnAsk } from '../session/turn.ts';
import type { SessionControl } from './session-control.ts';

/**
 * One wait for people: asks, tells the client, and settles once, with what the client is told when what waits may not run,
 * or with nothing when it may, and the use of the approval is on record.
 */
export class PeopleWait {
  readonly settled: Promise<Refusal | undefined>;
  readonly #withdrawn = new AbortController();

  constructor(control: SessionControl, ask: TurnAsk, tell: (notice: Uint8Array) => void) {
    this.settled = this.#wait(control, ask, tell);
  }

  /** Ends the wait, on record, unless it has ended. */
  withdraw(why: Withdrawal): void {
    this.#withdrawn.abort(why);
  }

  async #wait(control: SessionControl, ask: TurnAsk, tell: (notice: Uint8Array) => void): Promise<Refusal | undefined> {
    const { signal } = this.#withdrawn;
    try {
      const asked = await control.ask(ask, signal);
      if (!signal.aborted) tell(asked.notice);
      const answer = await asked.answer;
      if (answer.type !== 'approved') return answerError(answer);
      // It was withdrawn too late to be called off, and is not to run all the same.
      if (signal.aborted) return withdrawnError();
      await asked.use();
      return signal.aborted ? withdrawnError() : undefined;
    } catch (error) {
      if (error instanceof Refusal) return error;
      const cause = error instanceof GatewayError ? error.sqlstate : '58030';
      return new Refusal(cause, 'the statement could not be put to its approvers, and does not run', {
        hint: "The gateway's log says more.",
      });
    }
  }
}
