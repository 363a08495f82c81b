import { Rate } from '@onrecord/connector/link';
import type { Body } from '@onrecord/record';

/** Somebody who was not let in, or an offer that was not taken. */
export interface Refused {
  readonly client: string;
  readonly reason: string;
  /** Absent for strangers. */
  readonly connector?: string;
  /** When that offer alone was refused. */
  readonly connection?: string;
}

export interface RefusalsOptions {
  readonly append: (bodies: readonly Body[]) => Promise<void>;
  readonly log: (message: string) => void;
  readonly nowMs: () => number;
}

/** Strangers can knock as often as they like, so that they could fill the disk. */
const strangers = { perSecond: 1, burst: 10 };
/** Who has a certificate or a token of ours is watched more closely, and not hidden among strangers. */
const known = { perSecond: 10, burst: 100 };
/** What was too often is summed up in an entry after so long. */
const summedUpMs = 1_000;

/** Puts refusals on the record. Each is an entry, or counted in one when there are too many of them. */
export class Refusals {
  readonly #ledgers: { readonly [Who in 'strangers' | 'known']: Ledger };

  constructor(options: RefusalsOptions) {
    this.#ledgers = {
      strangers: new Ledger(new Rate(strangers.perSecond, strangers.burst), options),
      known: new Ledger(new Rate(known.perSecond, known.burst), options),
    };
  }

  record(refused: Refused): void {
    this.#ledgers[refused.connector === undefined ? 'strangers' : 'known'].record(refused);
  }

  /** Sums up what is left. Resolves when it is on the record. */
  async close(): Promise<void> {
    await Promise.all(Object.values(this.#ledgers).map((ledger) => ledger.close()));
  }
}

class Ledger {
  readonly #rate: Rate;
  readonly #options: RefusalsOptions;
  #tooMany: { last: Refused; count: number; readonly timer: NodeJS.Timeout } | undefined;
  #appends: Promise<void> = Promise.resolve();

  constructor(rate: Rate, options: RefusalsOptions) {
    this.#rate = rate;
    this.#options = options;
  }

  record(refused: Refused): void {
    if (this.#rate.take(this.#options.nowMs())) {
      this.#append(refused);
    } else if (this.#tooMany === undefined) {
      const timer = setTimeout(() => this.#sumUp(), summedUpMs);
      this.#tooMany = { last: refused, count: 1, timer };
    } else {
      this.#tooMany.last = refused;
      this.#tooMany.count += 1;
    }
  }

  async close(): Promise<void> {
    this.#sumUp();
    await this.#appends;
  }

  #sumUp(): void {
    if (this.#tooMany === undefined) return;
    const { last, count, timer } = this.#tooMany;
    clearTimeout(timer);
    this.#tooMany = undefined;
    const others = count === 1 ? '' : ` (the last of ${count} that were refused in a second)`;
    this.#append({ ...last, reason: `${last.reason}${others}` });
  }

  #append(refused: Refused): void {
    const { append, log } = this.#options;
    const who = refused.connector === undefined ? refused.client : `"${refused.connector}" at ${refused.client}`;
    const what = refused.connection === undefined ? '' : ` with the connection "${refused.connection}"`;
    log(`refused ${who} at the port for connectors${what}: ${refused.reason}`);
    const appended = append([{ type: 'connector_refused', ...refused }]).catch((error: Error) =>
      log(`a refusal could not be recorded: ${error.message}`),
    );
    this.#appends = this.#appends.then(() => appended);
  }
}
