import type { ApprovalSettings, Identity } from '../config/config.ts';
import { Refusal } from '../errors.ts';
import type { Recorder } from '../journal/receipt.ts';
import type { State } from '../store/state.ts';
import { AccessRequests } from './access-requests.ts';
import { withdrawnError } from './answer-error.ts';
import { type Approval, type Evidence, stateOf } from './approval.ts';
import { type AlarmClock, ApprovalBook, type Live } from './approval-book.ts';
import { type ApprovalEvent, ApprovalEvents } from './approval-events.ts';
import { ApprovalShelf } from './approval-shelf.ts';
import { covers } from './covers.ts';
import type { Approvals, Question, Waiting, Withdrawal } from './question.ts';
import { type EntriesFrom, recoverApprovals } from './recover-approvals.ts';
import { isApproved, whyNotVote } from './voting.ts';

export interface DeskOptions {
  readonly recorder: Recorder;
  readonly state: State;
  readonly clock: AlarmClock;
  /** Index of an entry that the journal holds, -1 for none: the latest that is known. */
  readonly lastIndex: () => number;
  /** Tells the runs of gateways apart. */
  readonly run: string;
  readonly settings: () => Pick<ApprovalSettings, 'waiting' | 'waitingOfIdentity'>;
  readonly identities: () => ReadonlyMap<string, Identity>;
  readonly log: (message: string) => void;
  /** Told of everything that happens, when it is on record. */
  readonly announce: (event: ApprovalEvent) => void;
  /** Access to a connection was taken back: sessions that stand on it are to end. */
  readonly accessRevoked: (approval: Approval) => void;
}

/** A vote, of somebody who has proved who they are. */
export interface Cast {
  readonly approval: string;
  readonly by: string;
  readonly vote: 'approve' | 'deny';
  /** For a denial it is what the requester is told. */
  readonly reason: string;
}

/** Longer ones are for other places. */
const reasonCharacters = 1_000;

/** Puts questions to people, and lets pass what they have approved: every step is on record before it counts. */
export class ApprovalDesk implements Approvals {
  readonly events: ApprovalEvents;
  readonly #options: DeskOptions;
  readonly #shelf: ApprovalShelf;
  readonly #book: ApprovalBook;
  readonly #access: AccessRequests;
  #closed = false;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.events = new ApprovalEvents(options.run);
    this.#shelf = new ApprovalShelf(options.state);
    this.#book = new ApprovalBook({
      ...options,
      shelf: this.#shelf,
      announce: (event) => {
        this.events.add(event);
        options.announce(event);
      },
    });
    this.#access = new AccessRequests(this.#book, {
      nowUs: () => options.clock.wallUs(),
      open: (question, lastsMs) => this.#open(question, lastsMs),
    });
  }

  /**
   * Settles what the gateway's last run left: what waited has ended, what can be used again still can. Call it once,
   * before anybody asks. `entriesFrom` reads the journal from an index; it is only called after a death.
   */
  recover(entriesFrom: EntriesFrom): Promise<void> {
    const { recorder, clock } = this.#options;
    return recoverApprovals(entriesFrom, { recorder, clock, shelf: this.#shelf, book: this.#book });
  }

  async ask(question: Question, withdrawn?: AbortSignal): Promise<Waiting> {
    if (withdrawn?.aborted === true) throw withdrawnError();
    const covering = this.#covering(question);
    if (covering !== undefined) {
      const { id, end } = covering.approval;
      const answer = Promise.resolve({ type: 'approved', approval: id, by: end?.by ?? [] } as const);
      return { approval: id, answer };
    }
    const live = this.#open(question, reusableMs(question));
    // Also before it is on record that it was asked: who withdraws it may have nothing recorded any more in a moment.
    withdrawn?.addEventListener('abort', () => this.#end(live, withdrawn.reason as Withdrawal), { once: true });
    await live.opened;
    return { approval: live.approval.id, answer: live.answer.promise };
  }

  async use(approval: string, question: Question): Promise<void> {
    const live = this.#book.get(approval);
    if (live === undefined || !covers(live, question, this.#options.clock.wallUs())) {
      throw this.#notUsable(approval, live, question);
    }
    await this.#book.use(live, question);
  }

  access(question: Question, options: Parameters<Approvals['access']>[1]): Promise<number> {
    return this.#access.access(question, options);
  }

  /** Counts a vote; on record when it resolves. Throws a Refusal that says why it does not count. */
  async vote({ approval: id, by, vote, reason }: Cast): Promise<Approval> {
    const live = this.#book.get(id);
    if (live === undefined) throw this.#over(id);
    await live.opened;
    const votedAt = this.#options.clock.wallUs();
    if (live.approval.end === undefined && votedAt >= live.approval.expiresAt) this.#end(live, 'expired');
    if (live.approval.end !== undefined) {
      // What is not on record is not so yet.
      await live.ended;
      throw alreadyOver(live.approval, votedAt);
    }
    const why = whyNotVote(by, live.approval, this.#options.identities());
    if (why !== undefined) throw new Refusal('42501', `${why} (${id})`);
    const text = reason.trim();
    if (text === '' && vote === 'deny') {
      throw new Refusal('22023', 'a denial needs a reason', { hint: 'The requester is told it: --reason "…".' });
    }
    if (text.length > reasonCharacters) {
      throw new Refusal('54000', `a reason has at most ${reasonCharacters} characters`);
    }
    await this.#count(live, { by, vote, reason: text, votedAt });
    return live.approval;
  }

  /** Adds to a question what the gateway found out for the approvers. Nothing happens when it has ended. */
  async attach(approval: string, evidence: Evidence): Promise<void> {
    const live = this.#book.get(approval);
    if (live !== undefined && live.approval.end === undefined) await this.#book.attach(live, evidence);
  }

  /** Takes back one that waits, or that can be used; on record when it resolves. Throws a Refusal when it is neither. */
  async revoke(id: string, by: string): Promise<Approval> {
    const live = this.#book.get(id);
    if (live === undefined) throw this.#over(id);
    if (live.approval.end === undefined) {
      await this.#book.end(live, 'revoked', { by: [by], reason: `it was revoked by ${by}` });
      return live.approval;
    }
    await live.ended;
    if (!live.usable) throw alreadyOver(live.approval, this.#options.clock.wallUs());
    const recorded = this.#book.revoke(live, by);
    if (live.approval.question.scope === 'session') this.#options.accessRevoked(live.approval);
    await recorded;
    return live.approval;
  }

  /** Ends those that wait and fit: their session's credential was taken back. `why` fits behind "because". */
  endWhere(fits: (question: Question) => boolean, why: string): void {
    for (const live of this.#book.waiting()) {
      if (fits(live.approval.question)) this.#end(live, 'revoked', why);
    }
  }

  /** Ends what the configuration in force now would not let be asked any more. Call it when that has changed. */
  reload(): void {
    const identities = this.#options.identities();
    this.endWhere(
      ({ identity, connection }) => identities.get(identity)?.connections.includes(connection) !== true,
      'the configuration does not let the identity use the connection any more',
    );
  }

  /** Those that wait; or all that are remembered. The newest first. */
  list(which: 'waiting' | 'all'): readonly Approval[] {
    if (which === 'waiting')
      return this.#book
        .waiting()
        .map(({ approval }) => approval)
        .reverse();
    return this.#shelf.list().map((approval) => this.#book.get(approval.id)?.approval ?? approval);
  }

  /** Throws a Refusal when there is none of this id. */
  get(id: string): Approval {
    const approval = this.#book.get(id)?.approval ?? this.#shelf.get(id);
    if (approval === undefined) throw unknown();
    return approval;
  }

  /** Ends everything that waits; on record when it resolves. Nothing can be asked any more. */
  async close(): Promise<void> {
    this.#closed = true;
    const ends = this.#book.waiting().map((live) => this.#book.end(live, 'gateway stopped'));
    await Promise.allSettled([...ends, ...[...this.#book].map(({ ended }) => ended)]);
    this.#book.close();
    this.events.wake();
  }

  #open(question: Question, lastsMs: number | undefined): Live {
    if (this.#closed) throw new Refusal('57P01', 'the gateway is shutting down', { hint: 'Try again in a moment.' });
    if (question.asks.length === 0) throw new Error('a question without approvers');
    this.#options.recorder.admit();
    const { waiting, waitingOfIdentity } = this.#options.settings();
    const all = this.#book.waiting();
    const own = all.filter(({ approval }) => approval.question.identity === question.identity).length;
    if (own >= waitingOfIdentity) throw tooMany(`${own} approvals of "${question.identity}"`, 'waiting_of_identity');
    if (all.length >= waiting) throw tooMany(`${all.length} approvals`, 'waiting');
    return this.#book.open(question, lastsMs);
  }

  #count(live: Live, vote: Approval['votes'][number]): Promise<void> {
    const { by, reason } = vote;
    if (vote.vote === 'deny') return this.#book.end(live, 'denied', { by: [by], reason, vote });
    const votes = [...live.approval.votes, vote];
    if (!isApproved(live.approval.question, votes, this.#options.identities())) return this.#book.vote(live, vote);
    return this.#book.end(live, 'approved', { by: votes.map((each) => each.by), vote });
  }

  #end(live: Live, result: Withdrawal | 'expired' | 'revoked', reason?: string): void {
    if (live.approval.end !== undefined) return;
    // A failure is logged where it happens, and answered to who waits.
    this.#book.end(live, result, reason === undefined ? {} : { reason }).catch(() => {});
  }

  #covering(question: Question): Live | undefined {
    const nowUs = this.#options.clock.wallUs();
    for (const live of this.#book) {
      if (live.approval.end?.again === true && covers(live, question, nowUs)) return live;
    }
    return undefined;
  }

  #notUsable(id: string, live: Live | undefined, question: Question): Refusal {
    const approval = live?.approval ?? this.#shelf.get(id);
    const other = approval !== undefined && approval.question.hash !== question.hash;
    const state = approval === undefined ? 'it is not known' : stateOf(approval, this.#options.clock.wallUs());
    const detail = other ? 'It was given for something else.' : `Its state: ${state}.`;
    return new Refusal('42501', `approval ${id} does not cover this`, { detail, hint: 'Try again to ask again.' });
  }

  #over(id: string): Refusal {
    const approval = this.#shelf.get(id);
    return approval === undefined ? unknown() : alreadyOver(approval, this.#options.clock.wallUs());
  }
}

/** How long all of its rules let it be used again; undefined: once. */
function reusableMs({ asks }: Question): number | undefined {
  const ms = Math.min(...asks.map(({ reuseMs }) => reuseMs));
  return ms > 0 ? ms : undefined;
}

function tooMany(what: string, setting: string): Refusal {
  return new Refusal('53300', `${what} wait already, which is the limit`, {
    hint: `Wait until people have decided on them, or raise approvals.${setting}.`,
  });
}

function unknown(): Refusal {
  return new Refusal('42704', 'there is no approval with this id', {
    hint: '`onrecord approvals list --all` shows those that are remembered.',
  });
}

function alreadyOver(approval: Approval, nowUs: number): Refusal {
  const state = stateOf(approval, nowUs);
  const by = approval.revoked?.by ?? approval.end?.by.join(', ') ?? '';
  const how = state === 'waiting' ? 'its end could not be recorded' : `${state}${by === '' ? '' : ` by ${by}`}`;
  return new Refusal('55000', `approval ${approval.id} is over already: ${how}`, {
    hint: `\`onrecord approvals show ${approval.id}\` tells all of it.`,
  });
}
