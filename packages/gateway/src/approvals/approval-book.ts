import { randomTokenDigits } from '@onrecord/connector/config';
import { type ApprovalEnded, type Body, gatewaySession } from '@onrecord/record';
import { GatewayError, Refusal } from '../errors.ts';
import { appendEntries } from '../journal/append-entries.ts';
import type { Recorder } from '../journal/receipt.ts';
import { type Approval, type End, type Evidence, keptQuestion, type Vote } from './approval.ts';
import type { ApprovalEvent } from './approval-events.ts';
import type { ApprovalShelf } from './approval-shelf.ts';
import type { Answer, Question } from './question.ts';

/** Wall-clock time (microseconds since 1970), and being called when it has come. Tests turn its hands themselves. */
export interface AlarmClock {
  wallUs(): number;
  /** Calls back once, never before it returned; the function that it returns stops it. */
  at(atUs: number, ring: () => void): () => void;
}

export interface BookOptions {
  readonly recorder: Recorder;
  readonly shelf: ApprovalShelf;
  readonly clock: AlarmClock;
  /** Index of an entry that the journal holds, -1 for none: the latest that is known. */
  readonly lastIndex: () => number;
  readonly log: (message: string) => void;
  /** Told of everything that happens, when it is on record. */
  readonly announce: (event: ApprovalEvent) => void;
}

/** An approval that waits or can be used. */
export interface Live {
  approval: Approval;
  /** How long it can be used again once it is approved; undefined: once. */
  readonly lastsMs: number | undefined;
  /** It is on record that it was asked for; rejects when it cannot be. */
  readonly opened: Promise<void>;
  readonly answer: PromiseWithResolvers<Answer>;
  /** Set with the end, which is decided before it is recorded; rejects when it cannot be recorded. */
  ended: Promise<void> | undefined;
  /** Its end, an approval, is on record. */
  usable: boolean;
  /** A vote that was counted and could not be recorded. */
  broken: Error | undefined;
  stopAlarm: () => void;
}

/** Who ended it and why, and the vote that did. */
interface EndedBy {
  readonly by?: readonly string[];
  readonly reason?: string;
  readonly vote?: Vote;
}

/** What was approved once has to be used at once: whoever waited for it is there. */
const usedWithinUs = 60_000_000;

/**
 * The approvals that are alive, and their steps: each is decided at once, in memory, so that of several that come together
 * one is the first; recorded; and then known to others. Whether a step is allowed is for the caller to know.
 */
export class ApprovalBook {
  readonly #options: BookOptions;
  readonly #live = new Map<string, Live>();

  constructor(options: BookOptions) {
    this.#options = options;
  }

  get(id: string): Live | undefined {
    return this.#live.get(id);
  }

  [Symbol.iterator](): IterableIterator<Live> {
    return this.#live.values();
  }

  /** Those that wait, in the order in which they were asked for. */
  waiting(): readonly Live[] {
    return [...this.#live.values()].filter(({ approval }) => approval.end === undefined);
  }

  /** Asks. It waits from now on; what waits for `opened` knows when that is on record. */
  open(question: Question, lastsMs: number | undefined): Live {
    const { clock, shelf, lastIndex, log } = this.#options;
    const requestedAt = clock.wallUs();
    const expiresAt = requestedAt + timeoutMs(question) * 1000;
    const id = `appr_${randomTokenDigits(12)}`;
    const approval: Approval = { id, question: keptQuestion(question), requestedAt, expiresAt, votes: [], uses: 0 };
    try {
      shelf.insert(approval, lastIndex());
    } catch (error) {
      throw new Refusal('53100', 'the approval cannot be kept', {
        detail: `state.sqlite: ${(error as Error).message}`,
        hint: 'Make room on the disk of the data directory.',
        cause: error,
      });
    }
    const live: Live = {
      approval,
      lastsMs,
      opened: this.#append(question, [requestedEntry(approval)]).then(
        () => this.#announce('requested', live),
        (error) => {
          this.#over(live);
          shelf.remove(id);
          throw error;
        },
      ),
      answer: Promise.withResolvers(),
      ended: undefined,
      usable: false,
      broken: undefined,
      stopAlarm: () => {},
    };
    live.opened.catch(() => {});
    this.#live.set(id, live);
    live.stopAlarm = clock.at(expiresAt, () => {
      if (live.approval.end === undefined) this.end(live, 'expired').catch((error) => log(String(error)));
    });
    return live;
  }

  /** What an earlier run of the gateway left that can still be used. */
  restore(approval: Approval): void {
    const live: Live = {
      approval,
      lastsMs: undefined,
      opened: Promise.resolve(),
      answer: Promise.withResolvers(),
      ended: Promise.resolve(),
      usable: true,
      broken: undefined,
      stopAlarm: () => {},
    };
    this.#live.set(approval.id, live);
    this.#lapseInTime(live);
  }

  attach(live: Live, evidence: Evidence): Promise<void> {
    live.approval = { ...live.approval, evidence };
    const { id, question } = live.approval;
    return this.#append(question, [{ type: 'approval_evidence', approval: id, ...of(question), ...evidence }]).then(
      () => {
        this.#save(live);
        this.#announce('evidence', live);
      },
    );
  }

  /** Counts a vote that decides nothing yet. */
  async vote(live: Live, vote: Vote): Promise<void> {
    live.approval = { ...live.approval, votes: [...live.approval.votes, vote] };
    try {
      await this.#append(live.approval.question, [votedEntry(live.approval, vote)]);
    } catch (error) {
      // Somebody else's may have made it an approval since.
      if (live.approval.end !== undefined) live.broken = error as Error;
      live.approval = { ...live.approval, votes: live.approval.votes.filter(({ by }) => by !== vote.by) };
      throw error;
    }
    this.#save(live);
    this.#announce('voted', live);
  }

  /** Ends one that waits. Resolves when that is on record, and who waits has been answered. */
  end(live: Live, result: ApprovalEnded['result'], { by = [], reason, vote }: EndedBy = {}): Promise<void> {
    live.stopAlarm();
    const at = this.#options.clock.wallUs();
    const { lastsMs } = live;
    const end: End = {
      result,
      at,
      by,
      again: result === 'approved' && lastsMs !== undefined,
      ...(reason === undefined ? {} : { reason }),
      ...(result === 'approved' ? { usableUntil: at + (lastsMs === undefined ? usedWithinUs : lastsMs * 1000) } : {}),
    };
    const votes = vote === undefined ? live.approval.votes : [...live.approval.votes, vote];
    live.approval = { ...live.approval, votes, end };
    const voted = vote === undefined ? [] : [votedEntry(live.approval, vote)];
    live.ended = this.#recordEnd(live, [...voted, endedEntry(live.approval, end)]);
    live.ended.catch(() => {});
    return live.ended;
  }

  /** Uses it, for a question that it covers: on record when it resolves. */
  async use(live: Live, question: Question): Promise<void> {
    const { id, end, uses } = live.approval;
    live.approval = { ...live.approval, uses: uses + 1 };
    const isFirst = uses === 0;
    if (end?.again !== true) this.#over(live);
    await this.#append(question, [{ type: 'approval_used', approval: id, ...of(question) }]);
    // Those that are used again and again are saved when they have run out.
    if (!isFirst) return;
    this.#save(live);
    this.#announce('used', live);
  }

  /** Takes back what was approved: it covers nothing from the call on. Resolves when that is on record. */
  async revoke(live: Live, by: string): Promise<void> {
    const at = this.#options.clock.wallUs();
    const { id, question } = live.approval;
    live.approval = { ...live.approval, revoked: { at, by } };
    this.#over(live);
    // First: after a crash between the two it must not be usable.
    const saved = this.#save(live);
    const body: Body = { type: 'approval_ended', approval: id, ...of(question), result: 'revoked', by: [by] };
    await this.#append(question, [body]);
    this.#announce('revoked', live);
    if (saved) return;
    throw new Refusal('53100', `approval ${id} is revoked, but state.sqlite could not be written`, {
      hint: "Make room on the disk of the data directory and revoke it again after the gateway's next start.",
    });
  }

  /** Saves what is known of all that can still be used. */
  close(): void {
    for (const live of this.#live.values()) {
      live.stopAlarm();
      if (live.usable) this.#save(live);
    }
  }

  async #recordEnd(live: Live, entries: readonly Body[]): Promise<void> {
    const { log } = this.#options;
    const { id, end, question } = live.approval;
    try {
      await this.#append(question, entries);
      if (live.broken !== undefined) throw live.broken;
    } catch (error) {
      this.#over(live);
      log(`the end of approval ${id} could not be recorded: ${(error as Error).message}`);
      live.answer.resolve({ type: 'ended', approval: id, why: 'its end could not be recorded' });
      throw error;
    }
    if (end?.result === 'approved') {
      live.usable = true;
      this.#lapseInTime(live);
    } else this.#over(live);
    this.#save(live);
    this.#announce('ended', live);
    live.answer.resolve(answerOf(live.approval));
  }

  /** It can be used until its time has run out. */
  #lapseInTime(live: Live): void {
    const until = live.approval.end?.usableUntil ?? 0;
    live.stopAlarm = this.#options.clock.at(until, () => {
      this.#over(live);
      this.#save(live);
    });
  }

  #over(live: Live): void {
    live.stopAlarm();
    live.usable = false;
    this.#live.delete(live.approval.id);
  }

  /** Whether it could be: the record is what counts, and a state that cannot be written is for the operator to know. */
  #save(live: Live): boolean {
    const { approval } = live;
    // What can be used once is of no use to anybody who was not there.
    const lives = this.#live.has(approval.id) && (approval.end === undefined || approval.end.again);
    try {
      this.#options.shelf.save(approval, lives ? 'live' : 'over');
      return true;
    } catch (error) {
      this.#options.log(`approval ${approval.id} could not be saved: ${(error as Error).message}`);
      return false;
    }
  }

  #announce(type: ApprovalEvent['type'], { approval }: Live): void {
    this.#options.announce({ type, at: this.#options.clock.wallUs(), approval });
  }

  /** In the session of the one who asks; in the gateway's own when that is not open yet, or not any more. */
  async #append({ scope, session, identity }: Question, bodies: readonly Body[]): Promise<void> {
    const { recorder } = this.#options;
    const own = { session: gatewaySession, identity };
    if (scope === 'session') return void (await appendEntries(recorder, own, bodies, 'synced'));
    try {
      await appendEntries(recorder, { session, identity }, bodies, 'synced');
    } catch (error) {
      if (error instanceof GatewayError) throw error;
      await appendEntries(recorder, own, bodies, 'synced');
    }
  }
}

/** All of its rules must be satisfied, so the first to run out decides. */
function timeoutMs({ asks }: Question): number {
  return Math.min(...asks.map((ask) => ask.timeoutMs));
}

function of({ statement }: Question): { readonly of?: number } {
  return statement === undefined ? {} : { of: statement };
}

function requestedEntry({ id, question, expiresAt }: Approval): Body {
  const { scope, hash, reason, connection } = question;
  return {
    type: 'approval_requested',
    approval: id,
    scope,
    ...of(question),
    hash,
    asks: question.asks.map(({ rule, group, count }) => ({ rule, group, count })),
    expiresAt,
    ...(reason === undefined ? {} : { reason }),
    ...(scope === 'session' ? { connection } : {}),
  };
}

function votedEntry({ id, question }: Approval, vote: Vote): Body {
  return { type: 'approval_voted', approval: id, ...of(question), ...vote };
}

function endedEntry({ id, question }: Approval, { result, by, reason, usableUntil, again }: End): Body {
  return {
    type: 'approval_ended',
    approval: id,
    ...of(question),
    result,
    by,
    ...(reason === undefined ? {} : { reason }),
    ...(again && usableUntil !== undefined ? { usableUntil } : {}),
  };
}

const whyEnded = {
  'client gone': 'the client went away',
  cancelled: 'it was cancelled',
  'session ended': 'the session ended',
  revoked: 'it was revoked',
  'gateway stopped': 'the gateway stops',
  'gateway died': 'the gateway died',
} as const;

/** The answer for the one who waits. */
function answerOf({ id: approval, end, question }: Approval): Answer {
  if (end === undefined) throw new Error('it waits');
  const { result, by, reason } = end;
  switch (result) {
    case 'approved':
      return { type: 'approved', approval, by };
    case 'denied':
      return { type: 'denied', approval, by: by[0] ?? '', reason: reason ?? '' };
    case 'expired':
      return { type: 'expired', approval, afterMs: timeoutMs(question) };
    default:
      return { type: 'ended', approval, why: reason ?? whyEnded[result] };
  }
}
