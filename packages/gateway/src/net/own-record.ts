import type { Body, Chains, SessionOpened } from '@onrecord/record';
import { appendEntries } from '../journal/append-entries.ts';
import { durableBefore, type Receipt, type Recorder } from '../journal/receipt.ts';
import type { Session } from '../session/session.ts';
import type { Clock } from './clock.ts';

export interface OwnRecordOptions {
  readonly recorder: Pick<Recorder, 'append'>;
  readonly chains: Chains;
  readonly clock: Clock;
  readonly session: Session;
  readonly opened: SessionOpened;
}

/**
 * The entries of a session of the gateway's own, from the one that opens it to the one that closes it. The first goes
 * with what is recorded first, and the last may go with the answer that ends it: each append waits for the disk.
 */
export class OwnRecord {
  readonly #options: OwnRecordOptions;
  #opening: readonly Body[];
  #failure: Error | undefined;
  #closed = false;

  constructor(options: OwnRecordOptions) {
    this.#options = options;
    this.#opening = [options.opened];
  }

  /** Resolves when the entries are as durable as the default mode asks for. Behind one that failed there are no more. */
  async append(bodies: readonly Body[]): Promise<Receipt> {
    if (this.#failure !== undefined) throw this.#failure;
    const { recorder, chains } = this.#options;
    const entries = [...this.#opening, ...bodies];
    this.#opening = [];
    try {
      return await appendEntries(recorder, chains, entries, durableBefore['before-forward'].forward);
    } catch (error) {
      this.#failure = error as Error;
      throw error;
    }
  }

  /** As `append`, and closes the session with it when the server owes no more answers. */
  appendLast(bodies: readonly Body[]): Promise<Receipt> {
    if (this.#options.session.pending > 0) return this.append(bodies);
    this.#closed = true;
    return this.append([...bodies, ...this.#end()]);
  }

  /** Closes the session, unless it is closed or its record has failed: recovery says what became of it then. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.append(this.#end()).catch(() => {});
  }

  #end(): readonly Body[] {
    const { session, clock } = this.#options;
    const { entries } = session.abandon({ outcome: 'unknown' }, clock.monotonicUs());
    return [...entries, { type: 'session_closed', reason: 'client terminated', statements: session.statements }];
  }
}
